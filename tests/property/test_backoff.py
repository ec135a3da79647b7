"""Backoff: pauses grow up to a limit, and chance takes away half of one at most."""

from itertools import pairwise

from hypothesis import example, given
from hypothesis import strategies as st

from kai_flow.stream.backoff import Backoff

backoffs = st.builds(
    lambda first, times, factor: Backoff(first, first * times, factor),
    st.floats(0.01, 10.0),
    st.floats(1.0, 100.0),
    st.floats(1.5, 3.0),
)


@given(backoffs)
def test_each_pause_is_a_factor_longer_up_to_the_longest(backoff: Backoff) -> None:
    """There is none without a failure, the first is `first`, and the last of many is `longest`."""
    pauses = [backoff.pause(failures) for failures in range(40)]
    assert pauses[:2] == [0.0, backoff.first]
    for shorter, longer in pairwise(pauses[1:]):
        assert longer == min(backoff.longest, longer)
        assert abs(longer - min(backoff.longest, shorter * backoff.factor)) < 1e-6
    assert pauses[-1] == backoff.longest


@given(backoffs, st.integers(1, 40), st.floats(0, 1, exclude_max=True))
@example(Backoff(0.25, 5.0), 1, 0.0)
def test_jitter_takes_away_half_at_most(backoff: Backoff, failures: int, jitter: float) -> None:
    """A draw of 0 halves the pause; the higher the draw, the less it takes away."""
    whole = backoff.pause(failures)
    assert abs(backoff.pause(failures, jitter) - whole * (0.5 + jitter / 2)) < 1e-9


@given(backoffs, st.integers(1, 10**9))
def test_an_outage_may_last_for_ever(backoff: Backoff, failures: int) -> None:
    """However many failures come in a row, the pause is a number that does not exceed `longest`."""
    assert backoff.first <= backoff.pause(failures) <= backoff.longest
