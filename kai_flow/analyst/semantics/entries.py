"""The names of a semantic model as entries of an index, with the keys that find them."""

from collections import Counter
from collections.abc import Iterable, Iterator

from msgspec import Struct
from msgspec.structs import replace

from kai_flow.analyst.schema import ColumnRef
from kai_flow.analyst.semantics.kind_names import kinds_named
from kai_flow.analyst.semantics.model import Attribute, Entity, Join, Name, Role, SemanticModel
from kai_flow.analyst.semantics.month_days import without_weekdays
from kai_flow.analyst.semantics.people import PEOPLE, PERSONS
from kai_flow.analyst.semantics.targets import (
    AttributeTarget,
    AxisTarget,
    DerivedTarget,
    EntityTarget,
    How,
    JoinTarget,
    Target,
    ValueTarget,
)
from kai_flow.analyst.semantics.vocabulary import GENERIC
from kai_flow.analyst.semantics.wording import Bag, bags, joined

__all__ = ["Entry", "entries_of"]

TAUGHT = 0.95
"""What an exact match with a taught name is worth."""

WITH_ENTITY = 0.97
"""What the names of a table and of its column together are worth: "customer city"."""

TRANSLATED = 0.94
"""What the names of two tables together are worth in the other language."""

VALUE_REVERSED = 0.9
"""What the two words of a value are worth in the other order."""

VALUE_PART = 0.6
"""What a part of a value that no other value has is worth."""

_OWN = 0.85  # names of a smaller weight are parts of names, or guesses
_COMPOUNDS = 4  # names of a table, and of a column, that are put together


class Entry(Struct, frozen=True, gc=False):
    """One name of one target."""

    keys: tuple[str, ...]
    """The name as `joined` words."""
    bags: tuple[Bag, ...]
    """What it means; empty for a name that is only found as it is written."""
    target: Target
    score: float
    how: How
    words: tuple[str, ...] = ()
    """For the correction of spelling; empty for names that are put together."""
    tight: bool = False
    """Whether its words stand side by side: "customer orders" are no customers of orders."""


def entries_of(model: SemanticModel) -> Iterator[Entry]:
    """Every name of everything."""
    nouns = _nouns(model)
    plain, people = _transactions(model), _people(model)
    for entity in model.entities.values():
        yield from map(_as_rows, _named(EntityTarget(entity.table), entity.names))
        if entity.table in plain:
            sold = len(model.entities) == 1 and _is_sold(model, entity.table)
            yield from _plain_rows(entity, only=len(plain) == 1, sold=sold)
        if entity.table in people:
            yield from _plain_people(entity, only=len(people) == 1)
        prefixes = _prefixes(entity)
        for attribute in model.of(entity.table):
            target = AttributeTarget(attribute.ref)
            named = without_weekdays(attribute, _named(target, attribute.names))
            yield from map(_as_rows, named) if attribute.role is Role.KEY else named
            if attribute.role is not Role.FLAG:  # rush orders are orders, not a column
                yield from _compounds(target, attribute.names, prefixes)
            yield from (_without(entry, nouns) for entry in _values(attribute))
    yield from _kinds_of(model)
    for axis in model.axes.values():
        time = AxisTarget(axis.id)
        yield from _named(time, axis.names)
        yield from _compounds(time, axis.names, _prefixes(model.entities[axis.table]))
    for join in model.joins.values():
        role = JoinTarget(join.id)
        yield from _named(role, join.names)
        yield from _compounds(role, join.names, _prefixes(model.entities[join.target]))
        yield from _doers(join, model)
    for derived in model.derived:
        yield from _named(DerivedTarget(derived.name, derived.table), derived.names)


def _nouns(model: SemanticModel) -> frozenset[Bag]:
    """What the names of tables and columns mean."""
    names = [each.names for each in model.entities.values()]
    names += [each.names for each in model.attributes.values() if each.role is not Role.FLAG]
    return frozenset(
        bag for own in names for name in own if name.weight > _OWN for bag in bags(name.words)
    )


def _without(entry: Entry, nouns: frozenset[Bag]) -> Entry:
    """A value's name without meanings that tables or columns have: shops are no type Outlet.

    Neither is money spent a department of sales.
    """
    money = ("revenue",) if ("sale",) in entry.bags else None
    return replace(
        entry, bags=tuple(bag for bag in entry.bags if bag not in nouns and bag != money)
    )


_ROWS = ("record", "row", "entry", "baris", "catatan", "entri")
_TRANSACTIONS = ("transaction", "transaksi")
_ORDERS = ("order", "pesanan")
_ONLY, _PLAIN = 0.97, 0.85
"""What it is worth to call rows transactions, of the only such table or of several."""


def _transactions(model: SemanticModel) -> frozenset[str]:
    """The tables whose rows are called transactions: the only table, or orders and sales."""
    tables = [entity for entity in model.entities.values() if not entity.bridge]
    if len(tables) == 1:
        return frozenset([tables[0].table])
    bags_of = {e.table: {bag for name in e.names for bag in bags(name.words)} for e in tables}
    if any(("transaction",) in meant for meant in bags_of.values()):
        return frozenset()
    return frozenset(t for t, meant in bags_of.items() if meant & {("order",), ("sale",)})


def _is_sold(model: SemanticModel, table: str) -> bool:
    """Whether each row of a table is something that was sold, at a quantity times a price."""
    return any(each.table == table and each.name == "revenue" for each in model.derived)


def _plain_rows(entity: Entity, *, only: bool, sold: bool) -> Iterator[Entry]:
    """The words that any rows are called; ``sold``: whether each is something that was sold."""
    score = _ONLY if only else _PLAIN
    orders = _ORDERS if only and sold else ()
    for word in (*_TRANSACTIONS, *_ROWS, *orders) if only else _TRANSACTIONS:
        yield Entry((joined((word,)),), (), EntityTarget(entity.table), score, "part", (word,))


_ANYONE = ("people", "person", "orang")


def _people(model: SemanticModel) -> frozenset[str]:
    """The tables whose rows are persons, if none is called so: "how many people ordered tea"."""
    meant = {
        entity.table: frozenset(bag for name in entity.names for bag in bags(name.words))
        for entity in model.entities.values()
    }
    if any(("person",) in each for each in meant.values()):
        return frozenset()
    return frozenset(t for t, each in meant.items() if any(PERSONS.issuperset(b) for b in each))


def _plain_people(entity: Entity, *, only: bool) -> Iterator[Entry]:
    """The words that any persons are called."""
    score = _ONLY if only else _PLAIN
    for word in _ANYONE:
        yield Entry((joined((word,)),), (), EntityTarget(entity.table), score, "part", (word,))


_MEASURES = frozenset(
    [
        "revenue",
        "income",
        "amount",
        "cost",
        "expense",
        "profit",
        "quantity",
        "price",
        "payment_amount",
    ]
)
"""Concepts of numbers, which no table's rows are, though a word may mean both: sales."""


def _as_rows(entry: Entry) -> Entry:
    """A table's name without meanings that only a number can have, if it has another."""
    rows = tuple(bag for bag in entry.bags if _MEASURES.isdisjoint(bag) and bag != _SELLER)
    return replace(entry, bags=rows) if rows else entry


_SELLER = ("salesperson",)
"""Whom Indonesian calls "sales"; a table of that name has what was sold."""

_ANSWERS = frozenset([("yes",), ("no",), ("ya",), ("tidak",), ("true",), ("false",)])
"""Names of values that have other meanings elsewhere: "no" is short for "number"."""


def _named(target: Target, names: Iterable[Name], *, loose: bool = True) -> Iterator[Entry]:
    """The names of a target."""
    for name in names:
        meant = bags(name.words) if loose and name.words not in _ANSWERS else ()
        if isinstance(target, ValueTarget):  # words without a concept have no other language
            meant = tuple(bag for bag in meant if not any(word[0] == "=" for word in bag))
        how: How = "taught" if name.taught else "exact" if name.weight > _OWN else "part"
        score = min(name.weight, TAUGHT) if name.taught else name.weight
        yield Entry((joined(name.words),), meant, target, score, how, name.words)


def _kinds_of(model: SemanticModel) -> Iterator[Entry]:
    """Tables named with what points to them: "customer group", "grup pelanggan"."""
    for kind in kinds_named(model):
        score = TRANSLATED if kind.translated else WITH_ENTITY
        entry = _exactly(EntityTarget(kind.table), kind.words)
        yield replace(entry, score=score, tight=kind.tight)


def _doers(join: Join, model: SemanticModel) -> Iterator[Entry]:
    """Those who did something, by the verb of their key: ``referred_by`` are who referred."""
    if join.widens or len(join.pairs) != 1:
        return
    key = AttributeTarget(ColumnRef(join.source, join.pairs[0][0]))
    for name in join.names:
        if len(name.words) > 1 and name.words[-1] in _BY:
            for who in _best(model.entities[join.target]):
                yield _exactly(key, (*who, *name.words[:-1]))
            if len(name.words) == 2 and name.words[0].endswith("ed"):
                for verb in {name.words[0][:-1], name.words[0][:-2]}:  # supervise, inspect
                    yield _exactly(key, (verb,))
                    yield _exactly(key, (f"{verb}s",))


_BY = frozenset(["by", "oleh"])
"""Last words of keys that lead to who did something."""


def _exactly(target: Target, words: tuple[str, ...]) -> Entry:
    return Entry((joined(words),), (), target, WITH_ENTITY, "exact")


def _best(entity: Entity) -> list[tuple[str, ...]]:
    """A table's best names."""
    return [name.words for name in entity.names if name.weight > _OWN][:_COMPOUNDS]


def _prefixes(entity: Entity) -> list[tuple[str, tuple[Bag, ...]]]:
    """Key and meanings of a table's best names, to be put before those of its columns."""
    best = [name for name in entity.names if name.weight > _OWN][:_COMPOUNDS]
    return [(joined(name.words), bags(name.words)) for name in best]


def _compounds(
    target: Target, names: Iterable[Name], prefixes: list[tuple[str, tuple[Bag, ...]]]
) -> Iterator[Entry]:
    """The names of a table and its column together, in either order."""
    best = [name for name in names if name.weight > _OWN][:_COMPOUNDS]
    for name in best:
        key, meant = joined(name.words), bags(name.words)
        if ("count_of",) in meant:
            continue  # "jumlah retur" counts returns, although they have a column "jumlah"
        meant = tuple(bag for bag in meant if bag != ("quantity",))
        for before, owner in prefixes:
            if before in key:
                continue
            both = tuple(
                dict.fromkeys(tuple(sorted((*one, *other))) for one in owner for other in meant)
            )
            score = WITH_ENTITY * min(name.weight, TAUGHT if name.taught else 1)
            yield Entry((before + key, key + before), both, target, score, "exact")


FEW = 8
"""Rows at most of a table of kinds, such as ways of paying."""


def _values(attribute: Attribute) -> Iterator[Entry]:
    """The values of a column. Names of rows and people are not translated: "Putri" is no woman.

    The few names of a table of kinds are: "cash" finds the way of paying "Tunai".
    """
    own = (bag for name in attribute.names if name.weight > _OWN for bag in bags(name.words))
    kinds = attribute.role is not Role.NAME or len(attribute.values) <= FEW
    loose = kinds and not any(map(PEOPLE.issuperset, own))
    targets = [ValueTarget(attribute.ref, value) for value in attribute.values]
    for target in targets:
        yield from _named(target, target.value.names, loose=loose)
    if attribute.role in {Role.CATEGORY, Role.NAME}:
        yield from _parts(targets)


def _parts(targets: Iterable[ValueTarget]) -> Iterator[Entry]:
    """Words that are part of exactly one value: "Jakarta" for "DKI Jakarta"."""
    named = [(each, each.value.names[0].words) for each in targets if each.value.names]
    for target, words in named:  # "bank transfer" is "Transfer Bank" in the other language
        if len(words) == 2 and words[0] != words[1]:
            yield Entry((joined(words[::-1]),), (), target, VALUE_REVERSED, "part")
    counted = Counter(word for _, words in named for word in dict.fromkeys(words))
    for target, words in named:
        for word in dict.fromkeys(words) if len(words) > 1 else ():
            if counted[word] == 1 and len(word) > 3 and word.isalpha() and word not in GENERIC:
                yield Entry((joined((word,)),), (), target, VALUE_PART, "part", (word,))
