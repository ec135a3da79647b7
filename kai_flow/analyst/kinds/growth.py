"""Growth: the change of a number against the period before."""

from kai_flow.analyst.kinds.building import NUMBER, amount, count
from kai_flow.analyst.kinds.kind import Kind, Rule
from kai_flow.analyst.query.nodes import Grain
from kai_flow.analyst.reading.parts import (
    Amount,
    Change,
    Column,
    Computed,
    Measured,
    Rows,
    Sign,
)


def _growth(*parts: "Sign | Column | Computed | Measured | Rows") -> Change | None:
    of = next(part for part in parts if not isinstance(part, Sign))
    number = count(of) if isinstance(of, Rows) else amount(of)
    return Change(number) if isinstance(number, Amount) else None


KIND = Kind(
    "growth",
    "Growth against the period before: how revenue grew each year.",
    english={
        "growth": (
            *("growth of", "growth", "growth in", "growth rate of", "growth rate", "increase in"),
            *("change in", "percent change in", "percentage change in", "percentage growth of"),
        ),
        "month over month": ("month over month", "mom", "month-over-month", "month on month"),
        "year over year": ("year over year", "yoy", "year-over-year", "year on year"),
    },
    indonesian={
        "growth": (
            *("pertumbuhan", "laju pertumbuhan", "kenaikan", "perubahan", "tingkat pertumbuhan"),
            *("persentase pertumbuhan", "persentase kenaikan", "peningkatan"),
        ),
        "month over month": ("dari bulan ke bulan", "bulan ke bulan"),
        "year over year": ("dari tahun ke tahun", "tahun ke tahun"),
    },
    rules=(
        Rule("growth of a number", ("growth", (*NUMBER, Rows)), _growth),
        Rule("number growth", ((*NUMBER, Rows), "growth"), _growth),
        Rule("month over month", ("month over month",), lambda _s: Change(None, Grain.MONTH)),
        Rule("year over year", ("year over year",), lambda _s: Change(None, Grain.YEAR)),
    ),
)
