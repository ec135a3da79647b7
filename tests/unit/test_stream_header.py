"""The headers of producers and of continued runs, as the protocol writes them."""

import json

import pytest

from kai_flow.stream.errors import InvalidId
from kai_flow.stream.header import (
    TOO_MANY_BESIDE,
    Carried,
    ProducerHeader,
    Refused,
    decode_carried,
    decode_header,
    encode_carried,
    encode_header,
)

RUN = "0190b6a2-7e1c-7000-8000-00004f3a9c1e"
FIELDS = {"producer": 4, "beside": [2], "first_run_id": RUN}
CARRIED = {"first_run_id": RUN, "run_id": RUN, "producer": 4, "spoken": 7}


def test_the_documented_header_of_an_activity() -> None:
    """§3.3: the number, those beside it as ranges, and what the pace of signals needs."""
    header = ProducerHeader(300, frozenset({2, *range(8, 208)}), RUN, 12.5, 4096)
    document = encode_header(header)
    assert json.loads(document) == {
        "producer": 300,
        "beside": [2, [8, 207]],
        "first_run_id": RUN,
        "age": 12.5,
        "history_bytes": 4096,
    }
    assert decode_header(document) == header
    first = ProducerHeader(1, frozenset(), RUN)
    assert decode_header(encode_header(first)) == first


def test_an_activity_that_cannot_stream_is_told_why() -> None:
    """The header of an activity without a number has the reason, for the error of its producer."""
    document = encode_header(Refused(TOO_MANY_BESIDE))
    assert document == b'{"refused":"too_many_beside"}'
    assert decode_header(document) == Refused(TOO_MANY_BESIDE)


def test_the_documented_header_of_a_continued_run() -> None:
    """§3.6: where numbers go on, and which run wrote it."""
    carried = Carried(RUN, RUN, 4, 7)
    document = encode_carried(carried)
    assert json.loads(document) == CARRIED
    assert decode_carried(document) == carried


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"producer": 0}, "numbered from 1"),
        ({"producer": 2**53}, "numbered from 1"),
        ({"producer": "4"}, "not a header of a stream"),
        ({"beside": [4]}, "beside producer 4 are lower numbers"),
        ({"beside": [2, 1]}, "in rising order"),
        ({"beside": [[2, 5]]}, "beside producer 4 are lower numbers"),
        ({"beside": [[1, 2, 3]]}, "not a header of a stream"),
    ],
)
def test_a_wrong_number_is_refused_with_a_sentence(
    change: dict[str, object], sentence: str
) -> None:
    """A number out of range, and a list that names the producer itself or a later one."""
    decode_header(json.dumps(FIELDS).encode())
    with pytest.raises(InvalidId, match=sentence):
        decode_header(json.dumps(FIELDS | change).encode())


@pytest.mark.parametrize("change", [{"producer": -1}, {"spoken": -1}, {"spoken": 2**53 - 1}])
def test_a_stream_does_not_go_on_behind_impossible_numbers(change: dict[str, object]) -> None:
    """A run whose header has them begins a stream of its own."""
    decode_carried(json.dumps(CARRIED).encode())
    with pytest.raises(InvalidId, match="cannot go on"):
        decode_carried(json.dumps(CARRIED | change).encode())


@pytest.mark.parametrize("document", [b"", b"null", b"[]", b"\xff", b"{}", b"[" * 5_000])
def test_what_is_no_header_is_refused(document: bytes) -> None:
    """Bytes of another program are InvalidId and nothing else."""
    for decode in (decode_header, decode_carried):
        with pytest.raises(InvalidId):
            decode(document)
