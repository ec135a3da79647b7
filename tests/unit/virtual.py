"""Tests of one module of the bridge alone: in virtual time, beside a simulated Temporal server."""

from collections.abc import Callable, Sequence

from kai_flow.bridge.counts import BridgeCounts
from kai_flow.bridge.memory_budget import MemoryBudget
from kai_flow.bridge.poll_budget import PollBudget
from kai_flow.bridge.session import Session
from kai_flow.bridge.session_tail import SessionTail
from kai_flow.bridge.shared import Scope, Shared
from kai_flow.bridge.signal_turns import SignalTurns
from kai_flow.stream.buffer import Limits
from kai_flow.stream.callback import ProducerPost
from kai_flow.stream.events import NumberedEvent
from kai_flow.stream.ids import EventId
from kai_flow.stream.notifier import Notifier
from kai_flow.stream.run import Run
from kai_flow.stream.session_log import SessionLog
from kai_flow.stream.signals import SentSignals
from tests.unit.temporal_stage import (
    LAST,
    LATER,
    RUN_ID,
    SESSION,
    TemporalStage,
    in_virtual_time,
)

__all__ = [
    "LAST", "LATER", "RUN_ID", "SESSION", "Parts", "Stage", "events_of", "in_virtual_time",
    "post_of",
]  # fmt: skip


def post_of(
    events: Sequence[NumberedEvent],
    *,
    base: EventId | None = None,
    signaller: str | None = None,
    stored: EventId | None = None,
    done: bool = False,
    age: int = 0,
    run_id: str = RUN_ID,
    codec: bool = False,
) -> ProducerPost:
    """A POST of these events, or a probe; everything before the first is durable, as it says."""
    base = base or events[0].id
    head = (SESSION, SESSION, run_id, RUN_ID)
    return ProducerPost(*head, base, stored, signaller, tuple(events), done, age, codec)


def events_of(first: str, count: int = 1, kind: str = "e") -> tuple[NumberedEvent, ...]:
    """Consecutive events from this id on."""
    start = EventId.parse(first)
    return tuple(
        NumberedEvent(start.offset(n), kind, b'{"type":"%b"}' % kind.encode()) for n in range(count)
    )


class Stage(TemporalStage):
    """A simulated server with one session, and what a bridge has beside it."""

    def __init__(self, *, page_size: int = 5, limits: Limits | None = None) -> None:
        super().__init__(page_size=page_size, limits=limits)
        self.run = Run(RUN_ID, RUN_ID)
        self.memory = MemoryBudget(list)
        self.shared = Shared(
            self.client, "this", 0.25, self.memory, PollBudget(), SignalTurns(1_000), BridgeCounts()
        )

    def session(self, run: Run | None = None, notifier: Notifier | None = None) -> Session:
        """A session of this run on a bridge whose boot id is "this"."""
        return Session(self.shared, SESSION, run or self.run, notifier or Notifier())


class Parts:
    """What the parts of a session share, and its tail, which a test runs by itself."""

    def __init__(self, stage: Stage, run_id: str = RUN_ID) -> None:
        self.stage = stage
        self.log = SessionLog(stage.run.incarnation)
        self.scope = Scope(stage.shared, SESSION, self.log, SentSignals(), Notifier())
        self.news = 0  # how often the tail had something new to show
        self.runs: list[str] = []  # that the session has gone on in
        self.ends: list[object] = []  # how it ended
        self.on_news: Callable[[], None] = lambda: None
        self.tail = SessionTail(
            self.scope,
            run_id,
            news=self._news,
            continued=self.runs.append,
            closed=self.ends.append,
        )

    def _news(self) -> None:
        self.news += 1
        self.on_news()
        self.scope.notifier.notify()
