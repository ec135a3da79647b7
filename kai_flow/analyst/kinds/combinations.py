"""Combinations of several things, ranked or grouped together: channel and category."""

from msgspec.structs import replace

from kai_flow.analyst.kinds.building import DIMENSION, NUMBER
from kai_flow.analyst.kinds.kind import Kind, Rule, Sample
from kai_flow.analyst.kinds.ranking import rank_by
from kai_flow.analyst.reading.parts import (
    Column,
    Combination,
    Computed,
    Dimension,
    Groups,
    Measured,
    Rank,
    Rows,
    Sign,
)


def _pair(*parts: Sign | Dimension) -> Combination | None:
    """The words “Combination of channel and category”."""
    by = tuple(part for part in parts if not isinstance(part, Sign))
    many = Sign("combinations") in parts
    return Combination(by, many) if len(set(by)) == len(by) else None


def _top(
    rank: Rank, pair: Combination, *rest: Sign | Column | Computed | Measured | Rows
) -> Combination | None:
    """The words "Top 5 combinations of channel and category by revenue"."""
    if pair.rank is not None or rank.of is not None:
        return None
    by = rank_by(rank, *rest) if rest else rank
    return None if by is None else replace(pair, rank=by)


def _grouped(_sign: Sign, pair: Combination) -> Groups:
    return Groups(pair.by)


KIND = Kind(
    "combinations",
    "Several things together: which combination of channel and category sold most.",
    english={
        "combination": (
            *("combination of", "combination", "combination between", "combo of", "combo"),
            *("pair of", "pair", "pairing of", "pairing", "mix of"),
        ),
        "combinations": (
            *("combinations of", "combinations", "pairs of", "pairs", "combos"),
            "every combination of",
        ),
    },
    indonesian={
        "combination": (
            *("kombinasi", "kombinasi antara", "kombinasi dari", "pasangan", "gabungan"),
            *("gabungan dari", "kombinasi apa dari"),
        ),
        "combinations": ("tiap kombinasi", "setiap kombinasi"),
    },
    rules=(
        *(
            rule
            for sign in ("combination", "combinations")
            for rule in (
                Rule(f"{sign} of", (sign, DIMENSION, "and", DIMENSION), _pair, cost=-0.1),
                Rule(sign, (DIMENSION, "and", DIMENSION, sign), _pair),
                Rule(f"{sign} of two", (sign, DIMENSION, DIMENSION), _pair, cost=0.05),
                Rule(f"{sign}, two", (DIMENSION, DIMENSION, sign), _pair, cost=0.05),
            )
        ),
        Rule("top combinations", (Rank, Combination), _top),
        Rule("top combinations by", (Rank, Combination, "ranked by", (*NUMBER, Rows)), _top),
        Rule("per combination", ("per", Combination), _grouped),
        Rule("by combination", ("by", Combination), _grouped),
    ),
    samples=(
        Sample(
            "en",
            "Which combination of type and status has the most cooperatives?",
            (
                "SELECT jenis_koperasi, status_koperasi, COUNT(*) FROM koperasi"
                " GROUP BY 1, 2 ORDER BY 3 DESC LIMIT 1"
            ),
        ),
        Sample(
            "id",
            "Kombinasi jenis dan status mana yang memiliki koperasi terbanyak?",
            """SELECT jenis_koperasi, status_koperasi, COUNT(*) FROM koperasi
            GROUP BY 1, 2 ORDER BY 3 DESC LIMIT 1""",
        ),
    ),
)
