"""Cadence: the signals of a session stay few, in virtual time."""

import math

from hypothesis import example, given
from hypothesis import strategies as st

from kai_flow.stream.batches import FLUSH_BYTES, MAX_BATCH_EVENTS
from kai_flow.stream.cadence import MAX_RETRY_SECONDS, Cadence

TOKEN_BYTES = 60


def signals_of(
    seconds: float, per_second: float, ack: float, *, cadence: Cadence | None = None
) -> list[float]:
    """The times at which a steady agent's session is signalled."""
    cadence = cadence or Cadence(0.25, 1_000.0)
    now, sent_until, times = 1_000.0, 1_000.0, list[float]()
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


@given(st.lists(st.floats(1, 600), max_size=8), st.floats(1, 100), st.booleans())
@example([100.0] * 8, 100, True)
def test_attempts_and_restarts_cost_no_signals_of_their_own(
    parts: list[float], per_second: float, told_late: bool
) -> None:
    """A sender that begins later is as slow as one that was there all the time, but for one signal.

    Whether it knows the age when it begins, or is told with the first events.
    """
    alone = len(signals_of(sum(parts), per_second, 0.01))
    age, count = 0.0, 0
    for part in parts:
        cadence = Cadence(0.25, 1_000.0) if told_late else Cadence(0.25, 1_000.0, age)
        cadence.learn_age(age, 1_000.0)
        count += len(signals_of(part, per_second, 0.01, cadence=cadence))
        age += part
    assert count <= alone + 2 * len(parts)


@given(st.floats(0, 1e6), st.floats(0, 1e6), st.floats(0, 1e4))
def test_no_sender_is_told_that_it_is_younger(age: float, told: float, later: float) -> None:
    """The highest age that anybody knew of counts, and it goes on growing."""
    cadence = Cadence(0.25, 50.0, age)
    cadence.learn_age(told, 50.0)
    assert math.isclose(cadence.age(50.0 + later), max(age, told) + later, abs_tol=1e-6)
    assert cadence.period(50.0 + later) == max(0.25, cadence.age(50.0 + later) / 120)


@given(st.integers(0, 63), st.floats(0.05, 5.0), st.floats(0, 10_000), st.floats(0.001, 5.0))
def test_senders_beside_each_other_share_the_pace(
    beside: int, interval: float, age: float, ack: float
) -> None:
    """Each sender's pause is that of a session times their number; the session's period stays."""
    cadence, alone = Cadence(interval, 0.0, beside=beside), Cadence(interval, 0.0)
    for one in (cadence, alone):
        one.learn_age(age, 0.0)
        one.sent()
        one.acknowledged(ack)
    assert cadence.period(ack) == alone.period(ack)
    due = cadence.due(1, 1, flush=False)
    assert due is not None
    assert math.isclose(due, ack + (1 + beside) * alone.period(ack))
    at_once = cadence.due(1, 1, flush=True)
    assert at_once is not None
    assert at_once <= ack, "a flush does not wait"


@given(st.sampled_from([1, 2, 8, 64]), st.floats(1, 5))
def test_a_session_costs_few_signals_however_many_send_by_themselves(
    senders: int, per_second: float
) -> None:
    """Fifteen minutes of up to 64 producers without a bridge are at most 1,000 signals.

    That holds as long as no sender has a full batch before its pause is over.
    """
    cadences = [Cadence(0.25, 1_000.0, beside=senders - 1) for _ in range(senders)]
    counts = [len(signals_of(900, per_second, 0.01, cadence=one)) for one in cadences]
    assert sum(counts) <= 1_000
