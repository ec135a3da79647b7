"""Activity workers: real producers in real activity contexts, driven by a model of an agent."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import replace
from typing import Any

import httpx
from temporalio.activity import ActivityCancellationDetails
from temporalio.testing import ActivityEnvironment

from kai_flow.stream.activity_interceptor import OwnActivity, own_activity
from kai_flow.stream.errors import Superseded
from tests.simulation.activity import Place, Settings, signal_clumsily, stream, think
from tests.simulation.agent import Agent, AgentBroke, script
from tests.simulation.client import TemporalClient
from tests.simulation.execution import Try
from tests.simulation.loop import Process
from tests.simulation.oracle import Oracle
from tests.simulation.weather import Link
from tests.simulation.workflow import SILENT


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
        neighbours: Callable[[httpx.AsyncClient], Iterable[Coroutine[Any, Any, None]]],
    ) -> None:
        self.name = name
        self.process = Process(name)
        self.muted = False  # its heartbeats and reports do not reach the server
        self._oracle, self._client, self._transport = oracle, client, transport
        self._beats, self._agent, self._settings = beats, agent, settings
        self._neighbours = neighbours
        self._environments: dict[Try, ActivityEnvironment] = {}
        self._http: httpx.AsyncClient | None = None  # of this process, once it has an attempt

    def leave(self) -> None:
        """SIGTERM: its activities are told to end."""
        for environment in self._environments.values():
            environment.cancel(ActivityCancellationDetails(worker_shutdown=True))

    def restart(self) -> None:
        """It dies, if it had not, and a new one begins."""
        self.process.kill()
        self.process = Process(self.name)
        self._http = None

    def take(self, attempt: Try) -> None:
        """Begin an attempt."""
        if self._http is None:
            transport = self._transport(self.process)
            self._http = httpx.AsyncClient(transport=transport, trust_env=False)
            for neighbour in self._neighbours(self._http):
                self.process.start(neighbour)
        self.process.start(self._run(attempt, self.process, self._http))

    async def _run(self, attempt: Try, process: Process, http: httpx.AsyncClient) -> None:
        client = self._client(process)
        environment = ActivityEnvironment()
        environment.info = replace(
            environment.info,
            attempt=attempt.attempt,
            activity_type=attempt.activity.type,
            activity_id=attempt.activity.id,
            workflow_id=attempt.run.workflow_id,
            workflow_run_id=attempt.run.run_id,
        )
        # The SDK tells the server at most once a second; that is how often the producer beats.
        environment.on_heartbeat = lambda *_: self._beat(attempt, environment, process)
        random_name = f"{attempt.run.run_id}/{attempt.name}"
        steps = script(self._agent, attempt.attempt, Link(random_name, 0))
        header = attempt.header if attempt.marked else None
        own_activity.set(OwnActivity(header, bridge=None))
        place = Place(attempt, self._agent, self._settings, self._oracle, client, http)
        run = signal_clumsily if self._settings.clumsy else stream
        self._environments[attempt] = environment
        try:
            if attempt.activity.type == SILENT:
                result = await environment.run(think, steps)
            else:
                result = await environment.run(run, place, steps)
        except asyncio.CancelledError:
            self._report(attempt, process, {"cancelled": True})
        except Superseded as error:
            self._oracle.stopped(attempt)
            self._report(attempt, process, {"error": str(error)})
        except AgentBroke as error:
            self._report(attempt, process, {"error": str(error)})
        except Exception as error:  # noqa: BLE001  anything else is a finding
            self._oracle.violated(f"the activity broke: {error!r}")
            self._report(attempt, process, {"error": str(error)})
        else:
            self._report(attempt, process, {"result": result})
        finally:
            self._environments.pop(attempt, None)

    def _beat(self, attempt: Try, environment: ActivityEnvironment, process: Process) -> None:
        if process.alive and not self.muted:
            process.start(self._tell(attempt, environment))

    async def _tell(self, attempt: Try, environment: ActivityEnvironment) -> None:
        await self._beats.travel()
        server = self._oracle.server
        if not server.up or self.muted or self._beats.meets(self._beats.weather.lose):
            return
        attempt.pending.beat_at = asyncio.get_running_loop().time()
        if attempt.over or attempt.run.closed:
            environment.cancel(ActivityCancellationDetails(not_found=True))
        elif attempt.run.cancel_requested or attempt.pending.cancel_requested:
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
        asked = attempt.run.cancel_requested or attempt.pending.cancel_requested
        if how.get("cancelled") and not asked:
            how = {"error": "the worker cancelled it"}
        attempt.end(**how)
