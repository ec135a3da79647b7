"""One aggregate over another. Follow-ups and averages of quotients make it, beside the kinds."""

from collections.abc import Callable, Sequence

from msgspec import structs
from sqlglot import exp

from kai_flow.analyst.query.calculation import Calculation
from kai_flow.analyst.query.measure import Asking, Measure, Saying
from kai_flow.analyst.query.naming import Results
from kai_flow.analyst.query.nodes import Aggregate, Filter
from kai_flow.analyst.query.trees import divided
from kai_flow.analyst.query.units import per
from kai_flow.analyst.query.window import Window

__all__ = ["Ratio"]


class Ratio(Calculation, frozen=True, tag=True, kw_only=True):
    """One aggregate over another; no value where the divisor is zero."""

    top: Aggregate
    bottom: Aggregate
    percent: bool = False
    """Whether it is shown times 100, as a percentage."""

    def number(self, found: Sequence[exp.Expr], window: Window) -> exp.Expr:
        return divided(found[0], found[1], window.dialect, 100 if self.percent else 1)

    def name(self, names: Results) -> str:
        if self.percent:
            return "percent" + names.limit(self.top)
        bottom = names.aggregate(self.bottom).removeprefix("number_of_")
        return f"{names.aggregate(self.top)}_per_{bottom.removeprefix('different_')}"

    def printed(self, aggregate: Callable[[Aggregate], str]) -> str:
        percent = "percent " if self.percent else ""
        return f"{percent}{aggregate(self.top)} / {aggregate(self.bottom)}"

    def said(self, say: Saying) -> str:
        over, under = say.aggregate(self.top), say.aggregate(self.bottom)
        if self.percent:
            return say.pick(
                f"persentase {over} terhadap {under}", f"{over} as a percentage of the {under}"
            )
        return say.pick(f"rasio {over} terhadap {under}", f"ratio of {over} to {under}")

    def asked(self, ask: Asking) -> str:
        if self.percent and self._of_the_whole:
            part = ask.part(self.top)
            return ask.pick(f"persentase {part}", f"percentage of {part}")
        over, under = ask.aggregate(self.top), ask.aggregate(self.bottom)
        if self.percent:
            return ask.pick(
                f"{over} dalam persen dari {under}", f"{over} as a percentage of {under}"
            )
        return ask.pick(f"rasio {over} terhadap {under}", f"ratio of {over} to {under}")

    @property
    def _of_the_whole(self) -> bool:
        """Whether it is the part of the same rows that meets a condition."""
        whole = structs.replace(self.top, where=None)
        return self.top.where is not None and whole == self.bottom

    def unit(self, units: Sequence[str]) -> str:
        return "%" if self.percent else per(*units)

    def in_percent(self) -> Measure:
        return structs.replace(self, percent=True)

    def as_amount(self) -> tuple[Measure, Filter | None]:
        """The amount of a part of the whole; else the ratio without its percent."""
        if self.percent and self._of_the_whole:
            return self.bottom, self.top.where
        return structs.replace(self, percent=False), None
