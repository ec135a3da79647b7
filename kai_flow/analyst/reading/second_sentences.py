"""A last sentence that says what to count: "Order yang dibatalkan jangan dihitung".

What it leaves out is a filter of the question, as if it said "excluding cancelled orders". What it
counts as well is no filter: rows without a value count anyway where a filter says what is not so.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from msgspec.structs import replace

from kai_flow.analyst.lexicon.frames import INCLUDED, LEFT_OUT, MISSING
from kai_flow.analyst.lexicon.lexicon import Language
from kai_flow.analyst.lexicon.tokens import Token
from kai_flow.analyst.query.nodes import (
    All,
    Condition,
    Field,
    FieldGroup,
    Node,
    Not,
    Operator,
    Query,
)
from kai_flow.analyst.reading.parts import Column, Compared, Part, Where
from kai_flow.analyst.reading.spans import leaves
from kai_flow.analyst.schema import ColumnRef
from kai_flow.analyst.semantics.index import Index

__all__ = ["Counted", "counted_as_well", "counts_anyway", "with_left_out"]

_STOPS: Final = re.compile(r"[.!?;:\n]")
_EXCLUDING: Final[dict[Language, str]] = {"en": "excluding", "id": "kecuali"}


@dataclass(frozen=True)
class Counted:
    """A question without its last sentence, which says what counts as well."""

    tokens: tuple[Token, ...]
    sentence: tuple[Token, ...]


def with_left_out(
    question: str, tokens: Sequence[Token], language: Language
) -> tuple[Token, ...] | None:
    """The question with what its last sentence leaves out; None if it leaves out nothing."""
    first = _last_sentence(question, tokens)
    for at in (first, _last_clause(tokens)):
        found = _said(LEFT_OUT, tokens[at:]) if at else None
        if found is not None:
            begin, end = found
            word = _EXCLUDING[language]
            sign = replace(tokens[at], text=word, word=word, number=None)
            return (*tokens[:at], sign, *tokens[at + begin : at + end])
    return None


def counted_as_well(question: str, tokens: Sequence[Token]) -> Counted | None:
    """The question without a last sentence that says what counts as well, if it has one."""
    first = _last_sentence(question, tokens)
    if not first or _said(INCLUDED, tokens[first:]) is None:
        return None
    return Counted(tuple(tokens[:first]), tuple(tokens[first:]))


def counts_anyway(query: Query, counted: Counted, index: Index, language: Language) -> bool:
    """Whether a query counts the rows without a value that a sentence speaks of.

    It does where it leaves out another value of the same column, or groups by that.
    """
    if MISSING.isdisjoint(token.word for token in counted.sentence):
        return False
    found = leaves(counted.sentence, index, language, ())
    named = {ref for item in found for ref in _columns(item.part)}
    grouped = {
        ColumnRef(each.field.table, each.field.column)
        for each in query.groups
        if isinstance(each, FieldGroup)
    }
    return not named.isdisjoint(_negated(query.where) | (grouped if query.where is None else set()))


def _columns(part: Part) -> Iterator[ColumnRef]:
    """The column that words name, or that a filter is of."""
    match part:
        case Column(ref) | Where(Compared(of=Column(ref))):
            yield ref
        case _:
            pass


def _negated(node: Node | None) -> set[ColumnRef]:
    """The columns of which a filter says what they are not."""
    match node:
        case Condition(of=Field(table=table, column=column), operator=Operator.NOT_EQUAL):
            return {ColumnRef(table, column)}
        case Not(part=Condition(of=Field(table=table, column=column), operator=Operator.EQUAL)):
            return {ColumnRef(table, column)}
        case All(parts=parts):
            return set().union(*map(_negated, parts))
        case _:
            return set()


def _last_sentence(question: str, tokens: Sequence[Token]) -> int:
    """Where the last sentence of a question begins; 0 if it has only one."""
    return next(
        (
            at
            for at in range(len(tokens) - 1, 0, -1)
            if _STOPS.search(question[tokens[at - 1].end : tokens[at].start])
        ),
        0,
    )


def _last_clause(tokens: Sequence[Token]) -> int:
    """Where the clause after the last comma begins; 0 if there is none."""
    commas = (at for at in range(len(tokens) - 1, 0, -1) if tokens[at].word == ",")
    return next(commas, -1) + 1


def _said(patterns: Sequence[re.Pattern[str]], tokens: Sequence[Token]) -> tuple[int, int] | None:
    """The place of what a whole sentence speaks of, if it fits one of some patterns."""
    words = [token.word or '"' for token in tokens]
    text = " ".join(words)
    for pattern in patterns:
        found = pattern.fullmatch(text)
        if found is not None:
            before = text[: found.start("x")].split()
            return len(before), len(before) + len(found["x"].split())
    return None
