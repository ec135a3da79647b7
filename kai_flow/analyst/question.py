"""A question with everything that was recognised in it."""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Final

from kai_flow.analyst.errors import UnclearQuestion
from kai_flow.analyst.language import FILLERS, Language, Sign, Word, corrected, detect, read_signs
from kai_flow.analyst.linking import Mention, Target, TargetKind, link
from kai_flow.analyst.messages import say
from kai_flow.analyst.numbers import number_at
from kai_flow.analyst.schema import Kind, Schema
from kai_flow.analyst.words import Token, tokenize

__all__ = ["MAX_WORDS", "Number", "Question", "read"]

MAX_WORDS: Final = 200
"""Words of a question at most: reading more would take too long, and no plan has so many parts."""


@dataclass(frozen=True)
class Number:
    """A number at tokens ``start`` to ``end`` (exclusive)."""

    start: int
    end: int
    value: float

    @property
    def year(self) -> bool:
        """Whether it looks like a calendar year."""
        return self.end - self.start == 1 and 1900 <= self.value <= 2100 and self.value % 1 == 0


Part = Mention | Word | Number


@dataclass
class Question:
    """The parts of a question. ``used`` grows while it is being understood."""

    tokens: list[Token]
    language: Language
    schema: Schema
    mentions: list[Mention]
    words: list[Word]
    numbers: list[Number]
    meaning: dict[Mention, Target] = field(default_factory=dict)
    """The choice made for each mention."""
    ambiguous: set[Mention] = field(default_factory=set)
    """Mentions with another meaning that is just as likely."""
    used: set[Part] = field(default_factory=set)
    """Parts that already have a role and must not get a second one."""

    def has(self, *signs: Sign) -> bool:
        """Whether any of these signs occurs."""
        return any(word.sign in signs for word in self.words)

    def free(self, *kinds: Kind | TargetKind) -> list[Mention]:
        """Unused mentions of tables, values, or columns of these kinds."""
        return [m for m in self.mentions if m not in self.used and self.kind(m) in kinds]

    def kind(self, mention: Mention) -> Kind | TargetKind:
        """TABLE or VALUE, or the kind of the column that is meant."""
        target = self.meaning[mention]
        if target.kind is TargetKind.COLUMN:
            return self.schema.column(target.ref).kind
        return target.kind

    def after(self, position: int, skip: Collection[Sign] = ()) -> Part | None:
        """The next part from a token on, past fillers and these signs; None past anything else."""
        while position < len(self.tokens):
            part = self.part_at(position)
            if part is None:
                if self.tokens[position].word not in FILLERS:
                    return None
                position += 1
            elif isinstance(part, Word) and part.sign in skip:
                position = part.end
            else:
                return part
        return None

    def before(self, position: int, skip: Collection[Sign] = ()) -> Part | None:
        """The part that ends before a token, past fillers and these signs."""
        position -= 1
        while position >= 0:
            part = self.part_at(position)
            if part is None:
                if self.tokens[position].word not in FILLERS:
                    return None
                position -= 1
            elif isinstance(part, Word) and part.sign in skip:
                position = part.start - 1
            else:
                return part
        return None

    def text(self, part: Part) -> str:
        """A part as it is written in the question."""
        return " ".join(token.text for token in self.tokens[part.start : part.end])

    def unknown(self) -> list[int]:
        """Positions of words that were not recognised."""
        return [
            at
            for at, token in enumerate(self.tokens)
            if self.part_at(at) is None and token.word not in FILLERS and not token.quoted
        ]

    def part_at(self, position: int) -> Part | None:
        """The part that holds a token."""
        for parts in (self.mentions, self.numbers, self.words):
            for part in parts:
                if part.start <= position < part.end:
                    return part
        return None


def read(prompt: str, schema: Schema) -> Question:
    """Recognise the parts of a question; refuse one that is too long."""
    tokens = tokenize(prompt)
    if len(tokens) > MAX_WORDS:
        count, most = str(len(tokens)), str(MAX_WORDS)
        raise UnclearQuestion(say(detect(tokens), "too_long", words=count, most=most))
    mentions = link(tokens, schema)
    taken = {at for mention in mentions for at in range(mention.start, mention.end)}
    tokens = [
        token if at in taken or (right := corrected(token.word)) is None else Token(right, right)
        for at, token in enumerate(tokens)
    ]
    numbers: list[Number] = []
    position = 0
    while position < len(tokens):
        found = None if position in taken else number_at(tokens, position)
        if found is None:
            position += 1
        else:
            numbers.append(Number(position, found[1], found[0]))
            position = found[1]
    taken |= {at for number in numbers for at in range(number.start, number.end)}
    words = [word for word in read_signs(tokens, taken) if _stands(word, tokens, numbers)]
    question = Question(tokens, detect(tokens), schema, mentions, words, numbers)
    _decide(question)
    return question


_BEFORE_YEARS = {Sign.SINCE, Sign.AFTER, Sign.BEFORE, Sign.UNTIL}


def _stands(word: Word, tokens: list[Token], numbers: list[Number]) -> bool:
    """Whether a word has its meaning here: "dari" and "from" are about time only before a year."""
    if word.sign not in _BEFORE_YEARS:
        return True
    next_up = word.end
    while next_up < len(tokens) and tokens[next_up].word in {"tahun", "year", "years", "the"}:
        next_up += 1
    return any(number.start == next_up and number.year for number in numbers)


def _decide(question: Question) -> None:
    """Choose among equally good meanings the one nearest to the tables that are certain."""
    certain = {
        mention.choices[0].table
        for mention in question.mentions
        if len({choice.table for choice in mention.choices}) == 1
    }
    schema = question.schema

    def cost(target: Target) -> tuple[int, int, int]:
        joins = [schema.distance(target.table, table) for table in certain]
        label = schema.tables[target.table].label
        named = target.kind is TargetKind.VALUE and label and label.name == target.column
        return sum(w for w, _ in joins), sum(n for _, n in joins), 0 if named else 1

    for mention in question.mentions:
        chosen = min(mention.choices, key=cost)
        question.meaning[mention] = chosen
        if any(cost(other) == cost(chosen) for other in mention.choices if other != chosen):
            question.ambiguous.add(mention)
