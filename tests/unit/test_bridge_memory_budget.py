"""The memory budget of a bridge: that it counts what events really take, and counts it quickly."""

import tracemalloc
from functools import partial

from kai_flow.bridge import memory_budget
from kai_flow.bridge.memory_budget import MemoryBudget
from kai_flow.bridge.readback import DurableCopy
from kai_flow.stream.batches import Batch
from kai_flow.stream.buffer import Slice
from kai_flow.stream.callback import ProducerPost, decode_post
from kai_flow.stream.events import NumberedEvent, held_bytes
from kai_flow.stream.ids import START, EventId
from kai_flow.stream.session_log import SessionLog
from kai_flow.stream.sse import encode_event
from kai_flow.stream.stored import StoredStream

RUN = "0197c3a2-7b1e-7c55-9a2f-12d84f3a9c1e"
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
    log = SessionLog(partial(encode_event, incarnation="4f3a9c1e"))
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
    assert 0.8 * real <= log.bytes <= 1.5 * real
    assert real <= reserved <= 1.6 * real


class Counted(bytes):
    """Data of an event that counts how often its size is asked for."""

    asked = 0

    def __len__(self) -> int:
        Counted.asked += 1
        return super().__len__()


async def test_a_count_of_the_memory_looks_at_no_event() -> None:
    """However many events are held, a count of all asks each holder once, and no event."""
    events = tuple(
        NumberedEvent(EventId(1, 1, n), "t", Counted(b'{"type":"t"}')) for n in range(1, 1_001)
    )
    budget = MemoryBudget(lambda: [copy])  # type: ignore[list-item]  # `touched` is its session's
    copy = DurableCopy(None, "s", RUN, lambda _: None, budget)  # type: ignore[arg-type]  # it asks nobody
    copy.touched = 0.0  # type: ignore[attr-defined]  # its session's
    copy._keep(START, Slice(events, events[-1].id, has_more=False, gap=None))
    history = StoredStream(None, "s", RUN)  # type: ignore[arg-type]  # it asks nobody
    history.events.apply(Batch(RUN, events))
    copy._history = history
    Counted.asked = 0
    budget.make_room()
    assert Counted.asked == 0
    size = held_bytes(1_000, 1_000 * len(b'{"type":"t"}'))
    assert budget._held == copy.held == 2 * size
