"""The evaluation itself: its databases, its queries, and its page."""

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.evals.asking import expected_rows
from tests.evals.compare import same_rows
from tests.evals.databases import SCHEMAS, Database, build
from tests.evals.describe import PAGE, page
from tests.evals.questions import load

Build = Callable[..., Database]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Build]:
    """Makes each database once."""
    folder = tmp_path_factory.mktemp("evals")

    @cache
    def make(schema: str, *, copy: bool) -> Database:
        return build(SCHEMAS[schema], folder, copy=copy)

    yield make
    make.cache_clear()


@pytest.mark.parametrize("schema", SCHEMAS)
def test_every_expected_query_has_rows_that_an_answer_may_have(schema: str, built: Build) -> None:
    """No question expects an empty result, or more rows than the product shows."""
    for name, rows in expected_rows(load(schema), built(schema, copy=False)).items():
        assert 0 < len(rows) <= 500, name
        assert any(cell is not None for row in rows for cell in row), name


@pytest.mark.parametrize("schema", SCHEMAS)
def test_the_renamed_copy_has_the_same_answers(schema: str, built: Build) -> None:
    """A query gives the same rows on the copy, once its names are translated."""
    questions = [each for each in load(schema) if each.kind != "catalogue"]  # whose names differ
    original = expected_rows(questions, built(schema, copy=False))
    copy = expected_rows(questions, built(schema, copy=True))
    assert original.keys() == copy.keys()
    for name, rows in original.items():
        assert same_rows(rows, copy[name]), name


@pytest.mark.parametrize("schema", SCHEMAS)
def test_a_schema_is_the_same_each_time(schema: str) -> None:
    """The data depends on the code only, and every name has another one in the copy."""
    shape = SCHEMAS[schema]
    first, second = shape.tables(), shape.tables()
    assert first == second
    names = {name for spec in first for name in (spec.name, *_columns(spec.name, spec.columns))}
    assert names == set(shape.names)


def _columns(table: str, columns: tuple[tuple[str, str, str], ...]) -> list[str]:
    return [f"{table}.{name}" for name, _, _ in columns]


def test_the_page_of_the_schemas_is_up_to_date() -> None:
    """The page shows the schemas as they are: `python -m tests.evals.describe` writes it."""
    assert Path(PAGE).read_text(encoding="utf-8") == page()
