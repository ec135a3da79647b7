"""The signaller: one live bridge is named, and not another one before it had its time."""

from hypothesis import given
from hypothesis import strategies as st

from kai_flow.stream.signaller_choice import (
    MAX_BRIDGES,
    SIGNALLER_SECONDS,
    UNREACHED_SECONDS,
    SignallerChoice,
)

LATE = UNREACHED_SECONDS + 1.0
boot_ids = st.sampled_from("abc")
answers = st.lists(st.tuples(boot_ids, st.booleans(), st.floats(0.0, 10.0)), max_size=30)


def answered(
    signaller: SignallerChoice,
    boot_id: str,
    now: float,
    *,
    works: bool = False,
    standstill: float = 0.0,
    period: float = 0.0,
) -> str | None:
    """The signaller after this answer."""
    signaller.answered(boot_id, now, works=works, standstill=standstill, period=period)
    return signaller.boot_id


@given(answers)
def test_without_a_standstill_only_a_new_bridge_takes_over(
    answers: list[tuple[str, bool, float]],
) -> None:
    """As long as `durable` progresses, the newest bridge of all that have answered is named."""
    signaller = SignallerChoice(0.0)
    now, order = 0.0, list[str]()
    for boot_id, works, pause in answers:
        now += pause
        order += [boot_id] if boot_id not in order else []
        assert answered(signaller, boot_id, now, works=works) == order[-1]


@given(st.floats(0.0, 10.0), st.floats(0.0, 20.0), st.booleans())
def test_a_signaller_is_replaced_when_it_is_late(
    period: float, standstill: float, reached: bool
) -> None:
    """It has 2 s and a period, or 5 s and a period if no POST has reached it since it was named."""
    signaller = SignallerChoice(0.0)
    answered(signaller, "a", 0.0)
    answered(signaller, "b", 0.0)
    if reached:
        answered(signaller, "b", 0.0)
    allowed = period + (SIGNALLER_SECONDS if reached else UNREACHED_SECONDS)
    named = answered(signaller, "a", standstill, standstill=standstill, period=period)
    assert named == ("a" if standstill > allowed else "b")


def test_a_signaller_that_works_is_kept() -> None:
    """An answer that proves that somebody signals renews the time of the one that is named."""
    signaller = SignallerChoice(0.0)
    answered(signaller, "a", 0.0)
    answered(signaller, "b", 0.0)
    answered(signaller, "b", LATE, works=True, standstill=LATE)
    assert answered(signaller, "a", LATE + 1.0, standstill=LATE) == "b"
    assert answered(signaller, "a", 2 * LATE, standstill=LATE) == "a"


@given(st.integers(0, MAX_BRIDGES + 20))
def test_ever_new_names_are_not_remembered(count: int) -> None:
    """After 64 boot ids a new one neither becomes the signaller at once nor fills the memory."""
    signaller = SignallerChoice(0.0)
    for number in range(count):
        answered(signaller, f"bridge-{number}", 0.0)
    full = count >= MAX_BRIDGES
    assert signaller.is_one_too_many("another") == full
    assert not signaller.is_one_too_many("bridge-0") or not count
    named = answered(signaller, "another", 0.0)
    assert named == (f"bridge-{MAX_BRIDGES - 1}" if full else "another")
    if full:
        assert answered(signaller, "another", LATE, standstill=LATE) == "another"
