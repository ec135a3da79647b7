"""Filters on values: one of, none of, with and without."""

from kai_flow.analyst.kinds.kind import Kind, Rule, Sample
from kai_flow.analyst.query.nodes import Operator
from kai_flow.analyst.reading.parts import (
    Amount,
    Beside,
    Column,
    Compared,
    Computed,
    Has,
    Joined,
    Negated,
    Part,
    Rows,
    Sign,
    Test,
    Text,
    Values,
    Where,
    Within,
)


def equal(values: Values) -> Test:
    """The column has one of the values."""
    return Compared(values.column, Operator.EQUAL, values.values)


def _one_of(left: Values, _sign: Sign, right: Values) -> Values | None:
    if left.column != right.column or set(left.values) & set(right.values):
        return None
    return Values(left.column, (*left.values, *right.values))


def _both(left: Values, _sign: Sign, right: Values) -> Where | None:
    """The words "Bought tea and coffee": related rows may have both, though each has only one."""
    if left.column != right.column or left.values == right.values:
        return None
    return Where(Joined((equal(left), equal(right)), either=False))


def _of_column(column: Column, values: Values) -> Values | None:
    """The words “City Bandung”: the column is named beside its value."""
    if column.ref != values.column.ref:
        return None
    return Values(Column(column.ref, column.role), values.values)


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


def _other(column: Column, _sign: Sign, values: Values) -> Where | None:
    """The words "Cities other than Leeds"."""
    same = _of_column(column, values)
    return None if same is None else Where(Negated(equal(same)))


def _reason(where: Where) -> Where | None:
    """The words "Because it was damaged", where the reason is a value; periods are no reasons."""
    test = where.test
    plain = isinstance(test, Compared) and test.operator is Operator.EQUAL
    return where if plain else None


def _who(where: Where) -> Where | None:
    """The words "Made by Ayu"; "by month in 2024" are groups."""
    return None if isinstance(where.test, Within) else where


def _done(column: Column, where: Where) -> Column | None:
    """The words "Units returned": those of the table that has a row for each return."""
    test = where.test
    if not column.number or not isinstance(test, Has):
        return None
    return column if test.table == column.ref.table else None


def _headed(values: Values, role: str) -> Values | None:
    """A place that things come from or go to, where joins tell these apart."""
    if values.column.role is not None:
        return None
    return Values(Column(values.column.ref, role), values.values)


def _not(_sign: Sign, where: Where) -> Where | None:
    return None if isinstance(where.test, Negated) else Where(Negated(where.test))


def _either(left: Where, _sign: Sign, right: Where) -> Where:
    return Where(Joined((left.test, right.test), either=True))


def _noun(*parts: Where | Column | Computed | Rows) -> Part | None:
    """The noun; its filter goes aside."""
    return next((part for part in parts if not isinstance(part, Where)), None)


def _text(column: Column, text: Text) -> Where:
    return Where(Compared(column, Operator.CONTAINS, (text.text,)))


KIND = Kind(
    "filters",
    "Only some rows: in Bali, active, other than cancelled, without an e-mail address.",
    english={
        "not": (
            *(
                "not",
                "except",
                "excluding",
                "other than",
                "without",
                "no",
                "non",
                "isn't",
                "aren't",
            ),
            *(
                "not in",
                "outside",
                "outside of",
                "but not",
                "apart from",
                "never",
                "not yet",
                "minus",
            ),
            *("exclude", "is not", "are not", "wasn't", "weren't", "didn't", "haven't", "hasn't"),
        ),
        "without": (
            "without",
            "with no",
            "that have no",
            "lacking",
            "missing",
            "has no",
            "have no",
        ),
        "having one": (
            "with",
            "with a",
            "with an",
            "with any",
            "that have a",
            "that has a",
            "using a",
        ),
        "contains": (
            "containing",
            "contains",
            "like",
            "including",
            "with the word",
            "starting with",
        ),
        "because": ("because", "because of", "due to"),
        "only": ("only", "just"),
        "agent": ("by",),
        "known": ("known", "is known", "recorded", "is recorded", "filled in", "not empty"),
        "origin": ("from", "out of", "sent from", "coming from", "departing from"),
        "destination": ("to", "into", "sent to", "went to", "going to", "towards", "bound for"),
    },
    indonesian={
        "not": (
            *("bukan", "tidak", "selain", "kecuali", "tanpa", "di luar", "belum", "non", "tak"),
            *("tidak termasuk", "selain yang", "luar"),
            *("tidak di", "bukan di", "tidak pernah", "kecuali yang"),
        ),
        "without": (
            *(
                "tanpa",
                "tidak memiliki",
                "tidak punya",
                "belum memiliki",
                "belum punya",
                "tak punya",
            ),
            *("tidak mempunyai", "kosong"),
        ),
        "having one": (
            *("yang punya", "yang memiliki", "yang mempunyai", "yang memakai", "yang menggunakan"),
            *("yang ada", "dengan"),
        ),
        "contains": ("mengandung", "berisi", "memuat", "dengan kata"),
        "because": ("karena", "akibat", "lantaran", "disebabkan"),
        "only": ("hanya", "cuma", "khusus"),
        "agent": ("oleh",),
        "known": ("diketahui", "terisi", "tidak kosong", "tercatat"),
        "origin": ("dari", "asal", "berasal dari", "berangkat dari", "dikirim dari"),
        "destination": ("ke", "menuju", "tujuan", "dikirim ke", "kepada"),
    },
    rules=(
        Rule("from", ("origin", Values), lambda _s, values: _headed(values, "~origin")),
        Rule("to", ("destination", Values), lambda _s, v: _headed(v, "~destination")),
        Rule("value", (Values,), lambda values: Where(equal(values))),
        Rule("one of", (Values, "or", Values), _one_of),
        Rule("and", (Values, "and", Values), _one_of),
        Rule("both", (Values, "and", Values), _both),
        Rule("column value", (Column, Values), _of_column, cost=-0.15),
        Rule("value column", (Values, Column), lambda v, c: _of_column(c, v), cost=-0.1),
        Rule(
            "adjective",
            (Where, (Column, Computed, Rows)),
            _noun,
            cost=0.02,
            aside=True,
            tight=True,
        ),
        Rule("noun, qualified", ((Column, Computed, Rows), Where), _noun, cost=0.02, aside=True),
        Rule("value beside a verb", (Beside, Values), _beside, cost=-0.25),
        Rule("value beside a verb, by", (Beside, "by", Values), _beside, cost=-0.25),
        Rule("value and column beside a verb", (Beside, Column, Values), _beside, cost=-0.3),
        Rule("column beside a verb", (Beside, Column), _beside, cost=-0.25),
        Rule("column after a verb", (Column, Beside), lambda c, v: _beside(v, c), cost=-0.25),
        Rule("number beside a verb", (Beside, Amount), _counted_beside, cost=-0.5),
        Rule("other values", (Column, "not", Values), _other, cost=-0.1),
        Rule("done", (Column, Where), _done, cost=-0.3),
        Rule("not", ("not", Where), _not, cost=0.2),
        Rule("by", ("agent", Where), lambda _sign, where: _who(where), cost=0.05),
        Rule("because", ("because", Where), lambda _sign, where: _reason(where)),
        Rule("because it", ("because", (Rows, Column), Where), lambda *p: _reason(p[-1])),
        Rule("only", ("only", Where), lambda _sign, where: where),
        Rule("these only", (Rows, "only"), lambda rows, _sign: rows),
        Rule("either", (Where, "or", Where), _either, cost=0.05),
        Rule("text", (Column, Text), _text),
        Rule("containing", (Column, "contains", Text), lambda c, _s, t: _text(c, t)),
        Rule(
            "without a value",
            ("without", Column),
            lambda _sign, column: Where(Compared(column, Operator.EMPTY)),
        ),
        Rule("not rows", ("not", Rows), lambda _s, rows: Where(Negated(Has(rows.table))), cost=0.2),
        Rule(
            "with a value",
            ("having one", Column),
            lambda _sign, column: (
                None if column.number else Where(Compared(column, Operator.PRESENT))
            ),
            cost=0.2,
        ),
        Rule("with rows", ("having one", Rows), lambda _s, rows: Where(Has(rows.table)), cost=0.2),
        Rule(
            "known", (Column, "known"), lambda c, _s: Where(Compared(c, Operator.PRESENT)), cost=0.1
        ),
        Rule("without rows", ("without", Rows), lambda _s, rows: Where(Negated(Has(rows.table)))),
    ),
    samples=(
        Sample(
            "en",
            "How many cooperatives are other than active?",
            "SELECT COUNT(*) FROM koperasi WHERE status_koperasi <> 'Aktif'",
        ),
        Sample(
            "id",
            "Berapa koperasi di luar Bali?",
            (
                "SELECT COUNT(*) FROM koperasi k"
                " JOIN provinsi p ON p.provinsi_id = k.provinsi_id"
                " WHERE p.nama_provinsi <> 'Bali'"
            ),
        ),
    ),
)
