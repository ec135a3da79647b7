"""What a day, a month or a year has on average: average monthly revenue, orders per day."""

from collections.abc import Callable, Iterable

from kai_flow.analyst.kinds.building import NOUN, amount, count
from kai_flow.analyst.kinds.kind import Kind, Rule, Sample
from kai_flow.analyst.query.nodes import Function, Grain
from kai_flow.analyst.reading.parts import (
    Amount,
    Calendar,
    Column,
    Computed,
    Quotient,
    Rank,
    Rows,
    Sign,
    Units,
)

SIDE = (*NOUN, Amount, Rows)

GRAINS = {
    "daily": Grain.DAY,
    "weekly": Grain.WEEK,
    "monthly": Grain.MONTH,
    "quarterly": Grain.QUARTER,
    "yearly": Grain.YEAR,
}

ADDED = (None, Function.SUM, Function.COUNT)
"""What can be added up over a unit of time."""


EXTREMES = {"highest": True, "maximum": True, "lowest": False, "minimum": False}
"""Signs of the greatest and the least, and whether the greatest comes first."""


def _in_each(of: Column | Computed | Amount | Rows, grain: Grain) -> Quotient | None:
    top = Amount(None, None, of.table) if isinstance(of, Rows) else amount(of)
    if not isinstance(top, Amount) or top.function not in ADDED:
        return None
    return Quotient(top, Amount(Function.DISTINCT, Units(grain)), each=True)


def _adverb(*parts: Sign | Column | Computed | Amount | Rows) -> Quotient | None:
    """Average monthly revenue."""
    of = next(part for part in parts if not isinstance(part, Sign))
    names = (part.name for part in parts if isinstance(part, Sign))
    return _in_each(of, next(GRAINS[name] for name in names if name in GRAINS))


def _per(*parts: Sign | Column | Computed | Amount | Rows | Calendar) -> Quotient | None:
    """Average revenue per month."""
    unit = next(part for part in parts if isinstance(part, Calendar))
    of = next(part for part in parts if not isinstance(part, Sign | Calendar))
    if unit.grain is None or unit.recurring:
        return None
    return _in_each(of, unit.grain)


def _extreme(*, descending: bool) -> Callable[..., Rank | None]:
    """The lowest monthly revenue is that of the month that had the least."""

    def build(*parts: Sign | Column | Computed | Amount | Rows) -> Rank | None:
        of = next(part for part in parts if not isinstance(part, Sign))
        names = (part.name for part in parts if isinstance(part, Sign))
        grain = next(GRAINS[name] for name in names if name in GRAINS)
        by = count(of) if isinstance(of, Rows) else amount(of)
        if not isinstance(by, Amount) or by.function not in ADDED:
            return None
        return Rank(descending, 1, by, Calendar(grain), paced=True)

    return build


def _rules() -> Iterable[Rule]:
    for sign in GRAINS:
        yield Rule(f"average {sign}", ("average", sign, SIDE), _adverb, cost=-0.6, unlimited=True)
        yield Rule(f"{sign}, averaged", ("average", SIDE, sign), _adverb, cost=-0.6, unlimited=True)
        yield Rule(
            f"{sign} on average", (SIDE, sign, "average"), _adverb, cost=-0.6, unlimited=True
        )
        yield Rule(
            f"{sign} number, on average",
            (sign, SIDE, "average"),
            _adverb,
            cost=-0.6,
            unlimited=True,
        )
        yield Rule(f"{sign} average", (sign, "average", SIDE), _adverb, cost=-0.3, unlimited=True)
        for extreme, descending in EXTREMES.items():
            build = _extreme(descending=descending)
            yield Rule(f"{extreme} {sign}", (extreme, sign, SIDE), build, cost=-0.1)
            yield Rule(f"{sign} {extreme}", (SIDE, sign, extreme), build, cost=-0.1)
    for link in ("in a unit", "one"):
        yield Rule(
            f"average {link}", ("average", SIDE, link, Calendar), _per, cost=-0.15, unlimited=True
        )
        yield Rule(
            f"average {link} of",
            ("average", link, Calendar, SIDE),
            _per,
            cost=-0.15,
            unlimited=True,
        )
        yield Rule(
            f"{link} on average",
            (SIDE, link, Calendar, "average"),
            _per,
            cost=-0.15,
            unlimited=True,
        )
        yield Rule(
            f"averaged {link}", (SIDE, "average", link, Calendar), _per, cost=-0.15, unlimited=True
        )
        yield Rule(
            f"{link}, the average",
            (link, Calendar, "average", SIDE),
            _per,
            cost=-0.15,
            unlimited=True,
        )


KIND = Kind(
    "paces",
    "What a day, a month or a year has on average: average monthly revenue, orders per day.",
    english={"in a unit": ("per", "/")},
    indonesian={"in a unit": ("per", "dalam sebulan", "/")},
    rules=tuple(_rules()),
    samples=(
        Sample(
            "id",
            "Berapa rata-rata pendapatan tahunan seluruh koperasi?",
            """SELECT AVG(total) FROM (SELECT SUM(pendapatan) AS total FROM laporan_tahunan
            GROUP BY tahun_buku)""",
        ),
        Sample(
            "en",
            "What is the average yearly revenue of all cooperatives?",
            """SELECT AVG(total) FROM (SELECT SUM(pendapatan) AS total FROM laporan_tahunan
            GROUP BY tahun_buku)""",
        ),
    ),
)
