"""The window of one attempt: what it holds, refuses and loses, whatever a POST claims."""

from hypothesis import assume, given
from hypothesis import strategies as st

from kai_flow.stream.attempt_window import AttemptWindow, Full, Missing, Taken
from kai_flow.stream.ids import EventId
from tests.property.strategies import near_ids, plain, run_of

MAX_BYTES = 400


def state_of(window: AttemptWindow) -> tuple[object, ...]:
    """Everything that a POST may change."""
    following = [window.next_after(window.durable.offset(n), past_stored=False) for n in range(30)]
    return window.received, window.durable, window.undurable(), window.held, following


@given(near_ids, st.integers(1, 6), st.lists(st.sampled_from([0, 30, 300]), min_size=1, max_size=6))
def test_a_full_window_refuses_and_keeps_what_it_has(
    first: EventId, before: int, paddings: list[int]
) -> None:
    """Full takes nothing of the POST: everything held, and every answer, is as it was."""
    first = first._replace(seq=1)
    window = AttemptWindow(first, MAX_BYTES)
    assume(isinstance(window.receive(first, run_of(first, before)), Taken))
    more = [plain(first.offset(before + n), padding) for n, padding in enumerate(paddings)]
    held = state_of(window)
    fits = sum(len(e.data) for e in (*window.undurable(), *more)) <= MAX_BYTES
    answer = window.receive(first, more)
    assert isinstance(answer, Taken if fits else Full)
    if not fits:
        assert state_of(window) == held
        assert window.receive(first, ()) == Taken(window.received, window.durable)


@given(st.integers(0, 4), st.integers(1, 9), st.integers(1, 9), st.integers(1, 3))
def test_what_is_asked_for_again_changes_nothing(
    held: int, base: int, hole: int, count: int
) -> None:
    """A 409 leaves the window as it was, and so does a 429."""
    first = EventId(1, 1, 1)
    window = AttemptWindow(first, MAX_BYTES)
    window.receive(first, run_of(first, held))
    come = max(held, base - 1)
    for events in (run_of(first.offset(come + hole), count), run_of(first.offset(come), 1, 500)):
        before = state_of(window)
        answer = window.receive(first.offset(base - 1), events)
        assert answer in (Missing(first.offset(come)), Full())
        assert state_of(window) == before


@given(st.integers(1, 4), st.integers(0, 9), st.integers(1, 5))
def test_only_behind_what_is_stored_the_oldest_left_comes_next(
    stored: int, lost: int, held: int
) -> None:
    """Live-only events that are missing are skipped; of what is stored nothing ever is."""
    first = EventId(1, 1, 1)
    window = AttemptWindow(first, 10_000)
    base = first.offset(stored + lost)
    events = run_of(base, held)
    window.receive(base, events, stored=first.offset(stored - 1))
    assert window.waiting == 0
    for seq in range(stored + lost):
        position = first._replace(seq=seq)
        assert window.next_after(position, past_stored=True) == events[0]
        assert window.next_after(position, past_stored=False) is None
    assert window.next_after(base.offset(-1), past_stored=False) == events[0]


@given(st.integers(1, 4), st.integers(1, 60))
def test_what_is_live_only_does_not_fill_a_bridge(stored: int, count: int) -> None:
    """Live-only events leave the window when they are shown, and are never signalled."""
    first = EventId(1, 1, 1)
    window = AttemptWindow(first, MAX_BYTES)
    end, base = first.offset(stored - 1), first.offset(stored)
    for event in run_of(base, count):
        assert window.receive(base, [event], stored=end) == Taken(event.id, end, added=True)
        assert window.next_after(event.id.offset(-1), past_stored=True) == event
        window.shown(event.id)
        assert window.held == 0


@given(st.integers(1, 4))
def test_what_cannot_be_shown_yet_is_bounded(stored: int) -> None:
    """Live-only events behind a hole fill their share of memory, and then the answer is Full."""
    first = EventId(1, 1, 1)
    window = AttemptWindow(first, MAX_BYTES)
    end, base = first.offset(stored - 1), first.offset(stored)
    answers = [window.receive(base, [event], stored=end) for event in run_of(base, 60)]
    assert isinstance(answers[0], Taken)
    assert Full() in answers
    assert window.live_bytes <= MAX_BYTES + 100


@given(st.integers(1, 8), st.integers(2, 30), st.integers(0, 3), st.booleans())
def test_a_lying_base_takes_nothing_away(
    held: int, lie: int, forged: int, signalling: bool
) -> None:
    """What is held is signalled, whatever a POST calls durable, and no sender is told so."""
    first = EventId(1, 1, 1)
    window, base = AttemptWindow(first, 10_000), first.offset(lie - 1)
    said = run_of(first, held + 1)
    window.receive(first, said[:held])
    window.receive(base, run_of(base, forged), signalling=signalling)
    assert window.undurable()[:held] == said[:held]
    if lie > held + 1:
        assert window.undurable() == said[:held], "nothing behind a hole"
    honest = window.receive(first, ())
    assert isinstance(honest, Taken)
    assert honest.durable == first.offset(-1)
    assert honest.received >= said[held - 1].id
    window.receive(first, said)
    sent = window.undurable()
    assert sent[:held] == said[:held]
    assert [event.id for event in sent] == [first.offset(n) for n in range(len(sent))], "no hole"
    if lie > held + 1:
        assert sent == said, "its sender goes on where it was"
