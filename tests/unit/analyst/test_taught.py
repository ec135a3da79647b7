"""What an administrator teaches a connection changes its answers, and its data model."""

import sqlite3
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kai_flow.agents import Task
from kai_flow.analyst.agent import Analyst
from kai_flow.analyst.mdl import read_mdl, write_mdl
from kai_flow.analyst.schema import Column, ForeignKey, Kind, Note, Schema, Table
from kai_flow.analyst.semantics.overlay import described
from kai_flow.connections.knowledge import read_knowledge
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
        ("How many nyenis are there?", {"glossary": {"nyeni": "shop"}}, "3"),
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
        ("How many nyenis are there?", {"mdl": "## shop\n\nAlso called: nyeni"}, "3"),
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


@pytest.mark.parametrize(
    ("formula", "answer"),
    [("revenue net * 2", "300"), ("revenue net - 5", "140"), ("= revenue_net / 4", "37,5")],
)
async def test_a_formula_in_the_glossary_is_a_measure(
    shops: tuple[ConnectionStore, Connection], formula: str, answer: str
) -> None:
    """A term that means a formula is calculated, with all its signs."""
    store, connection = shops
    store.teach(connection, read_knowledge(glossary={"nyeni": formula}))
    result = await ask(store, "total nyeni per region")
    assert result["status"] == "completed", result
    assert answer in result["final_answer"]


async def test_a_quotient_of_measures_is_one_of_sums(
    shops: tuple[ConnectionStore, Connection],
) -> None:
    """The margin of a region is its profit over its revenue, not the mean of its shops' margins."""
    store, connection = shops
    formulas = {"nyeni": "(revenue_net - 10) / revenue_net", "xyzzy": "nyeni * 100"}
    store.teach(connection, read_knowledge(glossary=formulas))
    for word, margin in (("nyeni", "0.87"), ("xyzzy", "86.67")):  # 130 / 150; of rows 0.85
        result = await ask(store, f"average {word} per region")
        assert result["status"] == "completed", result
        assert margin in result["final_answer"]


@pytest.mark.parametrize(
    ("formula", "prompt", "told"),
    [
        ("revenue net / 0", "total nyeni per region", "Rumus untuk nyeni selalu membagi"),
        ("revenue net * gone", "what is the total nyeni?", "mentions “gone”"),
        ("revenue net * state", "what is the total nyeni?", "“shop.state”, which holds no numbers"),
        ("revenue net * (2", "what is the total nyeni?", "cannot be read"),
        ("nyeni * 2", "what is the total nyeni?", "refers to itself"),
    ],
)
async def test_a_formula_that_cannot_be_used_is_the_reason_given(
    shops: tuple[ConnectionStore, Connection], formula: str, prompt: str, told: str
) -> None:
    """A question with that word is declined with what is wrong, in the question's language."""
    store, connection = shops
    store.teach(connection, read_knowledge(glossary={"nyeni": formula}))
    result = await ask(store, prompt)
    assert result["status"] == "failed", result
    assert told in result["final_answer"]


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
    shop = Schema({"shop": Table("shop", (Column("state", Kind.TEXT, values=("OPN",)),))})
    described(shop, f"## shop\n{text}")
