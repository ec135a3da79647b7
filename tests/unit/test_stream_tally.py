"""Plain numbers: histograms, and how long what waits has been waiting."""

from hypothesis import given
from hypothesis import strategies as st

from kai_flow.stream.tally import Histogram, Lag

TIMES = st.lists(st.tuples(st.integers(1, 5), st.floats(0, 1)), max_size=600)


def test_a_histogram_counts_up_to_each_bound() -> None:
    """A value counts for each bound that it does not exceed, and always for all."""
    histogram = Histogram((1.0, 2.0))
    histogram.observe(0.5)
    histogram.observe(1.0)
    histogram.observe(1.5, 3)
    histogram.observe(9.0)
    assert (histogram.at_most, histogram.count) == ([2, 5, 6], 6)
    assert histogram.sum == 0.5 + 1.0 + 4.5 + 9.0


def test_only_some_of_what_waits_is_timed() -> None:
    """A sample comes `spacing` after the last at the earliest, and reports its own time."""
    lag = Lag(1.0)
    assert (lag.age(9.0), list(lag.reach(9, 9.0))) == (0.0, [])
    for number, moment in ((1, 0.0), (2, 0.5), (3, 1.0), (3, 5.0)):
        lag.note(number, moment)
    assert lag.age(4.0) == 4.0
    assert list(lag.reach(2, 4.0)) == [4.0]
    assert lag.age(4.0) == 3.0
    assert list(lag.reach(9, 4.0)) == [3.0]
    assert lag.age(4.0) == 0.0


@given(TIMES)
def test_the_oldest_is_known_within_the_spacing(steps: list[tuple[int, float]]) -> None:
    """Whatever comes and however little is reached, memory is bounded, and the oldest is known."""
    lag, moment, number = Lag(0.5), 0.0, 0
    for count, pause in steps:
        number += count
        moment += pause
        lag.note(number, moment)
        assert len(lag._notes) <= 256
    if steps:
        first = steps[0][1]
        assert lag.age(moment) == moment - first
        assert all(0 <= age <= moment - first for age in lag.reach(number, moment))
    assert lag.age(moment) == 0.0
