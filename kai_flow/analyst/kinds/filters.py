"""Filters on values: one of them, several at once, from one place to another."""

from typing import Final

from msgspec.structs import replace

from kai_flow.analyst.kinds.building import column_of, done_by_one
from kai_flow.analyst.kinds.kind import Kind, Rule, Sample
from kai_flow.analyst.query.nodes import Operator
from kai_flow.analyst.reading.parts import (
    ANY_NUMBER,
    Amount,
    Beside,
    Column,
    Compared,
    Computed,
    Has,
    Implied,
    Item,
    Joined,
    Negated,
    Role,
    Rows,
    Sign,
    Test,
    Text,
    Values,
    Where,
    Within,
)
from kai_flow.analyst.schema import ColumnRef

ORDERED: Final = frozenset(
    [Operator.ABOVE, Operator.AT_LEAST, Operator.BELOW, Operator.AT_MOST, Operator.BETWEEN]
)
"""Comparisons with a limit."""


def equal(values: Values) -> Test:
    """The column has one of the values."""
    return Compared(values.column, Operator.EQUAL, values.values, listed=values.listed)


def _one_of(left: Values, sign: Sign, right: Values) -> Values | None:
    """Values of one column; "and" lists them, unless an "or" stands at another place."""
    if left.column != right.column or set(left.values) & set(right.values):
        return None
    listed = sign.name == "and" and all(v.listed or len(v.values) == 1 for v in (left, right))
    return Values(left.column, (*left.values, *right.values), listed)


def _both(left: Values, _sign: Sign, right: Values) -> Where | None:
    """The words "Bought tea and coffee": related rows may have both, though each has only one."""
    if left.column != right.column or left.values == right.values:
        return None
    return Where(Joined((equal(left), equal(right)), either=False))


def _of_one_value(item: Item) -> ColumnRef | None:
    """The column of a single value. Three values of a list are no pair of one and two."""
    part = item.part
    return part.column.ref if isinstance(part, Values) and len(part.values) == 1 else None


def of_column(column: Column, values: Values) -> Values | None:
    """The words “City Bandung”: the column is named beside its value."""
    if column.ref != values.column.ref:
        return None
    return replace(values, column=Column(column.ref, column.role))


def _beside(verb: Beside, *rest: Column | Values | Sign) -> Values | Column | None:
    """The words "Paid by card", "shipped to the city of Bristol": the verb says which column."""
    if any(isinstance(part, Column) and part.ref != verb.column.ref for part in rest):
        return None
    last = rest[-1]
    if isinstance(last, Values):
        return last if last.column.ref == verb.column.ref else None
    return last if isinstance(last, Column) else None


def _counted_beside(verb: Beside, amount: Amount) -> Amount | None:
    """The words "Shipped to how many cities"."""
    of = amount.of
    return amount if isinstance(of, Column) and of.ref == verb.column.ref else None


def _reason(where: Where) -> Where | None:
    """The words "Because it was damaged", where the reason is a value; periods are no reasons."""
    test = where.test
    plain = isinstance(test, Compared) and test.operator is Operator.EQUAL
    return where if plain else None


def _who(where: Where) -> Where | None:
    """The words "Made by Ayu"; "by month in 2024" and "by type but not A" are groups."""
    return None if isinstance(where.test, Within | Negated) else where


def _done(column: Column, _where: Where) -> Column:
    """The words "Units returned": those of the table that has a row for each return."""
    return column


def _done_in(item: Item) -> str | None:
    """The table of a number, or of the rows that say what was done."""
    match item.part:
        case Column(ref, number=True):
            return ref.table
        case Where(Has(table)):
            return table
        case _:
            return None


def _headed(values: Values, role: str) -> Values | None:
    """A place that things come from or go to, where joins tell these apart."""
    if values.column.role is not None:
        return None
    return replace(values, column=Column(values.column.ref, role))


def _placed(sign: Sign, *parts: Rows | Column | Role | Values) -> Values | None:
    """The words "From a city on Java", "with its origin on Java"."""
    values = next(part for part in parts if isinstance(part, Values))
    named = {_table(part) for part in parts if not isinstance(part, Values | Role)}
    if named - {values.column.ref.table}:
        return None
    return _headed(values, f"~{sign.name}")


def _in_role(column: Column, values: Values) -> Values | None:
    """The words "Origin Java", where Java is the island of the city."""
    if column.ref == values.column.ref:
        return None
    return Values(Column(values.column.ref, column.role), values.values)


def _told_role(item: Item) -> str | None:
    """The table that a column is reached in by a role, or of values that no role is said of."""
    match item.part:
        case Column(ref, str()) | Values(Column(ref, None)):
            return ref.table
        case _:
            return None


def _table(part: Rows | Column) -> str:
    return part.table if isinstance(part, Rows) else part.ref.table


def _all_parts(test: Test) -> tuple[Test, ...]:
    """The filters that a filter consists of, all of which must hold."""
    return test.parts if isinstance(test, Joined) and not test.either else (test,)


def _all_of(left: Where, _sign: Sign, right: Where) -> Where | None:
    """The words "Pending and not yet paid"; two values of one column are no such pair."""
    before = _all_parts(left.test)
    if len(_all_parts(right.test)) > 1 or _said(right.test) in map(_said, before):
        return None
    return Where(Joined((*before, _of_the_same(before[-1], right.test)), either=False))


def _of_the_same(before: Test, test: Test) -> Test:
    """A comparison without a noun after another one: "priced above 20 but below 30".

    In another unit it is of another number: "heavier than 10 kg and worth over a million rupiah".
    """
    if not isinstance(test, Compared) or test.of != Implied(ANY_NUMBER):
        return test
    if not isinstance(before, Compared) or before.operator not in ORDERED:
        return test
    return test if test.unit and test.unit != before.unit else replace(test, of=before.of)


def _said(test: Test) -> object:
    """What a test is of, where a second test of the same would mean something else."""
    match test:
        case Compared(of, Operator.EQUAL) | Negated(Compared(of, Operator.EQUAL)):
            return of
        case Within():
            return Within
        case _:
            return object()


def _either(left: Where, _sign: Sign, right: Where) -> Where | None:
    if len(_all_parts(left.test)) > 1 or len(_all_parts(right.test)) > 1:
        return None
    return Where(Joined((left.test, right.test), either=True))


def _text(column: Column, text: Text) -> Where:
    operator = Operator.EQUAL if text.code else Operator.CONTAINS
    return Where(Compared(column, operator, (text.text,)))


def _only_those(sign: Sign, these: Rows | Amount, those: Rows | Amount) -> Where | None:
    """The words "Counting only sales to corporate customers"."""
    if isinstance(these, Amount) and isinstance(those, Amount):
        return _only_these(sign, replace(these, where=(*these.where, *those.where)))
    return _only_these(sign, these if isinstance(these, Amount) else those)


def _only_these(_sign: Sign, rows: Rows | Amount) -> Where | None:
    """The words "Counting only active customers": what these must be, all must be."""
    tests = rows.where if isinstance(rows, Amount) else ()
    if not tests:
        return None
    return Where(tests[0] if len(tests) == 1 else Joined(tests, either=False))


KIND = Kind(
    "filters",
    "Only some rows: in Bali, active, of one of two types.",
    english={
        "contains": (
            "containing",
            "contains",
            "like",
            "including",
            "with the word",
            "starting with",
        ),
        "because": ("because", "because of", "due to"),
        "only": (
            *("only", "just", "counting only", "considering only", "only counting"),
            *("and considering only", "taking only"),
            *("exclusively", "solely", "looking just at", "focusing only on", "looking at only"),
            *("only considering", "looking only at", "restricted to", "limited to", "only for"),
            *("only looking at", "including only", "only including", "only in", "only from"),
            *("only on", "only with", "only those", "counting just", "considering just"),
            *("and counting only", "and only counting", "and only considering", "and taking only"),
            *("taking into account only", "only taking into account", "and only", "but only"),
        ),
        "agent": ("by",),
        "origin": ("from", "out of", "sent from", "coming from", "departing from", "sent by"),
        "sender": ("sent", "sent any", "send", "sends", "sent out"),
        "receiver": ("received", "received any", "receive", "receives", "gotten"),
        "destination": (
            *("to", "into", "sent to", "went to", "going to", "towards", "bound for", "headed to"),
            *("headed for", "heading to", "heading for", "destined for", "addressed to", "go to"),
        ),
    },
    indonesian={
        "contains": ("mengandung", "berisi", "memuat", "dengan kata"),
        "because": ("karena", "akibat", "lantaran", "disebabkan"),
        "only": (
            *("hanya", "cuma", "khusus", "hanya menghitung", "dengan hanya menghitung"),
            *("hanya memperhitungkan", "khusus untuk", "terbatas pada", "dibatasi pada"),
            *("hanya untuk", "hanya yang", "khusus yang", "tapi hanya", "tetapi hanya"),
            *("hanya dari", "hanya di", "hanya mencakup", "hanya memperhatikan", "dan hanya"),
        ),
        "agent": ("oleh",),
        "native": ("asal",),
        "origin": ("dari", "berasal dari", "berangkat dari", "dikirim dari"),
        "sender": ("mengirim", "mengirimkan", "kirim", "ngirim", "memberangkatkan"),
        "receiver": ("menerima", "terima", "dapat", "mendapat", "mendapatkan", "nerima"),
        "destination": (
            *("ke", "menuju", "tujuan", "dikirim ke", "kepada", "menuju ke", "bertujuan ke"),
            *("tujuannya", "yang tujuannya", "dengan tujuan", "yang menuju", "yang menuju ke"),
        ),
    },
    rules=(
        Rule("from", ("origin", Values), lambda _s, values: _headed(values, "~origin"), cost=-0.08),
        Rule("native of", ("native", Values), lambda _s, v: _headed(v, "~origin"), tight=True),
        Rule("to", ("destination", Values), lambda _s, v: _headed(v, "~destination"), cost=-0.08),
        *(
            Rule(f"{sign} such", (sign, (Rows, Column), Values), _placed, cost=-0.1, plain=True)
            for sign in ("origin", "destination")
        ),
        Rule("sent", ("sender", Rows), lambda _s, r: Where(Has(r.table, "~origin")), cost=-0.25),
        Rule(
            "received",
            ("receiver", Rows),
            lambda _s, r: Where(Has(r.table, "~destination")),
            cost=-0.15,
        ),
        Rule("value", (Values,), lambda values: Where(equal(values))),
        Rule("one of", (Values, "or", Values), _one_of, makes=Values, same=column_of),
        Rule("and", (Values, "and", Values), _one_of, makes=Values, same=column_of),
        Rule("both", (Values, "and", Values), _both, makes=Where, same=_of_one_value),
        Rule("column value", (Column, Values), of_column, cost=-0.15, same=column_of),
        Rule("value in role", (Column, Values), _in_role, makes=Values, same=_told_role),
        Rule("done by one", (Role, Values), done_by_one, cost=-0.15, makes=Values),
        Rule(
            "value column",
            (Values, Column),
            lambda v, c: of_column(c, v),
            cost=-0.1,
            same=column_of,
        ),
        *(
            Rule(
                "adjective",
                (Where, noun),
                lambda _where, noun: noun,
                cost=0.02,
                aside=True,
                tight=True,
                makes=noun,
            )
            for noun in (Column, Computed, Rows)
        ),
        *(
            Rule(
                "noun, qualified",
                (noun, Where),
                lambda noun, _where: noun,
                cost=0.02,
                aside=True,
                makes=noun,
            )
            for noun in (Column, Computed, Rows)
        ),
        Rule("value beside a verb", (Beside, Values), _beside, cost=-0.25, same=column_of),
        Rule(
            "value beside a verb, by", (Beside, "by", Values), _beside, cost=-0.25, same=column_of
        ),
        Rule(
            "value and column beside a verb",
            (Beside, Column, Values),
            _beside,
            cost=-0.3,
            same=column_of,
        ),
        Rule("column beside a verb", (Beside, Column), _beside, cost=-0.25, same=column_of),
        Rule(
            "column after a verb",
            (Column, Beside),
            lambda c, v: _beside(v, c),
            cost=-0.25,
            same=column_of,
        ),
        Rule("number beside a verb", (Beside, Amount), _counted_beside, cost=-0.5),
        Rule("done", (Column, Where), _done, cost=-0.3, makes=Column, same=_done_in),
        Rule("all of", (Where, "and", Where), _all_of, cost=0.05, makes=Where),
        Rule(
            "done before",
            (Where, Column),
            lambda w, c: _done(c, w),
            cost=-0.3,
            tight=True,
            makes=Column,
            same=_done_in,
        ),
        Rule("by", ("agent", Where), lambda _sign, where: _who(where), cost=0.05),
        Rule("because", ("because", Where), lambda _sign, where: _reason(where)),
        Rule("because it", ("because", (Rows, Column), Where), lambda *p: _reason(p[-1])),
        Rule("only", ("only", Where), lambda _sign, where: where),
        Rule("only these", ("only", Rows), _only_these, scoped=True),
        Rule("only those of these", ("only", Rows, Rows), _only_those, scoped=True),
        Rule("these only", (Rows, "only"), lambda rows, _sign: rows),
        Rule("either", (Where, "or", Where), _either, cost=0.05, makes=Where),
        Rule("text", (Column, Text), _text),
        Rule("containing", (Column, "contains", Text), lambda c, _s, t: _text(c, t)),
    ),
    samples=(
        Sample(
            "en",
            "How many service or marketing cooperatives are there?",
            "SELECT COUNT(*) FROM koperasi WHERE jenis_koperasi IN ('Jasa', 'Pemasaran')",
        ),
        Sample(
            "id",
            "Berapa koperasi jasa yang aktif?",
            """SELECT COUNT(*) FROM koperasi
            WHERE jenis_koperasi = 'Jasa' AND status_koperasi = 'Aktif'""",
        ),
    ),
)
