"""The memory of ids: what was seen is known as long as it matters, and memory is bounded."""

from hypothesis import given
from hypothesis import strategies as st

from kai_flow.stream.repetitions import Repetitions

steps = st.lists(st.tuples(st.sampled_from("abcdefgh"), st.floats(0.0, 5.0)))


@given(steps, st.integers(1, 6))
def test_an_id_is_new_once_in_its_time(messages: list[tuple[str, float]], most: int) -> None:
    """It is remembered for its seconds, unless so many came since that memory would grow."""
    memory = Repetitions(10.0, most)
    accepted: list[tuple[str, float]] = []
    now = 0.0
    for message_id, pause in messages:
        now += pause
        recent = [one for one, at in accepted if now - at <= 10.0]
        expected = message_id not in (recent[-(most - 1) :] if most > 1 else [])
        # the oldest one makes room only when an id is to be added
        is_new = memory.is_new(message_id, now)
        assert is_new == expected or len(recent) >= most
        if is_new:
            accepted.append((message_id, now))
        assert len(memory) <= most
