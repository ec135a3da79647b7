"""Growth: the change of a number against the period before."""

from collections.abc import Sequence
from typing import ClassVar

from msgspec import structs
from msgspec.structs import replace
from sqlglot import exp

from kai_flow.analyst.kinds.building import NOUN, NUMBER, amount, count
from kai_flow.analyst.kinds.kind import Kind, Rule, Sample
from kai_flow.analyst.query.calculation import Calculation, Nature
from kai_flow.analyst.query.faults import Fault
from kai_flow.analyst.query.measure import Asking, Measure, Saying
from kai_flow.analyst.query.naming import Results
from kai_flow.analyst.query.nodes import Aggregate, Filter, Function, Grain, Group, TimeGroup
from kai_flow.analyst.query.ordering import ordered
from kai_flow.analyst.query.times import day_before
from kai_flow.analyst.query.trees import Unlowerable, case, divided, integer, literal
from kai_flow.analyst.query.window import Window
from kai_flow.analyst.reading.parts import (
    Amount,
    Change,
    Column,
    Computed,
    Measured,
    Rows,
    Sign,
    Where,
    Within,
)


class Growth(Calculation, frozen=True, tag=True, kw_only=True):
    """The change in percent against the period before; only in a query grouped by one TimeGroup
    (and perhaps one more).
    """

    of: Aggregate
    absolute: bool = False
    """The change itself, not in percent."""

    windows: ClassVar[bool] = True
    rows_first: ClassVar[bool] = True
    nature: ClassVar[Nature] = Nature.CHANGE
    signed: ClassVar[bool] = True
    beside: ClassVar[bool] = True

    def number(self, found: Sequence[exp.Expr], window: Window) -> exp.Expr:
        """The change against the period before, if it is the one right before."""
        if window.label is None:
            raise Unlowerable("growth without a time")
        before = _before(found[0], window.label, window)
        change: exp.Expr = exp.Sub(this=found[0], expression=before)
        if not self.absolute:
            change = divided(change, before.copy(), window.dialect, 100)
        return case((_adjacent(window.label, window), change))

    def name(self, names: Results) -> str:
        what = f"growth_of_{names.what(self.of)}"
        return what if self.absolute else f"{what}_in_percent"

    def said(self, say: Saying) -> str:
        text, unit = say.aggregate(self.of), say.unit_of_time()
        before = say.pick(f"dibandingkan {unit} sebelumnya", f"compared with the {unit} before")
        if self.absolute:
            return say.pick(f"selisih {text} {before}", f"change in {text} {before}")
        return say.pick(
            f"perubahan {text} {before} (dalam persen)", f"change in {text} {before} (in percent)"
        )

    def asked(self, ask: Asking) -> str | None:
        if self.absolute:
            return None
        text = ask.aggregate(self.of)
        return ask.pick(f"pertumbuhan {text}", f"growth of {text}")

    def unit(self, units: Sequence[str]) -> str:
        return units[0] if self.absolute else "%"

    def lacks(self, groups: Sequence[Group]) -> Fault | None:
        times = [group for group in groups if isinstance(group, TimeGroup)]
        timed = len(times) == 1 and not times[0].recurring and len(groups) <= 2
        return None if timed else Fault.WITHOUT_TIME

    def in_percent(self) -> Measure:
        return structs.replace(self, absolute=False)

    def as_amount(self) -> tuple[Measure, Filter | None]:
        return structs.replace(self, absolute=True), None


def _before(what: exp.Expr, label: exp.Expr, window: Window) -> exp.Expr:
    """A value of the row before, in the order of time."""
    order = exp.Order(expressions=[ordered(label.copy(), dialect=window.dialect, nullable=False)])
    return exp.Window(
        this=exp.Lag(this=what.copy()),
        over="OVER",
        partition_by=[each.copy() for each in window.others],
        order=order,
    )


def _adjacent(label: exp.Expr, window: Window) -> exp.Expr:
    """Whether the row before is of the period right before."""
    before = _before(label, label, window)
    if window.grain in {Grain.DAY, Grain.WEEK}:
        days = 1 if window.grain is Grain.DAY else 7
        return exp.EQ(this=before, expression=day_before(label.copy(), days, window.dialect))
    step = exp.Sub(this=_count(label, window.grain), expression=literal(1))
    return exp.EQ(this=_count(before, window.grain), expression=step)


def _count(label: exp.Expr, grain: Grain) -> exp.Expr:
    """The number of a year, quarter or month on a line of all of them."""
    if grain is Grain.YEAR:
        return label.copy()
    per_year, at, length = (12, 6, 2) if grain is Grain.MONTH else (4, 7, 1)
    year, part = (
        integer(exp.Substring(this=label.copy(), start=literal(start), length=literal(size)))
        for start, size in ((1, 4), (at, length))
    )
    return exp.Add(this=exp.Mul(this=year, expression=literal(per_year)), expression=part)


def _growth(*parts: "Sign | Column | Computed | Measured | Rows") -> Change | None:
    of = next(part for part in parts if not isinstance(part, Sign))
    number = count(of) if isinstance(of, Rows) else amount(of)
    return Change(number) if isinstance(number, Amount) else None


def _of_rows(*parts: "Sign | Rows | Column | Computed") -> Change:
    """The words "growth of total cooperative revenue": the number is the last noun."""
    return Change(Amount(Function.SUM if len(parts) > 3 else None, parts[-1]))  # type: ignore[arg-type]  # the pattern ends in a noun


AGAINST = {
    f"against {grain}": grain
    for grain in (Grain.DAY, Grain.WEEK, Grain.MONTH, Grain.QUARTER, Grain.YEAR)
}


_KINDS_OF_YEARS = ("reporting", "financial", "fiscal", "book", "budget", "calendar", "accounting")


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


def _since(*parts: Change | Sign | Where) -> Change | None:
    """The same against a period that is named: growth in 2024 "compared with 2023"."""
    (change,) = (part for part in parts if isinstance(part, Change))
    tests = [part.test for part in parts if isinstance(part, Where)]
    if change.since or change.grain or not all(isinstance(test, Within) for test in tests):
        return None
    return replace(change, since=tests[-1], during=tests[0] if tests[1:] else None)


UP_OR_DOWN = (
    *("rise or fall", "rises or falls", "increase or decrease", "grow or shrink", "go up or down"),
    *("went up or down", "gone up or down", "goes up or down", "increased or decreased"),
    *("rose or fell", "grew or shrank", "up or down", "increase or decline"),
)
"""Either of two directions, of which the sign of a number tells which it is."""

NAIK_TURUN = (
    *("naik atau turun", "naik atau turunnya", "naik turun", "naik turunnya", "naik / turun"),
    *("turun atau naik", "kenaikan atau penurunan", "kenaikan atau penurunannya"),
    *("naik ataupun turun", "meningkat atau menurun", "bertambah atau berkurang"),
    *("naik apa turun", "naik atau malah turun", "peningkatan atau penurunan"),
)
"""The same in Indonesian."""


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
            *("change of", "percentage change of", "percent change of", "rate of change of"),
            *("change in", "percent change in", "percentage change in", "percentage growth of"),
            *("go up", "goes up", "went up", "gone up", "climb", "climbed", "go up by", "grow by"),
            *("grew by", "grown by", "increase by", "increased by", "rise by", "rose by"),
            *("went up by", "gone up by", *UP_OR_DOWN),
            *("growth of the", "growth in the", "growth rate of the"),
        ),
        "how fast": ("how fast", "how quickly", "how strongly", "how rapidly"),
        **_against(
            ("{0} over {0}", "{0} on {0}", "from {0} to {0}", "{0} to {0}", "{0} after {0}"),
            ("from one {0} to the next", "one {0} to the next", "from one {0} to the next one"),
            (
                "from one {0} to the following",
                "from each {0} to the next",
                "from one {0} to another",
            ),
            tuple(f"from one {kind} {{0}} to the next" for kind in _KINDS_OF_YEARS),
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
            *("pertumbuhannya", "kenaikannya", "peningkatannya"),
            *("persentase pertumbuhan", "persentase kenaikan", "peningkatan", *NAIK_TURUN),
        ),
        "how fast": ("seberapa cepat", "seberapa pesat", "secepat apa"),
        **_against(
            ("dari {0} ke {0}", "{0} ke {0}", "antar {0}", "dari satu {0} ke {0} berikutnya"),
            ("dari {0} ke {0} berikutnya", "dari satu {0} ke {0} selanjutnya"),
            ("dibanding {0} sebelumnya", "dibandingkan {0} sebelumnya"),
            ("dibandingkan dengan {0} sebelumnya", "dari {0} sebelumnya"),
            ("terhadap {0} sebelumnya",),
            names=("hari", "minggu", "bulan", "kuartal", "tahun"),
        ),
    },
    rules=(
        Rule("growth of a number of rows", ("growth", Rows, NOUN), _of_rows, cost=0.05, tight=True),
        Rule(
            "growth of a total of rows",
            ("growth", "total", Rows, NOUN),
            _of_rows,
            cost=0.05,
            tight=True,
        ),
        Rule(
            "growth of rows' total",
            ("growth", Rows, "total", NOUN),
            _of_rows,
            cost=0.05,
            tight=True,
        ),
        Rule("growth of a number", ("growth", (*NUMBER, Rows)), _growth),
        Rule("number growth", ((*NUMBER, Rows), "growth"), _growth),
        Rule("growth in percent", ((*NUMBER, Rows), "growth", "share"), _growth),
        Rule("how fast it grows", ("how fast", Change), lambda _sign, change: change),
        Rule("growth, in percent", (Change, "share"), lambda change, _sign: change),
        Rule("the growth as well", ("and", "growth"), lambda _and, _growth: Change(None)),
        Rule("how much growth", ("total", Change), lambda _sign, change: change),
        Rule("by how many percent", ("percent more", Change), lambda _sign, change: change),
        Rule("how many percent", ("share", Change), lambda _sign, change: change),
        *(
            Rule(f"growth, {sign}", (Change, *during, sign, Where), _since, cost=-0.1)
            for sign in ("versus", "time from", "above")
            for during in ((), (Where,))
        ),
        Rule("versus, growth", ("versus", Where, Change), _since, cost=-0.1),
        Rule("number of rows, growth", (NUMBER, Rows, "growth"), _growth, cost=0.05),
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
