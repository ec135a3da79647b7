"""The signaller: one live bridge is named, and not another one before it had its time."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kai_flow.stream.election import (
    MAX_BRIDGES,
    SIGNALLER_SECONDS,
    UNREACHED_SECONDS,
    Answerer,
    Election,
    SignallerState,
    Standing,
)
from tests.tables import cells

LATE = UNREACHED_SECONDS + 1.0
boot_ids = st.sampled_from("abc")

# The state after an answer, and what the answer counts as. `!`: the bridge that answers is named.
WANTED = """
           NEW                SIGNALLER            OTHER
UNNAMED    !NAMED/SIGNALLER   -                    -
NAMED      !NAMED/ELECTED     TOLD/SIGNALLER       NAMED/BYSTANDER
UNREACHED  !NAMED/ELECTED     TOLD/SIGNALLER       !NAMED/ELECTED
TOLD       !NAMED/ELECTED     TOLD/SIGNALLER       TOLD/BYSTANDER
LATE       !NAMED/ELECTED     !NAMED/SIGNALLER     !NAMED/ELECTED
"""


@pytest.mark.parametrize(
    ("state", "answerer", "result"), [cell for cell in cells(WANTED) if cell[2] != "-"]
)
def test_each_answer_in_each_state(state: str, answerer: str, result: str) -> None:
    """§6.13: who answers, and whether the signaller has had its time, decides who is named."""
    election = Election(0.0)
    if state != "UNNAMED":
        answered(election, "other", 0.0)
        answered(election, "named", 0.0)
    if state in {"TOLD", "LATE"}:
        answered(election, "named", 0.0)
    late = LATE if state in {"UNREACHED", "LATE"} else 0.0
    assert election.state(late, late, 0.0) is SignallerState[state]
    boot_id = {"NEW": "new", "SIGNALLER": "named", "OTHER": "other"}[answerer]
    before = election.signaller
    standing = election.answered(boot_id, late, works=False, standstill=late, period=0.0)
    after, _, role = result.partition("/")
    assert standing is Standing[role]
    assert election.signaller == (boot_id if after.startswith("!") else before)
    assert election.state(late, late, 0.0) is SignallerState[after.strip("!")]


def test_no_row_is_missing() -> None:
    """All states and answerers are in the table; without a signaller every bridge is new."""
    wanted = {(state.name, answerer.name) for state, answerer in product(SignallerState, Answerer)}
    assert {cell[:2] for cell in cells(WANTED)} == wanted


answers = st.lists(st.tuples(boot_ids, st.booleans(), st.floats(0.0, 10.0)), max_size=30)


def answered(
    election: Election,
    boot_id: str,
    now: float,
    *,
    works: bool = False,
    standstill: float = 0.0,
    period: float = 0.0,
) -> str | None:
    """The signaller after this answer."""
    election.answered(boot_id, now, works=works, standstill=standstill, period=period)
    return election.signaller


@given(answers)
def test_without_a_standstill_only_a_new_bridge_takes_over(
    answers: list[tuple[str, bool, float]],
) -> None:
    """As long as `durable` progresses, the newest bridge of all that have answered is named."""
    election = Election(0.0)
    now, order = 0.0, list[str]()
    for boot_id, works, pause in answers:
        now += pause
        order += [boot_id] if boot_id not in order else []
        assert answered(election, boot_id, now, works=works) == order[-1]


@given(st.floats(0.0, 10.0), st.floats(0.0, 20.0), st.booleans())
def test_a_signaller_is_replaced_when_it_is_late(
    period: float, standstill: float, reached: bool
) -> None:
    """It has 2 s and a period, or 5 s and a period if no POST has reached it since it was named."""
    election = Election(0.0)
    answered(election, "a", 0.0)
    answered(election, "b", 0.0)
    if reached:
        answered(election, "b", 0.0)
    allowed = period + (SIGNALLER_SECONDS if reached else UNREACHED_SECONDS)
    named = answered(election, "a", standstill, standstill=standstill, period=period)
    assert named == ("a" if standstill > allowed else "b")


def test_a_signaller_that_works_is_kept() -> None:
    """An answer that proves that somebody signals renews the time of the one that is named."""
    election = Election(0.0)
    answered(election, "a", 0.0)
    answered(election, "b", 0.0)
    answered(election, "b", LATE, works=True, standstill=LATE)
    assert answered(election, "a", LATE + 1.0, standstill=LATE) == "b"
    assert answered(election, "a", 2 * LATE, standstill=LATE) == "a"


@given(st.integers(0, MAX_BRIDGES + 20))
def test_ever_new_names_are_not_remembered(count: int) -> None:
    """After 64 boot ids a new one neither becomes the signaller at once nor fills the memory."""
    election = Election(0.0)
    for number in range(count):
        answered(election, f"bridge-{number}", 0.0)
    full = count >= MAX_BRIDGES
    assert election.is_one_too_many("another") == full
    assert not election.is_one_too_many("bridge-0") or not count
    named = answered(election, "another", 0.0)
    assert named == (f"bridge-{MAX_BRIDGES - 1}" if full else "another")
    if full:
        assert answered(election, "another", LATE, standstill=LATE) == "another"
