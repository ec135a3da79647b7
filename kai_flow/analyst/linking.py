"""Finds the tables, columns and values that the words of a question mean.

Every thing has labels: the words of its identifier, and its names in comments. A run of words that
covers the label of a table or column, except for words with little meaning, becomes a `Mention`. A
value must occur with all its words. The longest and most certain runs win.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

from kai_flow.analyst.language import LANGUAGE_WORDS, SIGN_WORDS
from kai_flow.analyst.schema import Column, ColumnRef, Kind, Schema, Table
from kai_flow.analyst.words import Token, likeness, likeness_keys, singular, split_name

__all__ = ["Mention", "Target", "TargetKind", "link", "named_exactly"]


class TargetKind(IntEnum):
    """What is meant; with equal evidence, the first kind is preferred."""

    TABLE = 0
    COLUMN = 1
    VALUE = 2


@dataclass(frozen=True)
class Target:
    """A table, a column, or a value of a column."""

    kind: TargetKind
    table: str
    column: str = ""
    value: str = ""
    by_comment: bool = False
    """Whether the word comes from a comment, not from the identifier or value itself."""

    @property
    def ref(self) -> ColumnRef:
        """The column of a column or value."""
        return ColumnRef(self.table, self.column)


@dataclass(frozen=True)
class Mention:
    """Tokens ``start`` to ``end`` (exclusive) and what they may mean, best first."""

    start: int
    end: int
    choices: tuple[Target, ...]


@dataclass(frozen=True)
class _Label:
    words: tuple[str, ...]
    weights: tuple[float, ...]
    target: Target


@dataclass(frozen=True)
class _Candidate:
    start: int
    end: int
    score: float
    target: Target

    def rank(self) -> tuple[int, float, int]:
        """Longer runs come first, then more certain ones, then the order of kinds."""
        return self.start - self.end, -self.score, self.target.kind


_ENOUGH = 0.5  # share of a label's weight that a run must cover
_OPENING = 3  # words of a value that must be right before the rest is looked at
_SAME = 0.02  # scores this close are equal evidence
_OWN_TABLE = 0.2  # weight of a word in a column's name that only repeats its table's name
_GENERIC = 0.3  # weight of a word that any column could have in its name
_GENERIC_WORDS = frozenset(
    [
        "id",
        "kode",
        "code",
        "nama",
        "name",
        "no",
        "nomor",
        "number",
        "num",
        "jumlah",
        "jml",
        "total",
        "count",
        "of",
        "the",
        "dan",
        "and",
        "dim",
        "fact",
        "tbl",
    ]
)
_CONNECTORS = frozenset(["of", "the", "dari"])


def link(tokens: Sequence[Token], schema: Schema) -> list[Mention]:
    """The mentions in a question, in order, none overlapping another."""
    names: dict[str, list[_Label]] = defaultdict(list)
    values: dict[tuple[str, ...], list[_Label]] = defaultdict(list)
    for label in _labels(schema):
        if label.target.kind is TargetKind.VALUE:
            values[_opening(label.words)].append(label)
        else:
            for word in set(label.words):
                names[word].append(label)
    keyed: dict[str, list[str]] = defaultdict(list)
    for word in names:
        for key in likeness_keys(word):
            keyed[key].append(word)
    alike = {word: _alike(word, keyed) for word in {token.word for token in tokens}}
    likes = [alike[token.word] for token in tokens]
    candidates = list(_quoted(tokens, schema))
    for start, like in enumerate(likes):
        hit = {id(label): label for word in like for label in names[word]}
        found = [_walk(label, start, tokens, likes) for label in hit.values()]
        words = [token.word for token in tokens[start : start + _OPENING]]
        spelled = [
            label
            for length in range(1, len(words) + 1)
            for label in values.get(_opening(words[:length]), ())
        ]
        found += [_spelled(label, start, tokens) for label in spelled]
        candidates += [each for each in found if each is not None]
    return _choose(candidates)


def named_exactly(schema: Schema, word: str) -> list[ColumnRef]:
    """Columns whose whole name is one word of analysis, such as ``total`` or ``year``."""
    return [
        ColumnRef(table.name, column.name)
        for table in schema.tables.values()
        for column in table.columns
        if split_name(column.name) == (word,)
    ]


def _alike(asked: str, keyed: Mapping[str, Sequence[str]]) -> dict[str, float]:
    """The label words that a word may stand for; words of analysis stand for themselves only."""
    if asked in LANGUAGE_WORDS:
        return {asked: 1.0} if asked in keyed.get(asked, ()) else {}
    near = {word for key in likeness_keys(asked) for word in keyed.get(key, ())}
    scores = {word: likeness(asked, word) for word in sorted(near)}
    return {word: score for word, score in scores.items() if score > 0}


def _opening(words: Sequence[str]) -> tuple[str, ...]:
    """The first words of a value, by which it is looked up."""
    return tuple(singular(word) for word in words[:_OPENING])


def _spelled(label: _Label, start: int, tokens: Sequence[Token]) -> _Candidate | None:
    """A value whose words all occur here in order; a number alone is not a value."""
    end = start + len(label.words)
    run = [token.word for token in tokens[start:end]]
    if len(run) < len(label.words) or all(word.isdigit() for word in run):
        return None
    if any(singular(one) != singular(other) for one, other in zip(run, label.words, strict=True)):
        return None
    if not any(word not in LANGUAGE_WORDS or _could_name(word) for word in run):
        return None
    exact = sum(one == other for one, other in zip(run, label.words, strict=True)) / len(run)
    return _Candidate(start, end, 0.9 + exact / 10, label.target)


def _walk(
    label: _Label, start: int, tokens: Sequence[Token], likes: Sequence[dict[str, float]]
) -> _Candidate | None:
    """Follow a label's words from one token on as far as they go.

    They may come in another order only around an "of": "date of order".
    """
    remaining = list(enumerate(zip(label.words, label.weights, strict=True)))
    covered = sure = 0.0
    content = filler = linked = False
    end = position = start
    last = -1
    while remaining and position < len(tokens):
        like = likes[position]
        open_ = [part for part in remaining if linked or part[0] > last]
        best = max(open_, key=lambda part: like.get(part[1][0], 0.0), default=None)
        score = like.get(best[1][0], 0.0) if best else 0.0
        if best and score:
            remaining.remove(best)
            last = best[0]
            covered += best[1][1]
            sure += best[1][1] * score
            content |= tokens[position].word not in LANGUAGE_WORDS
            filler |= _could_name(tokens[position].word)
            end = position + 1
        elif position == start or tokens[position].word not in _CONNECTORS:
            break
        else:
            linked = True
        position += 1
    total = sum(label.weights)
    # "order" and "amount" are fillers unless something has exactly that name.
    named = content or (filler and not remaining)
    missing = any(weight == 1 and word not in LANGUAGE_WORDS for _, (word, weight) in remaining)
    if not named or missing or covered / total < _ENOUGH:
        return None
    # A loan word or a slip must not win over the exact word, so certainty is squared.
    return _Candidate(start, end, covered / total * (sure / covered) ** 2, label.target)


def _could_name(word: str) -> bool:
    """Whether a filler may be the whole name of something: long enough, and no analysis word."""
    return len(word) >= 4 and word not in SIGN_WORDS


def _choose(candidates: list[_Candidate]) -> list[Mention]:
    """The best runs that do not overlap, each with every target of equal evidence."""
    mentions: list[Mention] = []
    taken: set[int] = set()
    for best in sorted(candidates, key=_Candidate.rank):
        span = range(best.start, best.end)
        if taken.intersection(span):
            continue
        taken.update(span)
        equals = [
            other
            for other in candidates
            if (other.start, other.end) == (best.start, best.end)
            and other.score >= best.score - _SAME
        ]
        equals.sort(key=_Candidate.rank)
        targets = dict.fromkeys(_bare(other.target) for other in equals)
        by_comment = all(
            other.target.by_comment
            for other in equals
            if _bare(other.target) == next(iter(targets))
        )
        first, *rest = targets
        head = Target(first.kind, first.table, first.column, first.value, by_comment)
        mentions.append(Mention(best.start, best.end, (head, *rest)))
    return sorted(mentions, key=lambda mention: mention.start)


def _bare(target: Target) -> Target:
    """A target without the way it was found."""
    return Target(target.kind, target.table, target.column, target.value)


def _quoted(tokens: Sequence[Token], schema: Schema) -> Iterator[_Candidate]:
    """Quoted texts that are values, whole."""
    for at, token in enumerate(tokens):
        if token.quoted:
            for table in schema.tables.values():
                for column in table.columns:
                    for value in column.values:
                        if value.casefold() == token.text.casefold():
                            target = Target(TargetKind.VALUE, table.name, column.name, value)
                            yield _Candidate(at, at + 1, 1.0, target)


def _labels(schema: Schema) -> Iterator[_Label]:
    """All labels of all things."""
    for table in schema.tables.values():
        target = Target(TargetKind.TABLE, table.name)
        own = set(split_name(table.name))
        yield from _label(split_name(table.name), target, frozenset())
        commented = Target(TargetKind.TABLE, table.name, by_comment=True)
        for name in table.note.names:
            own.update(split_name(name))
            yield from _label(split_name(name), commented, frozenset())
        for column in table.columns:
            yield from _column_labels(schema, table, column, frozenset(own))


def _column_labels(
    schema: Schema, table: Table, column: Column, own: frozenset[str]
) -> Iterator[_Label]:
    """The labels of a column and its values; a foreign key stands for the table it points to."""
    names = [(split_name(column.name), False)]
    names += [(split_name(name), True) for name in column.note.names]
    if column.kind is Kind.KEY:
        parents = [key.target for key in table.foreign_keys if key.columns == (column.name,)]
        for parent in parents:
            if parent in schema.tables:
                for words, commented in names:
                    target = Target(TargetKind.TABLE, parent, by_comment=commented)
                    yield from _label(words, target, frozenset())
        return
    for words, commented in names:
        target = Target(TargetKind.COLUMN, table.name, column.name, by_comment=commented)
        yield from _label(words, target, own)
    for value in column.values:
        target = Target(TargetKind.VALUE, table.name, column.name, value)
        yield from _label(split_name(value), target, frozenset())
        commented_value = Target(TargetKind.VALUE, table.name, column.name, value, by_comment=True)
        for meaning in column.note.meanings.get(value, "").split("/"):
            yield from _label(split_name(meaning), commented_value, frozenset())


def _label(words: tuple[str, ...], target: Target, own: frozenset[str]) -> Iterator[_Label]:
    """A label, unless its words have no meaning."""
    value = target.kind is TargetKind.VALUE
    if not words or (value and len("".join(words)) < 2):
        return
    weights = tuple(
        _GENERIC
        if word in _GENERIC_WORDS and not value
        else _OWN_TABLE
        if any(likeness(word, other) >= 0.9 for other in own)
        else 1.0
        for word in words
    )
    yield _Label(words, weights, target)
