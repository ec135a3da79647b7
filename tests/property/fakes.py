"""Fakes with verbs, joined in virtual time: a workflow, bridges, receivers, a producer's shell.

The core's own classes decide; these only carry what they say over links that lose and delay.
"""

import heapq
from collections.abc import Callable, Sequence
from random import Random
from typing import NamedTuple

from kai_flow.stream.attempt_window import Answer, Missing, Stale, Taken
from kai_flow.stream.batches import Batch, decode_signal, encode_signal
from kai_flow.stream.buffer import EventBuffer, Limits
from kai_flow.stream.cadence import Cadence
from kai_flow.stream.delivery import Delivery
from kai_flow.stream.events import NumberedEvent
from kai_flow.stream.fold import Disposition, Fold
from kai_flow.stream.ids import EventId
from kai_flow.stream.outbox import Outbox
from kai_flow.stream.posts import Acknowledged, Post
from kai_flow.stream.recorded import Recorded
from kai_flow.stream.session_log import SessionLog, Unknown
from kai_flow.stream.storage import MAX_STORED_BYTES
from kai_flow.stream.wire_names import UNSTORED
from tests.property.strategies import RUN, plain

POST_TIMEOUT = 3.0
INTERVAL = 0.25
TAIL_DELAY = 0.02  # from an event in the history to a bridge that follows it
INCARNATION = "4f3a9c1e"


class Clock:
    """Virtual time: what is planned happens in order, and nothing waits for real."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self._plans: list[tuple[float, int, Callable[[], None]]] = []
        self._count = 0

    def after(self, delay: float, do: Callable[[], None]) -> None:
        """Do it `delay` seconds from now."""
        self._count += 1
        heapq.heappush(self._plans, (self.now + delay, self._count, do))

    def run(self, seconds: float, until: Callable[[], bool] = lambda: False) -> None:
        """Let time pass; stop early when `until` holds."""
        end, at_once = self.now + seconds, 0
        while not until():
            if not self._plans or self._plans[0][0] > end:
                self.now = end
                return
            when, _, do = heapq.heappop(self._plans)
            at_once = at_once + 1 if when <= self.now else 0
            assert at_once < 5_000, "a tight loop: time stands still"
            self.now = max(self.now, when)
            do()


class Link(NamedTuple):
    """How a link to the Temporal server behaves, seeded."""

    random: Random
    delay: float = 0.01
    lose: float = 0.0
    """Share of signals that never arrive; the sender sees a failure."""
    forget: float = 0.0
    """Share of signals that arrive, but the sender sees a failure."""
    repeat: float = 0.0
    """Share of signals that arrive a second time, late."""


class FakeWorkflow:
    """Temporal with the session's workflow in it."""

    def __init__(self, clock: Clock, limits: Limits | None = None) -> None:
        self.clock = clock
        self.buffer = EventBuffer(RUN, limits or Limits())
        self.history: list[Recorded] = []
        self.accepted: list[NumberedEvent] = []  # all that the fold ever let in
        self.signals: list[tuple[float, str]] = []  # when and by whom
        self.gaps = 0
        self.tails: list[Callable[[], None]] = []  # the bridges that follow the history

    def record(self, item: Recorded) -> None:
        """The history grows by one item, which tails see a little later."""
        self.history.append(item)
        for verdict in self.buffer.take(item)[0]:
            assert verdict.disposition is not Disposition.OTHER_RUN
            self.gaps += verdict.gap is not None
            self.accepted += verdict.events
        for tail in self.tails:
            self.clock.after(TAIL_DELAY, tail)

    def take(self, document: bytes, who: str) -> None:
        """A signal has arrived."""
        self.signals.append((self.clock.now, who))
        self.record(decode_signal(document))

    def signal(
        self, batches: Sequence[Batch], who: str, link: Link, told: Callable[[bool], None]
    ) -> None:
        """Signal over a link; `told` is called with whether the server acknowledged."""
        document = encode_signal(RUN, batches)
        lost = link.random.random() < link.lose
        forgotten = link.random.random() < link.forget
        if not lost:
            self.clock.after(link.delay, lambda: self.take(document, who))
            if link.random.random() < link.repeat:
                self.clock.after(link.random.uniform(1, 20), lambda: self.take(document, who))
        self.clock.after(link.delay * 2, lambda: told(not (lost or forgotten)))


class Failed(NamedTuple):
    """A POST that got no 2xx."""

    retry_after: float = 0.0


class Succeeded(NamedTuple):
    """A 2xx that says nothing of durability."""


class Expected(NamedTuple):
    """A 409."""

    expected: EventId


class Gone(NamedTuple):
    """A 410."""


Reply = Acknowledged | Succeeded | Expected | Gone | Failed


class Receiver:
    """Somebody behind a callback URL: takes a POST, answers after a while or never (None)."""

    def post(self, post: Post, signaller: str | None) -> tuple[float, Reply] | None:
        """(seconds until the answer, the answer)."""
        raise NotImplementedError


class FakeBridge(Receiver):
    """A bridge: the core's session log and cadence, a signaller, and no disk."""

    def __init__(self, clock: Clock, workflow: FakeWorkflow, name: str, link: Link) -> None:
        self.clock, self.workflow, self.name, self.link = clock, workflow, name, link
        self.boots = 0
        self.up = False
        self.delay = 0.005  # of its answers
        self.turn = 0.0  # seconds that each signal waits for the signals of other sessions
        self.says = True  # whether its answers tell that
        self.start()
        workflow.tails.append(self.tail)

    def start(self) -> None:
        """Come up, knowing nothing, and read the history up to its end."""
        self.boots += 1
        self.up = True
        self.boot = f"{self.name}{self.boots}"
        self.log = SessionLog(INCARNATION)
        self.cadence = Cadence(INTERVAL, self.clock.now)
        self.flush = False
        self._planned: float | None = None
        fold = Fold(RUN)
        for item in self.workflow.history:
            fold.take(item)
        self._read = len(self.workflow.history)
        self.log.begin(fold)

    def crash(self) -> None:
        """All it knew is gone."""
        self.up = False

    def tail(self) -> None:
        """Absorb what the history has by now."""
        if self.up:
            for item in self.workflow.history[self._read :]:
                self._read += 1
                self.log.absorb(item)
            self.pump()

    def post(self, post: Post, signaller: str | None) -> tuple[float, Reply] | None:
        if not self.up:
            return 0.001, Failed()
        answer = self._receive(post, signalling=signaller in {None, self.boot})
        if isinstance(answer, Unknown):  # its mark is not in sight yet
            self.tail()
            answer = self._receive(post, signalling=signaller in {None, self.boot})
        self.flush = self.flush or post.done
        self.pump()
        match answer:
            case Taken(received, durable):
                pace = self.turn if self.says else 0.0
                return self.delay, Acknowledged(received, durable, self.boot, True, pace)
            case Missing(expected):
                return self.delay, Expected(expected)
            case Stale():
                return self.delay, Gone()
            case _:
                return self.delay, Failed()

    def _receive(self, post: Post, *, signalling: bool) -> Answer | Unknown:
        return self.log.receive(post.base, post.events, stored=post.stored, signalling=signalling)

    def pump(self) -> None:
        """Signal when it is time; ask again when it may be."""
        if not self.up or not self.log.received.waiting:
            return
        due = self.cadence.due(
            self.log.received.waiting, self.log.received.waiting_bytes, flush=self.flush
        )
        if due is None:
            return
        if due > self.clock.now:
            if due != self._planned:
                self._planned = due
                self.clock.after(due - self.clock.now, self.pump)
            return
        batches, boot = self.log.received.batches(), self.boot
        if not batches:
            return
        self.cadence.sent()

        def signal() -> None:
            if self.up and boot == self.boot:
                self.workflow.signal(
                    batches, self.name, self.link, lambda ok: self._signalled(boot, batches, ok)
                )

        self.clock.after(self.turn, signal) if self.turn else signal()

    def _signalled(self, boot: str, batches: Sequence[Batch], ok: bool) -> None:
        if not self.up or boot != self.boot:
            return
        if ok:
            self.cadence.acknowledged(self.clock.now)
            for batch in batches:
                self.log.mark_durable(batch.last)
        else:
            self.cadence.failed(self.clock.now)
        self.pump()


class Balancer(Receiver):
    """Plain replicas behind one URL: every request goes to the next that is up."""

    def __init__(self, bridges: list[FakeBridge]) -> None:
        self.bridges = bridges
        self.turn = 0

    def post(self, post: Post, signaller: str | None) -> tuple[float, Reply] | None:
        for _ in self.bridges:
            self.turn += 1
            bridge = self.bridges[self.turn % len(self.bridges)]
            if bridge.up:
                return bridge.post(post, signaller)
        return 0.001, Failed()


class FakeProducer:
    """The activity's shell around a Delivery, and the agent that yields into it."""

    def __init__(
        self,
        clock: Clock,
        workflow: FakeWorkflow,
        receiver: Receiver | None,
        link: Link,
        attempt: tuple[int, int] = (1, 1),
        max_events: int = 4_000,
        max_stored: int = MAX_STORED_BYTES,
    ) -> None:
        self.clock, self.workflow, self.receiver, self.link = clock, workflow, receiver, link
        self.outbox = Outbox(*attempt, max_events=max_events, max_stored=max_stored)
        self.delivery = Delivery(
            self.outbox,
            Cadence(INTERVAL, clock.now),
            callback=receiver is not None,
            now=clock.now,
        )
        self.said: list[NumberedEvent] = []
        self.said_at: dict[EventId, float] = {}
        self.to_say: list[float] = []  # pauses before the events still to come
        self.posts: list[tuple[float, Post, Reply | None]] = []
        self.signals: list[tuple[float, float | None]] = []  # (when, since when durable stood)
        self.succeeded: set[EventId] = set()  # events of which a POST succeeded
        self.alive = True
        self.ended = False  # the agent has said all
        self._planned: float | None = None

    def run(self, pauses: list[float]) -> None:
        """Let the agent say an event after each pause, then end."""
        self.to_say = list(pauses)
        self._plan_next()

    @property
    def to_be_stored(self) -> list[NumberedEvent]:
        """What it said that is not live only."""
        stored = self.outbox.stored
        return [event for event in self.said if stored is None or event.id <= stored]

    def kill(self) -> None:
        """The worker dies."""
        self.alive = False

    @property
    def over(self) -> bool:
        """The activity has nothing left to do."""
        return not self.alive or self.delivery.superseded or (self.ended and self.delivery.drained)

    def _plan_next(self) -> None:
        if self.to_say:
            self.clock.after(self.to_say[0], self._say)
        else:
            self.ended = True
            self.delivery.add_final_post(self.clock.now)
            self.pump()

    def _say(self) -> None:
        if not self.alive or self.delivery.superseded:
            return
        event = plain(self.outbox.last.offset(1))
        if not self.outbox.has_room(len(event.data)):
            self.delivery.held_up(self.clock.now)
            self.pump()
            self.clock.after(0.05, self._say)  # the agent waits
            return
        before, last = self.outbox.stored, self.outbox.last
        event = self.outbox.append(event.type, event.data)
        if before != self.outbox.stored:
            self.said.append(NumberedEvent(last.offset(1), UNSTORED, b'{"type":"unstored"}'))
        self.said.append(event)
        self.said_at |= {said.id: self.clock.now for said in self.said[-2:] if said.id > last}
        if self.delivery.appended(self.clock.now):
            self.pump()
        else:  # it is woken by a report, or at the time that it has planned
            due = self.delivery.wake_at()
            assert due is None or (self._planned is not None and due >= self._planned)
            assert not self.delivery.next_reading()
        self.to_say.pop(0)
        self._plan_next()

    def pump(self) -> None:
        """Do what is due; be woken when the next thing is."""
        if not self.alive:
            return
        now = self.clock.now
        self.delivery.give_up_late(now)
        post = self.delivery.next_post(now)
        if post is not None:
            self._post(post)
        events = self.delivery.next_signal(now)
        if events:
            self.signals.append((now, self.delivery.own_signals.waiting_since))
            self.workflow.signal(
                [Batch(events)],
                "producer",
                self.link,
                lambda ok: self._signalled(events[-1].id, ok),
            )
        wake = self.delivery.wake_at()
        assert wake is None or wake > now, "asked, answered, and yet to be asked again at once"
        if wake is not None and wake != self._planned:
            self._planned = wake
            self.clock.after(wake - now, lambda: self._woken(wake))

    def _woken(self, planned: float) -> None:
        if planned == self._planned:  # else something came between and planned anew
            self._planned = None
            self.pump()

    def _post(self, post: Post) -> None:
        assert self.receiver is not None
        assert self.outbox.base == post.base
        answer = self.receiver.post(post, self.delivery.signaller)
        delay, reply = answer if answer is not None else (POST_TIMEOUT, None)
        if delay >= POST_TIMEOUT:
            delay, reply = POST_TIMEOUT, None
        self.posts.append((self.clock.now, post, reply))
        self.clock.after(delay, lambda: self._answered(post, reply))

    def _answered(self, post: Post, reply: Reply | None) -> None:
        if not self.alive:
            return
        now, delivery = self.clock.now, self.delivery
        match reply:
            case Acknowledged(received):
                self.succeeded |= {e.id for e in post.events if e.id <= received}
                delivery.acknowledged(post, reply, now)
            case Succeeded():
                self.succeeded |= {event.id for event in post.events}
                delivery.post_succeeded(post, now)
            case Expected(expected):
                delivery.gap_reported(expected, now)
            case Gone():
                delivery.refused_as_superseded()
            case Failed(retry_after):
                delivery.post_failed(post, now, jitter=0.5, retry_after=retry_after)
            case None:
                delivery.post_failed(post, now, jitter=0.5)
        self.pump()

    def _signalled(self, last: EventId, ok: bool) -> None:
        if not self.alive:
            return
        if ok:
            self.delivery.signalled(last, self.clock.now)
        else:
            self.delivery.signal_failed(self.clock.now)
        self.pump()
