"""A small semantic model by hand: customers, their orders, and payments of orders."""

from typing import Final

from kai_flow.analyst.query.nodes import (
    Aggregate,
    Condition,
    During,
    Field,
    FieldGroup,
    Function,
    Grain,
    Operator,
    TimeGroup,
)
from kai_flow.analyst.schema import ColumnRef, Schema
from kai_flow.analyst.semantics.model import (
    Attribute,
    Axis,
    AxisForm,
    Entity,
    Join,
    Role,
    SemanticModel,
)

TO_CUSTOMER: Final = "orders.customer_id>customers"
TO_ORDER: Final = "payments.order_id>orders"

COLUMNS: Final = (
    ("customers", "id", Role.KEY),
    ("customers", "city", Role.CATEGORY),
    ("orders", "id", Role.KEY),
    ("orders", "customer_id", Role.KEY),
    ("orders", "status", Role.CATEGORY),
    ("orders", "amount", Role.ADDITIVE),
    ("orders", "cost", Role.ADDITIVE),
    ("orders", "ordered_on", Role.TIME),
    ("payments", "id", Role.KEY),
    ("payments", "order_id", Role.KEY),
    ("payments", "paid", Role.ADDITIVE),
)


def order_model() -> SemanticModel:
    """The model."""
    down = {TO_CUSTOMER: "customers<orders.customer_id", TO_ORDER: "orders<payments.order_id"}
    joins = {}
    for up, source, column, target in (
        (TO_CUSTOMER, "orders", "customer_id", "customers"),
        (TO_ORDER, "payments", "order_id", "orders"),
    ):
        joins[up] = Join(up, source, target, ((column, "id"),), widens=False)
        joins[down[up]] = Join(down[up], target, source, (("id", column),), widens=True)
    return SemanticModel(
        schema=Schema({}),
        entities={name: Entity(name, ()) for name in ("customers", "orders", "payments")},
        attributes={
            ColumnRef(table, column): Attribute(table, column, role, ())
            for table, column, role in COLUMNS
        },
        axes={
            "orders.ordered_on": Axis(
                "orders.ordered_on", "orders", ("ordered_on",), AxisForm.DATE, ()
            )
        },
        joins=joins,
    )


AMOUNT: Final = Field(table="orders", column="amount")
COST: Final = Field(table="orders", column="cost")
STATUS: Final = Field(table="orders", column="status")
CITY: Final = Field(table="customers", column="city", path=(TO_CUSTOMER,))

COUNT: Final = Aggregate(function=Function.COUNT)
TOTAL: Final = Aggregate(function=Function.SUM, of=AMOUNT)
SPENT: Final = Aggregate(function=Function.SUM, of=COST)

BY_CITY: Final = FieldGroup(field=CITY)
BY_STATUS: Final = FieldGroup(field=STATUS)


def by(grain: Grain, axis: str = "orders.ordered_on") -> TimeGroup:
    """Groups by a unit of time."""
    return TimeGroup(axis=axis, grain=grain)


def of(field: Field, *values: str | float) -> Condition:
    """The column has one of the values."""
    return Condition(of=field, operator=Operator.EQUAL, values=values)


def compare(field: Field, operator: Operator, value: str | float) -> Condition:
    """The column compares with the value."""
    return Condition(of=field, operator=operator, values=(value,))


def year(number: int, axis: str = "orders.ordered_on") -> During:
    """A whole year."""
    return During(axis=axis, start=f"{number}-01-01", end=f"{number + 1}-01-01")
