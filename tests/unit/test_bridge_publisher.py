"""The publisher: all that the log holds becomes durable, once each, in order, at its pace."""

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from temporalio.service import RPCError, RPCStatusCode

from kai_flow.bridge.publisher import Publisher
from kai_flow.bridge.signal_turns import SignalTurns
from kai_flow.stream.attempt_window import Taken
from kai_flow.stream.batches import Batch
from kai_flow.stream.clock import now
from kai_flow.stream.fold import Fold
from kai_flow.stream.ids import EventId
from kai_flow.stream.recorded import Published, Scheduled
from tests.property.strategies import run_of
from tests.unit.virtual import RUN_ID, Parts, Stage, events_of, in_virtual_time, post_of

FIRST = EventId(1, 1, 1)
INTERVAL = 0.25


class Desk:
    """A log with its publisher, as a session has them, and the task that publishes."""

    def __init__(self, stage: Stage, *, turns: SignalTurns | None = None) -> None:
        self.readable = True
        stage.shared = stage.shared._replace(turns=turns or stage.shared.turns)
        parts = Parts(stage)
        self.log = parts.log
        self.log.begin(Fold(RUN_ID))
        self._stage = stage
        self.mark(1)
        self.publisher = Publisher(
            parts.scope, stage.run, mark_durable=self._mark_durable, readable=lambda: self.readable
        )
        self._task: asyncio.Task[None] | None = None

    def mark(self, producer: int, beside: frozenset[int] = frozenset()) -> None:
        """The history shows this producer."""
        self._stage.schedule(str(producer), header=producer, beside=beside)
        self.log.absorb(Scheduled(producer, "act", str(producer), beside))

    def stored(self, first: int, count: int) -> None:
        """The history shows these events."""
        batch = Batch(run_of(FIRST._replace(seq=first), count))
        self.log.absorb(Published(RUN_ID, (batch,)))
        self.publisher.wake()

    def _mark_durable(self, last: EventId) -> None:
        self.log.mark_durable(last)

    async def published(self) -> None:
        """Wait until the publisher has ended."""
        assert self._task is not None
        await self._task

    def post(
        self,
        first: int,
        count: int,
        *,
        base: int | None = None,
        done: bool = False,
        producer: int = 1,
        signalling: bool = True,
        kind: str | None = None,
    ) -> asyncio.Task[None]:
        """A POST of these events; the running task, or a new one."""
        start = EventId(producer, 1, first)
        events = run_of(start, count) if kind is None else events_of(str(start), count, kind)
        post = post_of(events, base=start._replace(seq=base or first), done=done)
        answer = self.log.receive(post.base, post.events, signalling=signalling)
        assert isinstance(answer, Taken)
        self.publisher.posted(post, added=answer.added)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self.publisher.run())
        return self._task


@given(
    posts=st.lists(st.tuples(st.integers(1, 5), st.floats(0, 2)), min_size=1, max_size=8),
    outages=st.lists(st.tuples(st.floats(0, 3), st.floats(0.1, 8)), max_size=3),
)
@in_virtual_time
async def test_all_becomes_durable_through_every_outage(
    posts: Sequence[tuple[int, float]], outages: Sequence[tuple[float, float]]
) -> None:
    """Whenever Temporal is away and whenever POSTs come, all is stored, in order, with no hole."""
    stage = Stage()
    desk = Desk(stage)

    async def weather() -> None:
        for calm, away in outages:
            await asyncio.sleep(calm)
            stage.outage()
            await asyncio.sleep(away)
            stage.outage(over=True)

    changing = asyncio.create_task(weather())
    total = 0
    for count, pause in posts:
        desk.post(total + 1, count)
        total += count
        await asyncio.sleep(pause)
    await changing
    await desk.published()
    assert stage.stored == [*run_of(FIRST, total)]
    assert desk.log.received.waiting == 0


@in_virtual_time
async def test_signals_keep_their_pace() -> None:
    """However fast POSTs come, the next signal waits a period; a final POST cuts that short."""
    stage = Stage()
    desk = Desk(stage)
    began = now()
    for number in range(1, 101):
        desk.post(number, 1)
        await asyncio.sleep(0.01)
    publishing = desk.post(101, 1, done=True)
    await publishing
    assert len(stage.signals) <= (now() - began) / INTERVAL + 2
    assert len(stage.stored) == 101


@in_virtual_time
async def test_an_old_session_is_signalled_less_often() -> None:
    """The pace is that of the session's age, which the POSTs tell."""
    stage = Stage()
    desk = Desk(stage)
    desk.publisher.learn_age(1_200)
    await desk.post(1, 1)
    publishing = desk.post(2, 1)
    began = now()
    await publishing
    assert now() - began > 9


@in_virtual_time
async def test_one_signal_carries_all_producers() -> None:
    """The pace is the session's, whatever the number of its producers."""
    stage = Stage()
    desk = Desk(stage)
    others = range(2, 9)
    for producer in others:
        desk.mark(producer, frozenset(range(1, producer)))
    await desk.post(1, 1)
    for producer in others:
        desk.post(1, 2, producer=producer)
    await desk.published()
    assert [len(signal.batches) for signal in stage.signals] == [1, 7]
    assert len(stage.stored) == 15


@in_virtual_time
async def test_what_another_bridge_is_named_for_is_not_signalled() -> None:
    """Each producer names its signaller, and this bridge keeps the events of the others."""
    stage = Stage()
    desk = Desk(stage)
    desk.mark(2, frozenset([1]))
    await desk.post(1, 3, signalling=False)
    assert stage.signals == []
    await desk.post(1, 1, producer=2)
    assert [event.id.producer for event in stage.stored] == [2]
    await desk.post(4, 1)
    assert [event.id for event in stage.stored if event.id.producer == 1] == [
        event.id for event in run_of(FIRST, 4)
    ]


@in_virtual_time
async def test_nothing_is_signalled_behind_a_hole() -> None:
    """Events behind what only a `base` calls durable wait until Temporal shows what is missing."""
    stage = Stage()
    desk = Desk(stage)
    publishing = desk.post(5, 1)
    await asyncio.sleep(5)
    assert stage.signals == []
    stage.store(run_of(FIRST, 4))
    desk.stored(1, 4)
    await publishing
    assert stage.stored == [*run_of(FIRST, 5)]


@in_virtual_time
async def test_a_run_that_has_ended_takes_no_more() -> None:
    """When a signal comes too late, nothing more is signalled."""
    stage = Stage()
    desk = Desk(stage)
    stage.close()
    await desk.post(1, 1)
    assert desk.publisher.closed
    assert stage.stored == []


@in_virtual_time
async def test_what_is_refused_for_good_is_not_tried_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """After Temporal's limit for signals, later POSTs are held and nothing is sent any more."""
    stage = Stage()
    desk = Desk(stage)
    stage.counted.breaks_with = RPCError("limit", RPCStatusCode.INVALID_ARGUMENT, b"")
    await desk.post(1, 1)
    calls = stage.counted.calls
    stage.counted.breaks_with = None
    await desk.post(2, 1, base=1)
    assert (stage.signals, stage.counted.calls) == ([], calls)
    assert "for good" in caplog.text


@in_virtual_time
async def test_a_batch_that_a_codec_has_refused_goes_again() -> None:
    """What breaks in mid-signal is raised, and the restarted task sends the same events."""
    stage = Stage()
    desk = Desk(stage)
    stage.counted.breaks_with = RuntimeError("keys are away")
    with pytest.raises(RuntimeError, match="keys are away"):
        await desk.post(1, 2)
    stage.counted.breaks_with = None
    await desk.publisher.run()
    assert stage.stored == [*run_of(FIRST, 2)]


@in_virtual_time
async def test_nothing_is_signalled_while_the_codec_is_missing() -> None:
    """What waits is kept, and signalled once the session can be read."""
    stage = Stage()
    desk = Desk(stage)
    desk.readable = False
    publishing = desk.post(1, 2)
    await asyncio.sleep(10)
    assert stage.signals == []
    desk.readable = True
    await publishing
    assert stage.stored == [*run_of(FIRST, 2)]


@in_virtual_time
async def test_a_flush_waits_for_no_period() -> None:
    """When the session stops, what is left is signalled at once, however old the session is."""
    stage = Stage()
    desk = Desk(stage)
    desk.publisher.learn_age(3_600)
    await desk.post(1, 1)
    publishing = desk.post(2, 1)
    await asyncio.sleep(1)
    assert len(stage.signals) == 1
    desk.publisher.flush()
    began = now()
    await publishing
    assert now() - began < 1
    assert len(stage.stored) == 2


class Others:
    """Other sessions of the bridge, which always have something to signal."""

    def __init__(self, turns: SignalTurns, count: int) -> None:
        self.signals: list[float] = []
        self._turns = turns
        self._sessions = [_Other(self) for _ in range(count)]
        for session in self._sessions:
            self.ask(session)

    def ask(self, session: "_Other") -> None:
        """Signal whenever it is its turn, and wait for the next."""
        while self._turns.has_come(session, hurried=False):
            self.signals.append(now())
            self._turns.leave(session)


class _Other:
    def __init__(self, others: Others) -> None:
        self._others = others

    def wake(self) -> None:
        asyncio.get_running_loop().call_soon(self._others.ask, self)


@in_virtual_time
async def test_a_session_alone_is_not_slowed_down() -> None:
    """Within the default budget, its signals are those that its own pace allows."""
    counts = []
    for turns in (SignalTurns(50), SignalTurns(1_000_000)):
        stage = Stage()
        desk = Desk(stage, turns=turns)
        for number in range(1, 201):
            desk.post(number, 1)
            await asyncio.sleep(0.03)
        began = now()
        await desk.post(201, 1, done=True)
        assert now() - began < 0.05
        counts.append(len(stage.signals))
    assert counts[0] == counts[1]


@in_virtual_time
async def test_all_sessions_together_keep_the_budget() -> None:
    """Beside many others a session has its part, is told its pace, and loses nothing."""
    turns, stage = SignalTurns(10), Stage()
    desk = Desk(stage, turns=turns)
    others, began = Others(turns, 19), now()
    paces = []
    for number in range(1, 601):
        desk.post(number, 1)
        await asyncio.sleep(0.05)
        paces.append(desk.publisher.pace)
    seconds = now() - began
    assert seconds / 2.5 <= len(stage.signals) <= seconds / 2 + 1
    assert len(stage.signals) + len(others.signals) <= 10 * (seconds + 0.25) + 2
    assert 1.5 < max(paces) < 2.5
    publishing = desk.post(601, 1, done=True)
    began = now()
    await publishing
    assert now() - began < 0.5, "the end of an attempt waits for one other at most"
    assert stage.stored == [*run_of(FIRST, 601)]
    assert len({event.id for event in stage.stored}) == 601


@in_virtual_time
async def test_an_attempt_that_has_failed_is_signalled_at_once() -> None:
    """`attempt_failed` is the last event of its attempt, which is left soon."""
    turns, stage = SignalTurns(10), Stage()
    desk = Desk(stage, turns=turns)
    desk.publisher.learn_age(3_600)
    await desk.post(1, 1)
    Others(turns, 50)
    await asyncio.sleep(1)
    began = now()
    await desk.post(2, 1, kind="attempt_failed")
    assert now() - began < 0.5
    assert len(stage.stored) == 2


@in_virtual_time
async def test_a_session_whose_agent_would_soon_wait_is_signalled_early() -> None:
    """When half of what an outbox holds is not durable, its turn comes soon."""
    turns, stage = SignalTurns(10), Stage()
    desk = Desk(stage, turns=turns)
    await desk.post(1, 1)
    Others(turns, 100)
    await asyncio.sleep(1)
    desk.post(2, 999)
    await asyncio.sleep(3)
    assert len(stage.signals) == 1
    desk.post(1_001, 1_100)
    await asyncio.sleep(1)
    assert len(stage.signals) > 1


@in_virtual_time
async def test_a_session_that_ends_gives_its_place_up() -> None:
    """A publisher that is cancelled, or has nothing left, does not stand in line."""
    turns, stage = SignalTurns(10), Stage()
    desk = Desk(stage, turns=turns)
    Others(turns, 30)
    publishing = desk.post(1, 1)
    await asyncio.sleep(0.5)
    assert desk.publisher.pace > 2.5
    publishing.cancel()
    await asyncio.gather(publishing, return_exceptions=True)
    await asyncio.sleep(3)
    assert stage.signals == []
    assert 2.5 < desk.publisher.pace < 3.5, "what a session that comes now would wait for"


@in_virtual_time
async def test_only_what_waits_has_a_lag() -> None:
    """What the history shows, signalled by whomever, waits no more, whatever else does."""
    stage = Stage()
    desk = Desk(stage)
    desk.mark(2, frozenset({1}))
    await desk.post(1, 1)  # the first signal needs no pause
    stage.outage()
    publishing = desk.post(2, 1)
    await asyncio.sleep(5)
    desk.post(1, 1, producer=2)
    await asyncio.sleep(2)
    assert 7 <= desk.publisher.lag < 7.5
    desk.stored(2, 1)
    assert 2 <= desk.publisher.lag < 2.5
    stage.outage(over=True)
    await publishing
    assert desk.publisher.lag == 0
