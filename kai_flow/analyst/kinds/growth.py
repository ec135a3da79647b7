"""Growth: the change of a number against the period before."""

from dataclasses import replace

from kai_flow.analyst.kinds.building import NUMBER, amount, count
from kai_flow.analyst.kinds.kind import Kind, Rule, Sample
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


AGAINST = {
    f"against {grain}": grain
    for grain in (Grain.DAY, Grain.WEEK, Grain.MONTH, Grain.QUARTER, Grain.YEAR)
}


def _against(*templates: tuple[str, ...], names: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """Phrases for the period before, for each unit of the calendar."""
    phrases = tuple(phrase for group in templates for phrase in group)
    return {
        sign: tuple(phrase.format(name) for phrase in phrases)
        for sign, name in zip(AGAINST, names, strict=True)
    }


def _over(change: Change, grain: Grain) -> Change | None:
    """The same against the period before of one unit."""
    return replace(change, grain=grain) if change.grain is None else None


GROWTH = """
    WITH years AS (SELECT tahun_buku, SUM(pendapatan) AS total FROM laporan_tahunan GROUP BY 1)
    SELECT tahun_buku, total, 100.0 * (total - LAG(total) OVER w) / LAG(total) OVER w
    FROM years WINDOW w AS (ORDER BY tahun_buku) ORDER BY 1"""

KIND = Kind(
    "growth",
    "Growth against the period before: how revenue grew each year.",
    english={
        "growth": (
            *("growth of", "growth", "growth in", "growth rate of", "growth rate", "increase in"),
            *("grow", "grew", "grown", "growing", "increase", "increased", "rise", "rose"),
            *("change in", "percent change in", "percentage change in", "percentage growth of"),
        ),
        **_against(
            ("{0} over {0}", "{0} on {0}", "from {0} to {0}", "{0} to {0}"),
            ("compared to the previous {0}", "compared with the previous {0}"),
            ("over the previous {0}", "from the previous {0}", "against the previous {0}"),
            ("compared to the {0} before", "compared with the {0} before", "versus the {0} before"),
            names=("day", "week", "month", "quarter", "year"),
        ),
        "mom": ("mom",),
        "yoy": ("yoy",),
    },
    indonesian={
        "growth": (
            *("pertumbuhan", "laju pertumbuhan", "kenaikan", "perubahan", "tingkat pertumbuhan"),
            *("tumbuh", "bertumbuh", "meningkat", "naik", "tumbuhnya"),
            *("persentase pertumbuhan", "persentase kenaikan", "peningkatan"),
        ),
        **_against(
            ("dari {0} ke {0}", "{0} ke {0}", "antar {0}"),
            ("dibanding {0} sebelumnya", "dibandingkan {0} sebelumnya"),
            ("dibandingkan dengan {0} sebelumnya", "dari {0} sebelumnya"),
            ("terhadap {0} sebelumnya",),
            names=("hari", "minggu", "bulan", "kuartal", "tahun"),
        ),
    },
    rules=(
        Rule("growth of a number", ("growth", (*NUMBER, Rows)), _growth),
        Rule("number growth", ((*NUMBER, Rows), "growth"), _growth),
        Rule("growth in percent", ((*NUMBER, Rows), "growth", "share"), _growth),
        Rule("how much growth", ("total", Change), lambda _sign, change: change),
        *(
            Rule(sign, (sign,), lambda _sign, grain=grain: Change(None, grain))
            for sign, grain in (*AGAINST.items(), ("mom", Grain.MONTH), ("yoy", Grain.YEAR))
        ),
        *(
            Rule(f"growth {sign}", (Change, sign), lambda change, _s, g=grain: _over(change, g))
            for sign, grain in (*AGAINST.items(), ("mom", Grain.MONTH), ("yoy", Grain.YEAR))
        ),
        *(
            Rule(f"{sign} growth", (sign, Change), lambda _s, change, g=grain: _over(change, g))
            for sign, grain in (*AGAINST.items(), ("mom", Grain.MONTH), ("yoy", Grain.YEAR))
        ),
    ),
    samples=(
        Sample("en", "Growth of revenue by year", GROWTH, ordered=True),
        Sample("id", "Pertumbuhan pendapatan per tahun", GROWTH, ordered=True),
    ),
)
