"""Tables as things that people ask about: their names, keys, labels, and which only link."""

from collections.abc import Collection, Iterable, Sequence

from kai_flow.analyst.lexicon.lexicon import concepts
from kai_flow.analyst.schema import Table
from kai_flow.analyst.semantics.model import Attribute, Entity, Name, Role
from kai_flow.analyst.semantics.names import WEAK, entity_names, entity_words
from kai_flow.analyst.semantics.vocabulary import DATES, NAMES, PARTS
from kai_flow.analyst.semantics.wording import full_words, same, split_name

__all__ = ["entity_of", "label_of"]

_CALENDAR = DATES | frozenset(["calendar", "kalender", "periode", "period", "dates"])
_FIRST_NAMES = frozenset(["first", "last", "middle", "nick", "user", "depan", "belakang"])


def entity_of(
    table: Table,
    attributes: Sequence[Attribute],
    linked: Collection[str],
    pointed: bool,
    taught: Iterable[str] = (),
) -> Entity:
    """A table; ``linked`` are its columns that point to others, ``pointed`` says if others do."""
    names, key, label = (
        entity_names(table, taught),
        _key(table, attributes),
        label_of(table, attributes) or (_plate(table, attributes) if pointed else None),
    )
    return Entity(
        table.name,
        names,
        key,
        label,
        table.row_count,
        table.sampled,
        _is_calendar(table, attributes) if pointed else _only_links(attributes, linked),
        not key and label is not None and _repeats(table, names, label),
    )


def _repeats(table: Table, names: Sequence[Name], label: str) -> bool:
    """Whether a column of the names of its rows has each name twice or more, on average."""
    own = tuple(word for word in split_name(label) if word not in {"full", *NAMES})
    called = any(concepts(own) & concepts(name.words) for name in names if name.weight > WEAK)
    distinct = next(each.distinct for each in table.columns if each.name == label)
    return called and distinct is not None and 0 < distinct * 2 <= table.row_count


def _key(table: Table, attributes: Sequence[Attribute]) -> tuple[str, ...]:
    """The columns that identify a row: the declared key, or a column that is plainly one."""
    if table.primary_key:
        return table.primary_key
    names = entity_words(table)
    unique = [each for each in attributes if each.unique and not each.nullable]
    for attribute in unique:
        words = full_words(split_name(attribute.column))
        rest = tuple(word for word in words if word not in {"id", "kode", "code", "no", "nomor"})
        own = not rest or any(same(rest, name) for name in names)
        if attribute.role in {Role.KEY, Role.CODE} and own:
            return (attribute.column,)
    return ()


def label_of(table: Table, attributes: Sequence[Attribute]) -> str | None:
    """The column that names a row for a person."""
    names = [each for each in attributes if each.role is Role.NAME]
    own = [each for each in names if _is_own_name(table, each)]
    for among in ([e for e in own if e.unique], own):
        if among:
            return among[0].column
    texts = [each for each in attributes if each.unique and each.role is Role.NAME]
    whole = [each for each in names if not _FIRST_NAMES & set(split_name(each.column))]
    for among in ([e for e in whole if e.unique], texts, whole[:1] if len(whole) == 1 else []):
        if among:
            return among[0].column
    return None


def _plate(table: Table, attributes: Sequence[Attribute]) -> str | None:
    """The only code that people know the rows of a table by, where they have no name: a plate.

    Rows with times, such as orders, are called by their key.
    """
    if any(each.role is Role.TIME for each in attributes):
        return None
    codes = [
        each.column
        for each in attributes
        if each.role is Role.CODE and each.unique and not each.nullable
    ]
    other = [code for code in codes if code not in table.primary_key]
    return other[0] if len(other) == 1 and table.primary_key else None


def _is_own_name(table: Table, attribute: Attribute) -> bool:
    """Whether a name is that of the row, and not of something that the row mentions."""
    words = full_words(split_name(attribute.column))
    rest = tuple(word for word in words if word not in {"full", *NAMES})
    if not rest:
        return True
    return any(same(rest, name) or same(rest, name[:1]) for name in entity_words(table))


def _only_links(attributes: Sequence[Attribute], linked: Collection[str]) -> bool:
    """Whether it has nothing but keys to two or more tables, and perhaps a number of its own."""
    return len(linked) >= 2 and all(
        each.column in linked or each.column.casefold() == "id" for each in attributes
    )


def _is_calendar(table: Table, attributes: Sequence[Attribute]) -> bool:
    """Whether it is a date dimension: one row for each day or month."""
    named = any(
        word in _CALENDAR or any(word in part for part in PARTS.values())
        for words in entity_words(table)
        for word in full_words(words)
    )
    timed = [e for e in attributes if e.role in {Role.TIME, Role.TIME_PART}]
    others = [e for e in attributes if e not in timed and e.role not in {Role.KEY, Role.FLAG}]
    dated = all(_calendar_words(e.column) for e in others)
    return bool(timed) and dated and (named or len(timed) >= 3)


def _calendar_words(column: str) -> bool:
    """Whether a column's name is about days, months and the like."""
    words = full_words(split_name(column))
    return any(
        word in _CALENDAR or any(word in part for part in PARTS.values()) for word in words
    ) or (not {"holiday", "libur", "season", "musim", "semester", "half"}.isdisjoint(words))
