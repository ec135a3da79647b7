"""The message of a failure: plain, or encoded by its converter, or by a codec as well."""

from typing import cast

import pytest
from temporalio.api.failure.v1 import Failure
from temporalio.client import Client
from temporalio.converter import DataConverter
from temporalio.exceptions import ApplicationError

from kai_flow.stream.codec import CodecMissing
from kai_flow.stream.failure_message import message_of, root_cause
from kai_flow.temporal.codec import encrypting


def client(converter: DataConverter) -> Client:
    """A client with this converter, as far as it is needed here."""

    class Only:
        data_converter = converter

    return cast("Client", Only())


SEALED = encrypting([b"k" * 32])


async def failure_of(converter: DataConverter, error: Exception) -> Failure:
    """The failure that a worker with this converter stores."""
    failure = Failure()
    await converter.encode_failure(error, failure)
    return failure


@pytest.mark.parametrize("converter", [DataConverter.default, SEALED], ids=["plain", "encrypted"])
async def test_the_innermost_message_is_the_real_one(converter: DataConverter) -> None:
    """Whoever has the converter of the worker reads why the activity failed."""
    outer = ApplicationError("Activity task failed")
    outer.__cause__ = ApplicationError("the database is gone")
    failure = await failure_of(converter, outer)
    assert await message_of(client(converter), root_cause(failure)) == "the database is gone"
    assert await message_of(client(converter), failure) == "Activity task failed"


async def test_without_the_codec_there_is_an_error() -> None:
    """And not the text that stands for the encoded one."""
    failure = await failure_of(SEALED, ApplicationError("the database is gone"))
    with pytest.raises(CodecMissing, match="binary/encrypted"):
        await message_of(client(DataConverter.default), failure)


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"message": 7}', b"\xff", b"[" * 9_999])
async def test_attributes_of_another_form_say_nothing(data: bytes) -> None:
    """Another failure converter may encode what it likes."""
    failure = Failure(message="Encoded failure")
    failure.encoded_attributes.metadata["encoding"] = b"json/plain"
    failure.encoded_attributes.data = data
    assert await message_of(client(DataConverter.default), failure) == "Encoded failure"
