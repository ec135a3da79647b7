"""No word of a question is left out without a word: the property behind "silently wrong"."""

import asyncio
import random
from datetime import date
from pathlib import Path

import pytest

from kai_flow.analyst.engines import engine_for
from kai_flow.analyst.lexicon.lexicon import fillers
from kai_flow.analyst.query.nodes import Query, bare
from kai_flow.analyst.reading.reader import Understood, read
from kai_flow.analyst.semantics.build import build as build_model
from kai_flow.analyst.semantics.index import Index
from kai_flow.analyst.semantics.model import SemanticModel
from kai_flow.connections.store import ConnectionStore
from tests.evals.databases import SCHEMAS, build
from tests.evals.questions import load

TODAY = date(2026, 11, 29)
ASKED = 25  # questions of each schema: more of the same finds no more
NEGATIONS = ("not", "tidak", "except", "selain")


def understood(question: str, model: SemanticModel, index: Index) -> Query | None:
    """The query of a question, without the positions of its words; None: it is not executed."""
    outcome, _ = read(question, model, index, TODAY)
    return bare(outcome.query) if isinstance(outcome, Understood) else None


def scanned(schema: str, folder: Path) -> SemanticModel:
    """The model of a schema of the evaluation."""
    database = build(SCHEMAS[schema], folder)
    store = ConnectionStore(folder / "home", folders=(folder,))
    ((alias, uri),) = database.uris().items()
    connection = store.add(alias, uri, alias)
    found = store.resolve(connection.alias)
    return build_model(asyncio.run(engine_for(found.uri, store.files(found)).scan()))


@pytest.mark.parametrize("schema", [name for name in SCHEMAS if SCHEMAS[name].kind != "csv"])
def test_a_word_more_is_never_ignored(schema: str, tmp_path: Path) -> None:
    """With a word put in anywhere, a question means something else or is not executed."""
    model = scanned(schema, tmp_path)
    index, chance = Index(model), random.Random(schema)
    values = [
        " ".join(value.names[0].words)
        for attribute in model.attributes.values()
        for value in attribute.values[:5]
        if value.names and isinstance(value.value, str)
    ]
    empty = fillers("en") | fillers("id")
    values = [value for value in values if len(value) > 2 and value not in empty]
    asked = [question.ask for question in load(schema)]
    ignored, tried = [], 0
    for question in chance.sample(asked, ASKED):
        plain = understood(question, model, index)
        if plain is None:
            continue
        words = question.split()
        for word in ("zqxvolo", chance.choice(values), chance.choice(NEGATIONS), "713"):
            at = chance.randrange(len(words) + 1)
            longer = " ".join((*words[:at], word, *words[at:]))
            tried += 1
            if understood(longer, model, index) == plain:
                ignored.append(f"{longer!r}: {word!r}")
    assert tried > ASKED, "hardly any question was understood"
    assert not ignored
