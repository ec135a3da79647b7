"""One query on the market for every construct of the nodes, and SQL by hand for some of them."""

from kai_flow.analyst.kinds.differences import Difference
from kai_flow.analyst.kinds.growth import Growth
from kai_flow.analyst.query.nodes import (
    Against,
    Aggregate,
    All,
    Condition,
    During,
    Either,
    Expression,
    Field,
    FieldGroup,
    Filter,
    Formula,
    Function,
    Grain,
    Having,
    Lapse,
    Not,
    Number,
    Operator,
    Order,
    Over,
    PeriodGroup,
    Query,
    Recurring,
    Related,
    Tally,
    TimeGroup,
    TimeUnit,
)
from kai_flow.analyst.query.ratio import Ratio
from kai_flow.analyst.query.share import Share

CUSTOMER = "orders.customer_id>customers"
SHIP = "orders.ship_city_id>cities"
HOME = "customers.city_id>cities"
REGION = "cities.region_id>regions"
REFERRER = "customers.referrer_id>customers"
ORDERS = "customers<orders.customer_id"
ITEMS = "orders<items.order_id"
ORDER = "items.order_id>orders"
PRODUCT = "items.product_id>products"
SOLD = "products<items.product_id"

COUNT = Aggregate(function=Function.COUNT)


def field(table: str, column: str, *path: str) -> Field:
    """A column behind joins."""
    return Field(table=table, column=column, path=path)


def by(table: str, column: str, *path: str) -> FieldGroup:
    """A grouping by it."""
    return FieldGroup(field=field(table, column, *path))


def agg(function: Function, of: Expression, where: Filter | None = None) -> Aggregate:
    """An aggregate."""
    return Aggregate(function=function, of=of, where=where)


def is_(of: Field, *values: str | float) -> Condition:
    """Equality with one of several values."""
    return Condition(of=of, operator=Operator.EQUAL, values=values)


def compare(of: Expression, operator: Operator, *values: str | float | bool) -> Condition:
    """A comparison."""
    return Condition(of=of, operator=operator, values=values)


def down(measure: Aggregate | Ratio | Share | Growth | Difference) -> tuple[Order, ...]:
    """The greatest first."""
    return (Order(by=measure, descending=True),)


TOTAL = agg(Function.SUM, field("orders", "total"))
AVERAGE = agg(Function.AVERAGE, field("orders", "total"))
MEDIAN = agg(Function.MEDIAN, field("orders", "total"))
CREDIT = agg(Function.SUM, field("customers", "credit"))
STATUS, PAID = field("orders", "status"), is_(field("orders", "status"), "paid")
PAID_CHILD = is_(field("orders", "status", ORDERS), "paid")
TO_MALANG = is_(field("cities", "name", SHIP), "Malang")
ONLY_PAID = Aggregate(function=Function.COUNT, where=PAID)
REVENUE = agg(
    Function.SUM,
    Formula(
        operator="*",
        left=Formula(
            operator="*", left=field("items", "quantity"), right=field("items", "unit_price")
        ),
        right=Formula(operator="-", left=Number(value=1), right=field("items", "discount")),
    ),
)
NAME = field("products", "name", ORDERS, ITEMS, PRODUCT)
IN_2024 = During(axis="orders.ordered", start="2024-01-01", end="2025-01-01")
PERIODS = (("2024", "2024-01-01", "2025-01-01"), ("2023", "2023-01-01", "2024-01-01"))
AXES = (
    "ordered",
    "moment",
    "written",
    "day_number",
    "month_number",
    "year_month",
    "year_quarter",
    "year",
)


def _every(axis: str, grain: Grain) -> Query:
    group = TimeGroup(axis=f"orders.{axis}", grain=grain, recurring=True)
    return Query(fact="orders", measures=(COUNT,), groups=(group,))


def _growing(axis: str, grain: Grain) -> Query:
    group = TimeGroup(axis=f"orders.{axis}", grain=grain)
    measures = (TOTAL, Growth(of=TOTAL), Growth(of=COUNT, absolute=True))
    return Query(fact="orders", measures=measures, groups=(group,))


def _orders(where: Filter) -> Query:
    return Query(fact="orders", columns=(field("orders", "id"), STATUS), where=where)


def _customers(where: Filter) -> Query:
    return Query(fact="customers", columns=(field("customers", "name"),), where=where)


def _during(axis: str, start: str | None, end: str | None) -> During:
    return During(axis=f"orders.{axis}", start=start, end=end)


_GRAINS = {
    "ordered": tuple(Grain),
    "moment": tuple(Grain),
    "written": tuple(Grain),
    "day_number": tuple(Grain),
    "month_number": (Grain.MONTH, Grain.QUARTER, Grain.YEAR),
    "year_month": (Grain.MONTH, Grain.QUARTER, Grain.YEAR),
    "year_quarter": (Grain.QUARTER, Grain.YEAR),
    "year": (Grain.YEAR,),
}
_RECURRING = {
    Grain.DAY: ("ordered", "moment", "written", "day_number"),
    Grain.MONTH: ("ordered", "moment", "written", "day_number", "month_number", "year_month"),
    Grain.QUARTER: AXES[:7],
}
_PERIODS: dict[str, tuple[str | None, str | None]] = {
    "a quarter": ("2024-04-01", "2024-07-01"),
    "a year": ("2024-01-01", "2025-01-01"),
    "years": (None, "2024-01-01"),
    "since": ("2024-04-01", None),
}

_AGGREGATES = {
    "every aggregate": Query(
        fact="orders",
        measures=(
            *(COUNT, TOTAL, AVERAGE, MEDIAN),
            *(agg(f, field("orders", "total")) for f in (Function.MINIMUM, Function.MAXIMUM)),
            agg(Function.DISTINCT, STATUS),
            agg(Function.MAXIMUM, field("orders", "ordered")),
        ),
    ),
    "aggregates of no row": Query(
        fact="orders",
        measures=(COUNT, TOTAL, AVERAGE, MEDIAN, Ratio(top=TOTAL, bottom=COUNT)),
        where=is_(STATUS, "none such"),
    ),
    "a formula with a missing factor": Query(
        fact="items", measures=(REVENUE,), groups=(by("products", "category", PRODUCT),)
    ),
    "a quotient of a row": Query(
        fact="items",
        measures=(
            agg(
                Function.AVERAGE,
                Formula(
                    operator="/", left=field("items", "quantity"), right=field("items", "discount")
                ),
            ),
        ),
    ),
    "a quotient of integers": Query(
        fact="items",
        measures=(
            agg(
                Function.AVERAGE,
                Formula(
                    operator="/",
                    left=field("items", "quantity"),
                    right=field("products", "price", PRODUCT),
                ),
            ),
        ),
    ),
    "medians by group": Query(
        fact="orders",
        measures=(MEDIAN, COUNT, agg(Function.MEDIAN, field("orders", "total"), PAID)),
        groups=(FieldGroup(field=STATUS),),
    ),
    "filtered aggregates": Query(
        fact="orders",
        measures=(
            ONLY_PAID,
            *(agg(f, field("orders", "total"), PAID) for f in Function if f is not Function.COUNT),
        ),
        groups=(by("cities", "name", SHIP),),
    ),
    "a share of filtered rows": Query(
        fact="orders",
        measures=(Ratio(top=ONLY_PAID, bottom=COUNT, percent=True),),
        groups=(by("customers", "name", CUSTOMER),),
    ),
    "a ratio with a divisor of zero": Query(
        fact="orders",
        measures=(Ratio(top=COUNT, bottom=ONLY_PAID),),
        groups=(FieldGroup(field=STATUS),),
    ),
    "a difference": Query(
        fact="orders",
        measures=(
            Difference(
                left=agg(Function.SUM, field("orders", "total"), IN_2024),
                right=agg(Function.SUM, field("orders", "total"), Not(part=IN_2024)),
            ),
        ),
        groups=(by("cities", "name", SHIP),),
    ),
    "a difference in percent": Query(
        fact="orders",
        measures=(
            Difference(
                left=agg(Function.SUM, field("orders", "total"), IN_2024),
                right=agg(Function.SUM, field("orders", "total"), Not(part=IN_2024)),
                percent=True,
            ),
            Difference(left=ONLY_PAID, right=COUNT, percent=True),
        ),
        groups=(by("cities", "name", SHIP),),
    ),
    "an aggregate of filtered children": Query(
        fact="customers",
        measures=(Aggregate(function=Function.COUNT, where=is_(NAME, "tea")), CREDIT, COUNT),
        groups=(by("cities", "name", HOME),),
    ),
}  # fmt: skip

_GROUPS = {
    "an own column with gaps": Query(
        fact="orders", measures=(COUNT, TOTAL), groups=(FieldGroup(field=STATUS),)
    ),
    "two of one name": Query(
        fact="orders",
        measures=(COUNT, TOTAL),
        groups=(by("customers", "name", CUSTOMER),),
        order=down(TOTAL),
    ),
    "two roles of one table": Query(
        fact="orders",
        measures=(COUNT,),
        groups=(by("cities", "name", CUSTOMER, HOME), by("cities", "name", SHIP)),
    ),
    "a table that points to itself": Query(
        fact="customers", measures=(COUNT, CREDIT), groups=(by("customers", "name", REFERRER),)
    ),
    "four tables up": Query(
        fact="items",
        measures=(REVENUE,),
        groups=(by("regions", "name", ORDER, CUSTOMER, HOME, REGION),),
    ),
    "children, counted": Query(
        fact="customers",
        measures=(COUNT, agg(Function.MAXIMUM, field("customers", "credit"))),
        groups=(by("products", "category", ORDERS, ITEMS, PRODUCT),),
    ),
    "children, summed": Query(
        fact="customers",
        measures=(CREDIT, COUNT, agg(Function.MEDIAN, field("customers", "credit"))),
        groups=(by("products", "category", ORDERS, ITEMS, PRODUCT),),
    ),
    "children, with filters on them": Query(
        fact="customers",
        measures=(CREDIT,),
        groups=(by("products", "category", ORDERS, ITEMS, PRODUCT),),
        where=All(
            parts=(
                During(axis="orders.ordered", path=(ORDERS,), start="2024-01-01", end=None),
                compare(field("items", "quantity", ORDERS, ITEMS), Operator.ABOVE, 0),
            )
        ),
    ),
    "children, with aggregates limited by them": Query(
        fact="customers",
        measures=(
            agg(Function.SUM, field("customers", "credit"), PAID_CHILD),
            CREDIT,
            COUNT,
        ),
        groups=(by("orders", "ship_city_id", ORDERS),),
    ),
    "children by month": Query(
        fact="customers",
        measures=(COUNT,),
        groups=(TimeGroup(axis="orders.ordered", path=(ORDERS,), grain=Grain.YEAR),),
    ),
    "named periods": Query(
        fact="orders",
        measures=(COUNT, TOTAL),
        groups=(PeriodGroup(axis="orders.ordered", periods=PERIODS),),
    ),
    "named periods by something": Query(
        fact="orders",
        measures=(TOTAL,),
        groups=(
            FieldGroup(field=STATUS),
            PeriodGroup(axis="orders.year_month", periods=PERIODS),
        ),
        order=(Order(by=PeriodGroup(axis="orders.year_month", periods=PERIODS), descending=True),),
    ),
}  # fmt: skip

_FILTERS = {
    "not equal includes missing": _orders(compare(STATUS, Operator.NOT_EQUAL, "paid", "open")),
    "not in": _orders(Not(part=is_(STATUS, "paid", "open"))),
    "empty": _orders(compare(STATUS, Operator.EMPTY)),
    "present": _orders(compare(STATUS, Operator.PRESENT)),
    "between": _orders(compare(field("orders", "total"), Operator.BETWEEN, 5, 10)),
    "not above": _orders(Not(part=compare(field("orders", "total"), Operator.ABOVE, 7))),
    "either parent": _orders(
        Either(parts=(TO_MALANG, compare(STATUS, Operator.EMPTY)))
    ),
    "neither parent": _orders(
        Not(
            part=Either(
                parts=(
                    TO_MALANG,
                    is_(field("regions", "name", CUSTOMER, HOME, REGION), "west"),
                )
            )
        )
    ),
    "a quarter of the year": _orders(Recurring(axis="orders.ordered", part="quarter", values=(2,))),
    "not in a month": _orders(
        Not(part=Recurring(axis="orders.written", part="month", values=(1, 12)))
    ),
    "mondays": _orders(Recurring(axis="orders.day_number", part="weekday", values=(1,))),
    "the first day": _orders(Recurring(axis="orders.ordered", part="day", values=(1, 31))),
    "contains wildcards": _customers(
        Either(
            parts=(
                compare(field("customers", "name"), Operator.CONTAINS, "'S 100%"),
                compare(field("customers", "name"), Operator.CONTAINS, "_"),
            )
        )
    ),
    "contains none of": _customers(
        Not(part=compare(field("customers", "name"), Operator.CONTAINS, "bu", "AN"))
    ),
    "yes and no": _customers(compare(field("customers", "active"), Operator.EQUAL, True)),
    "one child meets both": _customers(
        All(
            parts=(
                PAID_CHILD,
                During(axis="orders.ordered", path=(ORDERS,), start="2024-01-01", end="2025-01-01"),
            )
        )
    ),
    "both children": _customers(All(parts=(is_(NAME, "tea"), is_(NAME, "rice")))),
    "no child meets both": _customers(
        Not(
            part=All(
                parts=(
                    PAID_CHILD,
                    During(axis="orders.year", path=(ORDERS,), start="2024-01-01", end=None),
                )
            )
        )
    ),
    "without children": _customers(Not(part=Related(path=(ORDERS,)))),
    "with grandchildren": _customers(
        Related(
            path=(ORDERS, ITEMS),
            where=All(
                parts=(
                    is_(field("products", "category", PRODUCT), "food"),
                    is_(field("orders", "status", ORDER), "paid"),
                )
            ),
        )
    ),
    "more than one child": _customers(
        Tally(path=(ORDERS,), of=COUNT, operator=Operator.ABOVE, values=(1,))
    ),
    "fewer than two children of a kind": _customers(
        Tally(
            path=(ORDERS,),
            of=Aggregate(function=Function.COUNT, where=PAID),
            operator=Operator.BELOW,
            values=(2,),
        )
    ),
    "children that add up": _customers(
        Not(part=Tally(path=(ORDERS,), of=TOTAL, operator=Operator.AT_LEAST, values=(30,)))
    ),
    "different grandchildren": _customers(
        Tally(
            path=(ORDERS, ITEMS),
            of=agg(Function.DISTINCT, field("products", "category", PRODUCT)),
            operator=Operator.BETWEEN,
            values=(2, 3),
        )
    ),
    "above the average": _orders(
        Against(of=field("orders", "total"), operator=Operator.ABOVE, than=AVERAGE)
    ),
    "not above the average of some": _orders(
        Not(
            part=Against(
                of=field("orders", "total"),
                operator=Operator.ABOVE,
                than=agg(Function.AVERAGE, field("orders", "total"), PAID),
            )
        )
    ),
    "the greatest, all of them": _orders(
        Against(
            of=field("orders", "total"),
            operator=Operator.EQUAL,
            than=agg(Function.MAXIMUM, field("orders", "total")),
        )
    ),
    "a sibling": _orders(
        is_(field("orders", "status", CUSTOMER, ORDERS), "lost"),
    ),
}  # fmt: skip

_CITY_ORDERS = Over(fact="orders", groups=(by("cities", "name", SHIP),), where=PAID)
_TWO_TABLES = {
    "two tables by city": Query(
        fact="customers",
        measures=(
            COUNT,
            CREDIT,
            Aggregate(function=Function.COUNT, over=_CITY_ORDERS),
            Aggregate(function=Function.SUM, of=field("orders", "total"), over=_CITY_ORDERS),
            Aggregate(function=Function.MEDIAN, of=field("orders", "total"), over=_CITY_ORDERS),
            Ratio(top=COUNT, bottom=Aggregate(function=Function.COUNT, over=_CITY_ORDERS)),
            Share(of=Aggregate(function=Function.COUNT, over=_CITY_ORDERS)),
        ),
        groups=(by("cities", "name", HOME),),
        where=compare(field("customers", "credit"), Operator.NOT_EQUAL, 20),
        having=(
            Having(
                measure=Aggregate(function=Function.COUNT, over=_CITY_ORDERS),
                operator=Operator.BELOW,
                values=(9,),
            ),
        ),
        order=(Order(by=Aggregate(function=Function.COUNT, over=_CITY_ORDERS)),),
    ),
    "two tables over time": Query(
        fact="items",
        measures=(
            agg(Function.SUM, field("items", "quantity")),
            Growth(
                of=Aggregate(
                    function=Function.SUM,
                    of=field("orders", "total"),
                    over=Over(
                        fact="orders",
                        groups=(TimeGroup(axis="orders.written", grain=Grain.MONTH),),
                    ),
                ),
            ),
        ),
        groups=(TimeGroup(axis="orders.ordered", path=(ORDER,), grain=Grain.MONTH),),
    ),
    "two tables as a whole": Query(
        fact="orders",
        measures=(
            Ratio(
                top=TOTAL,
                bottom=Aggregate(function=Function.COUNT, over=Over(fact="customers")),
            ),
        ),
        where=is_(STATUS, "paid"),
    ),
}

_RANKED = {
    "share of the total": Query(
        fact="orders",
        measures=(Share(of=COUNT), Share(of=TOTAL)),
        groups=(FieldGroup(field=STATUS),),
        order=down(Share(of=COUNT)),
        limit=2,
    ),
    "share within": Query(
        fact="orders",
        measures=(Share(of=COUNT, within=True),),
        groups=(by("cities", "name", SHIP), FieldGroup(field=STATUS)),
    ),
    "share above": Query(
        fact="orders",
        measures=(Share(of=COUNT),),
        groups=(FieldGroup(field=STATUS),),
        having=(Having(measure=Share(of=COUNT), operator=Operator.ABOVE, values=(20,)),),
    ),
    "having": Query(
        fact="orders",
        measures=(TOTAL,),
        groups=(by("customers", "name", CUSTOMER),),
        having=(
            Having(measure=COUNT, operator=Operator.AT_LEAST, values=(2,)),
            Having(measure=AVERAGE, operator=Operator.BETWEEN, values=(5, 20)),
        ),
    ),
    "growth above": Query(
        fact="orders",
        measures=(TOTAL,),
        groups=(TimeGroup(axis="orders.ordered", grain=Grain.MONTH),),
        having=(Having(measure=Growth(of=TOTAL), operator=Operator.ABOVE, values=(0,)),),
        order=down(Growth(of=TOTAL)),
    ),
    "growth by something": Query(
        fact="orders",
        measures=(Growth(of=COUNT),),
        groups=(
            TimeGroup(axis="orders.written", grain=Grain.YEAR),
            by("customers", "name", CUSTOMER),
        ),
    ),
    "the best of each": Query(
        fact="orders",
        measures=(TOTAL,),
        groups=(by("cities", "name", SHIP), by("customers", "name", CUSTOMER)),
        order=down(TOTAL),
        each=1,
    ),
    "the best of each by its share": Query(
        fact="orders",
        measures=(TOTAL,),
        groups=(by("cities", "name", SHIP), FieldGroup(field=STATUS)),
        having=(Having(measure=COUNT, operator=Operator.ABOVE, values=(0,)),),
        order=down(Share(of=TOTAL)),
        each=1,
        limit=3,
    ),
    "by what is not shown": Query(
        fact="orders",
        measures=(COUNT,),
        groups=(FieldGroup(field=STATUS),),
        order=(Order(by=AVERAGE),),
    ),
    "rows by another table's column": Query(
        fact="orders",
        columns=(field("orders", "id"), field("customers", "name", CUSTOMER)),
        order=(Order(by=field("cities", "name", CUSTOMER, HOME), descending=True),),
        limit=9,
    ),
    "different rows": Query(
        fact="customers",
        columns=(field("products", "category", ORDERS, ITEMS, PRODUCT), field("customers", "name")),
        distinct=True,
        order=(Order(by=field("customers", "name"), descending=True),),
    ),
}

_TIMES = {
    **{f"by {grain} of {axis}": _growing(axis, grain) for axis in AXES for grain in _GRAINS[axis]},
    **{
        f"every {grain} of {axis}": _every(axis, grain)
        for grain, axes in _RECURRING.items()
        for axis in axes
    },
    **{
        f"{'not ' if negated else ''}{name} of {axis}": _orders(Not(part=part) if negated else part)
        for name, period in _PERIODS.items()
        for axis in AXES[: 8 if "year" in name else 7]
        for part in [_during(axis, *period)]
        for negated in (False, True)
    },
}

_LONG_AGO = Lapse(start=field("orders", "moment"), day="2025-06-01", unit=TimeUnit.DAY)

_DURATIONS: dict[str, Query] = {
    "hours since midnight": Query(
        fact="orders",
        measures=tuple(
            agg(function, Lapse(start=start, end=field("orders", "moment"), unit=TimeUnit.HOUR))
            for function in (Function.AVERAGE, Function.SUM, Function.MAXIMUM, Function.MEDIAN)
            for start in (field("orders", "ordered"), field("orders", "written"))
        ),
    ),
    "months up to a day": Query(
        fact="orders",
        measures=(
            agg(
                Function.AVERAGE,
                Lapse(start=field("orders", "day_number"), day="2025-06-01", unit=TimeUnit.MONTH),
            ),
        ),
        groups=(by("customers", "name", CUSTOMER),),
    ),
    "older than a year": Query(
        fact="orders",
        measures=(COUNT, agg(Function.MINIMUM, _LONG_AGO)),
        groups=(by("orders", "status"),),
        where=Condition(of=_LONG_AGO, operator=Operator.ABOVE, values=(365.0,)),
    ),
    "days by item": Query(
        fact="items",
        measures=(
            agg(
                Function.AVERAGE,
                Lapse(
                    start=field("orders", "ordered", ORDER),
                    end=field("orders", "moment", ORDER),
                    unit=TimeUnit.MINUTE,
                ),
            ),
        ),
        groups=(by("products", "category", PRODUCT),),
    ),
}

FAMILIES: dict[str, dict[str, Query]] = {
    "aggregates": _AGGREGATES,
    "groups": _GROUPS,
    "filters": _FILTERS,
    "rankings": _RANKED,
    "two tables": _TWO_TABLES,
    "times": _TIMES,
    "durations": _DURATIONS,
}
"""By kind, then by name."""

CONSTRUCTS = {name: query for family in FAMILIES.values() for name, query in family.items()}

WRITTEN = {
    "two of one name": """
        SELECT c.name, COUNT(*), SUM(o.total) AS total FROM orders o
        LEFT JOIN customers c ON c.id = o.customer_id GROUP BY c.id, c.name
        ORDER BY total DESC, c.name
    """,
    "children, counted": """
        SELECT p.category, COUNT(DISTINCT c.id), MAX(c.credit) FROM customers c
        JOIN orders o ON o.customer_id = c.id JOIN items i ON i.order_id = o.id
        JOIN products p ON p.id = i.product_id GROUP BY p.category
        ORDER BY CASE WHEN p.category IS NULL THEN 1 ELSE 0 END, p.category
    """,
    "children, summed": """
        SELECT 'drink', 30.0, 3, 15.0 UNION ALL SELECT 'food', 15.5, 3, 7.75
        UNION ALL SELECT NULL, NULL, 1, NULL
    """,
    "not equal includes missing": """
        SELECT id, status FROM orders WHERE status IS NULL OR status NOT IN ('paid', 'open')
        ORDER BY id
    """,
    "both children": """
        SELECT name FROM customers WHERE id IN (
          SELECT customer_id FROM orders o JOIN items ON order_id = o.id WHERE product_id = 1
        ) AND id IN (
          SELECT customer_id FROM orders o JOIN items ON order_id = o.id WHERE product_id = 3
        ) ORDER BY id
    """,
    "a share of filtered rows": """
        SELECT c.name, 100.0 * SUM(CASE WHEN o.status = 'paid' THEN 1 ELSE 0 END) / COUNT(*)
        FROM orders o LEFT JOIN customers c ON c.id = o.customer_id GROUP BY c.id, c.name
        ORDER BY c.name, c.id
    """,
    "having": """
        SELECT c.name, SUM(o.total) FROM orders o LEFT JOIN customers c ON c.id = o.customer_id
        GROUP BY c.id, c.name HAVING COUNT(*) >= 2 AND AVG(o.total) BETWEEN 5 AND 20
        ORDER BY c.name
    """,
}
"""SQL that runs on every engine."""
