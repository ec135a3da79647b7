"""The producer alone: who may cancel the agent that it streams for, and what comes out of that."""

import asyncio
import dataclasses

import httpx
import pytest
from temporalio.testing import ActivityEnvironment

from kai_flow.stream.errors import Superseded
from kai_flow.stream.interceptor import ProducerNumber, appointed
from kai_flow.stream.producer import EventProducer
from tests.unit.virtual import RUN_ID, SESSION, Stage, in_virtual_time


class Refusing(httpx.AsyncBaseTransport):
    """A bridge that answers 410 as soon as it is told to, and nothing before."""

    def __init__(self) -> None:
        self.refuses = asyncio.Event()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Wait, and refuse the POST."""
        await self.refuses.wait()
        return httpx.Response(410, stream=httpx.ByteStream(b'{"bridge":"a"}'))


@in_virtual_time
async def test_a_cancellation_by_temporal_before_the_refusal_leaves_no_trace() -> None:
    """An agent that both sides cancel ends with the reason, as a task that nobody has cancelled."""
    stage, transport = Stage(), Refusing()
    environment = ActivityEnvironment()
    info = ActivityEnvironment.default_info()
    environment.info = dataclasses.replace(info, workflow_id=SESSION, workflow_run_id=RUN_ID)

    async def be_cancelled(task: asyncio.Task[object]) -> None:
        http = httpx.AsyncClient(transport=transport)
        async with http, EventProducer(callback_url="http://b", client=stage.client, http=http):
            asyncio.get_running_loop().call_soon(task.cancel)
            try:
                await asyncio.Event().wait()
            finally:
                transport.refuses.set()
                await asyncio.Event().wait()  # it tidies up, until the producer cancels it too

    async def agent() -> int:
        task = asyncio.current_task()
        assert task is not None
        with pytest.raises(Superseded):
            await be_cancelled(task)
        await asyncio.sleep(0)  # would raise if a cancellation were still to come
        return task.cancelling()

    appointed.set(ProducerNumber(1, RUN_ID))
    assert await environment.run(agent) == 0
