"""The memory budget of a bridge: that it counts what events really take, and counts it quickly."""

import asyncio
import tracemalloc

from kai_flow.bridge import memory_budget
from kai_flow.bridge.memory_budget import MemoryBudget
from kai_flow.stream.batches import Batch
from kai_flow.stream.callback import ProducerPost, decode_post
from kai_flow.stream.events import NumberedEvent, held_bytes
from kai_flow.stream.fold import Fold
from kai_flow.stream.ids import EventId
from kai_flow.stream.place import NOWHERE
from kai_flow.stream.recorded import Published, Scheduled
from kai_flow.stream.session_log import SessionLog
from tests.property.strategies import run_of
from tests.unit.virtual import RUN_ID as RUN
from tests.unit.virtual import Stage, in_virtual_time

COUNT = 10_000


def tiny_posts() -> list[bytes]:
    """The bodies of POSTs with the smallest events there are, a thousand each."""
    head = f'{{"session_id":"s","workflow_id":"s","run_id":"{RUN}","base":"1.1.1","events":['
    events = [f'{{"id":"1.1.{n}","event":{{"type":"t"}}}}' for n in range(1, COUNT + 1)]
    return [
        f"{head}{','.join(events[start : start + 1_000])}]}}".encode()
        for start in range(0, COUNT, 1_000)
    ]


def test_tiny_events_are_counted_for_what_they_take() -> None:
    """What a log holds of tiny events, and what admitting them reserved, is their real size."""
    bodies = tiny_posts()
    log = SessionLog("4f3a9c1e")
    log.begin(Fold(RUN))
    log.absorb(Scheduled(1, "act", "1"))
    reserved = 0
    tracemalloc.start()
    try:
        for body in bodies:
            post = decode_post(body)
            assert isinstance(post, ProducerPost)
            size = sum(len(event.data) for event in post.events)
            reserved += 2 * size + len(post.events) * memory_budget.EVENT_BYTES
            log.receive(post.base, post.events)
            del post
        real, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert 0.8 * real <= log.held <= 1.5 * real
    assert real <= reserved <= 1.6 * real


class Counted(bytes):
    """Data of an event that counts how often its size is asked for."""

    asked = 0

    def __len__(self) -> int:
        Counted.asked += 1
        return super().__len__()


@in_virtual_time
async def test_a_count_of_the_memory_looks_at_no_event() -> None:
    """However many events are held, a count of all asks each holder once, and no event."""
    stage = Stage()
    stage.store(run_of(EventId(1, 1, 1), 50))
    session = stage.session()
    budget = MemoryBudget(lambda: [session])
    await session.stored.read(NOWHERE)
    session.attend()
    await asyncio.sleep(1)
    events = tuple(
        NumberedEvent(EventId(1, 1, n), "t", Counted(b'{"type":"t"}')) for n in range(51, 1_051)
    )
    session.log.absorb(Published(RUN, (Batch(events),)))
    Counted.asked = 0
    budget.make_room()
    assert Counted.asked == 0
    assert budget._held == session.held
    assert session.held > held_bytes(1_050, 1_050 * len(b'{"type":"t"}'))
    await session.stop()
