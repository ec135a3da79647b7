"""No question gets the answer to another one."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from kai_flow.analyst.engines.threads import Stop
from kai_flow.analyst.errors import UnclearQuestion
from kai_flow.analyst.question import read
from kai_flow.analyst.schema import Schema
from kai_flow.analyst.sql import build
from kai_flow.analyst.understand import understand
from kai_flow.connections import demo
from tests.engines.places import scan_file
from tests.unit.gate.questions import ANSWERED, FAULTS, TEMPTING

Places = dict[str, tuple[Path, Schema]]


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Places:
    """A database of each schema, and what a scan finds in it."""
    folder = tmp_path_factory.mktemp("gate")
    demo.create_demo_database(folder / "koperasi.db")
    for script in Path(__file__).parent.glob("*.sql"):
        with closing(sqlite3.connect(folder / f"{script.stem}.db")) as db, db:
            db.executescript(script.read_text())
    return {path.stem: (path, scan_file(path, Stop(30))) for path in folder.glob("*.db")}


def rows(path: Path, sql: str) -> list[tuple[Any, ...]]:
    """The rows of a query, in no order, with numbers as exact as every average is."""
    with closing(sqlite3.connect(path)) as db:
        return sorted(
            (
                tuple(round(cell, 6) if isinstance(cell, float) else cell for cell in row)
                for row in db.execute(sql)
            ),
            key=repr,
        )


def answer(places: Places, schema: str, question: str) -> list[tuple[Any, ...]]:
    """The rows that answer a question; ``UnclearQuestion`` when it is refused."""
    path, scanned = places[schema]
    asked = read(question, scanned)
    return rows(path, build(understand(asked), scanned, asked.language).text)


@pytest.mark.parametrize(("schema", "question"), FAULTS)
def test_what_the_query_would_not_say_is_refused(
    places: Places, schema: str, question: str
) -> None:
    """A date's day, a comparison, part of a value or a formula ends in a refusal, not a guess."""
    with pytest.raises(UnclearQuestion):
        answer(places, schema, question)


@pytest.mark.parametrize(
    ("question", "says"),
    [
        ("number of flights since 2024-06-15", "I did not understand “- 06 - 15”"),
        ("number of flights in May 2024", "I cannot find “May”"),
        ("jumlah flights sejak 2024-06", "Saya tidak memahami “- 06”"),
        ("jumlah flights yang terlambat tahun 2024", "Saya tidak memahami “terlambat”"),
        ("bandingkan passengers 2023 dan 2024", "Saya tidak memahami “bandingkan passengers”"),
    ],
)
def test_a_refusal_names_what_was_not_understood(places: Places, question: str, says: str) -> None:
    """What is left over is said in the language of the question."""
    with pytest.raises(UnclearQuestion) as refused:
        answer(places, "flights", question)
    assert str(refused.value).startswith(says)


@pytest.mark.parametrize(("schema", "question", "sql"), ANSWERED)
def test_a_plain_question_passes_the_gate(
    places: Places, schema: str, question: str, sql: str
) -> None:
    """A question whose every word the query expresses is answered with the right rows."""
    assert answer(places, schema, question) == rows(places[schema][0], sql)


@pytest.mark.parametrize(("schema", "question", "sql"), TEMPTING)
def test_no_tempting_question_is_answered_wrongly(
    places: Places, schema: str, question: str, sql: str | None
) -> None:
    """What can be misread is answered right or refused, never answered as something else."""
    try:
        found = answer(places, schema, question)
    except UnclearQuestion:
        return
    assert sql is not None, found
    assert found == rows(places[schema][0], sql)
