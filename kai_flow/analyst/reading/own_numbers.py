"""The numbers of rows that a limit without a noun may be of: "orders above 1 million"."""

from collections.abc import Iterator, Sequence
from typing import Final

from kai_flow.analyst.lexicon.lexicon import concepts
from kai_flow.analyst.reading.concepts import means
from kai_flow.analyst.reading.parts import Column, Computed
from kai_flow.analyst.reading.resolving import Resolver
from kai_flow.analyst.reading.told_units import MONEY, NO_MONEY, WORTH
from kai_flow.analyst.reading.unit_names import MEASURED
from kai_flow.analyst.reading.units import OF_TIME, PEOPLE, PIECES
from kai_flow.analyst.semantics.model import Attribute, Name, Role

__all__ = ["own_numbers"]

EXTRAS: Final = frozenset(["shipping_cost", "discount", "tax", "tip_money", "deduction"])
"""Concepts of amounts that come on top of what something is worth, or are taken off."""

LASTING: Final = OF_TIME | {"w", "mo", "y", "night"}
"""Units of how long something lasts."""


def own_numbers(resolver: Resolver, unit: str) -> Iterator[Column | Computed]:
    """What "orders above 1 million" may compare: amounts of the very rows."""
    model = resolver.model
    aged = not unit  # "patients over 60"
    own: Sequence[Attribute] = [
        each
        for each in model.of(resolver.fact)
        if each.role is Role.ADDITIVE or (aged and means(each, "age"))
        if not _beside_worth(resolver, each)
    ]
    stocked = any(means(each, "stock") for each in own)
    if unit == PIECES:
        own = [each for each in own if means(each, "quantity")]
    elif unit in MONEY:
        own = _worth(resolver, own)
    elif unit in LASTING:
        own = [each for each in own if each.unit == unit] or _lasting(own)
    elif unit:
        same = [each for each in own if each.unit == unit]
        same = same or [each for each in own if means(each, MEASURED.get(unit, unit))]
        own = same if same or unit == PEOPLE else own  # no salary is more than 5 people
    if unit in LASTING and not own:
        return  # no amount is more than 12 months
    yield from (Column(each.ref) for each in own)
    if unit in {PIECES, PEOPLE} or (unit in MONEY and (stocked or _told(resolver, own))):
        return
    yield from (Computed(d.name, d.table) for d in model.derived if d.table == resolver.fact)


def _lasting(own: Sequence[Attribute]) -> Sequence[Attribute]:
    """The numbers of how long something lasts."""
    timed = [each for each in own if each.unit or means(each, "duration")]
    return [each for each in timed if each.unit in {"", *OF_TIME}]


def _worth(resolver: Resolver, own: Sequence[Attribute]) -> Sequence[Attribute]:
    """What rows are worth: that which is called like them, or the price of what is in stock."""
    money = [each for each in own if _is_money(_called(each.names))]
    if len(money) < len(own) and any(means(each, "stock") for each in own):
        money += [each for each in resolver.model.of(resolver.fact) if means(each, "price")]
    return _told(resolver, money) or money


def _is_money(called: frozenset[str]) -> bool:
    """Whether a column of these concepts may be an amount of money."""
    return called.isdisjoint(NO_MONEY) or not called.isdisjoint(WORTH)


def _told(resolver: Resolver, own: Sequence[Attribute]) -> Sequence[Attribute]:
    """The one column that is called like its rows, if there is one: the sales amount of sales."""
    called = _called(resolver.model.entities[resolver.fact].names)
    found = [each for each in own if not each.concepts.isdisjoint(called)]
    return found if len(found) == 1 else []


def _beside_worth(resolver: Resolver, of: Attribute) -> bool:
    """Whether an amount is only added to what rows are worth: an order above 50 is no fee above 50.

    Of a shipment, what it costs is its amount.
    """
    if of.concepts.isdisjoint(EXTRAS):
        return False
    return "shipment" not in _called(resolver.model.entities[of.table].names)


def _called(names: Sequence[Name]) -> frozenset[str]:
    """The concepts that names express as they are."""
    return frozenset().union(*(concepts(name.words) for name in names))
