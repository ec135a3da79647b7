"""Pacing of POSTs: no failure and no answer leads to a tight loop, and progress resets it."""

from hypothesis import example, given
from hypothesis import strategies as st

from kai_flow.stream.pacing import (
    FIRST_PAUSE_SECONDS,
    MAX_PAUSE_SECONDS,
    MAX_RETRY_AFTER_SECONDS,
    MAX_TRIES,
    PROBE_SECONDS,
    PostPacing,
)

jitters = st.floats(0, 1, exclude_max=True)


@given(st.lists(jitters, min_size=1, max_size=12), st.floats(0.0, 100.0))
@example([0.0], 30.0)
def test_pauses_grow_and_a_receiver_may_ask_for_more(
    draws: list[float], retry_after: float
) -> None:
    """Failures double the pause from 0.25 s to 5 s; `Retry-After` extends it, up to 30 s."""
    pacing, now = PostPacing(0.0), 0.0
    for count, jitter in enumerate(draws):
        pacing.failed(now, jitter=jitter, retry_after=retry_after)
        pause = pacing.not_before - now
        whole = min(MAX_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2**count)
        assert pause >= min(retry_after, MAX_RETRY_AFTER_SECONDS) - 1e-6
        assert whole / 2 - 1e-6 <= pause <= max(whole, min(retry_after, 30.0)) + 1e-6
        assert pacing.failing
        assert pacing.exhausted == (count + 1 >= MAX_TRIES)
        now = pacing.not_before


@given(st.integers(0, 12), jitters)
def test_an_answer_ends_a_series_of_failures(failures: int, jitter: float) -> None:
    """After it the next POST may follow at once, and a probe one second later."""
    pacing = PostPacing(0.0)
    for _ in range(failures):
        pacing.failed(1.0, jitter=jitter, retry_after=0.0)
    pacing.answered(10.0)
    assert not pacing.failing
    assert (pacing.not_before, pacing.probe_at) == (10.0, 10.0 + PROBE_SECONDS)
    pacing.failed(20.0, jitter=jitter, retry_after=0.0)
    assert pacing.not_before - 20.0 <= FIRST_PAUSE_SECONDS


@given(st.integers(1, 12), st.booleans())
def test_being_sent_back_is_answered_at_once_only_once(count: int, progress: bool) -> None:
    """The second such answer is followed by a pause; the third makes it vain; progress resets."""
    pacing = PostPacing(0.0)
    for number in range(count):
        pacing.answered(float(number))
        pacing.sent_back(float(number))
        pause = pacing.not_before - number
        assert pause == min(MAX_PAUSE_SECONDS, number and FIRST_PAUSE_SECONDS * 2 ** (number - 1))
        assert pacing.in_vain == (number + 1 >= MAX_TRIES)
    if progress:
        pacing.progressed()
        pacing.answered(100.0)
        pacing.sent_back(100.0)
        assert pacing.not_before == 100.0
        assert not pacing.in_vain


def test_a_probe_waits_for_a_pause_after_a_failure() -> None:
    """While the receiver fails, nothing is POSTed more often than the pauses allow."""
    pacing = PostPacing(0.0)
    pacing.failed(0.0, jitter=0.0, retry_after=20.0)
    assert pacing.probe_at == pacing.not_before == 20.0
