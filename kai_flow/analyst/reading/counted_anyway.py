"""Clauses that say what counts as well: "total per city, including those without a city".

Groups have rows without a value anyway, and so have listed columns. Such a clause picks no rows.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from kai_flow.analyst.lexicon.frames import MISSING
from kai_flow.analyst.lexicon.lexicon import Language
from kai_flow.analyst.lexicon.tokens import Token
from kai_flow.analyst.query.filters import fields_of, parts_of
from kai_flow.analyst.query.nodes import (
    All,
    Condition,
    Either,
    Field,
    FieldGroup,
    Filter,
    Not,
    Operator,
    Query,
    Related,
    Tally,
    bare,
)
from kai_flow.analyst.reading.clauses import PAUSES
from kai_flow.analyst.reading.parts import Clock, Column, Compared, Item, Part, Rows, Values, Where
from kai_flow.analyst.reading.spans import leaves
from kai_flow.analyst.reading.superiors import left_in
from kai_flow.analyst.schema import ColumnRef
from kai_flow.analyst.semantics.index import Index

__all__ = ["counted_with", "including", "picks_some"]

_INCLUDING: Final = frozenset(
    ["including", "include", "incl", "even", "termasuk", "sertakan", "ikutkan", "masukkan"]
)
"""Words before what counts as well."""

_DENIED: Final = frozenset(
    [
        *("not", "no", "tidak", "tak", "jangan", "bukan", "without"),
        *("yang", "mana", "siapa", "saja", "itu", "apakah", "that", "which", "who", "or"),
    ]
)
"""Words before those that say the opposite, or that rows belong to some: "yang termasuk yang"."""

_BLANK: Final = MISSING | {"blanks", "nulls", "null", "unknowns", "empties", "tak", "belum"}
"""Words for what has no value, in such a clause."""

_LINKS: Final = frozenset(["without", "with", "that", "which", "whose", "yang", "tanpa", "missing"])
"""Words between rows and what they are without."""

_ONES: Final = frozenset(["the", "those", "if", "when"])
"""Words after "even" of a clause about some rows."""

_BEFORE: Final = frozenset(["and", "also", "dan", "juga", "itu", "tolong", "please"])
"""Words that may stand before the clause."""


def including(tokens: Sequence[Token]) -> int:
    """Where a clause begins that says what counts as well, up to the end; 0 if there is none."""
    if any(True for _ in left_in(tokens)):
        return 0
    for at in range(len(tokens) - 2, 1, -1):
        if tokens[at].word in _INCLUDING:
            said = {token.word for token in tokens[at + 1 :]}
            named = not _BLANK.isdisjoint(said) or _of_ones(tokens[at:])
            if not named or tokens[at - 1].word in _DENIED or "," in said:
                return 0
            return next(
                end for end in range(at, 0, -1) if tokens[end - 1].word not in _BEFORE | PAUSES
            )
    return 0


def counted_with(query: Query, clause: Sequence[Token], index: Index, language: Language) -> bool:
    """Whether a query has the rows without a value that a clause speaks of.

    It has where it groups by what the clause names, or lists it, and no filter is about that.
    Where the clause names nothing, it speaks of all groups.
    """
    found = leaves(clause, index, language, ())
    valued = {at for each in found if _has_value(each.part) for at in range(each.first, each.last)}
    if all(at in valued or token.word not in _BLANK for at, token in enumerate(clause)):
        return _has_all(query, found, clause)
    shown = [each.field for each in query.groups if isinstance(each, FieldGroup)]
    shown += () if query.distinct else query.columns
    picked = {(each.table, each.column) for each in _fields(query.where)}
    kept = [each for each in shown if (each.table, each.column) not in picked]
    nouns = [
        each
        for each in found
        if _names(each.part)
        and not all(token.word in _BLANK for token in clause[each.first : each.last])
    ]
    if not nouns:
        return bool(query.groups) and len(kept) == len(shown) == len(query.groups)
    fitting = {
        at
        for each in nouns
        if _of_rows(each, clause, query) or any(_fits(each.part, field, index) for field in kept)
        for at in range(each.first, each.last)
    }
    meant = any(_fits(each.part, field, index) for each in nouns for field in kept)
    return meant and all(fitting.issuperset(range(each.first, each.last)) for each in nouns)


def picks_some(query: Query, plain: Query | None) -> bool:
    """Whether a query has only some rows where its question without the clause has others as well.

    It has rows without a value only, or without related rows, or is limited in another way.
    """
    if plain is not None and bare(plain.where) != bare(query.where):
        return True
    return any(
        (isinstance(part, Condition) and part.operator is Operator.EMPTY)
        or (isinstance(part, Not) and isinstance(part.part, Related | Tally))
        for part in parts_of(query.where)
    )


def _of_ones(clause: Sequence[Token]) -> bool:
    """Whether a clause is about some of the rows: "even the discontinued ones"."""
    words = [token.word for token in clause]
    if words[0] in {"even", "termasuk"}:
        return words[1] in (_ONES if words[0] == "even" else {"yang"})
    return words[-1] in {"ones", "those"} or words[1] in {"those", "yang"}


def _has_all(query: Query, found: Sequence[Item], clause: Sequence[Token]) -> bool:
    """Whether a query has the rows with some values anyway, because no filter is of their column.

    "How many products, even the discontinued ones": these are all.
    """
    values = [each for each in found if _has_value(each.part)]
    columns = {_column_of(each.part) for each in values}
    picked = {ColumnRef(each.table, each.column) for each in _fields(query.where)}
    within = {at for each in values for at in range(each.first, each.last)}
    others = [each for each in found if _names(each.part) and not _has_value(each.part)]
    rows = all(
        within.issuperset(range(each.first, each.last))
        or (isinstance(each.part, Rows) and each.part.table == query.fact)
        for each in others
    )
    plain = all(clause[at].number is None for at in range(len(clause)) if at not in within)
    return bool(values) and rows and plain and columns.isdisjoint(picked)


def _has_value(part: Part) -> bool:
    """Whether a part says which value a column has."""
    return isinstance(part, Values) or (isinstance(part, Where) and isinstance(part.test, Compared))


def _column_of(part: Part) -> ColumnRef | None:
    """The column of a value."""
    match part:
        case Values(column=Column(ref)) | Where(Compared(of=Column(ref))):
            return ref
        case _:
            return None


def _names(part: Part) -> bool:
    """Whether a part names something that rows may be without."""
    return isinstance(part, Column | Rows | Clock) or (
        isinstance(part, Where) and isinstance(part.test, Compared)
    )


def _of_rows(noun: Item, clause: Sequence[Token], query: Query) -> bool:
    """Whether a noun says which rows count: "including orders without a city"."""
    begins = all(
        token.word in _INCLUDING | _BEFORE | PAUSES | {"the", "all", "any", "those"}
        for token in clause[: noun.first]
    )
    linked = noun.last < len(clause) and clause[noun.last].word in _LINKS
    return isinstance(noun.part, Rows) and noun.part.table == query.fact and begins and linked


def _fits(part: Part, field: Field, index: Index) -> bool:
    """Whether a part names a column that a query shows, or the table or key that leads to it."""
    match part:
        case Column(ref) | Where(Compared(of=Column(ref))):
            key = index.model.joins[field.path[0]] if field.path else None
            keys = {ColumnRef(key.source, column) for column, _ in key.pairs} if key else set()
            return ref == ColumnRef(field.table, field.column) or ref in keys
        case Rows(table):
            return bool(field.path) and table == field.table
        case _:
            return False


def _fields(where: Filter | None) -> Iterator[Field]:
    """The columns that a filter is about."""
    match where:
        case Condition(of=of):
            yield from fields_of(of)
        case All(parts=parts) | Either(parts=parts):
            for part in parts:
                yield from _fields(part)
        case Not(part=part) | Related(where=part):
            yield from _fields(part)
        case _:
            pass
