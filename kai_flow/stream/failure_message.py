"""The message of a failure, as people are shown it."""

import msgspec
from temporalio.api.failure.v1 import Failure
from temporalio.client import Client

from kai_flow.stream.codec import decoded


class _Attributes(msgspec.Struct):
    """What the SDK's failure converter encodes of a failure."""

    message: str


async def message_of(client: Client, failure: Failure) -> str:
    """The message of a failure, also of one whose converter has had it encoded.

    Raises CodecMissing, and whatever the client's payload codec raises.
    """
    if not failure.HasField("encoded_attributes"):
        return failure.message
    attributes = await decoded(client, failure.encoded_attributes)
    try:
        return msgspec.json.decode(attributes.data, type=_Attributes).message
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return failure.message


def root_cause(failure: Failure) -> Failure:
    """The innermost failure. The outer ones only report that an activity failed."""
    while failure.HasField("cause"):
        failure = failure.cause
    return failure
