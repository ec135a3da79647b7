"""What the costs of a mention depend on: its words, and what else a question may name."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Final

from msgspec import Struct

from kai_flow.analyst.lexicon.lexicon import Language, fillers
from kai_flow.analyst.lexicon.tokens import Token
from kai_flow.analyst.reading.anybody import VERBS
from kai_flow.analyst.reading.doers import plural, sellers
from kai_flow.analyst.reading.glue import TELLING, capitals_in, linking
from kai_flow.analyst.reading.money import asks_for_numbers
from kai_flow.analyst.reading.numbers_named import counted, is_number
from kai_flow.analyst.reading.parts import Item, Sign
from kai_flow.analyst.reading.signs import signs_of
from kai_flow.analyst.schema import ColumnRef
from kai_flow.analyst.semantics.index import Index
from kai_flow.analyst.semantics.targets import (
    AttributeTarget,
    DerivedTarget,
    EntityTarget,
    Mention,
    Target,
    ValueTarget,
)

COUNTING: Final = frozenset(["count", "total"])
"""Signs that may be the name of a column as well: "jumlah"."""

NEARLY: Final = 0.96
"""The score of a name as the database has it."""

EACH_ONE: Final = frozenset(["per", "tiap", "setiap"])
"""Words before what each of some rows has: "the discount per sale" is that of one sale."""

SOLD: Final = frozenset(["sold", "ordered", "bought", "terjual", "dijual", "dipesan", "dibeli"])
"""Words that say that something was sold."""

DONE: Final = ("di", "ed")
"""How Indonesian verbs in the passive begin, and English participles end."""

WHOLE: Final = 0.9
"""The score of a name of several words that its words by themselves are less likely to mean."""


def is_noun(mention: Mention) -> bool:
    """Whether words are plainly a table or a column."""
    return mention.score >= 0.9 and isinstance(mention.target, _NOUNS)


_NOUNS: Final = (EntityTarget, AttributeTarget)

_Span = tuple[int, int]


class Question(Struct, frozen=True, gc=False):
    """What the costs of a mention depend on: the other things that a question may name."""

    index: Index
    small: Collection[str]
    """Words that say nothing in the question's language."""
    capitals: frozenset[int]
    """Where short words in capitals stand."""
    nouns: Collection[_Span]
    exact: Collection[_Span]
    numbers: Collection[_Span]
    """Of what is called exactly so, that are plainly numbers."""
    sellers: frozenset[int]
    """Where "sales" is rather those who sell, as Indonesian calls them."""
    counting: Collection[_Span]
    telling: Collection[_Span]
    """Of signs."""
    numbered: Collection[tuple[int, int, str]]
    """That name a number of a table's rows, with the table."""
    rows: Collection[tuple[int, int, str]]
    """That name a table."""
    beside: Mapping[_Span, Collection[Target]]
    """What the same words may mean."""
    valued: Collection[tuple[int, int, ColumnRef]]
    """That are a value of a column."""
    begun: Collection[tuple[int, ColumnRef]]
    """Where values of a column begin."""
    owners: Collection[tuple[int, int, str]]
    """That name a table, or a number of its rows, with the table."""
    whole: Collection[_Span]
    """Of names of several words."""
    opening: int
    """Where the first word stands that says something, where no word asks for a number; else -1."""
    each: frozenset[int]
    """Where what each of some rows has is said of these rows: after "per"."""


class Said(Struct, frozen=True, gc=False):
    """The words of a mention, and what they say of each thing that they may mean."""

    span: _Span
    places: tuple[int, ...]
    """Where they stand."""
    words: tuple[str, ...]
    empty: bool
    """Whether they say nothing in the question's language."""
    sold: bool
    """Whether they say that something was sold."""
    done: bool
    """Whether it is one word for what was done: "ordered", "dipesan"."""
    several: bool
    """Whether they name several things."""
    longer: tuple[Collection[Target], ...]
    """What each longer name may mean that they are a piece of."""


def asked(
    mentions: Sequence[Mention], tokens: Sequence[Token], index: Index, language: Language
) -> Question:
    """What the costs of all mentions depend on."""
    entities = [each for each in mentions if isinstance(each.target, EntityTarget)]
    values = [(each, each.target.ref) for each in mentions if isinstance(each.target, ValueTarget)]
    numbers = [each for each in mentions if is_number(each.target, index)]
    signs = list(signs_of([token.word for token in tokens], language))
    counting = _called(signs, COUNTING)
    counted_at = {first for first, _ in counting}
    return Question(
        index=index,
        small=fillers(language) | linking(),
        capitals=capitals_in(tokens),
        nouns={(each.first, each.last) for each in mentions if is_noun(each)},
        exact={(each.first, each.last) for each in mentions if each.score > NEARLY},
        numbers={(each.first, each.last) for each in numbers if each.score > NEARLY},
        sellers=sellers(tokens) if language == "id" else frozenset(),
        counting=counting,
        telling=_called(signs, TELLING),
        numbered=counted(mentions, tokens, index, language),
        rows={(each.first, each.last, table_named(each.target)) for each in entities},
        beside=_by_place(mentions),
        valued={(each.first, each.last, ref) for each, ref in values},
        begun={(each.first, ref) for each, ref in values},
        owners={
            (each.first, each.last, table_named(each.target)) for each in (*entities, *numbers)
        },
        opening=_opening(tokens, language),
        each=frozenset(at + 1 for at, token in enumerate(tokens) if token.word in EACH_ONE),
        whole={
            (each.first, each.last)
            for each in mentions
            if each.last - each.first > 1 and each.score >= WHOLE and each.first not in counted_at
        },
    )


def _opening(tokens: Sequence[Token], language: Language) -> int:
    """Where the first word stands that says something, where no word asks for a number; else -1."""
    if asks_for_numbers([token.word for token in tokens]):
        return -1
    small = fillers(language) | linking()
    return next((at for at, token in enumerate(tokens) if token.word not in small), -1)


def _called(signs: Sequence[Item], names: Collection[str]) -> set[_Span]:
    """Where signs of these names stand."""
    return {
        (sign.first, sign.last)
        for sign in signs
        if isinstance(sign.part, Sign) and sign.part.name in names
    }


def said_in(span: _Span, tokens: Sequence[Token], question: Question) -> Said:
    """The words of a span of tokens."""
    words = tuple(token.word for token in tokens[slice(*span)])
    empty = all(word in question.small for word in words)
    return Said(
        span=span,
        places=tuple(range(*span)),
        words=words,
        empty=empty and question.capitals.isdisjoint(range(*span)),
        sold=not SOLD.isdisjoint({word.removesuffix("nya") for word in words}),
        done=words[0] in VERBS
        and _passive(words[0])
        and (len(words) == 1 or _does(tokens, span[0])),
        several=plural(words[-1]),
        longer=tuple(question.beside[longer] for longer in question.whole if _piece(span, longer)),
    )


def _does(tokens: Sequence[Token], at: int) -> bool:
    """Whether somebody who does something stands right before: "customers returned items"."""
    before = tokens[at - 1].word if at else ""
    return plural(before) or before in {"who", "that", "have", "has", "never"}


def _passive(word: str) -> bool:
    return word in VERBS and (word.startswith(DONE[0]) or word.endswith(DONE[1]))


def _by_place(mentions: Sequence[Mention]) -> Mapping[_Span, Collection[Target]]:
    """What the same words may mean."""
    found: defaultdict[_Span, set[Target]] = defaultdict(set)
    for each in mentions:
        found[each.first, each.last].add(each.target)
    return found


def _piece(span: _Span, longer: _Span) -> bool:
    """Whether words are only a piece of a longer name."""
    return longer[0] <= span[0] and span[1] <= longer[1] and longer != span


def table_named(target: Target) -> str:
    """The table of rows, or of a number of theirs."""
    match target:
        case AttributeTarget(ref):
            return ref.table
        case EntityTarget(table) | DerivedTarget(_, table):
            return table
        case _:
            return ""
