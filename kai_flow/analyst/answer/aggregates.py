"""Aggregates in words: "total price", "number of different customers"."""

from typing import Final

from kai_flow.analyst.answer.naming import Names
from kai_flow.analyst.query.nodes import Aggregate, Expression, Field, Function, Grain, Unit
from kai_flow.analyst.semantics.model import Role

__all__ = ["aggregate_words"]

_UNITS: Final[dict[Grain, tuple[str, str]]] = {
    Grain.DAY: ("hari", "days"),
    Grain.WEEK: ("minggu", "weeks"),
    Grain.MONTH: ("bulan", "months"),
    Grain.QUARTER: ("kuartal", "quarters"),
    Grain.YEAR: ("tahun", "years"),
}
_FUNCTIONS: Final[dict[Function, tuple[str, str]]] = {
    Function.SUM: ("total {}", "total {}"),
    Function.AVERAGE: ("rata-rata {}", "average {}"),
    Function.MEDIAN: ("median {}", "median {}"),
    Function.MINIMUM: ("{} terendah", "lowest {}"),
    Function.MAXIMUM: ("{} tertinggi", "highest {}"),
    Function.DISTINCT: ("banyaknya {} yang berbeda", "number of different values of {}"),
}
_OF_TIME: Final[dict[Function, tuple[str, str]]] = {
    **_FUNCTIONS,
    Function.MINIMUM: ("{} paling awal", "earliest {}"),
    Function.MAXIMUM: ("{} paling akhir", "latest {}"),
}


def aggregate_words(names: Names, measure: Aggregate, fact: str, *, brief: bool = False) -> str:
    """An aggregate of the rows of a table, without its filter.

    ``brief``: a derived measure by its name alone, without its formula.
    """
    if measure.of is None:
        rows = names.rows(fact)
        if names.model.entities[fact].repeats:  # there are fewer of them than rows
            return names.pick(f"jumlah baris {rows}", f"number of rows of {rows}")
        return names.pick(f"jumlah {rows}", f"number of {rows}")
    if isinstance(measure.of, Unit):
        return _units(names, measure.of, fact)
    if brief and measure.derived:
        text = names.derived(measure.derived)
    else:
        text = _expression(names, measure, fact)
    if measure.function is Function.SUM and text.startswith("total "):
        return names.pick(f"jumlah {text}", f"sum of {text}")
    if measure.function is Function.DISTINCT and isinstance(measure.of, Field):
        things = names.identified(measure.of, fact)
        if things:
            return names.pick(f"banyaknya {things} yang berbeda", f"number of different {things}")
    table = _OF_TIME if _of_time(names, measure.of) else _FUNCTIONS
    return names.pick(*table[measure.function]).format(text)


def _units(names: Names, of: Unit, fact: str) -> str:
    """The units of the calendar that something happened in."""
    time = names.axis(of.axis, of.path, fact)
    grain, plural = _UNITS[of.grain]
    return names.pick(
        f"jumlah {grain} yang ada isinya ({time})", f"number of {plural} with any ({time})"
    )


def _expression(names: Names, measure: Aggregate, fact: str) -> str:
    of = measure.of
    assert of is not None  # noqa: S101 -- the caller has looked
    assert not isinstance(of, Unit)  # noqa: S101 -- the caller has looked
    text = names.formula(of, fact, inner=not measure.derived)
    return f"{names.derived(measure.derived)} ({text})" if measure.derived else text


def _of_time(names: Names, of: Expression) -> bool:
    if not isinstance(of, Field):
        return False
    return names.role(of) is Role.TIME
