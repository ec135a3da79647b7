"""A payload codec that fails for a while, as when its keys are away: late, and nothing lost."""

import dataclasses
from collections.abc import Sequence
from functools import partial
from typing import Any

import httpx
import pytest
from temporalio.api.common.v1 import Payload
from temporalio.client import Client
from temporalio.converter import PayloadCodec

from kai_flow.stream.batches import Batch
from kai_flow.stream.run import Run, find_run
from kai_flow.stream.signals import publish
from tests.integration.conftest import Ask
from tests.integration.hubs import bridging
from tests.integration.log_records import records_of
from tests.integration.stage import Play, stage_worker
from tests.integration.subscriber import subscribed
from tests.integration.waiting import eventually, until


class KeysAway(Exception):
    """The codec cannot work now."""


class Codec(PayloadCodec):
    """Changes nothing, and can be told to fail."""

    def __init__(self) -> None:
        self.failing = False
        self.failures = 0

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        return self._pass(payloads)

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        return self._pass(payloads)

    def _pass(self, payloads: Sequence[Payload]) -> list[Payload]:
        if self.failing:
            self.failures += 1
            raise KeysAway
        return list(payloads)


@pytest.fixture
def codec() -> Codec:
    """The codec of the bridge's client."""
    return Codec()


@pytest.fixture
def encoding(client: Client, codec: Codec, monkeypatch: pytest.MonkeyPatch) -> Client:
    """A client with that codec; what fails is tried again sooner."""
    monkeypatch.setattr("kai_flow.stream.supervised.FIRST_PAUSE_SECONDS", 0.1)
    monkeypatch.setattr("kai_flow.stream.supervised.LAST_PAUSE_SECONDS", 0.1)
    monkeypatch.setattr("kai_flow.bridge.readback.PAUSE_SECONDS", 0.1)
    config = client.config()
    config["data_converter"] = dataclasses.replace(client.data_converter, payload_codec=codec)
    return Client(**config)


async def test_what_could_not_be_encoded_is_signalled_later(
    play: Play, http: httpx.AsyncClient, encoding: Client, codec: Codec
) -> None:
    """Events that a failing codec kept from being signalled become durable without a new POST."""
    async with bridging(encoding) as bridge:
        place = Play(play.client, play.handle, bridge.url)
        codec.failing = True
        answer = await place.post(http, [1, 2, 3])
        assert answer.json()["received"] == "1.1.3"
        await until(lambda: codec.failures >= 3)
        codec.failing = False

        async def durable() -> bool:
            return bool((await play.handle.query("progress"))["last_event_id"] == "1.1.3")

        await eventually(durable)


async def test_a_result_that_could_not_be_decoded_is_told_later(
    play: Play, encoding: Client, codec: Codec, caplog: pytest.LogCaptureFixture
) -> None:
    """A reader of a session that closed while the codec failed waits, and then gets its `done`."""
    async with bridging(encoding) as bridge:
        place = Play(play.client, play.handle, bridge.url)
        await play.signal([1])
        async with subscribed(place.stream_url) as reader:
            await reader.until(lambda: reader.ids == ["1.1.1"])
            codec.failing = True
            await play.end(result={"answer": 42})
            await until(lambda: codec.failures >= 3)
            assert reader.types == ["started"]
            codec.failing = False
            assert (await reader.saw("done")).event == {"type": "done", "result": {"answer": 42}}
    said = [record.getMessage() for record in records_of(caplog, play.id)]
    assert any(line.startswith(f"the tail of session {play.id} broke;") for line in said)


async def test_what_could_not_be_read_back_is_shown_later(
    play: Play,
    http: httpx.AsyncClient,
    encoding: Client,
    codec: Codec,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A stream that has to be read back while the codec fails stays open, and then goes on."""
    async with bridging(encoding) as bridge:
        place = Play(play.client, play.handle, bridge.url)
        await place.post(http, [1, 2, 3])

        async def is_durable() -> bool:
            return bool((await place.post(http, [])).json()["durable"] == "1.1.3")

        async def is_recorded() -> bool:
            events = (await play.handle.fetch_history()).events
            return any(
                each.HasField("workflow_execution_signaled_event_attributes") for each in events
            )

        await eventually(is_durable)
        await eventually(is_recorded)  # Temporal keeps a signal back while a workflow task runs
        session = bridge.hub._session(play.id)
        assert session is not None
        codec.failing = True  # first, because the tail would bring back what it can still decode
        session.forget()  # as when the memory is needed: readers have to read back
        async with subscribed(place.stream_url, reconnect=False) as reader:
            said = partial(records_of, caplog, play.id)
            await until(lambda: any("cannot be read back" in one.getMessage() for one in said()))
            assert reader.ended_at == 0.0
            codec.failing = False
            await reader.until(lambda: reader.ids == ["1.1.1", "1.1.2", "1.1.3"])


async def test_what_could_not_be_followed_is_shown_later(
    play: Play, encoding: Client, codec: Codec
) -> None:
    """A page of the history at which the codec failed is decoded once more: none is left out."""
    async with bridging(encoding) as bridge:
        place = Play(play.client, play.handle, bridge.url)
        await play.signal([1])
        async with subscribed(place.stream_url, reconnect=False) as reader:
            await reader.until(lambda: reader.ids == ["1.1.1"])
            await play.signal([2])
            await reader.until(lambda: reader.ids == ["1.1.1", "1.1.2"])  # by who follows
            codec.failing = True
            await play.signal([3])
            await until(lambda: codec.failures >= 3)
            codec.failing = False
            await reader.until(lambda: reader.ids == ["1.1.1", "1.1.2", "1.1.3"])


async def test_a_producer_signals_again_what_could_not_be_encoded(
    ask: Ask, session_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A codec that fails under a producer's signal costs no attempt: the same events go again."""
    failures = 0

    async def failing_twice(
        client: Client, workflow_id: str, run_id: str, batches: Sequence[Batch]
    ) -> None:
        nonlocal failures
        if workflow_id == session_id and failures < 2:
            failures += 1
            raise KeysAway
        await publish(client, workflow_id, run_id, batches)

    monkeypatch.setattr("kai_flow.stream.sending.publish", failing_twice)
    handle = await ask({"tokens": 3}, callback_url=None)
    assert (await handle.result())["last_event_id"] == "1.1.1"
    assert failures == 2


async def test_a_lookup_of_the_workflow_that_breaks_is_repeated(
    client: Client, session_id: str, encoding: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reader that waits for a workflow gets its stream, though a lookup broke on the way."""
    lookups = 0

    async def breaking(*args: Any) -> Run:
        nonlocal lookups
        lookups += 1
        if lookups == 2:  # the first is the request's own
            raise KeysAway
        return await find_run(*args)

    monkeypatch.setattr("kai_flow.bridge.lookup.find_run", breaking)
    monkeypatch.setattr("kai_flow.bridge.lookup.FIRST_LOOKUP_SECONDS", 0.1)
    async with (
        stage_worker(client, session_id),
        bridging(encoding) as bridge,
        subscribed(f"{bridge.url}/stream/{session_id}") as reader,
    ):
        await until(lambda: lookups >= 3)
        handle = await client.start_workflow("Stage", id=session_id, task_queue=session_id)
        play = Play(client, handle, bridge.url)
        await play.end(result="over")
        await reader.until(lambda: bool(reader.seen) and reader.seen[-1].type == "done")
