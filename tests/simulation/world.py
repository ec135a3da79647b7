"""The world of one schedule: server, workers, bridges, readers and the links between them."""

from collections.abc import Coroutine, Iterator
from functools import partial
from random import Random
from typing import Any, Final

import httpx
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent

from tests.simulation.activity import BASE_URL
from tests.simulation.bridge import Bridge
from tests.simulation.client import TemporalClient
from tests.simulation.execution import Execution, Try
from tests.simulation.follower import DirectFollower, WebFollower
from tests.simulation.loop import Flag, Process, now
from tests.simulation.neighbours import NEIGHBOURS, talk
from tests.simulation.network import Balancer, Transport
from tests.simulation.oracle import Oracle
from tests.simulation.outsider import Outsider
from tests.simulation.plan import Plan
from tests.simulation.program import Program
from tests.simulation.stranger import STRANGERS, Stranger
from tests.simulation.subscriber import Reader, Subscriber
from tests.simulation.temporal import Run, Server, run_id
from tests.simulation.weather import Link
from tests.simulation.worker import Worker
from tests.simulation.workflow import Continue, Shape

SESSION: Final = "session-1"
LINKS: Final = (
    "posts",
    "calls of bridge",
    "calls of worker",
    "calls of follower",
    "calls of outsider",
    "heartbeats of worker",
)


class World:
    """All processes of one schedule."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.server = Server(plan.page_size)
        self.oracle = Oracle(self.server)
        self.oracle.budget = plan.stored_bytes
        self.oracle.plain = plan.agent.words == "plain"
        self.oracle.reads_again = plan.read_again_bytes is not None
        self.oracle.clumsy = plan.settings.clumsy
        self._random = Random(f"{plan.seed}/world")
        self._outside = Process("network")
        self.links = {name: Link(name, plan.seed) for name in LINKS}
        self.bridges = [self._bridge(number) for number in range(plan.bridges)]
        self._balancer = Balancer(self.bridges, plan.balancer, Random(f"{plan.seed}/balancer"))
        self.workers = [self._worker(number) for number in range(2)]
        self._turn = 0
        self.worker_came = Flag()
        self.executions: list[Execution] = []
        self.seams = 0  # how often a run has continued as new
        self.went_on = Flag()  # changes with that
        self.readers = [
            self.subscriber(f"reader {n}", reader) for n, reader in enumerate(plan.readers)
        ]

    # Building

    def outsider(self) -> Outsider:
        """Somebody who is no part of the session."""
        client = self._client("outsider", Process("outsider"))
        forges = all(f.kind not in ("server down", "calls of bridge") for f in self.plan.faults)
        return Outsider(SESSION, self.bridges, self.oracle, client, forges=forges)

    def _client(self, kind: str, process: Process) -> TemporalClient:
        return TemporalClient(self.server, process, self.links[f"calls of {kind}"])

    def _bridge(self, number: int) -> Bridge:
        return Bridge(
            number,
            oracle=self.oracle,
            client=partial(self._client, "bridge"),
            signal_interval=self.plan.settings.signal_interval,
            signals_per_second=self.plan.signals_per_second,
            idle_timeout=self.plan.idle_timeout,
            takes_lists=partial(self._takes_lists, Random(f"{self.plan.seed}/bridge {number}")),
            crowd=self.plan.crowd,
        )

    def _takes_lists(self, random: Random) -> bool:
        return self.plan.lists == "all" or (self.plan.lists == "some" and random.random() < 0.5)

    def _neighbours(self, http: httpx.AsyncClient) -> Iterator[Coroutine[Any, Any, None]]:
        """What the other sessions of a worker do, from the start of its process on."""
        for number in range(self.plan.neighbours):
            neighbour = NEIGHBOURS[number % len(NEIGHBOURS)]  # some sessions have two producers
            random = Random(f"{self.plan.seed}/neighbour {number}")
            bridge = partial(self._bridge_of, random)
            yield talk(neighbour, BASE_URL, http, random, self.oracle, bridge)

    def _bridge_of(self, random: Random) -> str:
        """The boot id of some bridge."""
        return random.choice(self.bridges).hub.boot_id

    def _worker(self, number: int) -> Worker:
        posts = self.links["posts"]

        def transport(process: Process) -> Transport | Stranger:
            if self.plan.receiver in STRANGERS:
                return Stranger(process, posts, self.oracle, self.plan.receiver)
            return Transport(process, self._outside, self._balancer, posts, self.oracle)

        return Worker(
            f"worker {number}",
            oracle=self.oracle,
            client=partial(self._client, "worker"),
            transport=transport,
            beats=self.links["heartbeats of worker"],
            agent=self.plan.agent,
            settings=self.plan.settings,
            neighbours=self._neighbours,
        )

    def subscriber(self, name: str, reader: Reader) -> Subscriber:
        """A reader of the session at the bridges."""
        place = (name, SESSION, reader, self.bridges, self.oracle)
        kind = WebFollower if reader.kind == "follow" else Subscriber
        random, socket = self._dice(name)
        return kind(*place, prompt=self.plan.prompt, random=random, socket=socket)

    def follower(self, name: str, reader: Reader) -> DirectFollower:
        """A reader of the session straight from Temporal."""
        client = partial(self._client, "follower")
        place = (name, SESSION, reader, self.bridges, self.oracle)
        random, socket = self._dice(name)
        return DirectFollower(*place, client=client, random=random, socket=socket)

    def _dice(self, name: str) -> tuple[Random, Random]:
        """What a reader draws from, and apart from that what its socket does."""
        return Random(f"{self.plan.seed}/{name}"), Random(f"{self.plan.seed}/{name}/socket")

    async def take(self, attempt: Try) -> None:
        """Give an attempt to the next worker that is there."""
        await self.worker_came.until(lambda: any(worker.process.alive for worker in self.workers))
        alive = [worker for worker in self.workers if worker.process.alive]
        self._turn += 1
        worker = alive[self._turn % len(alive)]
        self.oracle.note("attempt", attempt.name, worker.name)
        worker.take(attempt)

    def start_workflow(self) -> Run:
        """A new run under the session's id."""
        run = Run(SESSION, run_id(self._random), now())
        return self._execute(run, self.plan.program)

    def go_on(self, run: Run, command: Continue) -> None:
        """A run continues as new."""
        following = Run(SESSION, run_id(self._random), now(), before=run, headers=command.headers)
        close = HistoryEvent(event_type=EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW)
        continued = close.workflow_execution_continued_as_new_event_attributes
        continued.new_execution_run_id = following.run_id
        run.append(close)
        self._execute(following, command.rest)
        self.seams += 1
        self.went_on.change()

    def close(self, run: Run, event: HistoryEvent, program: Program | None) -> None:
        """A run closes. One that has failed is tried again, once, if the plan says so."""
        failed = event.event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED
        if not (failed and self.plan.retried) or run.failed is not None:
            run.append(event)
            return
        again = Run(SESSION, run_id(self._random), now(), failed=run, headers=run.headers)
        attributes = event.workflow_execution_failed_event_attributes
        attributes.new_execution_run_id = again.run_id
        run.append(event)
        self._execute(again, program)

    def retry_of(self, run: Run) -> Run | None:
        """The run that was made because this one has failed."""
        return next((one for one in self.server.runs[SESSION] if one.failed is run), None)

    def _execute(self, run: Run, program: Program | None) -> Run:
        self.server.runs.setdefault(SESSION, []).append(run)
        execution = Execution(
            self.server,
            run,
            self,
            random=Random(f"{self.plan.seed}/{run.run_id}"),
            shape=Shape(self.plan.limits, program, self.plan.linger, self.plan.unmarked),
        )
        self.executions.append(execution)
        self.server.process.start(execution.decide())
        return run
