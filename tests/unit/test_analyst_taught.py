import sqlite3
import time
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kai_flow.agents import Task
from kai_flow.analyst import Analyst
from kai_flow.analyst.mdl import read_mdl, write_mdl
from kai_flow.analyst.schema import Column, ForeignKey, Kind, Note, Schema, Table
from kai_flow.analyst.taught import described, learn
from kai_flow.connections.knowledge import Knowledge, Skill, Term, read_knowledge
from kai_flow.connections.store import Connection, ConnectionStore

SHOPS = """
CREATE TABLE region (region_id INTEGER PRIMARY KEY, region_name TEXT NOT NULL UNIQUE);
CREATE TABLE shop (
    shop_id INTEGER PRIMARY KEY,
    region_id INTEGER NOT NULL REFERENCES region (region_id),
    shop_name TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL,
    revenue_net REAL NOT NULL
);
INSERT INTO region VALUES (1, 'North'), (2, 'South');
INSERT INTO shop VALUES
    (1, 1, 'Alpha', 'OPN', 100), (2, 1, 'Beta', 'CLS', 50), (3, 2, 'Gamma', 'OPN', 10);
"""


@pytest.fixture
def shops(tmp_path: Path) -> tuple[ConnectionStore, Connection]:
    """A small database of our own, as a stored connection."""
    db = sqlite3.connect(tmp_path / "shops.db")
    db.executescript(SHOPS)
    db.close()
    store = ConnectionStore(tmp_path / "home", folders=(tmp_path,))
    return store, store.add("shops", f"sqlite://{tmp_path}/shops.db", "shops")


async def ask(store: ConnectionStore, prompt: str) -> dict[str, Any]:
    """The analyst's result."""
    task = Task(id="1", session_id="s", prompt=prompt, db_connection_id="shops")
    return await Analyst(store).execute(task)


@pytest.mark.parametrize(
    ("prompt", "taught", "answer"),
    [
        ("Total omzet per region", {"glossary": {"omzet": "shop.revenue_net"}}, "150"),
        (
            "Total omzet per region",
            {"glossary": [{"term": "omzet", "column": "revenue_net"}]},
            "150",
        ),
        ("Total omzet per region", {"glossary": {"omzet": "revenue net"}}, "150"),
        ("Total omzet per region", {"instructions": "Omzet means revenue_net."}, "150"),
        ("Total omzet per region", {"instructions": ["“Omzet” berarti revenue net"]}, "150"),
        ("How many warungs are there?", {"glossary": {"warung": "shop"}}, "3"),
        ("How many bubar shops?", {"glossary": {"bubar": "state = CLS"}}, "1"),
        ("How many tutup shops?", {"glossary": {"bubar": "state=cls", "tutup": "state=cls"}}, "1"),
        (
            "How many juara are there?",
            {"glossary": {"juara": "shop with revenue net above 60"}},
            "1",
        ),
        ("weekly review", {"skills": {"Weekly Review": "Total revenue net per region"}}, "150"),
        (
            "Total omzet per region",
            {"mdl": "## shop\n| Column | Notes |\n|---|---|\n| revenue_net | omzet (Rp) |"},
            "150",
        ),
        (
            "How many bubar shops?",
            {"mdl": "## `shop`\n|Column|Notes|\n|-|-|\n|state|x; CLS = bubar|"},
            "1",
        ),
        ("How many warungs are there?", {"mdl": "## shop\n\nAlso called: warung"}, "3"),
    ],
)
async def test_what_is_taught_makes_a_question_answerable(
    shops: tuple[ConnectionStore, Connection], prompt: str, taught: dict[str, Any], answer: str
) -> None:
    """A question that could not be answered well is answered right once its word is explained."""
    store, connection = shops
    before = await ask(store, prompt)
    assert before["status"] != "completed", before
    store.teach(connection, read_knowledge(**taught))
    after = await ask(store, prompt)
    assert after["status"] == "completed", after
    assert answer in after["final_answer"].replace(",", "")


@pytest.mark.parametrize("formula", ["revenue net * 2", "revenue net / shop", "revenue net - 5"])
async def test_a_formula_in_the_glossary_does_not_lose_its_signs(
    shops: tuple[ConnectionStore, Connection], formula: str
) -> None:
    """A term that means a formula is not answered with one part of the formula."""
    store, connection = shops
    store.teach(connection, read_knowledge(glossary={"omzet": formula}))
    result = await ask(store, "Total omzet per region")
    assert result["status"] == "failed", result
    assert "“omzet”" in result["final_answer"]


async def test_the_answer_says_what_the_glossary_replaced(
    shops: tuple[ConnectionStore, Connection],
) -> None:
    """Whoever asked sees which words were taken for something else."""
    store, connection = shops
    store.teach(connection, read_knowledge(glossary={"juara": "shop with revenue net above 60"}))
    task = Task(id="1", session_id="s", prompt="How many juara?", db_connection_id="shops")
    thoughts = [
        event["content"]
        async for event in Analyst(store).stream_execute(task)
        if event["type"] == "thinking"
    ]
    assert "“juara” = shop with revenue net above 60" in thoughts[0]


NOTED = Schema(
    {
        "shop": Table(
            "shop",
            (Column("state", Kind.TEXT, values=("OPN", "CLS")), Column("revenue", Kind.NUMBER)),
        )
    }
)


@pytest.mark.parametrize(
    "meaning",
    [
        "a place where things are sold to people who come in from the street and want to buy them",
        "the sum of all that our honoured customers pay",
        "nowhere.nothing",
        "state = UNKNOWN",
        "=",
        ".",
    ],
)
def test_what_means_nothing_here_changes_nothing(meaning: str) -> None:
    """A definition in prose, a column or a value that does not exist leave the question alone."""
    known = Knowledge(glossary=(Term("omzet", meaning),))
    lesson = learn("total omzet", NOTED, known)
    assert (lesson.prompt, lesson.replaced) == ("total omzet", ())


def test_terms_are_replaced_as_whole_words_once_and_not_in_quotes() -> None:
    """The longest term wins, quoted text is taken literally, and nothing is replaced twice."""
    known = Knowledge(glossary=(Term("top", "shop revenue"), Term("top shop", "revenue of shop")))
    said = learn("Top shop, stop 'top' top", NOTED, known).prompt
    assert said == "revenue of shop, stop 'top' shop revenue"


def test_signs_in_a_term_are_just_signs() -> None:
    """A term may hold what is special in a pattern."""
    known = Knowledge(glossary=(Term("c++ (x)", "revenue of shop"), Term("\\d", "shop")))
    assert "revenue of shop" in learn("sum of c++ (x)", NOTED, known).prompt


def test_a_big_glossary_is_quick() -> None:
    """Two thousand terms on a thousand tables cost a question less than two seconds."""
    tables = {
        f"t{n}": Table(f"t{n}", tuple(Column(f"c{n}_{m}", Kind.NUMBER) for m in range(20)))
        for n in range(1000)
    }
    terms = tuple(Term(f"term{n}", f"t{n % 1000}.c{n % 1000}_1") for n in range(2000))
    began = time.process_time()  # a busy machine may take longer for it
    lesson = learn("total term7", Schema(tables), Knowledge(glossary=terms))
    assert time.process_time() - began < 2
    assert lesson.schema.tables["t7"].column("c7_1").note.names == ("term7", "term1007")


NAMES = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Z"]), min_size=1, max_size=8
)
WORDS = st.from_regex(r"[a-z]{1,8}( [a-z]{1,8})?", fullmatch=True)


@given(
    NAMES, NAMES, st.lists(WORDS, max_size=3, unique=True), st.sampled_from(["", "Rp", "kg"]), WORDS
)
def test_a_data_model_is_read_as_it_was_written(
    table: str, column: str, names: list[str], unit: str, meaning: str
) -> None:
    """Whatever tables and columns are called, their notes survive the way through Markdown."""
    note = Note(
        tuple(names), unit, MappingProxyType({"A": meaning}) if names else MappingProxyType({})
    )
    columns = (Column(column, Kind.TEXT, note, values=("A",), type="TEXT"),)
    plain = Schema({table: Table(table, (Column(column, Kind.TEXT, values=("A",), type="TEXT"),))})
    noted = Schema({table: Table(table, columns, note=Note(tuple(names)))})
    again = described(plain, write_mdl(noted, "any `title` | here"))
    assert again.tables[table].column(column).note.names == tuple(names)
    assert again.tables[table].note.names == tuple(names)
    if names:
        assert again.tables[table].column(column).note == note


def test_a_data_model_shows_types_and_the_real_relationships() -> None:
    """Tables, columns, types, keys and foreign keys, of several columns too, are all in it."""
    schema = Schema(
        {
            "a|b": Table("a|b", (Column("i`d", Kind.KEY, type="INT"),), ("i`d",), row_count=1234),
            "c": Table(
                "c",
                (Column("x", Kind.KEY, type="INT"), Column("y", Kind.KEY)),
                ("x",),
                (ForeignKey(("x", "y"), "a|b", ("i`d", "z")),),
                sampled=True,
                row_count=9,
            ),
        }
    )
    text = write_mdl(schema, "sales")
    assert "| `` i`d `` | INT | primary key |  |" in text
    assert "| `x` | INT | primary key, → `a\\|b`.`` i`d `` |  |" in text
    assert "- `c`.`x`, `c`.`y` → `a\\|b`.`` i`d ``, `a\\|b`.`z`" in text
    assert "1,234 rows." in text
    assert "About 9 rows." in text
    assert "None: no table" in write_mdl(Schema({}), "empty")


@given(st.text(max_size=300))
def test_any_text_can_be_given_as_a_data_model(text: str) -> None:
    """What is no data model describes nothing and breaks nothing."""
    assert isinstance(read_mdl(text), dict)
    described(NOTED, f"## shop\n{text}")


def test_the_skill_is_asked_by_its_name_alone() -> None:
    """A question that only mentions a skill is not replaced by it."""
    known = Knowledge(skills=(Skill("review", "total revenue"),))
    assert learn("/Review?", NOTED, known).prompt == "total revenue"
    assert learn("which review", NOTED, known).prompt == "which review"
