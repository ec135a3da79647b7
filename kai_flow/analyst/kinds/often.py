"""How often something was done: customers who ordered more than 30 times."""

from collections.abc import Callable, Iterable

from kai_flow.analyst.kinds.building import count
from kai_flow.analyst.kinds.kind import Kind, Rule, Sample
from kai_flow.analyst.kinds.numbers import OPERATORS
from kai_flow.analyst.query.nodes import Operator
from kai_flow.analyst.reading.parts import Figure, Has, Having, Rows, Sign, Where

DONE = (Where, Rows)


def _having(done: Where | Rows, operator: Operator, times: float) -> Having | None:
    """A condition on how many rows there are of what was done."""
    if isinstance(done, Rows):
        return Having(count(done), operator, (times,))
    if not isinstance(done.test, Has):
        return None
    return Having(count(Rows(done.test.table)), operator, (times,))


def so_often(operator: Operator) -> Callable[..., Having | None]:
    def build(*parts: Sign | Figure | Where | Rows) -> Having | None:
        figure = next(part for part in parts if isinstance(part, Figure))
        done = next(part for part in parts if isinstance(part, Where | Rows))
        plain = not (figure.percent or figure.unit or figure.ordinal)
        return _having(done, operator, figure.value) if plain else None

    return build


def _again(*parts: Sign | Where | Rows) -> Having | None:
    """The words “Ordered more than once”."""
    return _having(next(p for p in parts if isinstance(p, Where | Rows)), Operator.ABOVE, 1.0)


def _only(_sign: Sign, figure: Figure, rows: Rows) -> Having | None:
    """The words “With only one booking”."""
    plain = not (figure.percent or figure.unit or figure.ordinal)
    return Having(count(rows), Operator.EQUAL, (figure.value,)) if plain else None


def _rules() -> Iterable[Rule]:
    for sign, operator in OPERATORS.items():
        build = so_often(operator)
        yield Rule(f"done {sign}", (DONE, sign, Figure, "times"), build)
        yield Rule(f"{sign} times", (sign, Figure, "times", DONE), build)
    build = so_often(Operator.EQUAL)
    yield Rule("done so often", (DONE, Figure, "times"), build)
    yield Rule("so often done", (Figure, "times", DONE), build, cost=0.05)
    yield Rule("more than once", (DONE, "more than once"), _again)
    yield Rule("more than once done", ("more than once", DONE), _again)
    yield Rule("only so many", ("only", Figure, Rows), _only, cost=0.05)
    yield Rule("with so many", ("having so many", Figure, Rows), _only, cost=0.05)
    yield Rule("each of them", (Having, "each of them"), lambda having, _sign: having)


KIND = Kind(
    "often",
    "How often something was done: customers who ordered more than 30 times.",
    english={
        "times": ("times",),
        "more than once": ("more than once", "repeatedly", "at least twice"),
        "each of them": ("each", "apiece", "in all"),
        "having so many": (
            *("with", "have", "has", "had", "having", "contain", "contains", "containing"),
            *("contained", "include", "includes", "included", "held", "carried"),
            *("consisting of", "made up of"),
        ),
    },
    indonesian={
        "times": ("kali", "x"),
        "more than once": ("lebih dari sekali", "lebih dari satu kali", "minimal dua kali"),
        "each of them": ("masing-masing",),
        "having so many": (
            *("dengan", "punya", "memiliki", "mempunyai", "berisi", "terdiri dari", "terdiri atas"),
        ),
    },
    rules=tuple(_rules()),
    samples=(
        Sample(
            "en",
            "Provinces with more than 100 cooperatives each",
            (
                "SELECT p.nama_provinsi FROM koperasi k"
                " JOIN provinsi p ON p.provinsi_id = k.provinsi_id"
                " GROUP BY 1 HAVING COUNT(*) > 100"
            ),
        ),
        Sample(
            "id",
            "Provinsi dengan lebih dari 100 koperasi masing-masing",
            (
                "SELECT p.nama_provinsi FROM koperasi k"
                " JOIN provinsi p ON p.provinsi_id = k.provinsi_id"
                " GROUP BY 1 HAVING COUNT(*) > 100"
            ),
        ),
    ),
)
