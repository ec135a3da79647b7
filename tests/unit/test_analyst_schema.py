"""Scanning and planning on a small database of another kind than the demo."""

import sqlite3
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from kai_flow.analyst.comments import parse_note
from kai_flow.analyst.engines.study import MAX_VALUES
from kai_flow.analyst.engines.threads import Stop
from kai_flow.analyst.query.lowering import lower
from kai_flow.analyst.reading.reader import Declined, Outcome, Understood, read
from kai_flow.analyst.schema import Kind, Schema
from kai_flow.analyst.semantics.build import build
from kai_flow.analyst.semantics.index import Index
from tests.engines.places import scan_file

SCRIPT = """
CREATE TABLE Customer ( -- pelanggan
    id INTEGER PRIMARY KEY,
    fullName TEXT UNIQUE,
    grade TEXT, -- grade, kelas; A = gold, B = silver
    credit_limit REAL -- batas kredit (USD)
);
CREATE TABLE "Order" (
    id INTEGER PRIMARY KEY,
    customer_id INTEGER REFERENCES CUSTOMER,
    placed DATE,
    total NUMERIC
);
CREATE TABLE line (
    order_id INTEGER, number INTEGER, product TEXT, amount INTEGER, unit_price REAL,
    PRIMARY KEY (order_id, number), FOREIGN KEY (order_id) REFERENCES "Order" (id)
);
CREATE TABLE island (name TEXT);
INSERT INTO Customer VALUES (1, 'Ann', 'A', 100), (2, 'Bob', 'B', 50), (3, 'Cid', 'B', 10);
INSERT INTO "Order" VALUES (1, 1, '2023-05-01', 10), (2, 1, '2024-01-31', 20),
    (3, 2, '2024-12-31', 40);
INSERT INTO line VALUES (1, 1, 'tea', 2, 5), (1, 2, 'tea', 1, 7), (1, 3, 'salt', 1, 1),
    (2, 1, 'salt', 4, 5), (3, 1, 'tea', 9, 3);
INSERT INTO island VALUES ('Java');
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "orders.db"
    with closing(sqlite3.connect(found)) as db, db:
        db.executescript(SCRIPT)
    return found


@pytest.fixture
def schema(path: Path) -> Schema:
    return scan_file(path, Stop(10))


def outcome(schema: Schema, question: str) -> Outcome:
    model = build(schema)
    return read(question, model, Index(model), date(2026, 1, 1))[0]


def ask(path: Path, schema: Schema, question: str) -> list[tuple[Any, ...]]:
    found = outcome(schema, question)
    assert isinstance(found, Understood), found
    with closing(sqlite3.connect(path)) as db:
        return db.execute(lower(found.query, build(schema)).text).fetchall()


def test_a_scan_finds_kinds_keys_and_values(schema: Schema) -> None:
    """Names, kinds, keys (whatever their spelling), values and counts come from the database."""
    order = schema.tables["Order"]
    assert order.row_count == 3
    assert [(key.columns, key.target, key.target_columns) for key in order.foreign_keys] == [
        (("customer_id",), "Customer", ("id",))
    ]
    assert [column.kind for column in order.columns] == [
        *(Kind.KEY, Kind.KEY, Kind.DATE, Kind.NUMBER)
    ]
    assert schema.tables["Customer"].column("grade").values == ("A", "B")
    label = schema.tables["Customer"].label
    assert label is not None
    assert label.name == "fullName"
    assert schema.tables["line"].primary_key == ("order_id", "number")


def test_comments_give_names_units_and_meanings(schema: Schema) -> None:
    """What an administrator wrote beside a column is known; prose is not taken for a name."""
    customer = schema.tables["Customer"]
    assert customer.note.names == ("pelanggan",)
    assert customer.column("credit_limit").note.unit == "USD"
    assert dict(customer.column("grade").note.meanings) == {"A": "gold", "B": "silver"}
    assert parse_note("the sum that was agreed upon by both").names == ()


def test_many_values_are_not_remembered(tmp_path: Path) -> None:
    """A text column with many values is known by its name alone."""
    path = tmp_path / "many.db"
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("CREATE TABLE t (word TEXT)")
        db.executemany("INSERT INTO t VALUES (?)", [(f"w{i}",) for i in range(MAX_VALUES + 1)])
    assert scan_file(path, Stop(10)).tables["t"].column("word").values == ()


def test_after_its_deadline_a_scan_still_gives_the_definition(path: Path) -> None:
    """A scan without time left knows tables, columns and keys, only no values and counts."""
    schema = scan_file(path, Stop(0))
    assert list(schema.tables) == ["Customer", "Order", "line", "island"]
    assert schema.tables["Order"].foreign_keys
    assert schema.tables["Customer"].column("grade").values == ()


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("total credit limit of customers", [(160.0,)]),
        ("berapa jumlah pelanggan kelas gold?", [(1,)]),
        ("jumlah order per tahun", [(2023, 1), (2024, 2)]),
        ("how many orders in 2024?", [(2,)]),
        ("average order total by customer", [("Bob", 40.0), ("Ann", 15.0)]),
        ("total amount per customer", [("Bob", 9), ("Ann", 8)]),
        ("total amount of tea", [(12,)]),
        ("average unit price by product", [("tea", 5.0), ("salt", 3.0)]),
    ],
)
def test_other_schemas_are_understood_as_well(
    path: Path, schema: Schema, question: str, expected: list[tuple[Any, ...]]
) -> None:
    """Dates, foreign keys in other case, comments and plain names work on any schema."""
    assert sorted(ask(path, schema, question)) == sorted(expected)


def test_grouping_by_child_rows_counts_no_row_twice(path: Path, schema: Schema) -> None:
    """A customer with two lines of tea enters tea's count and average of customers once."""
    # Ann (100) and Bob (50) bought tea; Ann alone bought salt, twice.
    found = outcome(schema, "average credit limit by product")
    if isinstance(found, Understood):  # it may be declined, but not be wrong
        right = [("salt", 100.0), ("tea", 75.0)]
        assert sorted(ask(path, schema, "average credit limit by product")) == right
    assert ask(path, schema, "number of customers by product") == [("tea", 2), ("salt", 1)]


def test_filtering_by_child_rows_counts_no_row_twice(path: Path, schema: Schema) -> None:
    """Ann bought tea on two lines, and her credit is counted once."""
    assert ask(path, schema, "total credit limit of customers with tea") == [(150.0,)]


def test_tables_without_a_connection_are_said_to_be_so(schema: Schema) -> None:
    """No invented join: a question across unconnected tables is refused by name."""
    found = outcome(schema, "average unit price by island")
    assert isinstance(found, Declined)
    assert found.reason.key == "unconnected"
    assert dict(found.reason.values) == {"table": "line", "other": "island"}
