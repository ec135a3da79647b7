"""The loop of live readers: what runs beside it, and what it misses."""

import asyncio

import pytest

from kai_flow.bridge.broadcast import SLICE_READERS, Broadcast
from kai_flow.bridge.live_readers import LiveReader, LiveReaders, Present
from kai_flow.stream.notifier import Notifier
from kai_flow.stream.session_log import SessionLog
from kai_flow.stream.tally import Histogram
from tests.unit.test_bridge_live_readers import LIMITS, PRESENT, Wire, a_log, ids, joined
from tests.unit.test_stream_session_log import events, published
from tests.unit.virtual import in_virtual_time


class Served:
    """A broadcast with readers on so many sinks."""

    def __init__(self, log: SessionLog, *wires: Wire) -> None:
        self.present = PRESENT
        self.notifier = Notifier()
        self.log = log
        self.written = Histogram((0.01, 1.0))
        readers = LiveReaders(log, LIMITS)
        self.broadcast = Broadcast(
            "a broadcast", readers, self.notifier, lambda: self.present, self.written
        )
        self.tasks = [self.serve(reader) for reader in joined(log, readers, *wires)]

    def serve(self, reader: LiveReader) -> asyncio.Task[None]:
        """The task of a reader."""
        return asyncio.create_task(self.broadcast.serve(reader))

    def show(self, event: str) -> None:
        """An event is shown, and readers are woken."""
        self.log.absorb(published(events(event)))
        self.notifier.notify()


def broken() -> Present:
    """Raises."""
    raise RuntimeError("it breaks")


async def turns(count: int) -> None:
    """So many turns of the event loop."""
    for _ in range(count):
        await asyncio.sleep(0)


@in_virtual_time
async def test_other_work_runs_between_two_slices() -> None:
    """A POST waits for one slice of the writes at most, not for those to all readers."""
    wires = [Wire() for _ in range(5 * SLICE_READERS)]
    served = Served(a_log(), *wires)
    await turns(10)
    served.show("1.1.2")
    counts = []
    while not wires[-1].written:
        await turns(1)
        counts.append(sum(bool(wire.written) for wire in wires))
    steps = [after - before for before, after in zip([0, *counts], counts, strict=False)]
    assert max(steps) == SLICE_READERS
    served.present = PRESENT._replace(over=True)
    served.notifier.notify()
    await asyncio.wait(served.tasks)
    assert [ids(wire.written) for wire in wires] == [["1.1.2"]] * len(wires)


@in_virtual_time
async def test_what_is_shown_during_a_round_is_written_in_the_next() -> None:
    """Nothing is missed between two rounds, by those served already and by those who join."""
    wires = [Wire() for _ in range(3 * SLICE_READERS)]
    served = Served(a_log(), *wires)
    await turns(10)
    served.show("1.1.2")
    while not wires[0].written:
        await turns(1)
    assert not wires[-1].written
    late = Wire()
    [reader] = joined(served.log, LiveReaders(served.log, LIMITS), late)
    served.tasks.append(served.serve(reader))
    served.show("1.1.3")
    await turns(20)
    served.present = PRESENT._replace(over=True)
    served.notifier.notify()
    await asyncio.wait(served.tasks)
    assert [ids(wire.written) for wire in wires] == [["1.1.2", "1.1.3"]] * len(wires)
    assert ids(late.written) == ["1.1.3"]


@in_virtual_time
async def test_the_first_slice_is_written_at_once_and_misses_nothing() -> None:
    """A POST is written to the first readers before it is answered, and to all soon after it."""
    wires = [Wire() for _ in range(2 * SLICE_READERS)]
    served = Served(a_log(), *wires)
    await turns(10)
    for event, count in ("1.1.2", 1), ("1.1.3", 2), ("1.1.4", 2):
        served.log.absorb(published(events(event)))
        served.broadcast.begin()
        assert sum(bool(wire.written) for wire in wires) == count * SLICE_READERS
        served.notifier.notify()
    await turns(10)
    assert [ids(wire.written) for wire in wires] == [["1.1.2", "1.1.3", "1.1.4"]] * len(wires)
    for task in served.tasks:
        task.cancel()
    await asyncio.wait(served.tasks)


@in_virtual_time
async def test_what_breaks_at_once_breaks_no_post(caplog: pytest.LogCaptureFixture) -> None:
    """It is logged, and the task serves the readers once it can."""
    served = Served(a_log(), wire := Wire())
    await turns(10)
    present = served.broadcast._present
    served.broadcast._present = broken
    served.log.absorb(published(events("1.1.2")))
    served.broadcast.begin()
    assert "a broadcast broke before its task" in caplog.text
    served.broadcast._present = present
    served.notifier.notify()
    await turns(10)
    assert ids(wire.written) == ["1.1.2"]
    served.tasks[0].cancel()
    await asyncio.wait(served.tasks)


@in_virtual_time
async def test_the_loop_ends_with_its_last_reader_and_begins_again() -> None:
    """A session without live readers has no task, and the next reader is served."""
    log = a_log()
    served = Served(log, first := Wire())
    await turns(10)
    served.tasks[0].cancel()
    await asyncio.wait(served.tasks)
    served.show("1.1.2")
    assert not first.written
    [reader] = joined(log, LiveReaders(log, LIMITS), second := Wire())
    again = served.serve(reader)
    await turns(10)
    served.show("1.1.3")
    await turns(10)
    again.cancel()
    await asyncio.wait([again])
    assert ids(second.written) == ["1.1.3"]
    assert len(asyncio.all_tasks()) == 1


@in_virtual_time
async def test_only_what_was_shown_is_timed() -> None:
    """Each live reader counts once for an event, and neither for a heartbeat nor when it comes."""
    wires = [Wire() for _ in range(SLICE_READERS + 1)]
    served = Served(a_log(), *wires)
    await turns(10)
    assert served.written.count == 0
    served.log.absorb(published(events("1.1.2")))
    served.broadcast.begin()
    assert served.written.count == SLICE_READERS
    served.notifier.notify()
    await turns(10)
    assert served.written.count == len(wires)
    before = [len(wire.written) for wire in wires]
    served.present = PRESENT._replace(moment=PRESENT.moment + LIMITS.heartbeat)
    served.notifier.notify()
    await turns(10)
    assert all(len(wire.written) > count for wire, count in zip(wires, before, strict=True))
    assert served.written.count == len(wires)
    for task in served.tasks:
        task.cancel()
    await asyncio.wait(served.tasks)
