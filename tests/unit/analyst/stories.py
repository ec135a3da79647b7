"""Stories over the shop of the tests: the queries that most of them need, and their rows."""

from typing import Any

from msgspec import structs

from kai_flow.analyst.answer.story import Story
from kai_flow.analyst.engines.contract import Cell, Rows
from kai_flow.analyst.lexicon.data import Language
from kai_flow.analyst.query.measure import Measure
from kai_flow.analyst.query.nodes import (
    Aggregate,
    Field,
    FieldGroup,
    Function,
    Grain,
    Group,
    Order,
    Query,
    TimeGroup,
)
from kai_flow.analyst.semantics.model import SemanticModel
from tests.unit.analyst.answer_models import SHOP

CITY = Field(table="customers", column="city", path=("orders.customer_id>customers",))
AMOUNT = Field(table="orders", column="amount")
STATUS = Field(table="orders", column="status")
COUNT = Aggregate(function=Function.COUNT)
TOTAL = Aggregate(function=Function.SUM, of=AMOUNT)
AVERAGE = Aggregate(function=Function.AVERAGE, of=AMOUNT)
BY_CITY = FieldGroup(field=CITY)
BY_STATUS = FieldGroup(field=STATUS)
LARGEST = Order(by=TOTAL, descending=True)


def by_time(grain: Grain = Grain.MONTH, *, recurring: bool = False) -> TimeGroup:
    """Groups by the order date."""
    return TimeGroup(axis="orders.order_date", grain=grain, recurring=recurring)


def orders(*groups: Group, of: tuple[Measure, ...] = (TOTAL,), **others: Any) -> Query:
    """A query about orders."""
    return structs.replace(Query(fact="orders", measures=of, groups=groups), **others)


def story(
    query: Query,
    *data: tuple[Cell, ...],
    language: Language = "en",
    truncated: bool = False,
    model: SemanticModel = SHOP,
) -> Story:
    """A query with the rows of its result."""
    count = len(query.groups) + len(query.measures) + len(query.columns)
    columns = tuple(f"c{at}" for at in range(count))
    return Story(query, Rows(columns, data, truncated), model, language)
