"""The samples of the kinds: a kind and what it answers are written in one place."""

import pytest

from kai_flow.analyst.kinds.kind import Kind
from kai_flow.analyst.kinds.registry import KINDS
from tests.evals.asking import Choice
from tests.evals.databases import SCHEMAS
from tests.evals.questions import load, samples
from tests.evals.run import evaluate


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_kind_has_samples_in_both_languages(kind: Kind) -> None:
    """A kind of question is shown in English and in Indonesian."""
    assert {sample.language for sample in kind.samples} == {"en", "id"}


def test_the_evaluation_asks_every_sample() -> None:
    """The evaluation finds the samples of a kind by itself."""
    for schema in SCHEMAS:
        asked = {question.ask for question in load(schema)}
        assert {sample.ask for sample in samples(schema)} <= asked
    assert sum(len(samples(schema)) for schema in SCHEMAS) == sum(len(k.samples) for k in KINDS)


def test_every_sample_is_answered_right() -> None:
    """The rows of a sample's query are those of the answer."""
    schemas = [schema for schema in SCHEMAS if samples(schema)]
    ids = tuple(sample.id for schema in schemas for sample in samples(schema))
    outcomes = evaluate(schemas, copies=(False,), choice=Choice(ids=ids))
    assert [f"{each.ask}: {each.outcome}" for each in outcomes if each.outcome != "right"] == []
