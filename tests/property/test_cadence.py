"""Cadence: the signals of a session stay few, in virtual time."""

import math

from hypothesis import example, given
from hypothesis import strategies as st

from kai_flow.stream.batches import FLUSH_BYTES, MAX_BATCH_EVENTS
from kai_flow.stream.cadence import MAX_RETRY_SECONDS, Cadence

TOKEN_BYTES = 60


def signals_of(
    seconds: float, per_second: float, ack: float, interval: float = 0.25
) -> list[float]:
    """The times at which a steady agent's session is signalled."""
    cadence, now, sent_until, times = Cadence(interval, 1_000.0), 1_000.0, 1_000.0, list[float]()
    while now < 1_000.0 + seconds:
        waiting = int((now - sent_until) * per_second)
        due = cadence.due(waiting, waiting * TOKEN_BYTES, flush=False)
        if due is None:
            now += 1 / per_second
        elif due > now:
            full = sent_until + math.ceil(MAX_BATCH_EVENTS + 1) / per_second
            now = min(due, full) if full > now else due
        else:
            times.append(now)
            cadence.sent()
            assert cadence.due(waiting, waiting * TOKEN_BYTES, flush=True) is None
            sent_until += waiting / per_second
            now += ack
            cadence.acknowledged(now)
    return times


@given(st.floats(0.001, 2.0), st.floats(1, 100))
@example(0.001, 100)
def test_a_long_answer_costs_few_signals(ack: float, per_second: float) -> None:
    """Fifteen minutes at up to 100 events a second are at most 700 signals."""
    assert len(signals_of(900, per_second, ack)) <= 700


@given(st.floats(0.001, 2.0), st.floats(0.05, 1.0))
@example(0.001, 1.0)
def test_a_long_day_costs_few_signals(ack: float, per_second: float) -> None:
    """A day of an agent that talks all the time is at most 1,200 signals."""
    assert len(signals_of(86_400, per_second, ack)) <= 1_200


@given(st.floats(0.05, 5.0), st.floats(0.001, 5.0), st.floats(0, 10_000))
def test_the_next_signal_waits_its_period(interval: float, ack: float, age: float) -> None:
    """After an acknowledgement the next waits the interval or age / 120; a flush does not wait."""
    cadence = Cadence(interval, 0.0)
    assert cadence.due(1, 1, flush=False) == 0.0
    cadence.sent()
    cadence.acknowledged(age + ack)
    due = cadence.due(1, 1, flush=False)
    assert due is not None
    assert math.isclose(due, age + ack + max(interval, (age + ack) / 120))
    assert cadence.due(0, 0, flush=True) is None
    for events, size, flush in [
        (1, 1, True),
        (MAX_BATCH_EVENTS, 1, False),
        (1, FLUSH_BYTES, False),
    ]:
        at_once = cadence.due(events, size, flush=flush)
        assert at_once is not None
        assert at_once <= age + ack


@given(st.integers(1, 40), st.floats(0.05, 5.0))
def test_failures_are_retried_ever_slower_but_never_given_up(
    failures: int, interval: float
) -> None:
    """Each failure in a row waits at least as long as the one before, at most five seconds."""
    cadence, now, last = Cadence(interval, 0.0), 0.0, 0.0
    for _ in range(failures):
        cadence.sent()
        cadence.failed(now)
        due = cadence.due(MAX_BATCH_EVENTS, FLUSH_BYTES, flush=True)
        assert due is not None
        pause = due - now
        assert last <= pause + 1e-6
        assert 0 < pause <= MAX_RETRY_SECONDS + 1e-6
        last, now = pause, due
    cadence.sent()
    cadence.acknowledged(now)
    assert cadence.due(1, 1, flush=True) == 0.0
