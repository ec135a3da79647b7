"""The pace of a bridge: a slow bridge gets its time, and a receiver that lies gets little of it."""

from hypothesis import example, given
from hypothesis import strategies as st

from kai_flow.stream.bridge_pace import MAX_PACE_SECONDS, SILENT_SECONDS, BridgePace

seconds = st.floats(0.0, 100.0)


def told(pace: float, *, bridge: str = "a", at: float = 0.0) -> BridgePace:
    """A pace that a bridge has reported."""
    reported = BridgePace()
    reported.told(bridge, pace, at)
    return reported


@given(st.floats(0.0, 20.0), st.floats(0.1, 10.0), st.floats(0.0, MAX_PACE_SECONDS))
def test_a_bridge_that_answers_gets_its_pace(since: float, allowed: float, pace: float) -> None:
    """As long as it goes on answering, the signaller is late only after the time and its pace."""
    reported, moment = told(pace), 0.0
    while moment < since + allowed + pace:
        reported.told("a", pace, moment)
        assert reported.at(moment) == pace
        moment += 1.0
    late_at = reported.late_at(since, allowed)
    assert abs(late_at - (since + allowed + pace)) < 1e-9 or late_at >= moment


@given(st.floats(0.0, 50.0), st.floats(0.1, 10.0), seconds)
@example(10.0, 2.0, 30.0)
def test_a_bridge_that_is_silent_loses_it(since: float, allowed: float, pace: float) -> None:
    """5 s after its last answer no pace counts; nobody is late earlier than without a pace."""
    reported = told(pace)
    assert reported.at(SILENT_SECONDS + 0.1) == 0.0
    late_at = reported.late_at(since, allowed)
    assert since + allowed <= late_at <= max(since + allowed, SILENT_SECONDS)


@given(
    st.floats(allow_nan=False),
    st.lists(st.tuples(st.sampled_from("abc"), seconds), min_size=1, max_size=20),
    st.floats(0.1, 10.0),
    st.floats(0.0, MAX_PACE_SECONDS),
)
def test_a_liar_is_believed_for_a_while(
    lie: float, answers: list[tuple[str, float]], allowed: float, most: float
) -> None:
    """Whatever is reported, by however many bridges, adds nothing below 0 or above the bound."""
    reported, moment = BridgePace(), 0.0
    for bridge, pause in answers:
        moment += pause
        reported.told(bridge, lie, moment)
        assert 0.0 <= reported.at(moment) <= MAX_PACE_SECONDS
        assert allowed <= reported.late_at(0.0, allowed, most) <= allowed + most + 1e-9


def test_a_bridge_that_takes_over_has_its_pace_from_then_on() -> None:
    """A bridge after a restart puts the session at the end of its queue."""
    reported = told(10.0, bridge="old")
    reported.told("new", 8.0, 6.0)
    reported.told("new", 8.0, 15.0)
    assert reported.late_at(0.0, 5.0) == 19.0


def test_a_bridge_without_a_pace_is_late_as_ever() -> None:
    """An older bridge reports none: nothing is added, also when it has just taken over."""
    reported = told(10.0, bridge="new")
    reported.told("old", 0.0, 6.0)
    assert reported.at(6.0) == 0.0
    assert reported.late_at(0.0, 5.0) == 5.0
