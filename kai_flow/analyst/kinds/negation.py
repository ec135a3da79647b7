"""What rows must not have, and what is empty: not in Bali, without an e-mail address."""

from kai_flow.analyst.kinds.building import column_of
from kai_flow.analyst.kinds.filters import equal, of_column
from kai_flow.analyst.kinds.kind import Kind, Rule, Sample
from kai_flow.analyst.query.nodes import Operator
from kai_flow.analyst.reading.parts import (
    Amount,
    Beside,
    Clock,
    Column,
    Compared,
    Has,
    Joined,
    Negated,
    Rows,
    Sign,
    Values,
    Where,
)


def _not(_sign: Sign, where: Where) -> Where | None:
    test = where.test
    if isinstance(test, Negated) or (isinstance(test, Joined) and not test.either):
        return None  # "not active and in Bali": only the first is denied
    return Where(Negated(test))


def _no_longer(sign: Sign, where: Where, _more: Sign | None = None) -> Where | None:
    """The words "No longer active"; what is no longer done was done before."""
    found = _not(sign, where)
    return None if isinstance(where.test, Has) else found


def _not_those(_sign: Sign, rows: Rows, where: Where) -> Where | None:
    """The words "Not in a shop of type mall": the noun says only what the value is of."""
    test = where.test
    if not isinstance(test, Compared) or not isinstance(test.of, Column):
        return None
    return _not(_sign, where) if test.of.ref.table == rows.table else None


def _other(column: Column, _sign: Sign, values: Values) -> Where | None:
    """The words "Cities other than Leeds"."""
    same = of_column(column, values)
    return None if same is None else Where(Negated(equal(same)))


def _other_done(verb: Beside, sign: Sign, values: Values) -> Where | None:
    """The words "Paid, but not by card", "yang pembayarannya bukan kartu"."""
    return _other(verb.column, sign, values)


def _empty(*parts: Sign | Column) -> Where:
    return Where(Compared(_column(parts), Operator.EMPTY))


def _without(_sign: Sign, column: Column) -> Where:
    """The words "Without a discount": none is known, or it is 0."""
    return Where(Negated(_some(column))) if column.number else _empty(column)


def _without_that(_sign: Sign, column: Column, values: Values) -> Where | None:
    """The words "That do not have the status paid": they have another one, or none."""
    same = of_column(column, values)
    return None if same is None else Where(Negated(equal(same)))


def _some(column: Column) -> Compared:
    return Compared(column, Operator.ABOVE, (0,))


def _present(*parts: Sign | Column) -> Where:
    return Where(Compared(_column(parts), Operator.PRESENT))


def _with_a_value(sign: Sign, column: Column) -> Where | None:
    """The words "With a discount": one of 0 is none. "With the discount" only names a column."""
    if column.number:
        return Where(_some(column)) if sign.name == "having some" else None
    return _present(column)


def _with_some(_sign: Sign, column: Column) -> Where | None:
    """The words "Dengan diskon": there are no articles to tell "a discount" from "the discount"."""
    return Where(_some(column)) if column.number else None


def _not_done(_sign: Sign, event: Clock, rows: Rows) -> Where | None:
    """The words "Never opened a ticket", where tickets have the time at which they were opened."""
    return _childless(_sign, rows) if event.axis.split(".")[0] == rows.table else None


def _neither(*parts: Sign | Where) -> Where:
    tests = tuple(part.test for part in parts if isinstance(part, Where))
    return Where(Negated(Joined(tests, either=True)))


def _column(parts: tuple[Sign | Column, ...]) -> Column:
    return next(part for part in parts if isinstance(part, Column))


def _childless(_sign: Sign, rows: Rows | Amount) -> Where | None:
    """The words "Without orders", "without delivered orders": none of those with the filter."""
    if rows.table is None:
        return None
    tests = rows.where if isinstance(rows, Amount) else ()
    return Where(Negated(Has(rows.table, where=tests)))


def _undone(_sign: Sign, done: Where, rows: Rows) -> Where | None:
    """The words "Never borrowed a book": no book is reached by a loan."""
    test = done.test
    if not isinstance(test, Has) or test.by or test.role or test.table == rows.table:
        return None
    return Where(Negated(Has(rows.table, by=test.table)))


KIND = Kind(
    "negation",
    "Rows that are not in Bali, are not active, or have no e-mail address.",
    english={
        "not": (
            *("not", "except", "excluding", "other than", "without", "no", "non", "isn't"),
            *("aren't", "not in", "outside", "outside of", "but not", "but not yet", "apart from"),
            *("never", "not yet", "exclude", "is not", "are not", "wasn't", "weren't"),
            *("nobody", "no one", "nobody has ever", "no one has ever", "nobody ever"),
            *("didn't", "haven't", "hasn't", "not counting", "not including", "leaving out"),
            *("ignoring", "everything but", "all but", "anything but", "any but"),
            *("everything except", "all except", "everyone except", "anyone but", "everyone but"),
            *("rather than", "omitting", "skipping", "disregarding", "skip", "omit", "minus the"),
        ),
        "no longer": ("no longer", "not any more", "not anymore", "not any longer"),
        "any more": ("anymore", "any more", "any longer"),
        "neither": ("neither",),
        "nor": ("nor", ", nor", "or", "and"),
        "left out": (
            *("excluded", "not included", "not counted", "left out", "aside", "omitted"),
            *("are excluded", "is excluded", "don't count", "do not count"),
        ),
        "without": (
            *("without", "with no", "that have no", "lacking", "missing", "has no", "have no"),
            *("without any", "without a", "without an", "had no", "have not got", "has not got"),
            *("have not been assigned", "has not been assigned", "not assigned to", "with missing"),
            *("not been given", "do not have", "does not have", "don't have", "doesn't have"),
            *("have no known", "with no known", "without known", "with empty", "with an empty"),
        ),
        "empty": (
            *("missing", "is missing", "empty", "is empty", "blank", "is blank", "not filled in"),
            *("is not filled in", "has not been filled in", "is not known", "is unknown"),
            *("not recorded", "is not recorded", "is null", "null", "was left blank"),
            *("was not recorded", "was never recorded", "has not been recorded", "never filled in"),
            *("has not been entered", "was not filled in", "not known", "unknown", "not given"),
            *("not set", "is not set", "has not been set", "left empty", "was left empty"),
        ),
        "having one": ("with", "using a"),
        "having some": (
            *("with a", "with an", "with any", "with some", "have a", "has a", "had a", "had any"),
            *("that have a", "that has a", "that had a", "have any", "has any", "got a", "get a"),
            *("were given", "was given", "were ever given", "have been given", "has been given"),
            *("have received", "has received", "were issued", "was issued"),
            *("received a", "gets a", "that got a", "which had a", "which have a", "which has a"),
        ),
        "known": (
            *("known", "is known", "recorded", "is recorded", "filled in", "not empty"),
            *("assigned", "on file", "on record", "given", "specified", "listed", "entered"),
            *("registered", "set", "attached", "provided", "noted"),
        ),
    },
    indonesian={
        "not": (
            *("bukan", "tidak", "selain", "kecuali", "tanpa", "di luar", "belum", "non", "tak"),
            *("tidak termasuk", "selain yang", "luar", "tidak di", "bukan di", "tidak pernah"),
            *("kecuali yang", "semua kecuali"),
            *("semua selain", "di luar yang", "mengecualikan", "tidak menghitung", "tanpa yang"),
            *("tidak usah", "tidak pakai", "skip", "skip yang", "tidak pakai yang"),
        ),
        "no longer": ("sudah tidak", "tidak lagi", "bukan lagi", "sudah bukan"),
        "any more": ("lagi",),
        "neither": ("bukan", "tidak dari", "bukan dari"),
        "nor": ("maupun", "ataupun", "dan bukan", "dan juga bukan", "atau"),
        "left out": ("tidak dihitung", "tidak ikut dihitung", "dikecualikan"),
        "not among them": ("tidak termasuk", "tak termasuk"),
        "without": (
            *("tanpa", "tidak memiliki", "tidak punya", "belum memiliki", "belum punya"),
            *("tak punya", "tidak mempunyai", "kosong", "tidak ada", "belum ada", "tak ada"),
        ),
        "empty": (
            *("kosong", "masih kosong", "belum diisi", "tidak diisi", "belum terisi", "null"),
            *("tidak terisi", "tidak diketahui", "belum diketahui", "tidak tercatat"),
            *("belum tercatat", "tidak ada", "belum ada"),
        ),
        "having one": ("dengan", "yang memakai", "yang menggunakan"),
        "having it": ("dengan", "yang pakai", "yang memakai", "yang menggunakan", "pakai"),
        "having some": (
            *("yang punya", "yang memiliki", "yang mempunyai", "yang ada", "yang terdapat"),
            *("yang dapat", "yang mendapat", "yang mendapatkan", "mendapat", "mendapatkan"),
            *("pernah diberi", "yang pernah diberi", "pernah mendapat", "yang pernah mendapat"),
            *("pernah mendapatkan", "pernah menerima", "yang pernah menerima", "pernah punya"),
            *("yang pernah punya", "yang pernah", "pernah memiliki", "yang pernah memiliki"),
            *("yang kena", "yang dikenai", "yang diberi", "yang memperoleh", "yang menerima"),
        ),
        "known": (
            "diketahui",
            "terisi",
            "tidak kosong",
            "tercatat",
            "tercantum",
            "diisi",
            "dicatat",
        ),
    },
    rules=(
        Rule("other values", (Column, "not", Values), _other, cost=-0.1, same=column_of),
        Rule("other values done", (Beside, "not", Values), _other_done, -0.25, same=column_of),
        Rule("not", ("not", Where), _not, cost=0.2),
        Rule("no longer", ("no longer", Where), _no_longer, cost=0.2),
        Rule("no longer, more", ("no longer", Where, "any more"), _no_longer, cost=0.2),
        Rule("not any more", ("not", Where, "any more"), _no_longer, cost=0.1),
        Rule("not done", ("not", Clock, Rows), _not_done, cost=0.05),
        Rule("neither nor", ("neither", Where, "nor", Where), _neither, cost=0.1),
        Rule("left out", (Where, "left out"), lambda where, sign: _not(sign, where), cost=0.1),
        Rule(
            "not among them",
            (Where, "not among them"),
            lambda where, sign: _not(sign, where),
            cost=0.4,
        ),
        Rule("not those", ("not", Rows, Where), _not_those, cost=0.15),
        Rule("without a value", ("without", Column), _without),
        Rule("without the value", ("without", Column, Values), _without_that, cost=-0.15),
        Rule(
            "without a known value", ("without", Column, "known"), lambda s, c, _k: _without(s, c)
        ),
        Rule("without known rows", ("without", Rows, "known"), lambda s, r, _k: _childless(s, r)),
        Rule("empty", (Column, "empty"), _empty, cost=-0.1),
        Rule("not done to", ("not", Where, Rows), _undone, cost=0.1),
        Rule("not rows", ("not", Rows), _childless, cost=0.2),
        *(
            Rule(f"{sign}, a value", (sign, Column), _with_a_value, cost=0.2)
            for sign in ("having one", "having some")
        ),
        *(
            Rule(f"{sign}, rows", (sign, Rows), lambda _s, rows: Where(Has(rows.table)), cost=0.2)
            for sign in ("having one", "having some")
        ),
        Rule("having it", ("having it", Column), _with_some, cost=0.25),
        Rule("known", (Column, "known"), _present, cost=0.1),
        Rule("without rows", ("without", Rows), _childless, scoped=True),
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
