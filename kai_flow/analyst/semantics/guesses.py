"""Foreign keys that no database declares, where names and values make them plain."""

from collections.abc import Iterator

from kai_flow.analyst.schema import Column, ForeignKey, Kind, Schema, Table
from kai_flow.analyst.semantics.joins import KEY_WORDS, Link
from kai_flow.analyst.semantics.names import entity_words
from kai_flow.analyst.semantics.vocabulary import CODES, IDS
from kai_flow.analyst.semantics.wording import bags, full_words, joined, split_name

__all__ = ["guessed_links"]

_GENERIC = frozenset(["id", "key", "code", "kode", "no", "nomor", "name", "nama"])
_MARKS = IDS | CODES | {"no", "nomor"}
_SELF = frozenset(["manager", "parent", "atasan", "induk", "supervisor", "boss"])

_Target = tuple[Table, Column]
_Words = tuple[str, ...]


def guessed_links(schema: Schema) -> list[Link]:
    """For each column that no foreign key has: the one table that it plainly points to.

    Where two tables fit equally well, none is taken.
    """
    targets = _Targets(schema)
    found: list[Link] = []
    for table in schema.tables.values():
        declared = {name for key in table.foreign_keys for name in key.columns}
        for column in table.columns:
            if column.name in declared or not _may_point(table, column):
                continue
            fitting = [
                (rank, target)
                for rank, target in targets.of(table, column)
                if _alike(column, target[1]) and _contained(column, target[1])
            ]
            best = min((rank for rank, _ in fitting), default=0)
            plain = list({t.name: (t, key) for rank, (t, key) in fitting if rank == best}.values())
            if len(plain) == 1:
                other, key = plain[0]
                link = ForeignKey((column.name,), other.name, (key.name,))
                found.append((table.name, link, True))
    return found


class _Targets:
    """The columns that tell the rows of their tables apart, by what points to them."""

    def __init__(self, schema: Schema) -> None:
        self._by_name: dict[str, list[_Target]] = {}
        self._by_entity: dict[object, list[_Target]] = {}
        self._called: dict[str, frozenset[object]] = {}
        for table in schema.tables.values():
            names = entity_words(table)
            self._called[table.name] = frozenset(each for name in names for each in _keys(name))
            for key in table.columns:
                if not _identifies(table, key):
                    continue
                self._by_name.setdefault(joined(split_name(key.name)), []).append((table, key))
                if _is_keyed(key) or key.name.casefold() in _GENERIC:
                    for meant in dict.fromkeys(each for name in names for each in _keys(name)):
                        self._by_entity.setdefault(meant, []).append((table, key))

    def of(self, table: Table, column: Column) -> Iterator[tuple[int, _Target]]:
        """What a column may point to, with how far-fetched that is: less is better."""
        base, keyed = _base(column), _is_keyed(column)
        yield from self._of_one_name(table, column, base, keyed=keyed)
        if not keyed:
            return
        for rank, words in ((1, base), *((2, part) for part in _ends(base))):
            for meant in _keys(words):
                for target in self._by_entity.get(meant, ()):
                    if target[0].name != table.name:
                        yield rank, target
        if base and base[0] in _SELF:
            yield from ((3, target) for target in self._own(table))

    def _of_one_name(
        self, table: Table, column: Column, base: _Words, *, keyed: bool
    ) -> Iterator[tuple[int, _Target]]:
        """The columns of other tables that have the same name."""
        if column.name.casefold() not in _GENERIC:
            wanted = frozenset(_keys(base))
            for target in self._by_name.get(joined(split_name(column.name)), ()):
                other, key = target
                fits = not wanted.isdisjoint(self._called[other.name])
                if other.name != table.name and (keyed or fits):
                    yield (0 if fits or _own_id(other, key) else 1), target

    def _own(self, table: Table) -> list[_Target]:
        """The key of the table itself: what a manager's number points to."""
        return [
            target
            for name in entity_words(table)
            for meant in _keys(name)
            for target in self._by_entity.get(meant, ())
            if target[0].name == table.name
        ]


def _keys(words: _Words) -> tuple[object, ...]:
    """What phrases of the same meaning have in common."""
    return (joined(words), *bags(words)) if words else ()


def _is_entity(table: Table, words: _Words) -> bool:
    """Whether words are what a table's rows are called."""
    wanted = set(_keys(words))
    return any(not wanted.isdisjoint(_keys(name)) for name in entity_words(table))


def _ends(base: _Words) -> list[_Words]:
    """What is left of a name without a role before or after it: "origin city", "kota asal"."""
    sizes = range(1, len(base))
    return [part for size in sizes for part in (base[size:], base[:-size])]


def _may_point(table: Table, column: Column) -> bool:
    """Whether a column's name and kind are those of a pointer to another table."""
    if table.primary_key == (column.name,) or column.kind in {Kind.DATE, Kind.OTHER}:
        return False
    return not (column.unique and not table.primary_key and _own_id(table, column))


def _own_id(table: Table, column: Column) -> bool:
    """Whether a column is named as the key of its own table."""
    base = _base(column)
    return not base or _is_entity(table, base)


def _base(column: Column) -> _Words:
    """A column's name without "id", "code" and the like; empty if nothing is left."""
    words = full_words(split_name(column.name))
    return tuple(word for word in words if word not in KEY_WORDS)


def _is_keyed(column: Column) -> bool:
    """Whether a name has a word of keys or codes: "customer_id", "kode_cabang"."""
    words = full_words(split_name(column.name))
    return len(words) > 1 and (words[-1] in _MARKS or words[0] in _MARKS)


def _identifies(table: Table, key: Column) -> bool:
    """Whether a column tells the rows of its table apart; where nothing was seen, by its name."""
    if table.primary_key:
        return table.primary_key == (key.name,) or key.unique
    if key.unique or (key.distinct is not None and key.distinct == table.row_count > 0):
        return True
    return key.distinct is None and not table.row_count and _own_id(table, key)


def _alike(one: Column, other: Column) -> bool:
    """Whether two columns hold the same kind of values."""
    numbers = {Kind.NUMBER, Kind.YEAR, Kind.KEY}
    if Kind.TEXT in {one.kind, other.kind}:
        return one.kind is other.kind
    return one.kind in numbers and other.kind in numbers


def _contained(one: Column, other: Column) -> bool:
    """Whether the values seen in one column are among those of another, as far as that was seen."""
    if one.values and other.values:
        return set(one.values) <= set(other.values)
    if other.values and one.distinct is not None and one.distinct > len(other.values):
        return False
    bounds = (one.low, one.high, other.low, other.high)
    if all(isinstance(each, int | float) for each in bounds):
        low, high, least, most = (float(each) for each in bounds if each is not None)
        return least <= low and high <= most
    return True
