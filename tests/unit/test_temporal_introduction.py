"""What a bridge says of itself, and when no session may be started at it."""

from collections.abc import Sequence

import pytest
from temporalio.api.common.v1 import Payload
from temporalio.converter import DataConverter, PayloadCodec

from kai_flow.temporal.codec import encrypting
from kai_flow.temporal.introduction import HEADER, Introduction, codec_of, disagreement


class Own(PayloadCodec):
    """One that tells no keys."""

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        return list(payloads)

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        return list(payloads)


ONE, OTHER = bytes(32), bytes([1]) * 32


def test_a_converter_tells_how_it_encodes() -> None:
    """Ours tells the ids of its keys, the one that encrypts first; another one only that it is."""
    assert codec_of(None) == codec_of(DataConverter.default) == "none"
    both, one, other = (codec_of(encrypting(keys)) for keys in ([ONE, OTHER], [ONE], [OTHER]))
    assert both == f"{one},{other}"
    assert codec_of(DataConverter(payload_codec=Own())) == "other"


@pytest.mark.parametrize("introduction", [Introduction(True, "none"), Introduction(False, "a,b")])
def test_what_is_said_is_read_again(introduction: Introduction) -> None:
    """The header has one field, and nothing is lost in it."""
    assert Introduction.read(introduction.header[HEADER]) == introduction


@pytest.mark.parametrize("value", [None, "", "yes", "access=open", "access=no; codec=none", ";;="])
def test_what_no_bridge_says_is_nothing(value: str | None) -> None:
    """Whatever a stranger answers, it raises nothing."""
    assert Introduction.read(value) is None


@pytest.mark.parametrize(
    ("own", "theirs", "says"),
    [
        ("none", "none", None),
        ("other", "other", None),
        ("a,b", "a", None),
        ("a", "b,a", None),
        ("none", "a", "would store the question unencrypted"),
        ("none", "other", "would store the question unencrypted"),
        ("a", "none", "has no payload codec"),
        ("a", "other", "another payload codec"),
        ("other", "a", "another payload codec"),
        (
            "b,a",
            "a",
            "lacks the key b with which this command would encrypt the question (it has a)",
        ),
    ],
)
def test_both_have_to_encode_in_the_same_way(own: str, theirs: str, says: str | None) -> None:
    """While keys are changed, the bridge has to have the one with which the asker encrypts."""
    why = disagreement(own, theirs)
    assert why is says if says is None else says in str(why)
