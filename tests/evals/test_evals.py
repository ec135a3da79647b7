"""The analyst against the whole evaluation: what is right, and that nothing is silently wrong."""

from typing import Final

import pytest

from tests.evals.asking import OUTCOMES, Outcome
from tests.evals.run import accuracy, evaluate

FLOOR: Final = 0.97
"""The share of right outcomes that must be kept. 98.7 % was reached, over 1,504 questions: the rest
is for the few questions whose reading shifts when a word or a kind is added."""

GAP: Final = 0.02
"""How much less may be right under the other names of a schema. It was 0.9 points, which
are seven questions: five more are asked back, two more declined, and none is answered wrongly."""

ANSWERED: Final = 2
"""Questions that are answered though they should be asked back; each must be listed below."""

KNOWN_ANSWERED: Final = frozenset(["shop shop-123", "shop_renamed shop-123"])
"""Orders "from Leeds": read as those shipped there, though they may be those of customers there.
The answer says which reading it took."""

pytestmark = pytest.mark.timeout(300)  # the first test asks everything


@pytest.fixture(scope="module")
def outcomes() -> list[Outcome]:
    """What becomes of every question, of the schemas and of their renamed copies."""
    return evaluate()


def test_enough_of_the_evaluation_is_right(outcomes: list[Outcome]) -> None:
    """The share of right outcomes does not fall below what was reached."""
    assert accuracy(outcomes) >= FLOOR, f"{accuracy(outcomes):.1%}: `just eval --failures`"


@pytest.mark.parametrize("outcome", ["wrong", "crashed"])
def test_no_answer_is_invented(outcomes: list[Outcome], outcome: str) -> None:
    """No answer has other rows than it should, and no question makes the analyst fail."""
    found = [f"{each.schema} {each.id}: {each.ask}" for each in outcomes if each.outcome == outcome]
    assert not found, OUTCOMES[outcome]


def test_only_known_questions_are_answered_without_asking_back(outcomes: list[Outcome]) -> None:
    """Only the few questions listed here are answered where there should be no answer."""
    found = {f"{each.schema} {each.id}" for each in outcomes if each.outcome == "answered"}
    assert len(found) <= ANSWERED
    assert found <= KNOWN_ANSWERED, OUTCOMES["answered"]


def test_other_names_are_read_as_well(outcomes: list[Outcome]) -> None:
    """The copies, whose tables and columns have other ordinary names, score the same."""
    copies = [each for each in outcomes if each.schema.endswith("_renamed")]
    originals = [each for each in outcomes if not each.schema.endswith("_renamed")]
    assert accuracy(copies) >= accuracy(originals) - GAP
