"""The part of the whole that a group has. Follow-ups make it ("in percent"), beside the kind."""

from collections.abc import Sequence
from typing import ClassVar

from sqlglot import exp

from kai_flow.analyst.query.calculation import Calculation, Nature
from kai_flow.analyst.query.faults import Fault
from kai_flow.analyst.query.measure import Asking, Measure, Saying
from kai_flow.analyst.query.naming import Results
from kai_flow.analyst.query.nodes import Aggregate, Filter, Group
from kai_flow.analyst.query.refusals import Reason
from kai_flow.analyst.query.trees import divided
from kai_flow.analyst.query.window import Window

__all__ = ["Share"]


class Share(Calculation, frozen=True, tag=True, kw_only=True):
    """The percentage, 0 to 100, that a group has of the total over all groups that the filters
    leave, those that HAVING or a limit hides included.
    """

    of: Aggregate
    within: bool = False
    """Of the total of its first group alone: "the share of each status in every region"."""

    windows: ClassVar[bool] = True
    nature: ClassVar[Nature] = Nature.PART
    beside: ClassVar[bool] = True
    fixed: ClassVar[Reason] = Reason.NOT_DIVISIBLE

    @property
    def adds_up(self) -> bool:
        return not self.within

    def number(self, found: Sequence[exp.Expr], window: Window) -> exp.Expr:
        by = window.first if self.within else ()
        total = exp.Window(this=exp.Sum(this=found[0].copy()), over="OVER", partition_by=by)
        return divided(found[0], total, window.dialect, 100)

    def name(self, names: Results) -> str:
        return f"percent_of_{names.what(self.of)}"

    def said(self, say: Saying) -> str:
        text, whole = say.aggregate(self.of), say.first_group()
        if self.within and whole:
            return say.pick(
                f"persentase dari {text} dalam setiap {whole}",
                f"percentage of the {text} within each {whole}",
            )
        return say.pick(f"persentase dari seluruh {text}", f"percentage of the overall {text}")

    def asked(self, ask: Asking) -> str:
        text = ask.counted(self.of)
        return ask.pick(f"persentase {text}", f"percentage of {text}")

    def unit(self, units: Sequence[str]) -> str:  # noqa: ARG002 -- whatever it is a share of
        return "%"

    def lacks(self, groups: Sequence[Group]) -> Fault | None:
        return Fault.WITHOUT_GROUPS if len(groups) < 1 + self.within else None

    def in_percent(self) -> Measure:
        return self

    def as_amount(self) -> tuple[Measure, Filter | None]:
        return self.of, None
