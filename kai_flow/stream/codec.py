"""Whether this program's client can read what a session's workers and callers store.

Payloads that a payload codec has encoded can be read only with the same codec. A program without it
must not take a session for an empty one, and must not signal unencrypted what the workers encrypt.
The history shows it: the inputs of the workflow and of its activities are in it, before any event.

Signals are no evidence: anybody who may signal can send one that nobody can read. It changes
nothing, for the workflow as for readers.
"""

import functools
from typing import Final

from temporalio.api.common.v1 import Payload
from temporalio.client import Client
from temporalio.common import RawValue
from temporalio.converter import CompositePayloadConverter, DataConverter, PayloadConverter

from kai_flow.stream.errors import StreamError

# What Temporal's own converters write. Any JSON is readable, whatever a user's converter calls it.
_IN_CLEAR: Final = frozenset({b"", b"binary/null", b"binary/plain", b"binary/protobuf"})
_JSON: Final = b"json/"

_SHOWN_BYTES: Final = 40  # of an encoding, in a message


class CodecMissing(StreamError):
    """This program's client lacks the payload codec of a session, or the codec its key."""

    code = "codec_missing"

    def __init__(self, encoding: bytes, error: Exception | None = None) -> None:
        shown = encoding[:_SHOWN_BYTES].decode(errors="replace")
        self.sentence = (
            f"its payloads have the encoding {shown!a}, which this program cannot read: give its "
            "client the payload codec of the session's workers, and the codec its keys "
            "(KAI_DATA_CONVERTER)"
        )
        """What is wrong, without the error of the codec, which may not be for everybody."""
        why = "" if error is None else f"; the codec says: {type(error).__name__}: {error}"
        super().__init__(self.sentence + why)


def hidden_by(payload: Payload, converter: DataConverter) -> bytes | None:
    """The encoding of a payload that a codec has encoded; None: it can be read as it is."""
    encoding = payload.metadata.get("encoding", b"")
    if encoding in _IN_CLEAR or encoding.startswith(_JSON):
        return None
    return None if encoding in _known(converter.payload_converter_class) else encoding


@functools.cache
def _known(kind: type[PayloadConverter]) -> frozenset[bytes]:
    """The encodings that a payload converter of this class can read."""
    converter = kind()
    if isinstance(converter, CompositePayloadConverter):
        return frozenset(converter.converters)
    return frozenset()


async def require_codec(client: Client, payload: Payload) -> None:
    """Raise CodecMissing if a payload cannot be read."""
    encoding = hidden_by(payload, client.data_converter)
    if encoding is None:
        return
    try:
        await decoded(client, payload)
    except CodecMissing:
        raise
    except Exception as error:  # whatever a codec raises: it has no key, or cannot reach it
        raise CodecMissing(encoding, error) from error


async def decoded(client: Client, payload: Payload) -> Payload:
    """A payload as the client's payload codec decodes it.

    Raises CodecMissing, and whatever the client's payload codec raises.
    """
    values = await client.data_converter.decode([payload], [RawValue])
    plain: Payload = values[0].payload
    encoding = hidden_by(plain, client.data_converter)
    if encoding is not None:
        raise CodecMissing(encoding)
    return plain
