"""What filters cost is known before they are made."""

from datetime import date

import pytest

from kai_flow.analyst.query.nodes import Operator
from kai_flow.analyst.reading.comparisons import compared, ways_to
from kai_flow.analyst.reading.parts import Column, Compared
from kai_flow.analyst.reading.related_rows import asked_of_related, way_of
from kai_flow.analyst.reading.resolving import Resolver
from tests.unit.analyst.scanned import model_of

MODEL = model_of(
    "CREATE TABLE cities (id INTEGER PRIMARY KEY, name TEXT, size INTEGER);"
    "CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT, kind TEXT,"
    " city_id INTEGER REFERENCES cities);"
    "CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customers,"
    " sent_to INTEGER REFERENCES cities, status TEXT, amount REAL, ordered_on DATE);"
    "INSERT INTO cities VALUES (1, 'Bogor', 4), (2, 'Medan', 5);"
    "INSERT INTO customers VALUES (1, 'Ayu', 'shop', 1), (2, 'Budi', 'school', 2);"
    "INSERT INTO orders VALUES (1, 1, 2, 'paid', 10.5, '2024-01-02'),"
    " (2, 2, 1, 'open', 20.5, '2024-02-03'), (3, 2, 1, 'paid', 30.5, '2024-03-04');"
)

TESTS = (
    *((Operator.EQUAL, (value,)) for value in ("Bogor", "shop", "paid", "nowhere", 5.0, 2024.0)),
    *((Operator.ABOVE, (15.0,)), (Operator.BETWEEN, (2023.0, 2024.0)), (Operator.CONTAINS, ("a",))),
)


@pytest.mark.parametrize("fact", MODEL.entities)
def test_the_ways_of_a_comparison_are_those_of_its_filters(fact: str) -> None:
    """Whatever is compared with whatever, each filter has a way that costs as much as it does."""
    resolver = Resolver(MODEL, fact, date(2025, 1, 1))
    reached = 0
    for ref in MODEL.attributes:
        for operator, values in TESTS:
            test = Compared(Column(ref), operator, values)
            made = [asked_of_related(resolver, each) for each in compared(resolver, test, ())]
            found = ways_to(resolver, test)
            assert found is not None
            assert list(found) == [way_of(each) for each in made]
            reached += len(made)
    assert reached
    nothing = Compared(Column(ref), Operator.EMPTY, ())
    assert ways_to(resolver, nothing) is None
