"""Whether a program's client can read what a session's workers store."""

from collections.abc import Sequence
from typing import cast

import pytest
from temporalio.api.common.v1 import Payload
from temporalio.client import Client
from temporalio.converter import (
    CompositePayloadConverter,
    DataConverter,
    EncodingPayloadConverter,
    PayloadCodec,
)

from kai_flow.stream.codec import CodecMissing, decoded, hidden_by, require_codec


def payload(encoding: bytes | None, data: bytes = b"{}") -> Payload:
    """A payload with this encoding."""
    return Payload(metadata={} if encoding is None else {"encoding": encoding}, data=data)


class Packed(EncodingPayloadConverter):
    """A user's own encoding, which is no codec."""

    @property
    def encoding(self) -> str:
        return "binary/packed"

    def to_payload(self, value: object) -> Payload | None:
        return None

    def from_payload(self, payload: Payload, type_hint: type | None = None) -> object:
        return payload.data


class PackedConverter(CompositePayloadConverter):
    """The converter with that encoding."""

    def __init__(self) -> None:
        super().__init__(Packed())


class Codec(PayloadCodec):
    """Decodes what is called `binary/own`, or raises."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        return list(payloads)

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        if self.error is not None:
            raise self.error
        own = (one.metadata.get("encoding") == b"binary/own" for one in payloads)
        return [
            payload(b"json/plain", one.data) if mine else one
            for one, mine in zip(payloads, own, strict=True)
        ]


class _Client:
    def __init__(self, codec: PayloadCodec | None = None) -> None:
        self.data_converter = DataConverter(payload_codec=codec)


def client(codec: PayloadCodec | None = None) -> Client:
    """A client with this codec, as far as it is needed here."""
    return cast("Client", _Client(codec))


@pytest.mark.parametrize(
    "encoding",
    [None, b"", b"json/plain", b"json/protobuf", b"json/own", b"binary/null", b"binary/plain"],
)
async def test_what_is_in_clear_needs_no_codec(encoding: bytes | None) -> None:
    """JSON of any kind, and what Temporal's own converters write, can be read as it is."""
    assert hidden_by(payload(encoding), DataConverter.default) is None
    await require_codec(client(Codec(RuntimeError("away"))), payload(encoding))


async def test_an_encoding_of_the_users_converter_is_no_codecs() -> None:
    """A program that has the converter of an encoding can read it."""
    own = DataConverter(payload_converter_class=PackedConverter)
    assert hidden_by(payload(b"binary/packed"), own) is None
    assert hidden_by(payload(b"binary/packed"), DataConverter.default) == b"binary/packed"


async def test_a_program_without_the_codec_is_told() -> None:
    """The error names the encoding, of which no more than a line is shown, and the remedy."""
    for codec in (None, Codec()):
        with pytest.raises(CodecMissing, match=r"'binary/other'.*KAI_DATA_CONVERTER"):
            await require_codec(client(codec), payload(b"binary/other"))
    with pytest.raises(CodecMissing) as caught:
        await require_codec(client(), payload(b"x\n\xff" * 1_000))
    assert len(str(caught.value)) < 500
    assert "\n" not in str(caught.value)


async def test_a_program_with_the_codec_reads() -> None:
    """What the client's codec decodes is as it was."""
    await require_codec(client(Codec()), payload(b"binary/own"))
    assert (await decoded(client(Codec()), payload(b"binary/own", b"7"))).data == b"7"


async def test_a_codec_that_fails_is_missing_as_well() -> None:
    """Its error is in the message for the log, and not in the sentence for others."""
    with pytest.raises(CodecMissing, match=r"RuntimeError: no key at kms:\d") as caught:
        await require_codec(client(Codec(RuntimeError("no key at kms:1"))), payload(b"binary/own"))
    assert "kms" not in caught.value.sentence


async def test_what_a_codec_raises_while_decoding_is_its_own() -> None:
    """Where a payload is decoded for its value, an error of the codec is no missing codec."""
    with pytest.raises(RuntimeError, match="away"):
        await decoded(client(Codec(RuntimeError("away"))), payload(b"json/plain"))
