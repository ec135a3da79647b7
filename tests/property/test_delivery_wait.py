"""The wait for mere delivery: 5 s in all for the agent, and 5 s once more for its end."""

from hypothesis import given
from hypothesis import strategies as st

from kai_flow.stream.delivery_wait import DELIVERY_SECONDS, DeliveryWait

waits = st.lists(st.tuples(st.floats(0.0, 3.0), st.floats(0.0, 3.0)), max_size=10)


@given(waits)
def test_the_waiting_of_an_agent_is_added_up(waits: list[tuple[float, float]]) -> None:
    """Whatever the pauses between them, all waits together end after 5 s."""
    wait, now, waited = DeliveryWait(), 0.0, 0.0
    for working, waiting in waits:
        now += working
        assert wait.ends_at is None, "nobody waits"
        wait.held_up(now)
        wait.held_up(now + waiting / 2)  # it still waits
        assert wait.ends_at is not None
        assert abs(wait.ends_at - now - max(0.0, DELIVERY_SECONDS - waited)) < 1e-6
        now += waiting
        waited += waiting
        wait.went_on(now)


@given(st.floats(0.0, 20.0), st.floats(0.0, 20.0))
def test_the_end_of_an_attempt_has_its_own_time(waited: float, later: float) -> None:
    """Its 5 s begin with the last event and are not prolonged by another call."""
    wait = DeliveryWait()
    wait.held_up(0.0)
    wait.went_on(waited)
    wait.finish(waited)
    wait.finish(waited + later)
    assert wait.ends_at == waited + DELIVERY_SECONDS


@given(st.floats(0.0, 20.0), st.floats(0.0, 20.0))
def test_the_final_post_has_its_own_time(turn: float, later: float) -> None:
    """It is tried for 5 s, from the moment at which nothing else is left."""
    wait = DeliveryWait()
    assert wait.final_ends_at is None
    wait.reached_final_post(turn)
    wait.reached_final_post(turn + later)
    assert wait.final_ends_at == turn + DELIVERY_SECONDS
