"""The payload codec that KAI Flow ships, through Temporal's own data converter."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from temporalio.api.common.v1 import Payload
from temporalio.api.failure.v1 import Failure
from temporalio.converter import DataConverter, WorkflowSerializationContext
from temporalio.exceptions import ApplicationError

from kai_flow.settings import StartError
from kai_flow.temporal.codec import (
    ENCODING,
    KEY_ID,
    KEY_PAUSE,
    PLACE,
    EncryptionCodec,
    encrypted,
    encrypted_only,
    encrypting,
)
from kai_flow.temporal.payload_cipher import Damaged, UnknownKey, key_id_of

ONE, TWO = b"1" * 32, b"2" * 32
KEYS = "MTEx" * 10 + "MTE=, " + "MjIy" * 10 + "MjI="

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=10,
)


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment with two keys."""
    monkeypatch.setenv("KAI_CODEC_KEYS", KEYS)


@given(st.lists(VALUES, min_size=1, max_size=4))
async def test_values_come_back(values: Sequence[Any]) -> None:
    """What a client encodes, another with the same keys decodes; nothing of it is in clear."""
    payloads = await encrypting([ONE]).encode(values)
    assert await encrypting([TWO, ONE]).decode(payloads) == values
    assert {payload.metadata["encoding"] for payload in payloads} == {ENCODING}
    assert {payload.metadata[KEY_ID] for payload in payloads} == {key_id_of(ONE).encode()}


async def test_equal_payloads_cannot_be_recognised() -> None:
    """Each payload has a nonce of its own."""
    payloads = await encrypting([ONE]).encode(["same"] * 50)
    assert len({payload.data for payload in payloads}) == 50


async def test_nothing_of_a_payload_is_in_clear() -> None:
    """Neither the data nor the metadata of a payload can be read in what is stored."""
    payload = Payload(metadata={"encoding": b"json/plain", "canary": b"one"}, data=b"canary two")
    (stored,) = await EncryptionCodec([ONE]).encode([payload])
    assert b"canary" not in stored.SerializeToString()
    assert list(await EncryptionCodec([ONE]).decode([stored])) == [payload]


async def test_a_batch_is_one_call() -> None:
    """Any number of payloads is encoded and decoded in its order, also none."""
    codec = EncryptionCodec([ONE], nonce=iter([bytes([n]) * 12 for n in range(9)]).__next__)
    payloads = [Payload(data=bytes([number])) for number in range(9)]
    stored = await codec.encode(payloads)
    assert [one.data[:12] for one in stored] == [bytes([n]) * 12 for n in range(9)]
    assert await codec.decode(stored) == payloads
    assert await codec.decode([]) == []


async def test_what_was_stored_before_can_be_read() -> None:
    """Payloads in clear pass, so that a codec can be introduced while sessions run."""
    clear = await DataConverter.default.encode(["before"])
    assert await encrypting([ONE]).decode(clear) == ["before"]


async def test_clear_payloads_can_be_refused() -> None:
    """Once nothing from before is left, what is in clear cannot be read, and the error says why."""
    clear = await DataConverter.default.encode(["before"])
    with pytest.raises(KeyError, match="refused/not-encrypted"):
        await encrypting([ONE], clear=False).decode(clear)
    (refused,) = await EncryptionCodec([ONE], clear=False).decode(clear)
    assert b"before" not in refused.SerializeToString()


async def test_a_missing_key_is_named() -> None:
    """The error has the id of the key and the setting, and nothing of a key."""
    payloads = await encrypting([ONE]).encode(["x"])
    with pytest.raises(UnknownKey) as caught:
        await encrypting([TWO]).decode(payloads)
    sentence = str(caught.value)
    assert key_id_of(ONE) in sentence
    assert "KAI_CODEC_KEYS" in sentence
    assert "2222" not in sentence


async def test_a_ciphertext_under_another_keys_id_is_refused() -> None:
    """A payload cannot be passed off as one of another key."""
    (payload,) = await encrypting([ONE]).encode(["x"])
    payload.metadata[KEY_ID] = key_id_of(TWO).encode()
    with pytest.raises(Damaged):
        await encrypting([ONE, TWO]).decode([payload])


@pytest.mark.parametrize("metadata", [{}, {KEY_ID: b""}, {KEY_ID: b"\xff\xfe"}])
async def test_a_payload_of_another_codec_is_refused(metadata: dict[str, bytes]) -> None:
    """What only looks encrypted by this codec is one clear error."""
    forged = Payload(metadata={"encoding": ENCODING, **metadata}, data=b"x" * 40)
    with pytest.raises(UnknownKey, match="of unknown id"):
        await encrypting([ONE]).decode([forged])


async def test_a_failure_is_encrypted() -> None:
    """Messages and stack traces are not in clear, and come back for whoever has the key."""
    converter, failure = encrypting([ONE]), Failure()
    await converter.encode_failure(ApplicationError("canary", "details of canary"), failure)
    assert b"canary" not in failure.SerializeToString()
    error = await converter.decode_failure(failure)
    assert isinstance(error, ApplicationError)
    assert (error.message, list(error.details)) == ("canary", ["details of canary"])


def _in(converter: DataConverter, workflow_id: str) -> DataConverter:
    """The converter as the SDK uses it for one workflow."""
    return converter.with_context(WorkflowSerializationContext("default", workflow_id))


async def test_a_bound_payload_is_refused_in_another_workflow() -> None:
    """And can be read in its own, and by a program that is told no workflow: a codec server."""
    bound = encrypting([ONE], bind=True)
    (payload,) = await _in(bound, "a").encode(["x"])
    for reader in (_in(bound, "a"), bound, _in(encrypting([ONE]), "a")):
        assert await reader.decode([payload]) == ["x"]
    for reader in (_in(bound, "b"), _in(encrypting([ONE]), "b")):
        with pytest.raises(KeyError, match="refused/of-another-workflow"):
            await reader.decode([payload])
    payload.metadata[PLACE] = b'["default","b"]'
    with pytest.raises(Damaged):
        await _in(bound, "b").decode([payload])


async def test_what_belongs_to_no_workflow_is_encrypted_only() -> None:
    """What a codec server encodes, and without `bind` everything: any workflow may read it."""
    for writer in (encrypting([ONE], bind=True), _in(encrypting([ONE]), "a")):
        (payload,) = await writer.encode(["x"])
        assert PLACE not in payload.metadata
        assert await _in(encrypting([ONE], bind=True), "b").decode([payload]) == ["x"]


async def _lacking() -> UnknownKey:
    """The error of a program with another key."""
    with pytest.raises(UnknownKey) as lacking:
        await encrypting([TWO]).decode(await encrypting([ONE]).encode(["canary"]))
    return lacking.value


@pytest.mark.parametrize(
    "wrapped", ["Failed decoding arguments", "Failed decoding heartbeat details"]
)
async def test_a_missing_key_is_told_in_clear_and_time_is_given(wrapped: str) -> None:
    """Who repairs it may have no key at all; an activity gets no attempt before ten minutes."""
    lacking = await _lacking()
    around = ApplicationError(wrapped, non_retryable=True)
    around.__cause__ = lacking
    for error in (lacking, around):
        failure = Failure()
        await encrypting([TWO]).encode_failure(error, failure)
        assert failure.message == str(lacking)
        assert key_id_of(ONE) in failure.message
        assert failure.application_failure_info.type == "UnknownKey"
        assert failure.application_failure_info.next_retry_delay.ToTimedelta() == KEY_PAUSE
        assert not failure.application_failure_info.non_retryable
        assert not failure.HasField("encoded_attributes")


async def test_a_damaged_payload_gives_no_time() -> None:
    """No key that anybody adds could help."""
    failure = Failure()
    await encrypting([ONE]).encode_failure(Damaged(), failure)
    assert "is damaged" in failure.message
    assert not failure.application_failure_info.HasField("next_retry_delay")


async def test_what_a_program_says_of_a_missing_key_is_encrypted() -> None:
    """Only the codec's own sentence is in clear: another error around it may repeat values."""
    failure, around = Failure(), ApplicationError("canary")
    around.__cause__ = await _lacking()
    await encrypting([TWO]).encode_failure(around, failure)
    assert b"canary" not in failure.SerializeToString()


@pytest.mark.usefixtures("keys")
async def test_the_settings_keys_are_used() -> None:
    """`encrypted` encrypts with the first key of KAI_CODEC_KEYS and decrypts with both."""
    (payload,) = await encrypted().encode(["x"])
    assert payload.metadata[KEY_ID] == key_id_of(ONE).encode()
    assert await encrypted_only().decode(await encrypting([TWO]).encode(["y"])) == ["y"]
    with pytest.raises(KeyError, match="refused/not-encrypted"):
        await encrypted_only().decode(await DataConverter.default.encode(["z"]))


@pytest.mark.parametrize("make", [encrypted, encrypted_only])
def test_no_key_is_said_at_the_start(monkeypatch: pytest.MonkeyPatch, make: Any) -> None:
    """Without a key a program does not start, and is told how to make one."""
    monkeypatch.delenv("KAI_CODEC_KEYS", raising=False)
    with pytest.raises(StartError, match="openssl rand"):
        make()


@pytest.mark.usefixtures("keys")
def test_no_key_is_in_a_repr() -> None:
    """Whoever logs a converter logs no key."""
    converter = encrypted()
    codec = converter.payload_codec
    assert isinstance(codec, EncryptionCodec)
    for part in (converter, codec, codec._cipher, codec._cipher._first):
        assert "1111" not in repr(part)
