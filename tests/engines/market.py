"""A market with every shape that joins can have, its rows, and its semantic model.

Two roles to one table (a customer's city, an order's city), a table that points to itself, a table
without a key, two customers of one name, parents without children, and empty values everywhere.
"""

from collections.abc import Sequence

from kai_flow.analyst.query.nodes import Field, Formula
from kai_flow.analyst.schema import Column, ColumnRef, ForeignKey, Kind, Schema, Table
from kai_flow.analyst.semantics.model import (
    Attribute,
    Axis,
    AxisForm,
    Derived,
    Entity,
    Join,
    Name,
    Role,
    SemanticModel,
)
from tests.engines.loading import Spec

REGIONS = Spec(
    "regions",
    (("id", "int", ""), ("name", "text", "")),
    ("id",),
    rows=((1, "west"), (2, "east"), (3, "north")),
)
CITIES = Spec(
    "cities",
    (("id", "int", ""), ("name", "text", ""), ("region_id", "int", "")),
    ("id",),
    (("region_id", "regions", "id"),),
    ((1, "Bandung", 1), (2, "Bogor", 1), (3, "Malang", 2), (4, "Atlantis", None), (5, "Bogor", 2)),
)
CUSTOMERS = Spec(
    "customers",
    (
        ("id", "int", ""), ("name", "text", ""), ("city_id", "int", ""),
        ("referrer_id", "int", ""), ("credit", "real", ""), ("active", "int", ""),
    ),
    ("id",),
    (("city_id", "cities", "id"),),  # and referrer_id, which DuckDB could not fill at once
    (
        (1, "Ani", 1, None, 10.0, 1), (2, "Budi", 2, 1, 20.0, 0), (3, "Budi", 3, 1, None, 1),
        (4, "Cici's 100%", None, 2, 5.5, 1), (5, "Dewi_x", 5, None, 5.5, 0),
    ),
)  # fmt: skip
PRODUCTS = Spec(
    "products",
    (("id", "int", ""), ("name", "text", ""), ("category", "text", ""), ("price", "int", "")),
    ("id",),
    rows=(
        (1, "tea", "drink", 5), (2, "coffee", "drink", 8), (3, "rice", "food", 3),
        (4, "bread", "food", 8), (5, "soap", None, 4), (6, "unsold", "other", 1),
    ),
)  # fmt: skip
ORDERS = Spec(
    "orders",
    (
        ("id", "int", ""), ("customer_id", "int", ""), ("ship_city_id", "int", ""),
        ("status", "text", ""), ("total", "int", ""),
        ("ordered", "date", ""), ("written", "text", ""), ("day_number", "int", ""),
        ("month_number", "int", ""), ("year", "int", ""), ("month", "int", ""),
        ("quarter", "int", ""), ("moment", "time", ""),
    ),
    ("id",),
    (("customer_id", "customers", "id"), ("ship_city_id", "cities", "id")),
    tuple(
        (number, customer, city, status, total, day, day,
         int(day.replace("-", "")) if day else None,
         int(day.replace("-", "")[:6]) if day else None,
         int(day[:4]) if day else None, int(day[5:7]) if day else None,
         (int(day[5:7]) + 2) // 3 if day else None, f"{day} 23:59:59" if day else None)
        for number, customer, city, status, total, day in (
            (1, 1, 1, "paid", 10, "2023-12-31"), (2, 1, 3, "paid", 20, "2024-01-01"),
            (3, 2, 3, "open", 20, "2024-01-31"), (4, 2, None, None, 5, "2024-02-29"),
            (5, 3, 1, "lost", None, "2024-04-01"), (6, 3, 2, "paid", 40, "2024-04-07"),
            (7, None, 2, "open", 7, "2024-04-08"), (8, 1, 3, "paid", 10, None),
            (9, 4, 4, "paid", 10, "2025-04-30"), (10, 4, 1, "open", 0, "2025-05-01"),
        )
    ),
)  # fmt: skip
ITEMS = Spec(
    "items",
    (
        ("order_id", "int", ""), ("product_id", "int", ""), ("quantity", "int", ""),
        ("unit_price", "real", ""), ("discount", "real", ""),
    ),
    (),
    (("order_id", "orders", "id"), ("product_id", "products", "id")),
    (
        (1, 1, 2, 5.0, 0.0), (1, 2, 1, 8.0, 0.5), (1, 1, 2, 5.0, 0.0), (2, 3, 4, 3.0, None),
        (2, 4, 0, 8.0, 0.0), (3, 2, 3, 7.5, 0.1), (5, 5, 1, None, 0.0), (6, 4, 2, 8.0, 0.25),
        (6, 1, 1, 4.0, 0.0), (9, 3, 10, 2.0, 0.0), (9, None, 1, 1.0, 0.0), (None, 1, 7, 5.0, 0.0),
    ),
)  # fmt: skip
SPECS = (REGIONS, CITIES, CUSTOMERS, PRODUCTS, ORDERS, ITEMS)

ROLES = {
    "total": Role.ADDITIVE, "quantity": Role.ADDITIVE, "credit": Role.ADDITIVE, "price": Role.RATE,
    "unit_price": Role.RATE, "discount": Role.RATE, "active": Role.FLAG, "name": Role.NAME,
    "status": Role.CATEGORY, "category": Role.CATEGORY, "ordered": Role.TIME,
    "written": Role.TIME, "day_number": Role.TIME, "month_number": Role.TIME,
    "year": Role.TIME_PART, "month": Role.TIME_PART, "quarter": Role.TIME_PART,
    "moment": Role.TIME,
}  # fmt: skip
AXES = (
    ("ordered", AxisForm.DATE, ("ordered",)),
    ("moment", AxisForm.DATE, ("moment",)),
    ("written", AxisForm.TEXT, ("written",)),
    ("day_number", AxisForm.NUMBER_DAY, ("day_number",)),
    ("month_number", AxisForm.NUMBER_MONTH, ("month_number",)),
    ("year", AxisForm.YEAR, ("year",)),
    ("year_month", AxisForm.YEAR_MONTH, ("year", "month")),
    ("year_quarter", AxisForm.YEAR_QUARTER, ("year", "quarter")),
)
DECLARED = {
    "int": "BIGINT", "real": "DOUBLE", "text": "TEXT", "date": "DATE", "time": "TIMESTAMP",
}  # fmt: skip
KINDS = {
    "int": Kind.NUMBER,
    "real": Kind.NUMBER,
    "text": Kind.TEXT,
    "date": Kind.DATE,
    "time": Kind.DATE,
}
REFERRER = ("referrer_id", "customers", "id")
ROLE_OF_JOIN = {"ship_city_id": "ship", "referrer_id": "referrer"}


def model(
    dialect: str = "sqlite", *, keys: bool = True, specs: Sequence[Spec] = SPECS
) -> SemanticModel:
    """The model of the market in one dialect. ``keys``: whether its tables have any."""
    schema = Schema({spec.name: _table(spec, keys=keys) for spec in specs}, dialect)
    joins = [each for spec in specs for each in _joins(spec)]
    return SemanticModel(
        schema,
        {spec.name: _entity(spec, keys=keys) for spec in specs},
        {
            ColumnRef(spec.name, name): _attribute(spec, name)
            for spec in specs
            for name, _, _ in spec.columns
        },
        {f"orders.{at}": _axis(at, form, columns) for at, form, columns in AXES},
        {join.id: join for join in joins},
        (
            Derived(
                "revenue",
                "items",
                Formula(
                    operator="*",
                    left=Field(table="items", column="quantity"),
                    right=Field(table="items", column="unit_price"),
                ),
                (Name(("revenue",)),),
            ),
        ),
    )


def _table(spec: Spec, *, keys: bool) -> Table:
    pointing = {"referrer_id", *(column for column, _, _ in spec.foreign)}
    return Table(
        spec.name,
        tuple(
            Column(
                name,
                Kind.KEY if name in {*spec.primary, *pointing} else KINDS[kind],
                type=DECLARED[kind],
                text_date=name == "written",
            )
            for name, kind, _ in spec.columns
        ),
        spec.primary if keys else (),
        tuple(ForeignKey((c,), target, (key,)) for c, target, key in spec.foreign),
        len(spec.rows),
    )


def _entity(spec: Spec, *, keys: bool) -> Entity:
    names = {name for name, _, _ in spec.columns}
    one = {"cities": "city"}.get(spec.name, spec.name.removesuffix("s"))
    return Entity(
        spec.name,
        (Name((one,)), Name((spec.name,))),
        spec.primary if keys else (),
        "name" if "name" in names else None,
        len(spec.rows),
    )


def _attribute(spec: Spec, name: str) -> Attribute:
    at = [each for each, _, _ in spec.columns].index(name)
    values = [row[at] for row in spec.rows]
    numbers = [value for value in values if isinstance(value, int | float)]
    return Attribute(
        spec.name,
        name,
        ROLES.get(name, Role.KEY),
        (Name((name,)),),
        unique=len(set(values)) == len(values),
        low=min(numbers, default=None),
        high=max(numbers, default=None),
        nullable=name not in spec.primary,
    )


def _axis(name: str, form: AxisForm, columns: tuple[str, ...]) -> Axis:
    return Axis(f"orders.{name}", "orders", columns, form, (Name((name,)),))


def _joins(spec: Spec) -> list[Join]:
    found = []
    for column, target, key in (*spec.foreign, *([REFERRER] if spec.name == "customers" else ())):
        role = ROLE_OF_JOIN.get(column)
        names = (Name((role,)),) if role else ()
        up = f"{spec.name}.{column}>{target}"
        down = f"{target}<{spec.name}.{column}"
        found += [
            Join(up, spec.name, target, ((column, key),), widens=False, names=names),
            Join(down, target, spec.name, ((key, column),), widens=True),
        ]
    return found


def database(specs: Sequence[Spec] = SPECS) -> dict[str, list[dict[str, object]]]:
    """The rows of all tables, for an evaluation in Python."""
    return {
        spec.name: [
            dict(zip((name for name, _, _ in spec.columns), row, strict=True)) for row in spec.rows
        ]
        for spec in specs
    }
