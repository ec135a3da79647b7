"""What is told of things that many rows name, such as the patients of visits, by no single row.

Whoever "never paid" has no row that was paid, and whoever "only booked online" no other row; "the
last visit of each patient" is not the last visit of all.
"""

from collections.abc import Collection, Sequence
from typing import Final, TypeGuard

from kai_flow.analyst.lexicon.lexicon import concepts, stem
from kai_flow.analyst.lexicon.tokens import Token
from kai_flow.analyst.query.filters import parts_of
from kai_flow.analyst.query.nodes import (
    Aggregate,
    All,
    Field,
    FieldGroup,
    Function,
    Not,
    Query,
    Related,
)
from kai_flow.analyst.schema import ColumnRef
from kai_flow.analyst.semantics.model import SemanticModel

__all__ = ["done_alone", "in_one_of_them", "never_so", "none_of_these", "of_one_thing"]

NEVER: Final = frozenset(["never", "pernah"])
"""Words for at no time; "pernah" needs a "not" before it."""

NOT: Final = frozenset(["tidak", "belum", "tak", "ga", "gak", "nggak", "ngga", "blm", "tdk"])

ONLY: Final = frozenset(["only", "just", "exclusively", "solely", "hanya", "cuma"])

ONE: Final = frozenset(["single", "one", "satu", "sekali"])
"""Words for one of several rows, after "in"."""

WHO: Final = frozenset(["who", "yang", "yg"])
"""Words that begin what is said of people, right before "only", or a verb and "only"."""

BEFORE_EACH: Final = frozenset(["of", "for", "in"])

EACH: Final = frozenset(["each", "every", "tiap", "setiap", "masing-masing"])


def never_so(tokens: Sequence[Token], query: Query, model: SemanticModel) -> bool:
    """Whether "never" would be asked of each of many rows of a thing, and not of all of them."""
    at = next((at for at in range(len(tokens)) if _never(tokens, at)), None)
    if at is None or any(_denies_rows(part) for part in parts_of(query.where)):
        return False
    if _adds_people_up(tokens, query, at):
        return True
    names = {words for name in model.entities[query.fact].names for words in name.words}
    return any(
        _repeated(field, model)
        and not any(tokens[word].word in names | _plurals(names) for word in field.words)
        for field in _subjects(query, at)
    )


def none_of_these(tokens: Sequence[Token], query: Query, model: SemanticModel) -> bool:
    """Whether values are told by single rows that lack something, and not by all of theirs.

    "Islands without service cooperatives" have no province with any; provinces are not named.
    """
    if not any(map(_denies_rows, parts_of(query.where))):
        return False
    names = {words for name in model.entities[query.fact].names for words in name.words}
    named = names | _plurals(names)
    listed = all(isinstance(m, Aggregate) and not m.words for m in query.measures)
    shared = [m.of for m in query.measures if _different(m)]
    shared += [g.field for g in query.groups if isinstance(g, FieldGroup)] if listed else []
    return any(
        isinstance(field, Field) and _repeated(field, model) for field in shared
    ) and named.isdisjoint(token.word for token in tokens)


def _different(measure: object) -> TypeGuard[Aggregate]:
    return isinstance(measure, Aggregate) and measure.function is Function.DISTINCT


def done_alone(tokens: Sequence[Token], query: Query, model: SemanticModel) -> bool:
    """Whether "who only …" would be asked of each of many rows of a thing."""
    for at, token in enumerate(tokens):
        before = [each.word for each in tokens[max(0, at - 2) : at]]
        if token.word in ONLY and at > 1 and not WHO.isdisjoint(before):
            return bool(query.measures) or any(
                _repeated(field, model) for field in _subjects(query, at)
            )
    return False


def of_one_thing(tokens: Sequence[Token], query: Query) -> bool:
    """Whether the first row of all is given, where the first of each of several is asked for."""
    asked = any(
        (token.word in EACH and at > 0 and tokens[at - 1].word in BEFORE_EACH)
        or token.word in EACH - {"each", "every"}
        for at, token in enumerate(tokens)
    )
    listed = bool(query.columns) and query.limit == 1 and bool(query.order)
    return asked and listed


def in_one_of_them(tokens: Sequence[Token], query: Query, model: SemanticModel) -> bool:
    """Whether a limit of one of several rows would be one of all: "over 500 in a single order"."""
    if not query.having:
        return False
    named = [name.words for each in model.entities.values() for name in each.names]
    names = {stem(words[-1], "en") for words in named if words}
    meant = frozenset().union(*map(concepts, named))
    return any(
        token.word in ONE
        and (token.word == "single" or tokens[at - 1].word in {"in", "dalam", "di"})
        and (stem(after := tokens[at + 1].word, "en") in names or concepts((after,)) & meant)
        for at, token in enumerate(tokens[:-1])
        if at
    )


def _never(tokens: Sequence[Token], at: int) -> bool:
    word = tokens[at].word
    return word in NEVER and (word == "never" or (at > 0 and tokens[at - 1].word in NOT))


def _adds_people_up(tokens: Sequence[Token], query: Query, before: int) -> bool:
    """Whether those who never did something are added up row by row: "guests who never …"."""
    who = any(token.word in WHO for token in tokens[:before])
    return who and any(
        isinstance(m, Aggregate) and m.function is Function.SUM and m.words[:1] < (before,)
        for m in query.measures
    )


def _plurals(names: Collection[str]) -> frozenset[str]:
    return frozenset(f"{name}s" for name in names)


def _denies_rows(part: object) -> bool:
    if isinstance(part, All):
        return any(map(_denies_rows, part.parts))
    return isinstance(part, Not) and isinstance(part.part, Related)


def _subjects(query: Query, before: int) -> list[Field]:
    """What is listed or counted, where it is named before a word."""
    found = [group.field for group in query.groups if isinstance(group, FieldGroup)]
    found += [
        measure.of
        for measure in query.measures
        if isinstance(measure, Aggregate)
        and measure.function is Function.DISTINCT
        and isinstance(measure.of, Field)
    ]
    found += query.columns[:1]
    return [field for field in found if field.words and field.words[0] < before]


def _repeated(field: Field, model: SemanticModel) -> bool:
    """Whether several rows have the same value of a column of the query's own rows."""
    own = model.attributes[ColumnRef(field.table, field.column)]
    return not field.path and not own.unique
