"""Numbers in the unit of a column: 5 tons are 5,000 where a column is in kilograms."""

from collections.abc import Sequence
from typing import Final

from kai_flow.analyst.reading.parts import Column, Having
from kai_flow.analyst.semantics.model import Attribute, SemanticModel

__all__ = ["limits", "scaled"]

_Values = tuple[str | float | bool, ...]

FACTORS: Final = {  # unit: (what it measures, how many of the base unit)
    "mg": ("mass", 0.000_001),
    "g": ("mass", 0.001),
    "kg": ("mass", 1.0),
    "t": ("mass", 1000.0),
    "mm": ("length", 0.001),
    "cm": ("length", 0.01),
    "m": ("length", 1.0),
    "km": ("length", 1000.0),
    "ml": ("volume", 0.001),
    "l": ("volume", 1.0),
    "m2": ("area", 1.0),
    "ha": ("area", 10_000.0),
    "km2": ("area", 1_000_000.0),
    "s": ("time", 1.0),
    "min": ("time", 60.0),
    "h": ("time", 3600.0),
    "d": ("time", 86_400.0),
}

OF_TIME: Final = frozenset(unit for unit, (measures, _) in FACTORS.items() if measures == "time")
"""Units of time."""

SPELLED: Final = {"ton": "t", "tons": "t", "tonne": "t", "m²": "m2", "jam": "h", "menit": "min"}

PIECES: Final = "pcs"
"""The unit of things that are counted."""

PEOPLE: Final = "person"
"""The unit of figures that count people."""

UNSAID: Final = frozenset(["kg", "km", "m", "l", "ha", "m2", "h", "min", "d"])
"""Units that a column is taken to be in when nothing says its unit."""


def scaled(values: Sequence[str | float | bool], unit: str, attribute: Attribute) -> _Values | None:
    """The values in the unit of the column; None when that cannot be told."""
    if unit == "%":
        if attribute.high is not None and attribute.high <= 1:
            return _times(values, 0.01)
        return tuple(values) if attribute.unit == "%" or _percentage(attribute) else None
    own = SPELLED.get(attribute.unit.casefold(), attribute.unit.casefold())
    if unit not in FACTORS or unit.casefold() == own:
        if unit == PIECES and own and own != PIECES:
            return None
        foreign = unit not in FACTORS and unit and own and unit.casefold() != own
        return None if foreign and _money(unit) and _money(own) else tuple(values)
    if own not in FACTORS:
        return tuple(values) if not own and unit in UNSAID else None
    (measures, factor), (same, base) = FACTORS[unit], FACTORS[own]
    return _times(values, factor / base) if measures == same else None


def limits(having: Having, model: SemanticModel) -> tuple[float, ...] | None:
    """The values of a condition on groups in the unit of its number; None when that is unknown."""
    of = having.amount.of
    if not isinstance(of, Column):
        return None if having.unit in FACTORS else having.values
    values = scaled(having.values, having.unit, model.attributes[of.ref])
    return None if values is None else tuple(map(float, values))


def _percentage(attribute: Attribute) -> bool:
    """Whether a column's name says that it holds percentages."""
    said = {"percent", "percentage", "rate", "margin", "discount", "persen", "persentase", "pct"}
    return any(not said.isdisjoint(name.words) for name in attribute.names)


def _money(unit: str) -> bool:
    return unit.casefold() in {"rp", "idr", "usd", "$", "eur", "€", "sgd", "gbp", "£"}


def _times(values: Sequence[str | float | bool], factor: float) -> _Values:
    return tuple(v * factor if isinstance(v, int | float) else v for v in values)
