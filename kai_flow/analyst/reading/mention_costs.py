"""What speaks against each thing that words of a question may name."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Final

from msgspec import Struct

from kai_flow.analyst.lexicon.lexicon import Language, concepts, fillers
from kai_flow.analyst.lexicon.tokens import Token
from kai_flow.analyst.reading.anybody import VERBS
from kai_flow.analyst.reading.concepts import undoes
from kai_flow.analyst.reading.doers import plural, sellers
from kai_flow.analyst.reading.glue import TELLING, capitals_in, linking
from kai_flow.analyst.reading.numbers_named import MONEY, counted, is_number
from kai_flow.analyst.reading.parts import Item, Sign
from kai_flow.analyst.reading.signs import signs_of
from kai_flow.analyst.schema import ColumnRef
from kai_flow.analyst.semantics.index import Index
from kai_flow.analyst.semantics.model import Role as ColumnRole
from kai_flow.analyst.semantics.targets import (
    AttributeTarget,
    AxisTarget,
    DerivedTarget,
    EntityTarget,
    Mention,
    Target,
    ValueTarget,
)

COUNTING: Final = frozenset(["count", "total"])
"""Signs that may be the name of a column as well: "jumlah"."""

COUNTING_COST: Final = 0.27
"""Of a column that is called like such a sign: "jumlah transaksi" is a number of rows."""

SMALL_COST: Final = 0.3
"""Of a name that is a word without meaning elsewhere: "ya", which may be the value yes."""

SYNONYM_COST: Final = 0.3
"""Of a synonym of a value that names a table or column: "shop" is no value "Outlet" of a shop."""

TELLING_COST: Final = 0.7
"""Of a column that such a word may only mean as well: "persentase" is no level of a class."""

PIECE_COST: Final = 0.25
"""Of a part of a longer period: "until August" in "from June until August"."""

OWN_NUMBER: Final = 0.9
"""The score of a measure that a table's name means as well: sales are rows, and money."""

OTHER_NUMBER_COST: Final = 0.25
"""Of a number with a name that is only similar, where another number has the very name."""

SELLER_COST: Final = 0.7
"""Of "sales" as what was sold, where the question rather means those who sell."""

ITSELF_COST: Final = 0.15
"""Of a column that is called like its table, or like what its flag says: "branches", "urgent"."""

FLAGS: Final = frozenset([ColumnRole.FLAG])

NEARLY: Final = 0.96
"""The score of a name as the database has it."""

OTHER_NAME_COST: Final = 0.1
"""Of a name that is only similar, where the database has the very name."""

NUMBER_COST: Final = 0.22
"""Of rows that are called as a number of theirs: the target of a target is mostly the number."""

EACH_ONE: Final = frozenset(["per", "tiap", "setiap"])
"""Words before what each of some rows has: "the discount per sale" is that of one sale."""

PER_COST: Final = 0.62
"""Of a number after such a word where the same words name its rows."""

SOLD: Final = frozenset(["sold", "ordered", "bought", "terjual", "dijual", "dipesan", "dibeli"])
"""Words that say that something was sold."""

TAKEN_BACK_COST: Final = 0.5
"""Of a number of returns that is named as sold: "units sold" are no units that came back."""

DONE_COST: Final = 0.9
"""Of rows that are named by what was done: "returned products" are no returns."""

DONE: Final = ("di", "ed")
"""How Indonesian verbs in the passive begin, and English participles end."""

MANNERS: Final = frozenset(
    [
        *("late", "early", "slow", "slowly", "fast", "quickly", "soon"),
        *("terlambat", "telat", "lambat", "cepat", "lama"),
    ]
)
"""Words that say how something was done, and not why."""

MANNER_COST: Final = 1.2
"""Of such a word as a part of a value: "delivered late" is not returned because it was too late."""

WHOLE: Final = 0.9
"""The score of a name of several words that its words by themselves are less likely to mean."""

SHORT_COST: Final = 0.1
"""Of a word of such a longer name by itself: "active" in "not active"."""

MENTION_COST: Final = 0.6
"""Of a mention with score 0; one with score 1 is free."""


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
        rows={(each.first, each.last, _table(each.target)) for each in entities},
        beside=_by_place(mentions),
        valued={(each.first, each.last, ref) for each, ref in values},
        begun={(each.first, ref) for each, ref in values},
        owners={(each.first, each.last, _table(each.target)) for each in (*entities, *numbers)},
        each=frozenset(at + 1 for at, token in enumerate(tokens) if token.word in EACH_ONE),
        whole={
            (each.first, each.last)
            for each in mentions
            if each.last - each.first > 1 and each.score >= WHOLE and each.first not in counted_at
        },
    )


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


def of_name(mention: Mention, said: Said, question: Question) -> float:
    """What speaks against a name where something else is called exactly so, or it says nothing."""
    span = said.span
    number = is_number(mention.target, question.index)
    cost = 0.0
    if mention.how == "concept" and isinstance(mention.target, ValueTarget):
        cost += SYNONYM_COST * (span in question.nouns)
    if mention.how == "part" and isinstance(mention.target, ValueTarget):
        cost += PIECE_COST * (span in question.exact or span in question.nouns)
        cost += MANNER_COST * (said.words[0] in MANNERS and len(said.words) == 1)
    cost += SMALL_COST * said.empty
    if (
        mention.score <= NEARLY
        and span in question.exact
        and not (number and mention.score >= OWN_NUMBER)
    ):
        cost += OTHER_NAME_COST
    elif mention.score <= NEARLY and span in question.numbers:
        cost += OTHER_NUMBER_COST * number
    if mention.how != "exact" and span in question.telling:
        cost += TELLING_COST
    return cost


def of_others(mention: Mention, said: Said, question: Question) -> float:
    """What speaks against a thing where the same words, or more of them, may mean another one."""
    span, target = said.span, mention.target
    cost = _beside_itself(target, said, question)
    cost += TAKEN_BACK_COST * (said.sold and _taken_back(target, question.index))
    if said.longer:
        cost += SHORT_COST * any(target not in longer for longer in said.longer)
    if isinstance(target, AttributeTarget):
        cost += COUNTING_COST * _counts_rows(mention, question.counting, question.rows)
    one = mention.first in question.each
    if isinstance(target, AttributeTarget | DerivedTarget) and one:
        named = (*span, _table(target)) in question.rows
        cost += PER_COST * (named and is_number(target, question.index))
    if span[0] in question.sellers and not isinstance(target, AttributeTarget):
        cost += SELLER_COST * any(isinstance(t, AttributeTarget) for t in question.beside[span])
    cost += DONE_COST * (isinstance(target, EntityTarget) and said.done)
    if isinstance(target, EntityTarget) and not one and (*span, target.table) in question.numbered:
        money = not concepts((said.words[-1],)).isdisjoint(MONEY)
        cost += NUMBER_COST * (money or not said.several)
    return cost


def _table(target: Target) -> str:
    """The table of rows, or of a number of theirs."""
    match target:
        case AttributeTarget(ref):
            return ref.table
        case EntityTarget(table) | DerivedTarget(_, table):
            return table
        case _:
            return ""


def _taken_back(target: Target, index: Index) -> bool:
    """Whether it is a column of what came back."""
    return isinstance(target, AttributeTarget) and undoes(index.model, target.ref.table)


def _counts_rows(
    mention: Mention, counting: Collection[tuple[int, int]], rows: Collection[tuple[int, int, str]]
) -> bool:
    """Whether a column's words may as well count its rows: "jumlah", "jumlah transaksi"."""
    first, last = mention.first, mention.last
    if (first, last) in counting or not isinstance(mention.target, AttributeTarget):
        return (first, last) in counting
    table = mention.target.ref.table
    inside = range(first + 1, last)
    return any(
        ((first, at) in counting and (at, last, table) in rows)
        or ((at, last) in counting and (first, at, table) in rows)
        for at in inside
    )


def _by_place(mentions: Sequence[Mention]) -> Mapping[_Span, Collection[Target]]:
    """What the same words may mean."""
    found: defaultdict[_Span, set[Target]] = defaultdict(set)
    for each in mentions:
        found[each.first, each.last].add(each.target)
    return found


def _piece(span: _Span, longer: _Span) -> bool:
    """Whether words are only a piece of a longer name."""
    return longer[0] <= span[0] and span[1] <= longer[1] and longer != span


def _beside_itself(target: Target, said: Said, question: Question) -> float:
    """The cost of a column or time where the same words are its table, or what its flag says."""
    model = question.index.model
    others = question.beside[said.span]
    if isinstance(target, AxisTarget):
        return ITSELF_COST * (EntityTarget(model.axes[target.id].table) in others)
    if not isinstance(target, AttributeTarget):
        return 0.0
    ref = target.ref
    if model.entities[ref.table].label == ref.column and EntityTarget(ref.table) in others:
        return ITSELF_COST
    flag = model.attributes[ref].role in FLAGS
    return ITSELF_COST * (flag and (*said.span, ref) in question.valued)
