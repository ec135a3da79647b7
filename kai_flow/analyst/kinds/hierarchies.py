"""Who or what stands below another row of the same table: subordinates, parts of a category."""

from collections.abc import Callable
from typing import Final

from kai_flow.analyst.kinds.building import COUNTED
from kai_flow.analyst.kinds.kind import Kind, Rule, Sample
from kai_flow.analyst.kinds.numbers import OPERATORS
from kai_flow.analyst.query.nodes import Function, Operator
from kai_flow.analyst.reading.parts import (
    Amount,
    Column,
    Compared,
    Figure,
    Groups,
    Having,
    Implied,
    Narrowed,
    Rank,
    Rows,
    Sign,
    Values,
)
from kai_flow.analyst.reading.resolving import ABOVE

BELOW: Final = Amount(Function.COUNT, Implied("subordinate"))
"""The number of subordinates, before their table is known."""


_BELOW: Final = (
    *("subordinates", "subordinate", "direct subordinates", "direct reports", "direct report"),
    *("underlings",),
)
"""Those who stand below somebody."""

_REPORTING: Final = (
    *("report to", "reports to", "reporting to", "report directly to", "work under", "work for"),
    *("working under", "working for", "under", "are under", "below"),
    *("reporting directly to", "reports directly to", "working directly under"),
)
"""What they do."""


def _below(*parts: Sign | Values) -> Narrowed | None:
    """The rows that point to the named one."""
    values = next(part for part in parts if isinstance(part, Values))
    if values.column.role is not None:
        return None
    above = Column(values.column.ref, ABOVE)
    test = Compared(above, Operator.EQUAL, values.values)
    return Narrowed(Rows(values.column.ref.table), test)


def _so_many(operator: Operator) -> Callable[..., Having | None]:
    """More than 5 subordinates; of which table, the assembly sees from who is asked for."""

    def build(*parts: Sign | Figure) -> Having | None:
        figure = next(part for part in parts if isinstance(part, Figure))
        if figure.percent or figure.ordinal or figure.unit not in COUNTED:
            return None
        return Having(BELOW, operator, (figure.value,))

    return build


KIND = Kind(
    "hierarchies",
    "Rows below another one: the subordinates of a manager.",
    english={
        "below one": (
            *_BELOW,
            *(f"{noun} of" for noun in _BELOW),
            *(f"direct {noun} of" for noun in _BELOW),
            *("reports to", "report to", "reporting to", "reporting directly to"),
            *("report directly to", "reports directly to"),
            *("works under", "work under", "working under", "works for", "work for"),
            *("managed by", "supervised by", "led by", "headed by", "under", "below"),
            *("working for", "team members of", "people under", "overseen by"),
            *(
                f"{people} {verb} {whom}"
                for people in ("people", "employees", "people who", "employees who")
                for verb in _REPORTING
                for whom in ("them", "him", "her")
            ),
        ),
        "one's own": _BELOW,
        "below them": (
            *(f"{verb} {whom}" for verb in _REPORTING for whom in ("them", "him", "her")),
            *("they manage", "he manages", "she manages", "they supervise", "they lead"),
        ),
    },
    indonesian={
        "below one": (
            *("bawahan", "bawahan langsung", "bawahan dari", "bawahan langsung dari", "anak buah"),
            *("anak buah dari", "dipimpin", "dipimpin oleh", "dibawahi", "dibawahi oleh"),
            *("melapor ke", "melapor kepada", "lapor ke", "melapor pada", "di bawah", "dibawah"),
            *("bertanggung jawab kepada", "bertanggung jawab ke", "di bawah pimpinan"),
            *("bawahannya", "anak buahnya", "berada di bawah", "bekerja di bawah"),
            *("bekerja untuk", "diawasi oleh", "disupervisi oleh"),
            *(
                f"{people} yang {verb}"
                for people in ("orang", "pegawai", "karyawan")
                for verb in ("melapor kepadanya", "melapor ke mereka", "melapor kepada mereka")
            ),
        ),
        "below them": (
            *("bawahannya", "anak buahnya", "bawahan mereka", "anak buah mereka", "di bawahnya"),
            *("melapor kepadanya", "melapor kepada mereka", "dibawahinya", "yang dipimpinnya"),
            *("dipimpinnya", "yang dibawahinya", "di bawah mereka", "melapor ke mereka"),
        ),
    },
    rules=(
        Rule("below one", ("below one", Values), _below),
        *(
            rule
            for sign, operator in OPERATORS.items()
            for rule in (
                Rule(f"{sign} below", (sign, Figure, "below one"), _so_many(operator)),
                Rule(f"below, {sign}", ("below one", sign, Figure), _so_many(operator)),
            )
        ),
        *(
            Rule(name, pattern, lambda _s, _b, d=d: Rank(d, by=BELOW))
            for sign, d in (("most", True), ("fewest", False))
            for name, pattern in (
                (f"{sign} below", (sign, "below one")),
                (f"below, {sign}", ("below one", sign)),
            )
        ),
        Rule("one's own", (Values, "one's own"), _below, cost=0.05),
        Rule("how many below", ("count", "below one"), lambda *_signs: BELOW),
        Rule("under each", ("below one", Groups), lambda _sign, groups: groups, cost=0.1),
    ),
    samples=(
        Sample(
            "en",
            "Which managers have more than 5 subordinates?",
            """SELECT m.nama_pegawai FROM pegawai s
            JOIN pegawai m ON m.pegawai_id = s.atasan_id
            GROUP BY m.pegawai_id HAVING COUNT(*) > 5""",
            schema="logistics",
        ),
        Sample(
            "en",
            "Who are the subordinates of Desi Ratnasari?",
            """SELECT s.nama_pegawai FROM pegawai s
            JOIN pegawai m ON m.pegawai_id = s.atasan_id
            WHERE m.nama_pegawai = 'Desi Ratnasari'""",
            schema="logistics",
        ),
        Sample(
            "id",
            "Siapa saja bawahan Desi Ratnasari?",
            """SELECT s.nama_pegawai FROM pegawai s
            JOIN pegawai m ON m.pegawai_id = s.atasan_id
            WHERE m.nama_pegawai = 'Desi Ratnasari'""",
            schema="logistics",
        ),
    ),
)
