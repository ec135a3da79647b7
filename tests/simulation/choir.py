"""Many sessions of one worker process at one bridge, in virtual time; what they cost is counted.

Everything of the library and of the bridge is the real thing: producers, uplink, hub, documents. So
the counts depend on no machine.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final, cast

import httpx
from temporalio.api.common.v1 import Payload
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Client
from temporalio.testing import ActivityEnvironment

from kai_flow.bridge.hub import Hub
from kai_flow.bridge.subscription import subscribe
from kai_flow.stream.activity_interceptor import OwnActivity, own_activity
from kai_flow.stream.header import ProducerHeader, encode_header
from kai_flow.stream.producer import EventProducer
from kai_flow.stream.wire_names import PRODUCER_HEADER
from kai_flow.web.documents import Documents
from kai_flow.web.refusal_log import RefusalLog
from tests.simulation.client import TemporalClient
from tests.simulation.loop import Process, now
from tests.simulation.temporal import Pending, Run, Server
from tests.simulation.weather import Link

WAY_SECONDS: Final = 0.005  # of a request, and of its answer
SIGNAL_INTERVAL: Final = 0.25
SIGNALS_PER_SECOND: Final = 50


@dataclass(frozen=True)
class Load:
    """What the sessions do."""

    sessions: int
    rate: int  # events a second of each
    seconds: int
    readers: int = 1  # of each

    @property
    def events(self) -> int:
        """Of all sessions, with the first and the last one of each."""
        return self.sessions * (self.rate * self.seconds + 1)


class _Client(TemporalClient):
    """A client that counts its calls."""

    def __init__(self, server: Server, name: str) -> None:
        super().__init__(server, Process(name), Link(f"calls of {name}", 1))
        self.calls = 0

    async def call(self, serve: Callable[[], Awaitable[Any]], timeout: timedelta | None) -> Any:
        self.calls += 1
        return await super().call(serve, timeout)


class Choir(httpx.AsyncBaseTransport):
    """The sessions, the bridge, and the way between them."""

    def __init__(self, load: Load) -> None:
        self.load = load
        self.posts = self.signals = self.beats = 0
        self.shown: Counter[str] = Counter()  # events that all readers of a session have got
        self.seconds = 0.0  # from the beginning to the end
        self._server = Server(page_size=100)
        self._server.on_signal = self._on_signal
        self.bridge, self.worker = _Client(self._server, "bridge"), _Client(self._server, "worker")
        self._hub = Hub(
            cast("Client", self.bridge),
            signal_interval=SIGNAL_INTERVAL,
            signals_per_second=SIGNALS_PER_SECOND,
            idle_timeout=60,
        )
        self._documents = Documents(self._hub, RefusalLog())

    async def sing(self) -> None:
        """Run all sessions to their ends."""
        began = now()
        care = asyncio.create_task(self._hub.look_after())
        async with httpx.AsyncClient(transport=self) as http:
            await asyncio.gather(*(self._session(n, http) for n in range(self.load.sessions)))
        self.seconds = now() - began
        care.cancel()
        await self._hub.stop()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """One POST."""
        self.posts += 1
        body = await request.aread()
        await asyncio.sleep(WAY_SECONDS)
        session_id = request.url.path.rpartition("/")[2]
        answer = await self._documents.answer(session_id, body)
        await asyncio.sleep(WAY_SECONDS)
        headers = {"Content-Type": answer.media_type, **answer.headers}
        return httpx.Response(answer.status, headers=headers, stream=httpx.ByteStream(answer.body))

    async def _session(self, number: int, http: httpx.AsyncClient) -> None:
        session_id = f"session-{number}"
        run_id = f"0198c0de-0000-7000-8000-{number:012x}"
        run = Run(session_id, run_id, 0.0)
        self._server.runs[session_id] = [run]
        header = ProducerHeader(1, frozenset(), run_id)
        run.append(_mark(header))
        run.pending["1"] = Pending(1)
        readers = [asyncio.create_task(self._read(session_id)) for _ in range(self.load.readers)]
        await asyncio.sleep(1 + number / self.load.rate / self.load.sessions)
        environment = ActivityEnvironment()
        environment.info = replace(
            environment.info,
            attempt=1,
            activity_id="1",
            activity_type="speak",
            workflow_id=session_id,
            workflow_run_id=run_id,
        )
        environment.on_heartbeat = self._on_beat
        own_activity.set(OwnActivity(header, bridge=None))
        await environment.run(self._speak, session_id, http)
        close = HistoryEvent(event_type=EventType.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED)
        run.append(close)
        await asyncio.gather(*readers)

    async def _speak(self, session_id: str, http: httpx.AsyncClient) -> None:
        async with EventProducer(
            callback_url=f"http://bridge/events/{session_id}",
            client=cast("Client", self.worker),
            http=http,
            signal_interval=SIGNAL_INTERVAL,
        ) as producer:
            for number in range(self.load.rate * self.load.seconds):
                await asyncio.sleep(1 / self.load.rate)
                await producer.send({"type": "token", "content": f"word {number} "})

    async def _read(self, session_id: str) -> None:
        run = await self._hub.find(session_id)
        async with aclosing(subscribe(self._hub, session_id, None, run)) as frames:
            async for frame in frames:
                self.shown[session_id] += frame.count(b"event: token\n")

    def _on_signal(self, _run: Run, _document: bytes) -> None:
        self.signals += 1

    def _on_beat(self, *_details: Any) -> None:
        self.beats += 1


def _mark(header: ProducerHeader) -> HistoryEvent:
    event = HistoryEvent(event_type=EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED)
    scheduled = event.activity_task_scheduled_event_attributes
    scheduled.activity_id = "1"
    scheduled.activity_type.name = "speak"
    payload = Payload(metadata={"encoding": b"json/plain"}, data=encode_header(header))
    scheduled.header.fields[PRODUCER_HEADER].CopyFrom(payload)
    return event
