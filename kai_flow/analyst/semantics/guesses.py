"""Foreign keys that no database declares, where names and values make them plain."""

from collections.abc import Iterator

from kai_flow.analyst.schema import Column, ForeignKey, Kind, Schema, Table
from kai_flow.analyst.semantics.joins import KEY_WORDS, Link
from kai_flow.analyst.semantics.names import entity_words
from kai_flow.analyst.semantics.vocabulary import CODES, IDS
from kai_flow.analyst.semantics.wording import full_words, same, split_name

__all__ = ["guessed_links"]

_Rank = int
_GENERIC_KEYS = {("id",), ("key",), ("code",), ("kode",), ("no",), ("nomor",), ("name",), ("nama",)}


def guessed_links(schema: Schema) -> list[Link]:
    """For each column that no foreign key has: the one table that it plainly points to.

    Where two tables fit equally well, none is taken.
    """
    found: list[Link] = []
    for table in schema.tables.values():
        declared = {name for key in table.foreign_keys for name in key.columns}
        for column in table.columns:
            if column.name in declared or not _may_point(table, column):
                continue
            ranked = sorted(
                _targets(schema, table, column), key=lambda each: (each[0], each[1].target)
            )
            if ranked and (len(ranked) == 1 or ranked[0][0] < ranked[1][0]):
                found.append((table.name, ranked[0][1], True))
    return found


def _may_point(table: Table, column: Column) -> bool:
    """Whether a column's name and kind are those of a pointer to another table."""
    if table.primary_key == (column.name,) or column.kind in {Kind.DATE, Kind.OTHER}:
        return False
    return not (column.unique and not table.primary_key and _own_id(table, column))


def _own_id(table: Table, column: Column) -> bool:
    """Whether a column is named as the key of its own table."""
    base = _base(column)
    return not base or any(same(base, name) for name in entity_words(table))


def _base(column: Column) -> tuple[str, ...]:
    """A column's name without "id", "code" and the like; empty if nothing is left."""
    words = full_words(split_name(column.name))
    return tuple(word for word in words if word not in KEY_WORDS)


def _targets(schema: Schema, table: Table, column: Column) -> Iterator[tuple[_Rank, ForeignKey]]:
    """Tables that a column may point to, with how far-fetched that is: less is better."""
    keyed = _is_keyed(column)
    for other in schema.tables.values():
        for key in other.columns:
            if (other.name, key.name) == (table.name, column.name):
                continue
            rank = _rank(table, column, other, key, keyed=keyed)
            if rank is not None:
                yield rank, ForeignKey((column.name,), other.name, (key.name,))
                break


def _is_keyed(column: Column) -> bool:
    """Whether a name has a word of keys or codes: "customer_id", "kode_cabang"."""
    words = full_words(split_name(column.name))
    return len(words) > 1 and (
        words[-1] in IDS | CODES | {"no", "nomor"} or words[0] in IDS | CODES | {"no", "nomor"}
    )


def _rank(table: Table, column: Column, other: Table, key: Column, *, keyed: bool) -> _Rank | None:
    """How far-fetched a pointer from one column to the other is; None: it is none."""
    if not _identifies(other, key) or not _alike(column, key) or not _contained(column, key):
        return None
    if other.name == table.name:
        base = _base(column)
        return 3 if keyed and base in _SELF and _is_keyed_or_generic(key) else None
    own = split_name(column.name) == split_name(key.name)
    base, names = _base(column), entity_words(other)
    named = bool(base) and any(same(base, name) for name in names)
    if own and (keyed or named) and split_name(key.name) not in _GENERIC_KEYS:
        return 0 if named or _own_id(other, key) else 1
    if keyed and named and _is_keyed_or_generic(key):
        return 1
    if keyed and _is_keyed_or_generic(key) and any(_ends(base, name) for name in names):
        return 2  # a role before or after the table's name: "origin_city_id"
    return None


_SELF = {("manager",), ("parent",), ("atasan",), ("induk",), ("supervisor",), ("boss",)}


def _ends(base: tuple[str, ...], name: tuple[str, ...]) -> bool:
    size = len(name)
    return len(base) > size and (same(base[-size:], name) or same(base[:size], name))


def _is_keyed_or_generic(key: Column) -> bool:
    return _is_keyed(key) or split_name(key.name) in _GENERIC_KEYS


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
    texts = Kind.TEXT in {one.kind, other.kind}
    if texts:
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
