"""The payload codec that KAI Flow ships: everything that Temporal stores of a session is encrypted.

`KAI_DATA_CONVERTER=kai_flow.temporal.codec:encrypted` names it for worker, bridge and CLI, and
`KAI_CODEC_KEYS` has its keys. Programs of your own use it in the same way::

    client = await Client.connect(address, data_converter=encrypted())

An encrypted payload has the metadata `encoding: binary/encrypted` and `encryption-key-id`, as in
Temporal's own samples. Its data is the payload as it was, with its metadata, encrypted.

With `bound` in place of `encrypted`, a payload is bound to its workflow as well: copied into
another one, it is refused there. All of these converters read what any of them has written.

Failures are encrypted too: their messages and stack traces often repeat values. Only that a key is
missing is told unencrypted (`CodecFailures`). Headers are not encrypted, unless the client has
`header_codec_behavior`.

Nothing here may log a key, or hold one in its `repr`.
"""

import copy
import logging
import os
import secrets
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from typing import ClassVar, Final, Self

from google.protobuf.message import DecodeError
from temporalio.api.common.v1 import Payload
from temporalio.api.failure.v1 import Failure
from temporalio.converter import (
    ActivitySerializationContext,
    DataConverter,
    DefaultFailureConverterWithEncodedAttributes,
    PayloadCodec,
    PayloadConverter,
    SerializationContext,
    WithSerializationContext,
    WorkflowSerializationContext,
)
from temporalio.exceptions import ApplicationError

from kai_flow.runtime.log_limiter import LogLimiter
from kai_flow.settings import StartError, load_settings
from kai_flow.stream.log_fields import about
from kai_flow.temporal.payload_cipher import (
    NONCE_BYTES,
    CodecError,
    Damaged,
    PayloadCipher,
    Sealed,
    UnknownKey,
)
from kai_flow.temporal.payload_place import Place

log = logging.getLogger(__name__)

__all__ = ["EncryptionCodec", "bound", "encrypted", "encrypted_only", "encrypting"]

ENCODING: Final = b"binary/encrypted"
KEY_ID: Final = "encryption-key-id"
PLACE: Final = "encryption-place"  # of a bound payload
MOVED: Final = b"refused/of-another-workflow"  # as REFUSED
REFUSED: Final = b"refused/not-encrypted"  # stands in the errors of whoever tries to read it

KEY_PAUSE: Final = timedelta(minutes=10)  # between two attempts of an activity without its key

# What the SDK says of an activity whose values the codec could not decode.
_DECODING: Final = ("Failed decoding arguments", "Failed decoding heartbeat details")

_SDK_WORKFLOWS: Final = "temporalio.worker._workflow"  # its logger

_LATIN: Final = "latin-1"  # takes any bytes: the id of a forged payload is text, too


class EncryptionCodec(PayloadCodec, WithSerializationContext):
    """Encrypts with the first of its keys, and decrypts with each of them. About 10 µs a payload.

    `clear`: payloads that are not encrypted are passed on as they are, such as those from before
    there was a codec. Otherwise each is replaced by one that no converter can read. So a signal in
    clear is dropped, as one that is no JSON. (If `decode` raised an error, a workflow could do
    nothing more: the SDK would decode the same signal again and again.) The same holds for a
    payload that is bound to another workflow.

    `bind`: payloads are bound to the workflow that the SDK names. What it names none for, such as
    the payloads of a codec server, is encrypted only.
    """

    def __init__(
        self,
        keys: Iterable[bytes],
        *,
        clear: bool = True,
        bind: bool = False,
        nonce: Callable[[], bytes] = lambda: secrets.token_bytes(NONCE_BYTES),
    ) -> None:
        self._cipher = PayloadCipher(keys)
        self._clear = clear
        self._bind = bind
        self._nonce = nonce
        self._place: Place | None = None  # where what is encoded and decoded belongs, if it is told

    def with_context(self, context: SerializationContext) -> Self:
        """Called by the SDK: this codec for the payloads of one workflow."""
        placed = copy.copy(self)
        placed._place = _place_of(context)  # noqa: SLF001  (its own)
        return placed

    @property
    def key_ids(self) -> Sequence[str]:
        """The ids of its keys, the one that encrypts first; they reveal nothing of the keys."""
        return self._cipher.key_ids

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Encrypt each payload; its metadata is encrypted with it."""
        return [self._sealed(payload) for payload in payloads]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Decrypt each payload. Raises UnknownKey or Damaged."""
        return [self._opened(payload) for payload in payloads]

    def _sealed(self, payload: Payload) -> Payload:
        place = self._place.written() if self._bind and self._place is not None else None
        sealed = self._cipher.seal(payload.SerializeToString(), self._nonce(), place)
        metadata = {"encoding": ENCODING, KEY_ID: sealed.key_id.encode()}
        if place is not None:
            metadata[PLACE] = place
        return Payload(metadata=metadata, data=sealed.data)

    def _opened(self, payload: Payload) -> Payload:
        if payload.metadata.get("encoding") != ENCODING:
            return payload if self._clear else Payload(metadata={"encoding": REFUSED})
        key_id = payload.metadata.get(KEY_ID, b"").decode(_LATIN)
        place = payload.metadata.get(PLACE)
        plain = self._cipher.open(Sealed(key_id, payload.data, place))
        if place is not None and self._place is not None and not self._place.may_hold(place):
            return Payload(metadata={"encoding": MOVED})
        try:
            return Payload.FromString(plain)
        except DecodeError:  # another program has encrypted something else with this key
            raise Damaged from None


class CodecFailures(DefaultFailureConverterWithEncodedAttributes):
    """Encodes failures, but for those of the codec itself: these name the key that is missing.

    Who can read them has not to have the key of the program that lacks another one. And an activity
    whose worker lacks a key gets its next attempt after KEY_PAUSE, in which somebody may add it.
    Otherwise its attempts would be used up within seconds.
    """

    _limiter: ClassVar = LogLimiter()  # the SDK makes several of these converters

    def to_failure(
        self, exception: BaseException, payload_converter: PayloadConverter, failure: Failure
    ) -> None:
        """Called by the SDK; see temporalio.converter.FailureConverter."""
        wrong = _of_codec(exception)
        if wrong is None:
            super().to_failure(exception, payload_converter, failure)
            return
        if self._limiter.due(str(wrong)) is not None:
            log.warning("%s", wrong, extra=about("codec_key_missing"))
        failure.message = str(wrong)
        failure.source = "PythonSDK"
        info = failure.application_failure_info
        info.type = type(wrong).__name__
        if isinstance(wrong, UnknownKey):
            info.next_retry_delay.FromTimedelta(KEY_PAUSE)


def _is_news(record: logging.LogRecord) -> bool:
    """Whether a line of the SDK tells more than `CodecFailures`.

    The SDK writes a traceback for each try of a workflow whose input the codec cannot decode.
    """
    return not (record.exc_info and isinstance(record.exc_info[1], CodecError))


def _of_codec(exception: BaseException) -> CodecError | None:
    """The error of the codec that the SDK reports with this exception, if there is one."""
    if isinstance(exception, ApplicationError) and exception.message in _DECODING:
        exception = exception.__cause__ or exception
    return exception if isinstance(exception, CodecError) else None


def _place_of(context: SerializationContext) -> Place | None:
    """The place that a context of the SDK names; None: it is of no workflow."""
    if not isinstance(context, WorkflowSerializationContext | ActivitySerializationContext):
        return None
    return Place(context.namespace, context.workflow_id) if context.workflow_id else None


def encrypting(keys: Iterable[bytes], *, clear: bool = True, bind: bool = False) -> DataConverter:
    """A data converter that encrypts with the first of these keys of 32 bytes.

    It decrypts with each of them. `clear`, `bind`: see EncryptionCodec. Raises ValueError for a key
    of another length. From now on the SDK logs no tracebacks about keys that a worker lacks.
    """
    logging.getLogger(_SDK_WORKFLOWS).addFilter(_is_news)
    return DataConverter(
        payload_codec=EncryptionCodec(keys, clear=clear, bind=bind),
        failure_converter_class=CodecFailures,
    )


def encrypted() -> DataConverter:
    """The data converter with the keys of `KAI_CODEC_KEYS`. Unencrypted payloads can be read, too.

    Raises StartError when there are no keys.
    """
    return encrypting(_keys())


def encrypted_only() -> DataConverter:
    """As `encrypted`, but unencrypted payloads are refused: for when none are left from before."""
    return encrypting(_keys(), clear=False)


def bound() -> DataConverter:
    """As `encrypted`, but payloads are bound to their workflow as well."""
    return encrypting(_keys(), bind=True)


def _keys() -> Sequence[bytes]:
    keys = load_settings(os.environ).codec_keys
    if not keys:
        raise StartError(
            "the payload codec has no key: set KAI_CODEC_KEYS to 32 random bytes in base64, for "
            "example the output of `openssl rand -base64 32`, for every program of KAI"
        )
    return keys
