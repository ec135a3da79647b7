"""One subscriber: what it is shown, in which order, and what it is told while nothing happens."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from kai_flow.bridge.admission import ANYBODY, Admission
from kai_flow.bridge.hub import TICK_SECONDS, Hub, running_hub
from kai_flow.bridge.sink import Framing
from kai_flow.bridge.subscription import HEARTBEAT_SECONDS, expired, subscribe
from kai_flow.stream.buffer import Limits
from kai_flow.stream.callback import HandMade
from kai_flow.stream.clock import now
from kai_flow.stream.events import NumberedEvent
from kai_flow.stream.ids import EventId
from kai_flow.stream.place import Cursor, Place
from kai_flow.stream.sse import HEARTBEAT, Decoder
from kai_flow.stream.wire_names import UNSTORED
from tests.property.strategies import run_of
from tests.unit.virtual import LATER, RUN_ID, SESSION, Stage, in_virtual_time, post_of

FIRST = EventId(1, 1, 1)
HERE = RUN_ID[-8:]


class Reader:
    """A subscriber that reads as fast as frames come, or waits before each as it is told.

    It is the sink of its stream, too; with `sink=False` all frames come from its own task.
    """

    framing: Framing = staticmethod(bytes)

    def __init__(
        self,
        hub: Hub,
        cursor: str | None = None,
        slow: float = 0.0,
        *,
        sink: bool = True,
        admission: Admission = ANYBODY,
    ) -> None:
        self.types: list[str] = []
        self.ids: list[str | None] = []
        self.data: list[dict[str, object]] = []
        self.heartbeats = 0
        self.ended_at = 0.0
        self.written = 0  # frames to the sink
        self._slow = slow
        self._full_until = 0.0
        self._sink = self if sink else None
        self._admission = admission
        self._decoder = Decoder()
        self._changed = asyncio.Event()
        self._cursor = None if cursor is None else Cursor.parse(cursor)
        self.task = asyncio.create_task(self._read(hub))

    async def _read(self, hub: Hub) -> None:
        run = await self._admission.find(hub, SESSION, self._cursor)
        stream = subscribe(
            hub, SESSION, self._cursor, run, admission=self._admission, sink=self._sink
        )
        async for frames in stream:
            await asyncio.sleep(max(0.0, self._full_until - now()))
            self._take(frames)
            await asyncio.sleep(self._slow)
        self.ended_at = now()
        self._changed.set()

    def _take(self, frames: bytes) -> None:
        self.heartbeats += frames.count(HEARTBEAT)
        for message in self._decoder.feed(frames.decode()):
            if message.data:
                event = msgspec.json.decode(message.data, type=dict[str, object])
                self.data.append(event)
                self.types.append(str(event["type"]))
                self.ids.append(message.id)
        self._changed.set()

    @property
    def open(self) -> bool:
        """Whether the sink takes frames: it is full after each write for as long as it is slow."""
        return now() >= self._full_until

    @property
    def ready(self) -> bool:
        """The same: what comes from the task is taken at once."""
        return self.open

    def write(self, framed: bytes) -> None:
        """Frames for a live reader."""
        self.written += 1
        self._full_until = now() + self._slow
        self._take(framed)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until this holds of what was read."""
        async with asyncio.timeout(300):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    async def has(self, count: int) -> None:
        """Wait until so many events were read."""
        await self.until(lambda: len(self.ids) >= count)


@asynccontextmanager
async def hub_on(stage: Stage, idle_timeout: float = 600.0) -> AsyncIterator[Hub]:
    """A hub in front of the stage."""
    async with running_hub(
        stage.client, signal_interval=0.25, signals_per_second=50, idle_timeout=idle_timeout
    ) as hub:
        yield hub


def ids(first: int, last: int) -> list[str]:
    """The cursors of these events of the first attempt."""
    return [f"1.1.{n}@{HERE}" for n in range(first, last + 1)]


@given(
    posted=st.lists(st.integers(1, 6), min_size=1, max_size=5),
    cursor=st.integers(0, 10),
    stored=st.integers(0, 10),
    slow=st.sampled_from([0.0, 0.0, 0.4]),
    kept=st.integers(1, 20),
    sink=st.booleans(),
)
@in_virtual_time
async def test_a_reader_gets_each_event_once_in_order(
    posted: Sequence[int], cursor: int, stored: int, slow: float, kept: int, sink: bool
) -> None:
    """From anywhere, whatever is in memory, buffer or history, and in whatever way it is served."""
    stage = Stage(limits=Limits(events=kept))
    if stored:
        stage.store(run_of(FIRST, stored))
    total = stored
    async with hub_on(stage) as hub:
        at = min(cursor, stored)
        reader = Reader(hub, None if not at else f"1.1.{at}@{HERE}", slow, sink=sink)
        for count in posted:
            await hub.receive(post_of(run_of(FIRST.offset(total), count)))
            total += count
            await asyncio.sleep(0.3)
        await hub.receive(post_of((), base=FIRST.offset(total), done=True))
        stage.close()
        await reader.task
    seen = [id_ for id_, kind in zip(reader.ids, reader.types, strict=True) if kind != "ended"]
    assert seen == [*ids(at + 1, total), f"end@{HERE}"]


def own(reader: "Reader") -> list[str]:
    """What a reader was shown: the ids of events, and the types of everything else."""
    pairs = zip(reader.ids, reader.types, strict=True)
    return [kind if id_ is None else id_.split("@")[0].split(",")[0] for id_, kind in pairs]


@in_virtual_time
async def test_late_readers_get_the_runs_before_and_all_get_the_same() -> None:
    """A bridge that begins in a later run reads the earlier ones back, once for all readers."""
    stage = Stage()
    stage.schedule("a", header=1)
    stage.store(run_of(FIRST, 3))
    stage.finish("a", producer=1)
    stage.continue_as_new(LATER, producer=1)
    stage.schedule("b", header=2)
    stage.store(run_of(EventId(2, 1, 1), 2))
    async with hub_on(stage) as hub:
        readers = [Reader(hub) for _ in range(3)]
        middle = Reader(hub, f"1.1.2@{HERE}")
        for reader in readers:
            await reader.has(6)
        await middle.until(lambda: len(middle.ids) == 4)
        stage.finish("b", producer=2)
        stage.close()
        await asyncio.gather(*(reader.task for reader in (*readers, middle)))
    whole = ["1.1.1", "1.1.2", "1.1.3", "ended", "2.1.1", "2.1.2", "ended", "end"]
    assert [own(reader) for reader in readers] == [whole] * 3
    assert own(middle) == whole[2:]


@in_virtual_time
async def test_a_reader_crosses_a_seam_where_nothing_has_been_said() -> None:
    """Who has all of the former run goes on live in the next one, also on a bridge that is new."""
    stage = Stage()
    stage.schedule("a", header=1)
    stage.store(run_of(FIRST, 2))
    stage.continue_as_new(LATER, producer=1)
    async with hub_on(stage) as hub:
        readers = [Reader(hub, f"1.1.2@{HERE}"), Reader(hub, f"1.1.1@{HERE}"), Reader(hub)]
        await asyncio.sleep(3)
        began = now()
        stage.speak(run_of(EventId(0, 1, 1), 1))
        for reader, count in zip(readers, (2, 3, 4), strict=True):
            await reader.has(count)
        assert now() - began < 0.1, "the pauses of a reader that reads back are longer"
    assert [own(reader)[-2:] for reader in readers] == [["ended", "0.1.1"]] * 3


@in_virtual_time
async def test_runs_in_which_nothing_was_said_are_crossed() -> None:
    """A late reader of a session without any event is told that it is over."""
    stage = Stage()
    stage.schedule("a", header=1)
    stage.continue_as_new(LATER, producer=1)
    stage.close()
    async with hub_on(stage) as hub:
        reader = Reader(hub)
        await reader.task
    assert own(reader) == ["end"]


@in_virtual_time
async def test_what_retention_has_deleted_is_a_gap() -> None:
    """The readers of a session whose first run is gone are told so, and get what is left."""
    stage = Stage()
    stage.schedule("a", header=1)
    stage.store(run_of(FIRST, 3))
    stage.continue_as_new(LATER, producer=1)
    stage.schedule("b", header=2)
    stage.store(run_of(EventId(2, 1, 1), 1))
    stage.delete(RUN_ID)
    async with hub_on(stage) as hub:
        reader = Reader(hub)
        await reader.until(lambda: len(reader.ids) == 2)
    assert own(reader) == ["gap", "2.1.1"]
    assert hub.counts.gaps == 1
    assert reader.data[0]["missing"] == [{"after": None, "before": "2.0.0"}]


@in_virtual_time
async def test_concurrent_producers_are_shown_as_they_come() -> None:
    """Live readers get events of several producers in the order of their arrival, each once."""
    stage = Stage()
    async with hub_on(stage) as hub:
        reader = Reader(hub)
        stage.schedule("a", header=1)
        await hub.receive(post_of(run_of(FIRST, 1)))
        stage.schedule("b", header=2, beside=[1])
        await hub.receive(post_of(run_of(EventId(2, 1, 1), 1)))
        await hub.receive(post_of(run_of(FIRST.offset(1), 1)))
        stage.speak(run_of(EventId(0, 1, 1), 1))
        await reader.until(lambda: len(reader.ids) == 4)
        await asyncio.sleep(1)
        stage.finish("a", producer=1)
        await reader.until(lambda: len(reader.ids) == 5)
        late = Reader(hub)
        await late.until(lambda: len(late.ids) == 5)
    assert own(reader) == ["1.1.1", "2.1.1", "1.1.2", "0.1.1", "ended"]
    assert sorted(own(late)) == sorted(own(reader))
    assert reader.ids[3] == f"0.1.1,1.1.2,2.1.1@{HERE}"


@in_virtual_time
async def test_what_never_counts_is_taken_back() -> None:
    """Events of an activity that the workflow gave up are taken back when it schedules another."""
    stage = Stage()
    async with hub_on(stage) as hub:
        reader = Reader(hub)
        stage.schedule("a", header=1)
        await hub.receive(post_of(run_of(FIRST, 1), signaller="other"))
        await reader.until(lambda: len(reader.ids) == 1)
        stage.schedule("b", header=2)
        stage.store(run_of(FIRST, 1))
        stage.store(run_of(EventId(2, 1, 1), 1))
        await reader.until(lambda: len(reader.ids) == 3)
    assert own(reader) == ["1.1.1", "superseded", "2.1.1"]
    assert reader.data[1] == {"type": "superseded", "producer": 1, "after": "1.1.0"}


@in_virtual_time
async def test_silence_has_heartbeats_and_an_end() -> None:
    """A comment after each HEARTBEAT_SECONDS of silence; `idle_timeout` after that of events."""
    stage = Stage()
    async with hub_on(stage, idle_timeout=100.0) as hub:
        began = now()
        reader = Reader(hub)
        await reader.task
    assert reader.types == ["idle_timeout"]
    assert 100 <= reader.ended_at - began <= 111
    assert 3 <= reader.heartbeats <= 100 / HEARTBEAT_SECONDS


@in_virtual_time
async def test_a_cursor_of_another_run_gets_a_reset() -> None:
    """It is told `reset`, and the stream begins with the first event."""
    stage = Stage()
    stage.store(run_of(FIRST, 2))
    async with hub_on(stage) as hub:
        reader = Reader(hub, "1.1.2@deadbeef")
        await reader.until(lambda: len(reader.ids) == 3)
    assert (reader.types[0], reader.ids) == ("reset", [None, *ids(1, 2)])


@in_virtual_time
async def test_a_reset_ends_the_stream_without_done() -> None:
    """The stream of the old run ends, and the same cursor then gets `reset` and the new run."""
    stage = Stage()
    stage.store(run_of(FIRST, 1))
    async with hub_on(stage) as hub:
        reader = Reader(hub)
        await reader.until(lambda: reader.ids == ids(1, 1))
        stage.reset(LATER)
        await reader.task
        assert reader.types == ["e"]
        again = Reader(hub, ids(1, 1)[0])
        await again.until(lambda: bool(again.types))
        assert again.types == ["reset"]


@in_virtual_time
async def test_a_stopping_bridge_ends_its_streams_at_once() -> None:
    """Readers are let go with their cursors, also one whose read of Temporal hangs."""
    stage = Stage()
    stage.store(run_of(FIRST, 1))
    async with hub_on(stage) as hub:
        reader = Reader(hub)
        await reader.until(lambda: len(reader.ids) == 1)
        session = hub._channels[SESSION].session
        assert session is not None
        session.forget()
        stage.outage()
        behind = Reader(hub)
        await asyncio.sleep(1)
        began = now()
        hub.end_streams()
        await asyncio.gather(reader.task, behind.task)
        assert now() - began < 0.1
        assert behind.types == []


@in_virtual_time
async def test_what_is_live_only_and_gone_is_a_gap() -> None:
    """A reader that was shown `unstored` gets a gap for what is held no more, and then goes on."""
    stage = Stage()
    mark = NumberedEvent(EventId(1, 1, 2), UNSTORED, b'{"type":"unstored"}')
    async with hub_on(stage) as hub:
        await hub.receive(post_of([*run_of(FIRST, 1), mark], stored=mark.id))
        await asyncio.sleep(1)
        live = run_of(mark.id.offset(1), 3)
        await hub.receive(post_of(live[:2], base=live[0].id, stored=mark.id))
        session = hub._channels[SESSION].session
        assert session is not None
        session.forget()
        await hub.receive(post_of(live[2:], base=live[2].id, stored=mark.id))
        reader = Reader(hub, f"{mark.id}@{HERE}")
        await reader.until(lambda: len(reader.types) == 2)
    assert reader.types == ["gap", "e"]
    assert hub.counts.gaps == 1
    assert reader.data[0] == {"type": "gap", "missing": [{"after": "1.1.2", "before": "1.1.5"}]}


@in_virtual_time
async def test_what_is_sent_by_hand_is_shown_without_an_id() -> None:
    """Where there is no workflow, an event sent by hand is shown, and moves no cursor."""
    stage = Stage()
    stage.server.runs.clear()
    async with hub_on(stage) as hub:
        reader = Reader(hub)
        await hub.receive_by_hand(HandMade(SESSION, "hello", b'{"type":"hello"}'))
        await reader.until(lambda: bool(reader.types))
    assert (reader.types, reader.ids) == (["hello"], [None])


@in_virtual_time
async def test_readers_are_told_that_nobody_works_while_temporal_hangs() -> None:
    """A read back that does not come on holds up neither `status` nor heartbeats."""
    stage = Stage()
    stage.schedule("1", attempt=1)
    stage.server.worker_up = False
    async with hub_on(stage) as hub:
        reader = Reader(hub)
        await reader.until(lambda: reader.heartbeats >= 2)
    assert reader.data[0] == {"type": "status", "status": "waiting", "attempt": 1}
    assert reader.types == ["status"]


@in_virtual_time
async def test_who_is_up_to_date_is_served_through_its_sink() -> None:
    """One loop writes to all of them; a slow one is served by its own task until it is back."""
    stage = Stage()
    async with hub_on(stage) as hub:
        await hub.receive(post_of(run_of(FIRST, 1)))
        readers = [Reader(hub) for _ in range(250)]
        slow, alone = Reader(hub, slow=1.0), Reader(hub, sink=False)
        everybody = [*readers, slow, alone]
        for reader in everybody:
            await reader.has(1)
        for number in range(1, 4):
            await hub.receive(post_of(run_of(FIRST.offset(number), 1)))
            for reader in readers:
                await reader.has(number + 1)
        await slow.has(4)
        await alone.has(4)
        assert [reader.written for reader in readers] == [4] * 250
        assert slow.written < 4
        assert alone.written == 0
        await asyncio.sleep(5)
        await hub.receive(post_of(run_of(FIRST.offset(4), 1)))
        written = slow.written
        await slow.has(5)
        assert slow.written == written + 1
        await hub.receive(post_of((), base=FIRST.offset(5), done=True))
        stage.close()
        await asyncio.gather(*(reader.task for reader in everybody))
    assert all(own(reader) == own(alone) for reader in everybody)


@in_virtual_time
async def test_who_leaves_is_written_nothing_more() -> None:
    """A reader that is disconnected between two slices, and the last one, leave no loop behind."""
    stage = Stage()
    async with hub_on(stage) as hub:
        await hub.receive(post_of(run_of(FIRST, 1)))
        readers = [Reader(hub) for _ in range(600)]
        for reader in readers:
            await reader.has(1)
        await hub.receive(post_of(run_of(FIRST.offset(1), 1)))
        await readers[0].has(2)  # the first slice is written
        readers[-1].task.cancel()
        for reader in readers[:-1]:
            await reader.has(2)
            reader.task.cancel()
        await asyncio.wait([reader.task for reader in readers])
        await hub.receive(post_of(run_of(FIRST.offset(2), 1)))
        await asyncio.sleep(1)
        session = hub._channels[SESSION].session
        assert session is not None
        assert session.broadcast is not None
        assert session.broadcast._task is None
    assert [len(reader.ids) for reader in readers] == [2] * 599 + [1]


@in_virtual_time
async def test_a_stream_ends_when_its_token_expires() -> None:
    """§8.6: a live reader, one without a sink, and one that is far behind; the others go on."""
    stage = Stage()
    stage.store(run_of(FIRST, 3))
    async with hub_on(stage) as hub:
        until = now() + 30.0
        limited = Admission(until=until)
        ending = [
            Reader(hub, admission=limited),
            Reader(hub, sink=False, admission=limited),
            Reader(hub, slow=11.0, sink=False, admission=limited),
        ]
        going_on = Reader(hub)
        for number in range(8):
            await asyncio.sleep(4.5)
            await hub.receive(post_of(run_of(FIRST.offset(3 + number), 1)))
        for reader in ending:
            await reader.task
            assert reader.types[-1] == "token_expired"
            assert reader.ids[-1] is None
            assert until <= reader.ended_at <= until + TICK_SECONDS + 2 * 11.0
            assert "token_expired" not in reader.types[:-1]
        assert going_on.ids == ids(1, 11)
        for quick in ending[:2]:
            assert quick.ended_at <= until + TICK_SECONDS
            assert quick.ids[:-1] == ids(1, len(quick.ids) - 1)


@in_virtual_time
async def test_a_stream_that_waits_for_its_session_ends_as_well() -> None:
    """§8.6: no session, or none that the reader may see, keeps an expired token alive."""
    for hidden in (None, "kai-other-queue"):
        stage = Stage()
        if hidden is None:
            stage.server.runs.clear()
        else:
            stage.run_on(hidden)
        async with hub_on(stage) as hub:
            until = now() + 20.0
            reader = Reader(hub, admission=Admission(until, queue="kai-acme-queue"))
            await reader.task
            assert reader.types == ["token_expired"]
            assert until <= reader.ended_at <= until + TICK_SECONDS


@in_virtual_time
async def test_nothing_is_read_back_for_an_expired_token() -> None:
    """§8.6: what Temporal was slow to give comes too late, also when its reader was slow, too."""
    for temporal, reader in ((26.0, 0.0), (22.0, 10.0)):
        stage = Stage()
        stage.store(run_of(FIRST, 3))
        async with hub_on(stage) as hub:
            run = await hub.find(SESSION)
            first = Reader(hub)
            await first.has(3)
            session = hub._channels[SESSION].session
            assert session is not None
            session.forget()  # so that others have to read back
            session.stored.read = partial(  # type: ignore[method-assign]
                slowly, session.stored.read, temporal
            )
            got = []
            terms = Admission(until=now() + 24.0)
            async for frame in subscribe(hub, SESSION, None, run, admission=terms):
                got.append(frame)
                await asyncio.sleep(reader if HEARTBEAT in frame else 0)
            first.task.cancel()
        assert b"id:" not in b"".join(got)
        assert HEARTBEAT in b"".join(got)
        assert got[-1] == b'event: token_expired\ndata: {"type":"token_expired"}\n\n'


async def slowly(read: Callable[[Place], Awaitable[Any]], seconds: float, place: Place) -> Any:
    """What is read, after some time."""
    await asyncio.sleep(seconds)
    return await read(place)


@in_virtual_time
async def test_an_expired_reader_learns_that_and_nothing_else() -> None:
    """§8.6: the first frames, its own cursor, and the end; for `onmessage` without a name."""
    assert [frame async for frame in expired(None, plain=True)] == [
        b"retry: 1000\n\n",
        b'data: {"type":"token_expired"}\n\n',
    ]
    [first, last] = [frame async for frame in expired(Cursor.parse(f"1.1.2@{HERE}"))]
    assert first == b"retry: 1000\n\nid: 1.1.2@" + HERE.encode() + b"\n\n"
    assert last.startswith(b"event: token_expired\n")


@in_virtual_time
async def test_a_reader_of_another_organisation_gets_what_nobody_gets() -> None:
    """§8.6: the frames of a session of others are those of an id without a workflow."""
    seen = []
    for hidden in (True, False):
        stage = Stage()
        if hidden:
            stage.store(run_of(FIRST, 3))
            stage.run_on("kai-other-queue")
        else:
            stage.server.runs.clear()
        async with hub_on(stage, idle_timeout=100.0) as hub:
            began = now()
            reader = Reader(hub, admission=Admission(queue="kai-acme-queue"))
            await asyncio.sleep(1.0)
            if hidden:
                await hub.receive(post_of(run_of(FIRST.offset(3), 2)))
            else:
                await hub.receive_by_hand(HandMade(SESSION, "note", b'{"type":"note"}'))
            await reader.task
            seen.append((reader.types, reader.heartbeats, round(reader.ended_at - began)))
    assert seen[0] == seen[1]
    assert seen[0][0] == ["idle_timeout"]


@in_virtual_time
async def test_a_gap_that_live_readers_are_told_counts_once() -> None:
    """However many they are: the bridge itself has never had what is missing."""
    stage = Stage()
    mark = NumberedEvent(EventId(1, 1, 2), UNSTORED, b'{"type":"unstored"}')
    async with hub_on(stage) as hub:
        await hub.receive(post_of([*run_of(FIRST, 1), mark], stored=mark.id))
        readers = [Reader(hub) for _ in range(3)]
        for reader in readers:
            await reader.has(2)
        last = run_of(mark.id.offset(3), 1)
        await hub.receive(post_of(last, base=last[0].id, stored=mark.id))
        for reader in readers:
            await reader.has(4)
            assert reader.types[2:] == ["gap", "e"]
        assert hub.counts.gaps == 1
