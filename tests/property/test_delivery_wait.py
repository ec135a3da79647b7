"""Patience: mere delivery holds an agent up for 5 s in all, and its end for 5 s once more."""

from hypothesis import given
from hypothesis import strategies as st

from kai_flow.stream.delivery_wait import DELIVERY_SECONDS, DeliveryWait

waits = st.lists(st.tuples(st.floats(0.0, 3.0), st.floats(0.0, 3.0)), max_size=10)


@given(waits)
def test_the_waiting_of_an_agent_is_added_up(waits: list[tuple[float, float]]) -> None:
    """Whatever the pauses between them, all waits together end after 5 s."""
    patience, now, waited = DeliveryWait(), 0.0, 0.0
    for working, waiting in waits:
        now += working
        assert patience.ends_at is None, "nobody waits"
        patience.held_up(now)
        patience.held_up(now + waiting / 2)  # it still waits
        assert patience.ends_at is not None
        assert abs(patience.ends_at - now - max(0.0, DELIVERY_SECONDS - waited)) < 1e-6
        now += waiting
        waited += waiting
        patience.went_on(now)


@given(st.floats(0.0, 20.0), st.floats(0.0, 20.0))
def test_the_end_of_an_attempt_has_its_own_time(waited: float, later: float) -> None:
    """Its 5 s begin with the last event and are not prolonged by another call."""
    patience = DeliveryWait()
    patience.held_up(0.0)
    patience.went_on(waited)
    patience.finish(waited)
    patience.finish(waited + later)
    assert patience.ends_at == waited + DELIVERY_SECONDS


@given(st.floats(0.0, 20.0), st.floats(0.0, 20.0))
def test_the_final_post_has_its_own_time(turn: float, later: float) -> None:
    """It is tried for 5 s, from the moment at which nothing else is left."""
    patience = DeliveryWait()
    assert patience.final_ends_at is None
    patience.reached_final_post(turn)
    patience.reached_final_post(turn + later)
    assert patience.final_ends_at == turn + DELIVERY_SECONDS
