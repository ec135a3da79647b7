"""Activity workers: real producers in real activity contexts, driven by a model of an agent."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import replace
from typing import Any, Final, NamedTuple, cast

import httpx
from temporalio.activity import ActivityCancellationDetails
from temporalio.client import Client
from temporalio.service import RPCError
from temporalio.testing import ActivityEnvironment

from kai_flow.stream.errors import Superseded
from kai_flow.stream.ids import EventId
from kai_flow.stream.interceptor import ProducerNumber, appointed
from kai_flow.stream.producer import EventProducer
from tests.simulation.client import TemporalClient
from tests.simulation.execution import Try
from tests.simulation.loop import Process
from tests.simulation.oracle import Oracle
from tests.simulation.weather import Link

BASE_URL: Final = "http://bridge/events/"


class Agent(NamedTuple):
    """What an agent says, and how; the same in each attempt but for what it says."""

    events: int
    pause: float
    """Seconds between bursts, at most."""
    burst: int
    """Events said without a pause."""
    padding: int
    """Bytes added to every tenth event."""
    breaks: tuple[tuple[int, int], ...] = ()
    """(attempt, after how many events) where it raises."""


class AgentBroke(Exception):
    """The agent raised."""


class Settings(NamedTuple):
    """How the activity is set up."""

    callback: bool
    signal_interval: float
    header: bool
    """The workflow's number comes with the call; else the producer asks the server."""


class Worker:
    """One worker process."""

    def __init__(
        self,
        name: str,
        *,
        oracle: Oracle,
        client: Callable[[Process], TemporalClient],
        transport: Callable[[Process], httpx.AsyncBaseTransport],
        beats: Link,
        agent: Agent,
        settings: Settings,
    ) -> None:
        self.name = name
        self.process = Process(name)
        self.muted = False  # its heartbeats and reports do not reach the server
        self._oracle, self._client, self._transport = oracle, client, transport
        self._beats, self._agent, self._settings = beats, agent, settings

    def restart(self) -> None:
        """It dies, if it had not, and a new one begins."""
        self.process.kill()
        self.process = Process(self.name)

    def take(self, attempt: Try) -> None:
        """Begin an attempt."""
        self.process.start(self._run(attempt, self.process))

    async def _run(self, attempt: Try, process: Process) -> None:
        client = self._client(process)
        environment = ActivityEnvironment()
        environment.info = replace(
            environment.info,
            attempt=attempt.attempt,
            workflow_id=attempt.run.workflow_id,
            workflow_run_id=attempt.run.run_id,
        )
        # The SDK tells the server at most once a second; that is how often the producer beats.
        environment.on_heartbeat = lambda *_: self._beat(attempt, environment, process)
        random_name = f"{attempt.run.run_id}/{attempt.number.producer}/{attempt.attempt}"
        script = _script(self._agent, attempt.attempt, Link(random_name, 0))
        async with httpx.AsyncClient(transport=self._transport(process), trust_env=False) as http:
            if self._settings.header:
                appointed.set(attempt.number)
            how = (self._settings, self._oracle)
            try:
                result = await environment.run(_activity, attempt, script, client, http, *how)
            except asyncio.CancelledError:
                self._report(attempt, process, {"cancelled": True})
            except Superseded as error:
                self._oracle.stopped(attempt)
                self._report(attempt, process, {"error": str(error)})
            except (AgentBroke, RPCError) as error:  # without a header it asks the server first
                self._report(attempt, process, {"error": str(error)})
            except Exception as error:  # noqa: BLE001  anything else is a finding
                self._oracle.violated(f"the activity broke: {error!r}")
                self._report(attempt, process, {"error": str(error)})
            else:
                self._report(attempt, process, {"result": result})

    def _beat(self, attempt: Try, environment: ActivityEnvironment, process: Process) -> None:
        if process.alive and not self.muted:
            process.start(self._tell(attempt, environment))

    async def _tell(self, attempt: Try, environment: ActivityEnvironment) -> None:
        await self._beats.travel()
        server = self._oracle.server
        if not server.up or self.muted or self._beats.meets(self._beats.weather.lose):
            return
        attempt.beat_at = asyncio.get_running_loop().time()
        if attempt.over or attempt.run.closed:
            environment.cancel(ActivityCancellationDetails(not_found=True))
        elif attempt.run.cancel_requested:
            environment.cancel()

    def _report(self, attempt: Try, process: Process, how: dict[str, Any]) -> None:
        if process.alive:
            process.start(self._send_report(attempt, how))

    async def _send_report(self, attempt: Try, how: dict[str, Any]) -> None:
        server = self._oracle.server
        while True:
            await self._beats.travel()
            if server.up and not self.muted and not self._beats.meets(self._beats.weather.lose):
                break
            await asyncio.sleep(1.0)
        if how.get("cancelled") and not attempt.run.cancel_requested:
            how = {"error": "the worker cancelled it"}
        attempt.end(**how)


def _event(number: ProducerNumber, attempt: int, n: int, agent: Agent) -> dict[str, Any]:
    content = f"{number.producer}/{attempt}/{n} "
    if agent.padding and n % 10 == 0:
        content += "x" * agent.padding
    return {"type": "tool_end" if n % 7 == 0 else "token", "content": content}


async def _script(agent: Agent, attempt: int, link: Link) -> AsyncIterator[int]:
    breaks = dict(agent.breaks)
    said = 0
    while said < agent.events:
        await asyncio.sleep(link.random.uniform(0.0, agent.pause))
        for _ in range(min(link.random.randint(1, agent.burst), agent.events - said)):
            if said == breaks.get(attempt):
                raise AgentBroke(f"after {said} events")
            said += 1
            yield said


async def _activity(
    attempt: Try,
    script: AsyncIterator[int],
    client: TemporalClient,
    http: httpx.AsyncClient,
    settings: Settings,
    oracle: Oracle,
) -> dict[str, Any]:
    """What `KaiActivities.chat_streaming` does, with the model of an agent."""
    number, run = attempt.number, attempt.run
    place = {"producer": number.producer, "attempt": attempt.attempt}
    said = oracle.listen(run.run_id, number.producer, attempt.attempt)
    said.append({"type": "started", **place})
    async with EventProducer(
        callback_url=BASE_URL + run.workflow_id if settings.callback else None,
        client=cast("Client", client),
        http=http,
        signal_interval=settings.signal_interval,
    ) as producer:
        oracle.watch(producer)
        oracle.said(run.run_id, producer.last_event_id)
        try:
            async with aclosing(cast("Any", script)) as steps:
                async for n in steps:
                    event = _event(number, attempt.attempt, n, oracle.agent)
                    said.append(event)
                    event_id = await producer.send(event)
                    oracle.said(run.run_id, event_id)
                    assert event_id == EventId(number.producer, attempt.attempt, len(said))
            await producer.settle()
            result = {
                "status": "completed",
                "said": len(said),
                "last_event_id": str(producer.last_event_id),
                "events_sent": producer.events_sent,
                "events_failed": producer.events_failed,
            }
            await producer.finish(result)
        except BaseException as error:
            # What the producer itself says then; it follows the last event that was sent.
            del said[producer.last_event_id.seq :]
            said.append({"type": "attempt_failed", "error": str(error) or type(error).__name__})
            raise
    return result
