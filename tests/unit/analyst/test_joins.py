"""The ways between tables: declared and guessed, in both directions, and their roles."""

import pytest

from kai_flow.analyst.semantics.model import SemanticModel
from kai_flow.analyst.semantics.paths import paths
from tests.unit.analyst.scanned import model_of

FLIGHTS = """
CREATE TABLE airports (airport_id INTEGER PRIMARY KEY, name TEXT);
CREATE TABLE employees (
    employee_id INTEGER PRIMARY KEY, name TEXT, manager_id INTEGER REFERENCES employees,
    base_airport_id INTEGER REFERENCES airports
);
CREATE TABLE flights (
    flight_id INTEGER PRIMARY KEY, origin_airport_id INTEGER REFERENCES airports,
    airport_tujuan_id INTEGER REFERENCES airports, pilot_id INTEGER REFERENCES employees
);
CREATE TABLE tickets (ticket_id INTEGER PRIMARY KEY, flight_id INTEGER REFERENCES flights);
CREATE TABLE crew (flight_id INTEGER REFERENCES flights, employee_id INTEGER REFERENCES employees,
    PRIMARY KEY (flight_id, employee_id));
CREATE TABLE passports (employee_id INTEGER PRIMARY KEY REFERENCES employees, number TEXT);
"""


def roles(model: SemanticModel) -> dict[str, list[str]]:
    """The role of each join towards a parent."""
    return {
        join.id: [" ".join(name.words) for name in join.names]
        for join in model.joins.values()
        if ">" in join.id
    }


def test_joins_are_called_by_their_role() -> None:
    """Two keys to one table are told apart; a key named after its target needs no role."""
    assert roles(model_of(FLIGHTS)) == {
        "employees.manager_id>employees": ["manager", "managed by", "managed"],
        "employees.base_airport_id>airports": ["base"],
        "flights.origin_airport_id>airports": ["origin"],
        "flights.airport_tujuan_id>airports": ["tujuan"],
        "flights.pilot_id>employees": ["pilot"],
        "tickets.flight_id>flights": [],
        "crew.flight_id>flights": [],
        "crew.employee_id>employees": [],
        "passports.employee_id>employees": [],
    }


def test_a_key_leads_both_ways() -> None:
    """Towards the children a row may meet several; not where the key is the child's own."""
    joins = model_of(FLIGHTS).joins
    assert not joins["tickets.flight_id>flights"].widens
    assert joins["flights<tickets.flight_id"].widens
    assert joins["flights<tickets.flight_id"].pairs == (("flight_id", "flight_id"),)
    assert not joins["employees<passports.employee_id"].widens
    assert joins["employees<crew.employee_id"].widens


def test_a_table_of_keys_only_links() -> None:
    """Nobody asks about the rows of a table that only links two others."""
    model = model_of(FLIGHTS)
    assert [name for name, entity in model.entities.items() if entity.bridge] == ["crew"]


def test_paths_go_up_before_they_widen() -> None:
    """All ways of at most four joins, those that keep the rows as they are first."""
    model = model_of(FLIGHTS)
    found = [[join.id for join in path] for path in paths(model, "tickets", "airports")]
    up = "tickets.flight_id>flights"
    assert found[0] == [up, "flights.origin_airport_id>airports"]
    assert found[1] == [up, "flights.airport_tujuan_id>airports"]
    assert found[2] == [up, "flights.pilot_id>employees", "employees.base_airport_id>airports"]
    assert all(len(path) <= 4 for path in found)
    assert paths(model, "tickets", "tickets") == ((),)
    itself = [[join.id for join in path] for path in paths(model, "employees", "employees")]
    assert itself[:2] == [[], ["employees.manager_id>employees"]]


def test_unconnected_tables_have_no_path() -> None:
    """No key, no path."""
    model = model_of("CREATE TABLE a (x INT); CREATE TABLE b (y INT);")
    assert paths(model, "a", "b") == ()


SHOP = """
CREATE TABLE pelanggan (kode_pelanggan TEXT, nama TEXT, kota TEXT);
INSERT INTO pelanggan VALUES ('P1', 'Ani', 'Palu'), ('P2', 'Budi', 'Poso');
CREATE TABLE products (id INT, product_name TEXT, price INT);
INSERT INTO products VALUES (1, 'Tea', 5), (2, 'Rice', 7), (3, 'Salt', 7);
CREATE TABLE transaksi (no_transaksi TEXT, kode_pelanggan TEXT, product_id INT, qty INT, kota TEXT);
INSERT INTO transaksi VALUES ('T1', 'P1', 1, 2, 'Palu'), ('T2', 'P1', 3, 1, 'Palu'),
    ('T3', 'P2', 1, 4, 'Palu');
"""


def guessed(sql: str) -> list[str]:
    """Ids of guessed joins towards parents."""
    joins = model_of(sql).joins.values()
    return [join.id for join in joins if join.guessed and not join.id.count("<")]


def test_joins_are_guessed_where_no_key_is_declared() -> None:
    """Same names, or a table's name before "id", with values that are there."""
    assert guessed(SHOP) == [
        "transaksi.kode_pelanggan>pelanggan",
        "transaksi.product_id>products",
    ]


@pytest.mark.parametrize(
    "change",
    [
        ("('P2', 'Budi', 'Poso')", "('P1', 'Budi', 'Poso')"),  # not unique
        ("('T3', 'P2'", "('T3', 'P9'"),  # not contained
        ("kode_pelanggan TEXT, product_id", "pelanggan_ke TEXT, product_id"),  # no name of a key
    ],
)
def test_what_is_not_plain_is_not_guessed(change: tuple[str, str]) -> None:
    """A target that does not tell rows apart, values that are not there, names that differ."""
    assert guessed(SHOP.replace(*change)) == ["transaksi.product_id>products"]


def test_declared_keys_are_not_guessed_again() -> None:
    """What the database says counts, and only columns without a key are looked at."""
    assert guessed(FLIGHTS) == []


def test_a_column_that_fits_two_tables_points_to_neither() -> None:
    """Where two targets are equally plain, none is taken."""
    two = """
    CREATE TABLE store (store_id INT, a INT); INSERT INTO store VALUES (1, 1), (2, 2);
    CREATE TABLE stores (store_id INT, b INT); INSERT INTO stores VALUES (1, 1), (2, 2);
    CREATE TABLE sales (store_id INT, amount INT); INSERT INTO sales VALUES (1, 5), (1, 6);
    """
    assert [each for each in guessed(two) if each.startswith("sales")] == []
