"""A producer's own signals: at once where nobody else signals, late where a bridge should."""

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kai_flow.stream.cadence import Cadence
from kai_flow.stream.election import SIGNALLER_SECONDS
from kai_flow.stream.outbox import Outbox
from kai_flow.stream.own_signals import (
    LEAVING_PACE_SECONDS,
    STALL_SECONDS,
    Duty,
    OwnSignals,
)

INTERVAL = 0.25
ages = st.floats(0.0, 3_000.0)

# For how long `durable` may owe progress before the producer signals: while the agent runs (with a
# period of the cadence on top), and after it has ended. None: not at all.
GRACE = [
    (Duty.STANDBY, False, False, STALL_SECONDS, SIGNALLER_SECONDS),
    (Duty.STANDBY, False, True, STALL_SECONDS, SIGNALLER_SECONDS),
    (Duty.HAND_BACK, True, True, SIGNALLER_SECONDS, SIGNALLER_SECONDS),
    (Duty.ALONE, True, False, None, None),
]


def signals_of(events: int, *, active: bool, age: float = 0.0) -> tuple[OwnSignals, Outbox]:
    """A producer that has sent events at the time 0."""
    outbox = Outbox(1, 1)
    signals = OwnSignals(outbox, Cadence(INTERVAL, 0.0, age), active=active)
    for _ in range(events):
        outbox.append("e", b"{}")
        signals.appended(0.0)
    return signals, outbox


@given(st.integers(1, 20))
def test_without_a_bridge_nothing_is_waited_for(events: int) -> None:
    """Where the producer signals alone, all events are due at once; then none are."""
    signals, outbox = signals_of(events, active=True)
    assert signals.due_at(finished=False, bridge_answers=False) == 0.0
    assert [event.id for event in signals.next()] == [outbox.base.offset(n) for n in range(events)]
    assert signals.due_at(finished=False, bridge_answers=False) is None, "one is in flight"
    signals.acknowledged(outbox.last, 1.0)
    assert signals.due_at(finished=False, bridge_answers=False) is None
    assert signals.waiting_since is None


@pytest.mark.parametrize(("duty", "active", "answers", "open_", "finished"), GRACE)
@given(age=ages)
def test_a_bridge_gets_its_time(
    age: float, duty: Duty, active: bool, answers: bool, open_: float | None, finished: float | None
) -> None:
    """5 s and a period, or 2 s if it is to take over again; at the end 2 s without the period."""
    signals, _ = signals_of(1, active=active, age=age)
    assert signals.duty(bridge_answers=answers) is duty
    period = max(INTERVAL, age / 120)
    due = signals.due_at(finished=False, bridge_answers=answers)
    assert due is not None
    assert abs(due - (0.0 if open_ is None else open_ + period)) < 1e-6
    due = signals.due_at(finished=True, bridge_answers=answers)
    assert due is not None
    assert due <= 0.0 if finished is None else abs(due - finished) < 1e-6


@pytest.mark.parametrize(("duty", "active", "answers", "open_", "finished"), GRACE)
@given(pace=st.floats(0.0, 30.0))
def test_a_bridge_gets_its_pace_on_top(
    pace: float,
    duty: Duty,
    active: bool,
    answers: bool,
    open_: float | None,
    finished: float | None,
) -> None:
    """While it answers; an attempt that is about to be left waits for 1.5 s of it at most."""
    signals, _ = signals_of(1, active=active)
    for moment in range(40):
        signals.pace.told("a", pace, float(moment))
    for ended, grace in ((False, open_), (True, finished)):
        due = signals.due_at(finished=ended, bridge_answers=answers)
        leaving = signals.due_at(finished=True, bridge_answers=answers, leaving=True)
        assert due is not None
        assert leaving is not None
        if grace is None or finished is None:
            assert due <= 0.0
            assert leaving <= 0.0
        else:
            period = 0.0 if ended else INTERVAL
            assert abs(due - (grace + period + pace)) < 1e-6
            assert abs(leaving - (finished + min(pace, LEAVING_PACE_SECONDS))) < 1e-6


@given(st.floats(0.1, 4.0), st.integers(1, 5), st.integers(1, 5))
def test_progress_renews_the_time(now: float, events: int, durable: int) -> None:
    """The wait for a bridge counts from the last progress, and ends when all is durable."""
    signals, outbox = signals_of(events, active=False)
    before = signals.waiting_since
    signals.progressed(outbox.base.offset(durable - 1), now)
    if durable > events:
        assert signals.waiting_since == before, "an event that was never sent acknowledges nothing"
    else:
        assert signals.waiting_since == (None if durable == events else now)
    since = signals.waiting_since
    assert signals.standstill(now + 1.0) == (0.0 if since is None else now + 1.0 - since)


def test_a_failed_signal_is_sent_again_after_a_pause() -> None:
    """The same events are due again, and the producer counts as the one that signals."""
    signals, _ = signals_of(3, active=True)
    sent = signals.next()
    signals.failed(1.0)
    due = signals.due_at(finished=True, bridge_answers=False)
    assert due is not None
    assert due > 1.0
    assert signals.next() == sent
    assert signals.standstill(1.0) == inf
