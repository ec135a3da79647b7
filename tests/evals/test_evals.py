"""The analyst against the whole evaluation: how much is right, and how much is silently wrong."""

import pytest

from tests.evals.asking import OUTCOMES, Outcome
from tests.evals.run import accuracy, evaluate

FLOOR = 0.26
"""The share of right outcomes that was reached; raise it whenever more is right."""

SILENTLY_WRONG = 4
"""Answers that may have other rows than they should; lower it until it is 0, the promise."""

ANSWERED = 1
"""Answers that may be given where there is none; lower it until it is 0 as well."""


@pytest.fixture(scope="module")
def outcomes() -> list[Outcome]:
    """What becomes of every question, of the schemas and of their renamed copies."""
    return evaluate()


def shown(outcomes: list[Outcome]) -> str:
    return "\n".join(f"{each.schema} {each.id}: {each.ask[:100]}" for each in outcomes)


@pytest.mark.timeout(300)
def test_enough_of_the_evaluation_is_right(outcomes: list[Outcome]) -> None:
    """The share of right outcomes does not fall below what was reached."""
    assert accuracy(outcomes) >= FLOOR, f"{accuracy(outcomes):.1%}: `just eval --failures`"


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("outcome", "most"), [("wrong", SILENTLY_WRONG), ("answered", ANSWERED), ("crashed", 0)]
)
def test_no_answer_is_invented(outcomes: list[Outcome], outcome: str, most: int) -> None:
    """No answer has other rows than it should, or is given where there is none."""
    found = [each for each in outcomes if each.outcome == outcome]
    assert len(found) <= most, f"{OUTCOMES[outcome]}:\n{shown(found)}"
