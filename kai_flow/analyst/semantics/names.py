"""What people call tables and columns, from their identifiers and comments."""

from collections.abc import Iterable, Sequence

from kai_flow.analyst.schema import Column, Table
from kai_flow.analyst.semantics.model import Name, Role
from kai_flow.analyst.semantics.vocabulary import (
    DATES,
    FLAGS,
    GENERIC,
    IDS,
    NAMES,
    NUMBERS,
    TABLE_PREFIXES,
    TELLING,
    TOTALS,
    UNITS,
)
from kai_flow.analyst.semantics.wording import LINKING, full_words, heads, same, split_name, spoken

__all__ = [
    "MAX_NAMES",
    "Naming",
    "collected",
    "entity_names",
    "entity_words",
    "phrase",
    "time_names",
]

MAX_NAMES = 24
"""Names of one thing at most."""

OWN, CUT, LESS, WEAK, PART = 1.0, 0.97, 0.9, 0.8, 0.7

Words = tuple[str, ...]


def phrase(text: str) -> Words:
    """The words of a name that say something."""
    words = split_name(text)
    return tuple(word for word in words if word not in LINKING) or words


def collected(found: Iterable[tuple[Words, float]], taught: Iterable[str] = ()) -> tuple[Name, ...]:
    """Names without duplicates, the strongest first."""
    best: dict[Words, Name] = {}
    for words, weight in found:
        if words and (words not in best or best[words].weight < weight):
            best[words] = Name(words, weight)
    for text in taught:
        words = tuple(word for word in spoken(text) if word not in LINKING) or spoken(text)
        if words not in best or best[words].weight < OWN:
            best[words] = Name(words, OWN, taught=True)
    return tuple(sorted(best.values(), key=lambda name: -name.weight)[:MAX_NAMES])


def entity_words(table: Table) -> tuple[Words, ...]:
    """What a table's rows are called: its name without prefixes, and the names in its comment."""
    bare = split_name(table.source[-1]) if table.source else split_name(table.name)
    words = list(bare)
    while len(words) > 1 and words[0] in TABLE_PREFIXES:
        del words[0]
    if len(words) > 1 and words[-1] in {"dim", "fact", "tbl", "table", "master", "data", "view"}:
        del words[-1]
    return tuple(dict.fromkeys([tuple(words), *(phrase(name) for name in table.note.names)]))


RECORDS = frozenset(
    [
        *("request", "requests", "record", "records", "entry", "entries", "log", "logs"),
        *("history", "histories", "register"),
    ]
)
"""Last words of a table's name that say no more than that there is a row for each."""


def entity_names(table: Table, taught: Iterable[str] = ()) -> tuple[Name, ...]:
    """All names of a table's rows."""
    found = [(split_name(table.name), OWN), (spoken(table.name), OWN)]
    for words in entity_words(table):
        found.append((words, OWN))
        found.append((full_words(words), CUT))
        if len(words) > 1 and words[-1] in RECORDS:
            found.append((words[:-1], CUT))  # a leave request is somebody's leave
    for words in entity_words(table):
        found += [(head, PART) for head in heads(words) if _telling(head)]
        found += _by_key(table, words)
    return collected(found, taught)


def _by_key(table: Table, words: Words) -> Iterable[tuple[Words, float]]:
    """Names by the key: rows of ``maintenance`` with a ``job_id`` are maintenance jobs."""
    key = split_name(table.primary_key[0]) if len(table.primary_key) == 1 else ()
    thing = tuple(word for word in full_words(key) if word not in IDS | NUMBERS)
    if len(key) == 2 and len(thing) == 1 and _telling(thing) and not same(thing, words[-1:]):
        yield (*words, *thing), CUT
        yield (*thing, *words), CUT


class Naming:
    """Names the columns of one table."""

    def __init__(self, table: Table) -> None:
        self._entity = entity_words(table)
        self._shared = _shared_prefix(table.columns)

    def plain(self, column: Column) -> Words:
        """The words of a column's name, abbreviations in full, without a prefix that all have.

        Where they tell nothing about what it is for, those of its comment.
        """
        words = full_words(self._cut(split_name(column.name)))
        noted = [phrase(name) for name in column.note.names if _is_name(name)]
        return next((each for each in (words, *noted) if not TELLING.isdisjoint(each)), words)

    def names(self, column: Column, role: Role, taught: Iterable[str] = ()) -> tuple[Name, ...]:
        """All names of a column."""
        own = split_name(column.name)
        found: list[tuple[Words, float]] = [(own, OWN), (spoken(column.name), OWN)]
        noted = [phrase(name) for name in column.note.names if _is_name(name)]
        found += [(words, OWN) for words in noted]
        cut = self._cut(own)
        found += [(cut, CUT), (full_words(cut), CUT), (full_words(own), CUT)]
        for words in dict.fromkeys([full_words(cut), *noted]):
            found += self._shorter(words, role)
            if role in {Role.NAME, Role.CATEGORY} and NAMES.isdisjoint(words):
                found.append(((*words, "name"), WEAK))  # "nama penjualnya": just the seller
        if role in {Role.ADDITIVE, Role.RATE}:
            found += [(words, LESS) for words in _as_time(full_words(cut))]
        if role in _TEXTS and own in _SELLERS:
            found = [(_SELLER, OWN), *((words, _HOMONYM) for words, _ in found)]
        return collected(found, taught)

    def _cut(self, words: Words) -> Words:
        """A name without the prefix that all columns share."""
        size = len(self._shared)
        return words[size:] if size and words[:size] == self._shared else words

    def _shorter(self, words: Words, role: Role) -> Iterable[tuple[Words, float]]:
        """Weaker names: without what goes without saying; with the table's name; the head alone."""
        rest = _without_marks(words, role)
        if rest != words:
            yield rest, CUT if role is not Role.KEY else WEAK
        for entity in self._entity:
            shorter = _without(rest, entity)
            if shorter != rest:
                yield shorter, PART if _BARE.issuperset(shorter) else LESS
                rest = shorter
        if len(rest) > 1:
            yield from ((head, PART) for head in heads(rest) if _telling(head))
            yield from ((rest[at:], WEAK) for at in range(1, len(rest) - 1))
            if role in {Role.ADDITIVE, Role.RATE} and rest[-1] in _AMOUNTS:
                yield rest[:-1], LESS
            if role is Role.ADDITIVE and rest[-1] in _COUNTED and len(rest) == 2:
                yield rest[:-1], PART
        if role is Role.NAME or rest[-1] in NAMES or rest[0] in NAMES:
            named = tuple(word for word in rest if word not in NAMES)
            yield named, WEAK


_TEXTS = frozenset([Role.NAME, Role.CATEGORY, Role.TEXT])

_SELLER = ("salesperson",)
_HOMONYM = 0.5
"""Weight of a name that mostly means something else."""
_SELLERS = frozenset([("sales",), ("nama", "sales"), ("sales", "name")])
"""Names of columns of people who sell, where the column holds texts: "total sales" is no such."""

_BARE = IDS | NAMES | NUMBERS | DATES | {"code", "kode", "kd", "cd"}
"""What is left of a column's name without its table's, and hardly tells it from others."""

_COUNTED = frozenset(["units", "pcs", "pieces"])
"""Last words of numbers of things, which are called by what they are as well: scrap."""

_UNITS_OF_TIME = frozenset(
    [word for word, unit in UNITS.items() if unit in {"min", "h", "s"}] + ["days", "hari"]
)
_TIMES = frozenset(["time", "duration", "waktu", "lama", "durasi"])

_AMOUNTS = frozenset(["amount", "amt", "total", "value", "nilai", "count", "sum", "number"])


def _is_name(text: str) -> bool:
    """Whether a part of a comment is a name, and no list of values such as "Y/N"."""
    return any(len(word) > 1 for word in split_name(text)) and "=" not in text


def _telling(head: Words) -> bool:
    """Whether a part of a name can stand for the whole."""
    return len(head[0]) > 2 and head[0] not in GENERIC | DATES | LINKING


def _without_marks(words: Words, role: Role) -> Words:
    """A name without the words that only say what kind of column it is."""
    marks: frozenset[str] = frozenset()
    if role is Role.KEY:
        marks = IDS | NUMBERS | {"code", "kode"}
    elif role is Role.FLAG:
        marks = FLAGS & {"is", "has", "was", "can", "are", "flag", "boolean", "apakah", "ada"}
    elif role is Role.ADDITIVE:
        marks = TOTALS - {"line", "units"} | {"sum"}
        if words[0] not in marks:
            marks = frozenset(UNITS)
    elif role is Role.RATE:
        marks = frozenset(UNITS) - {"percent", "percentage", "persen", "persentase", "pct"}
    first, last = 0, len(words)
    if last - first > 1 and words[first] in marks:
        first += 1
    if last - first > 1 and words[last - 1] in marks:
        last -= 1
    return words[first:last]


def _as_time(words: Words) -> Iterable[Words]:
    """Names of a stretch of time whose column says in which unit: waiting minutes, waiting time."""
    if len(words) > 1 and words[-1] in _UNITS_OF_TIME and words[-2] not in _TIMES:
        yield (*words[:-1], "time")
        yield ("waktu", *words[:-1])
    if len(words) > 1 and words[0] in _UNITS_OF_TIME and words[1] not in _TIMES:
        yield ("waktu", *words[1:])


def _without(words: Words, entity: Words) -> Words:
    """A column's name without its table's name at either end; unchanged if nothing is left."""
    size = len(entity)
    if len(words) > size:
        if same(words[:size], entity):
            return words[size:]
        if same(words[-size:], entity):
            return words[:-size]
    return words


def time_names(names: Sequence[Name]) -> tuple[Name, ...]:
    """Names of a time: those of its column, and what is left without "date"."""
    found = [(name.words, name.weight) for name in names]
    for name in names:
        rest = tuple(word for word in name.words if word not in DATES | IDS)
        if rest and rest != name.words and name.weight > PART:
            found.append((rest, PART))
    taught = [" ".join(name.words) for name in names if name.taught]
    return collected(found, taught)


def _shared_prefix(columns: Sequence[Column]) -> Words:
    """The first word of most columns' names, as in ``cust_name, cust_city``; empty if none."""
    split = [split_name(column.name) for column in columns]
    firsts = [words[0] for words in split if len(words) > 1]
    for word in dict.fromkeys(firsts):
        if len(columns) > 2 and firsts.count(word) * 10 >= len(columns) * 8:
            return (word,)
    return ()
