"""The analyst against the whole evaluation: what is right, and that nothing is silently wrong."""

import pytest

from tests.evals.asking import OUTCOMES, Outcome
from tests.evals.run import accuracy, evaluate

FLOOR = 0.26
"""The share of right outcomes that was reached; raise it whenever more is right."""

GAP = 0.01
"""How much less may be right under the other names of a schema."""

pytestmark = pytest.mark.timeout(300)  # the first test asks everything


@pytest.fixture(scope="module")
def outcomes() -> list[Outcome]:
    """What becomes of every question, of the schemas and of their renamed copies."""
    return evaluate()


def test_enough_of_the_evaluation_is_right(outcomes: list[Outcome]) -> None:
    """The share of right outcomes does not fall below what was reached."""
    assert accuracy(outcomes) >= FLOOR, f"{accuracy(outcomes):.1%}: `just eval --failures`"


@pytest.mark.parametrize("outcome", ["wrong", "answered", "crashed"])
def test_no_answer_is_invented(outcomes: list[Outcome], outcome: str) -> None:
    """No answer has other rows than it should, or is given where there is none."""
    found = [f"{each.schema} {each.id}: {each.ask}" for each in outcomes if each.outcome == outcome]
    assert not found, OUTCOMES[outcome]


def test_other_names_are_read_as_well(outcomes: list[Outcome]) -> None:
    """The copies, whose tables and columns have other ordinary names, score the same."""
    copies = [each for each in outcomes if each.schema.endswith("_renamed")]
    originals = [each for each in outcomes if not each.schema.endswith("_renamed")]
    assert accuracy(copies) >= accuracy(originals) - GAP
