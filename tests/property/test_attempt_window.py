"""The window of one attempt: what it holds, refuses and loses, whatever a POST claims."""

from hypothesis import assume, given
from hypothesis import strategies as st

from kai_flow.stream.attempt_window import AttemptWindow, Behind, Chunk, Full, Lost, Taken
from kai_flow.stream.ids import EventId
from tests.property.strategies import frame, near_ids, plain, run_of

MAX_BYTES = 400


@given(near_ids, st.integers(1, 6), st.lists(st.sampled_from([0, 30, 300]), min_size=1, max_size=6))
def test_a_full_log_refuses_and_keeps_what_it_has(
    first: EventId, before: int, paddings: list[int]
) -> None:
    """Full takes nothing of the POST: everything held, and every answer, is as it was."""
    first = first._replace(seq=1)
    attempt = AttemptWindow(first, frame, MAX_BYTES)
    assume(isinstance(attempt.receive(first, run_of(first, before)), Taken))
    more = [plain(first.offset(before + n), padding) for n, padding in enumerate(paddings)]
    held = (attempt.received, attempt.durable, attempt.undurable(), attempt.bytes)
    shown = attempt.read(first.offset(-1), 10**9)
    fits = sum(len(e.data) for e in (*attempt.undurable(), *more)) <= MAX_BYTES
    answer = attempt.receive(first, more)
    assert isinstance(answer, Taken if fits else Full)
    if not fits:
        assert held == (attempt.received, attempt.durable, attempt.undurable(), attempt.bytes)
        assert attempt.read(first.offset(-1), 10**9) == shown
        assert attempt.receive(first, ()) == Taken(attempt.received, attempt.durable)


@given(st.integers(1, 4), st.integers(0, 9), st.integers(1, 5))
def test_what_is_nowhere_any_more_is_a_gap_and_only_that(stored: int, lost: int, held: int) -> None:
    """A reader is sent to the durable copy up to `stored`, and told what is lost behind it."""
    first = EventId(1, 1, 1)
    attempt = AttemptWindow(first, frame, 10_000)
    end, base = first.offset(stored - 1), first.offset(stored + lost)
    events = run_of(base, held)
    attempt.receive(base, events, stored=end)
    for seq in range(stored + lost + held):
        cursor, answer = first._replace(seq=seq), attempt.read(first._replace(seq=seq), 10**9)
        if cursor >= base.offset(-1):
            assert isinstance(answer, Chunk)
        elif cursor >= end:
            assert answer == Lost(base.offset(-1), base)
        else:
            assert answer == Behind()
    assert attempt.waiting == 0


@given(st.integers(1, 4), st.integers(0, 5), st.integers(0, 12))
def test_only_who_has_everything_is_at_the_end(stored: int, beyond: int, seq: int) -> None:
    """Beyond what is stored a reader misses nothing when it has the last event that came."""
    first = EventId(1, 1, 1)
    attempt = AttemptWindow(first, frame, 10_000)
    attempt.receive(first, run_of(first, stored + beyond), stored=first.offset(stored - 1))
    assert attempt.ended_at(first._replace(seq=seq)) == (bool(beyond) and seq == stored + beyond)
    unlimited = AttemptWindow(first, frame, 10_000)
    unlimited.receive(first, run_of(first, stored))
    assert not unlimited.ended_at(first._replace(seq=stored))


@given(st.integers(1, 4), st.integers(1, 60))
def test_what_is_live_only_does_not_fill_a_bridge(stored: int, count: int) -> None:
    """Once all that is stored is durable, the window holds its bytes and no more."""
    first = EventId(1, 1, 1)
    attempt = AttemptWindow(first, frame, MAX_BYTES)
    end, base = first.offset(stored - 1), first.offset(stored)
    for event in run_of(base, count):
        answer = attempt.receive(base, [event], stored=end)
        assert answer == Taken(event.id, end, news=True)
        assert attempt.bytes <= MAX_BYTES
    assert attempt.received == base.offset(count - 1)


@given(st.integers(1, 8), st.integers(2, 30), st.integers(0, 3), st.booleans())
def test_a_lying_base_takes_nothing_away(
    held: int, lie: int, forged: int, signalling: bool
) -> None:
    """What is held is signalled, whatever a POST calls durable, and no sender is told so."""
    first = EventId(1, 1, 1)
    attempt, base = AttemptWindow(first, frame, 10_000), first.offset(lie - 1)
    said = run_of(first, held + 1)
    attempt.receive(first, said[:held])
    attempt.receive(base, run_of(base, forged), signalling=signalling)
    assert attempt.undurable()[:held] == said[:held]
    honest = attempt.receive(first, ())
    assert isinstance(honest, Taken)
    assert honest.durable == first.offset(-1)
    assert honest.received >= said[held - 1].id
    attempt.receive(first, said)
    sent = attempt.undurable()
    assert sent[:held] == said[:held]
    assert [event.id for event in sent] == [first.offset(n) for n in range(len(sent))], "no hole"
    if lie > held + 1:
        assert sent == said, "its sender goes on where it was"
