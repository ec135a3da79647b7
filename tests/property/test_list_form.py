"""The list form: what was put in comes out in its order, and each gets its own answer."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kai_flow.stream.errors import InvalidBatch
from kai_flow.stream.list_form import (
    MAX_DOCUMENTS,
    SEND_ALONE,
    decode_list,
    encode_list,
    encode_replies,
    read_list_answer,
)
from kai_flow.stream.posts import Reply
from tests.property.strategies import json_values

bodies = json_values.map(msgspec.json.encode)
replies = st.builds(
    Reply,
    st.integers(100, 599),
    bodies,
    st.integers(0, 60).map(float),
    authentic=st.just(True),  # a list is believed as a whole
)


@given(st.lists(bodies, min_size=1, max_size=MAX_DOCUMENTS))
def test_documents_come_out_as_they_went_in(documents: list[bytes]) -> None:
    """Whatever they contain: whether each is a callback is for its own answer to say."""
    assert decode_list(encode_list(documents)) == documents


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b"[", b"[{]", b"null", b'[{"a":1},]', b"\xff", b"[" * 100_000]
)
def test_what_is_no_list_is_refused_as_a_whole(body: bytes) -> None:
    """Nothing is taken of it."""
    with pytest.raises(InvalidBatch, match="not a list of callbacks"):
        decode_list(body)


def test_a_list_that_is_too_long_is_refused_as_a_whole() -> None:
    """The message names the limit."""
    with pytest.raises(InvalidBatch, match=f"65 documents; a list has at most {MAX_DOCUMENTS}"):
        decode_list(encode_list([b"{}"] * (MAX_DOCUMENTS + 1)))


@given(st.lists(replies, max_size=MAX_DOCUMENTS))
def test_each_document_gets_its_own_reply(given_replies: list[Reply]) -> None:
    """Status, body and pause; one that is to go alone gets none."""
    answer = read_list_answer(Reply(200, encode_replies(given_replies)), len(given_replies))
    assert answer.is_list
    assert answer.replies == [
        None if reply.status == SEND_ALONE.status else reply for reply in given_replies
    ]


@given(st.lists(replies, min_size=1, max_size=5), st.integers(1, 6))
def test_an_answer_of_another_length_answers_nobody(given_replies: list[Reply], count: int) -> None:
    """Nothing tells whose replies they are, so each document is sent alone."""
    answer = read_list_answer(Reply(200, encode_replies(given_replies)), count)
    if count != len(given_replies):
        assert answer == (False, [None] * count)


@given(st.integers(100, 599), st.one_of(bodies, st.binary(max_size=20)), st.integers(1, 5))
def test_any_other_answer_is_a_failure_or_sends_all_alone(
    status: int, body: bytes, count: int
) -> None:
    """Busy, late and broken receivers fail each document; all others take no lists."""
    whole = Reply(status, body, 3.0)
    answer = read_list_answer(whole, count)
    if answer.is_list:
        assert status == 200
        assert len(answer.replies) == count
    elif status >= 500 or status in {408, 429}:
        assert answer.replies == [whole] * count
    else:
        assert answer.replies == [None] * count
