"""What sessions cost that run together: upper bounds, counted in virtual time."""

import dataclasses
from collections import Counter

import pytest

from kai_flow.bridge.signal_budget import BURST_SECONDS
from kai_flow.stream import log_reader, shown_log
from kai_flow.stream.events import NumberedEvent
from kai_flow.stream.place import Cursor
from kai_flow.stream.sse import encode_event
from tests.simulation.choir import SIGNAL_INTERVAL, SIGNALS_PER_SECOND, Choir, Load
from tests.simulation.loop import VirtualLoop

ALONE = Load(sessions=1, rate=20, seconds=2)


@pytest.fixture
def encodings(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often the bridge has encoded events, by incarnation."""
    counted: Counter[str] = Counter()

    def encode(event: NumberedEvent, cursor: Cursor) -> bytes:
        counted[cursor.incarnation or ""] += 1
        return encode_event(event, cursor)

    for module in (shown_log, log_reader):
        monkeypatch.setattr(module, "encode_event", encode)
    return counted


def sung(load: Load) -> Choir:
    """All sessions, from their beginning to their end; every reader has got every event."""
    loop = VirtualLoop()

    async def sing() -> Choir:
        choir = Choir(load)
        await choir.sing()
        return choir

    try:
        choir = loop.run_until_complete(sing())
    finally:
        loop.close_down()
    assert not loop.broken, "\n".join(loop.broken)
    tokens = load.rate * load.seconds * load.readers
    assert choir.shown == {f"session-{n}": tokens for n in range(load.sessions) if tokens}
    return choir


@pytest.mark.parametrize(
    ("sessions", "posts_per_event"),
    [(1, 1.05), (10, 0.6), (30, 0.25), (100, 0.15)],
)
def test_posts_do_not_grow_with_the_sessions(sessions: int, posts_per_event: float) -> None:
    """A POST takes what has gathered in all sessions of the worker during the one before."""
    load = dataclasses.replace(ALONE, sessions=sessions)
    choir = sung(load)
    assert choir.posts <= posts_per_event * load.events


@pytest.mark.parametrize("sessions", [1, 10, 30])
def test_calls_of_temporal_go_by_the_clock(sessions: int) -> None:
    """A session has four signals a second, all together have fifty, and a few polls for each."""
    load = dataclasses.replace(ALONE, sessions=sessions)
    choir = sung(load)
    each = load.seconds / SIGNAL_INTERVAL + 4
    signals = min(sessions * each, SIGNALS_PER_SECOND * (choir.seconds + BURST_SECONDS) + 1)
    assert choir.signals <= signals
    assert choir.beats <= sessions * (choir.seconds + 2)
    assert choir.worker.calls == 0, "the bridge signals and reads"
    # one for each signal, a poll or two to see it, and the lookup of the run
    assert choir.bridge.calls <= 3 * signals + 5 * sessions


@pytest.mark.parametrize("readers", [0, 1, 50])
def test_readers_cost_neither_calls_nor_encodings(readers: int, encodings: Counter[str]) -> None:
    """An event is encoded once, with 50 readers as with none."""
    alone = sung(ALONE)
    encodings.clear()
    choir = sung(dataclasses.replace(ALONE, readers=readers))
    assert encodings.total() <= choir.load.events
    assert (choir.posts, choir.signals, choir.beats) == (alone.posts, alone.signals, alone.beats)
    assert choir.bridge.calls <= alone.bridge.calls + 1
