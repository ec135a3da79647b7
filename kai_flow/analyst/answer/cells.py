"""The cells of a result for a reader: what a number or a text stands for decides its form."""

from datetime import date
from typing import Final, assert_never

from kai_flow.analyst.answer import formats
from kai_flow.analyst.answer.naming import Names
from kai_flow.analyst.answer.units import unit_of
from kai_flow.analyst.engines.contract import Cell
from kai_flow.analyst.lexicon.lexicon import Language
from kai_flow.analyst.query.calculation import Calculation
from kai_flow.analyst.query.measure import Measure
from kai_flow.analyst.query.nodes import (
    Aggregate,
    Field,
    FieldGroup,
    Function,
    Grain,
    Group,
    PeriodGroup,
    TimeGroup,
)
from kai_flow.analyst.schema import ColumnRef
from kai_flow.analyst.semantics.model import Role

__all__ = ["Node", "shown", "shown_plain"]

Node = Group | Measure | Field

NO_VALUE: Final = "–"
_PLAIN: Final = frozenset({Role.KEY, Role.CODE, Role.TIME_PART, Role.NAME, Role.TEXT, Role.TIME})
"""Numbers in such columns are no quantities, and have no separators."""


def shown(cell: Cell, node: Node, names: Names) -> str:
    """A cell for a Markdown table or sentence."""
    return shown_plain(cell, node, names).replace("|", "\\|").replace("\n", " ").replace("\r", " ")


def shown_plain(cell: Cell, node: Node, names: Names) -> str:
    """A cell for a chart, where no sign has a meaning of its own."""
    match node:
        case TimeGroup():
            return _none(names) if cell is None else _time(cell, node, names)
        case PeriodGroup():
            return str(cell)
        case FieldGroup(field=field):
            return _none(names) if cell is None else _cell(cell, field, names)
        case Field():
            return NO_VALUE if cell is None else _cell(cell, node, names)
        case _:
            return _number(cell, node, names)


def _none(names: Names) -> str:
    """The group of the rows without a value."""
    return names.pick("(kosong)", "(none)")


def _time(cell: str | float, group: TimeGroup, names: Names) -> str:
    """A unit of the calendar, from the text or number that names it in the result."""
    if group.recurring:
        return _recurring(cell, group.grain, names)
    try:
        return _capital(_unit(str(cell), group.grain, names.language))
    except ValueError:
        return str(cell)


def _unit(text: str, grain: Grain, language: Language) -> str:
    """One year, quarter, month, week or day; ``ValueError`` for a text in another form."""
    match grain:
        case Grain.YEAR:
            unit = str(int(float(text)))
        case Grain.QUARTER:
            year, at = text.split("-Q")
            unit = formats.quarter(int(at), language, int(year))
        case Grain.MONTH:
            year, at = text.split("-")[:2]
            unit = formats.month(int(year), int(at), language)
        case Grain.WEEK:
            unit = formats.week(date.fromisoformat(text[:10]), language)
        case Grain.DAY:
            unit = formats.day(date.fromisoformat(text[:10]), language)
        case _:
            assert_never(grain)
    return unit


def _recurring(cell: Cell, grain: Grain, names: Names) -> str:
    """A month, quarter or weekday of any year."""
    if not isinstance(cell, int | float):
        return str(cell)
    at = int(cell)
    if grain is Grain.MONTH:
        return formats.month_name(at, names.language)
    if grain is Grain.QUARTER:
        return _capital(formats.quarter(at, names.language))
    if grain is Grain.DAY:
        return formats.weekday_name(at, names.language)
    return str(at)


def _cell(cell: str | float, field: Field, names: Names) -> str:
    """A value of a column."""
    attribute = names.model.attributes[ColumnRef(field.table, field.column)]
    if attribute.role is Role.FLAG:
        return _flag(cell, names)
    if isinstance(cell, str):
        return formats.moment(cell, names.language) if attribute.role is Role.TIME else cell
    if attribute.part == "month" and float(cell).is_integer():
        return formats.month_name(int(cell), names.language)
    if attribute.role in _PLAIN:
        return str(int(cell)) if float(cell).is_integer() else str(cell)
    return formats.amount(cell, attribute.unit, names.language)


def _flag(cell: str | float, names: Names) -> str:
    """Yes or no; a letter or word that the data has stays as it is."""
    if cell in {1, "true"}:
        return names.pick("ya", "yes")
    return names.pick("tidak", "no") if cell in {0, "false"} else str(cell)


def _number(cell: Cell, measure: Measure, names: Names) -> str:
    """The value of a measure, with its unit."""
    if cell is None:
        return NO_VALUE
    if isinstance(cell, str):
        return formats.moment(cell, names.language)
    field = _own_value(measure)
    if field is not None:
        return _cell(cell, field, names)
    unit = unit_of(measure, names)
    if unit == "%" and isinstance(measure, Calculation):
        return formats.percent(cell, names.language, signed=measure.signed)
    return formats.amount(cell, unit, names.language)


def _own_value(measure: Measure) -> Field | None:
    """The column of a lowest or highest value: its form is that of the column."""
    if isinstance(measure, Aggregate) and isinstance(measure.of, Field):
        return measure.of if measure.function in {Function.MINIMUM, Function.MAXIMUM} else None
    return None


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
