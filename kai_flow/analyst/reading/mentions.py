"""Names of things in the database, and how likely a question means each."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final

from kai_flow.analyst.lexicon.lexicon import Language, concepts, fillers
from kai_flow.analyst.lexicon.tokens import Token
from kai_flow.analyst.reading.answers import without_answers
from kai_flow.analyst.reading.concepts import undoes
from kai_flow.analyst.reading.glue import TELLING, capitals_in, linking, plural
from kai_flow.analyst.reading.numbers_named import MONEY, counted, is_number
from kai_flow.analyst.reading.parts import Item, Sign, leaf
from kai_flow.analyst.reading.placing import placed
from kai_flow.analyst.reading.referents import kind_of_rows, part_of
from kai_flow.analyst.reading.signs import signs_of
from kai_flow.analyst.reading.within import inside
from kai_flow.analyst.semantics.index import Index
from kai_flow.analyst.semantics.model import Role as ColumnRole
from kai_flow.analyst.semantics.targets import (
    AttributeTarget,
    AxisTarget,
    DerivedTarget,
    EntityTarget,
    JoinTarget,
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

EVENT_COST: Final = 0.15
"""Of a computed number that words for its rows may mean as well: "transactions"."""

ITSELF_COST: Final = 0.15
"""Of a column that is called like its table, or like what its flag says: "branches", "urgent"."""

FLAGS: Final = frozenset([ColumnRole.FLAG])

NEARLY: Final = 0.96
"""The score of a name as the database has it."""

OTHER_NAME_COST: Final = 0.1
"""Of a name that is only similar, where the database has the very name."""

NUMBER_COST: Final = 0.22
"""Of rows that are called as a number of theirs: the target of a target is mostly the number."""

SOLD: Final = frozenset(["sold", "ordered", "bought", "terjual", "dijual", "dipesan", "dibeli"])
"""Words that say that something was sold."""

TAKEN_BACK_COST: Final = 0.5
"""Of a number of returns that is named as sold: "units sold" are no units that came back."""

WHOLE: Final = 0.9
"""The score of a name of several words that its words by themselves are less likely to mean."""

SHORT_COST: Final = 0.1
"""Of a word of such a longer name by itself: "active" in "not active"."""


MENTION_COST: Final = 0.6
"""Of a mention with score 0; one with score 1 is free."""


def _is_noun(mention: Mention) -> bool:
    """Whether words are plainly a table or a column."""
    return mention.score >= 0.9 and isinstance(mention.target, EntityTarget | AttributeTarget)


def mentioned(tokens: Sequence[Token], index: Index, language: Language) -> Iterator[Item]:
    """The names of things in the database."""
    small = fillers(language) | linking()
    capitals = capitals_in(tokens)
    mentions = without_answers(index.mentions(tokens, language), tokens, small)
    nouns = {(each.first, each.last) for each in mentions if _is_noun(each)}
    things = {
        (each.first, each.last)
        for each in mentions
        if _is_noun(each) or isinstance(each.target, JoinTarget)
    }
    exact = {(each.first, each.last) for each in mentions if each.score > NEARLY}
    numbers = {
        (each.first, each.last)
        for each in mentions
        if each.score > NEARLY and is_number(each.target, index)
    }
    counting = {
        (sign.first, sign.last)
        for sign in signs_of([token.word for token in tokens], language)
        if isinstance(sign.part, Sign) and sign.part.name in COUNTING
    }
    telling = {
        (sign.first, sign.last)
        for sign in signs_of([token.word for token in tokens], language)
        if isinstance(sign.part, Sign) and sign.part.name in TELLING
    }
    same = {(each.first, each.last, each.target) for each in mentions}
    whole = [
        each
        for each in mentions
        if each.last - each.first > 1
        and each.score >= WHOLE
        and not any(first == each.first for first, _ in counting)
    ]
    numbered = counted(mentions, tokens, index, language)
    rows = {
        (each.first, each.last, each.target.table)
        for each in mentions
        if isinstance(each.target, EntityTarget)
    }
    beside = _by_place(mentions)
    for each in mentions:
        words = [token.word for token in tokens[each.first : each.last]]
        cost = MENTION_COST * (1 - each.score)
        if each.how == "concept" and isinstance(each.target, ValueTarget):
            cost += SYNONYM_COST * ((each.first, each.last) in nouns)
        if all(word in small for word in words) and not capitals & set(
            range(each.first, each.last)
        ):
            cost += SMALL_COST
        if (
            each.score <= NEARLY
            and (each.first, each.last) in exact
            and not (is_number(each.target, index) and each.score >= OWN_NUMBER)
        ):
            cost += OTHER_NAME_COST
        elif each.score <= NEARLY and (each.first, each.last) in numbers:
            cost += OTHER_NUMBER_COST * is_number(each.target, index)
        cost += _beside_itself(each, beside[each.first, each.last], index)
        cost += TAKEN_BACK_COST * _taken_back(each, words, index)
        cost += SHORT_COST * any(
            inside(each, longer) and (longer.first, longer.last, each.target) not in same
            for longer in whole
        )
        cost += placed(each, tokens, things)
        if each.how == "part" and isinstance(each.target, ValueTarget):
            cost += PIECE_COST * ((each.first, each.last) in exact)
        if isinstance(each.target, AttributeTarget) and _counts_rows(each, counting, rows):
            cost += COUNTING_COST
        if each.how != "exact" and (each.first, each.last) in telling:
            cost += TELLING_COST
        if (
            isinstance(each.target, EntityTarget)
            and (each.first, each.last, each.target.table) in numbered
            and (not plural(words[-1]) or concepts((words[-1],)) & MONEY)
        ):
            cost += NUMBER_COST
        yield leaf(each.first, each.last, part_of(each.target, index), cost)
        own = MENTION_COST * (1 - each.score) + placed(each, tokens, things)
        yield from kind_of_rows(each, own, index.model)


def _taken_back(mention: Mention, words: Sequence[str], index: Index) -> bool:
    """Whether words say that something was sold, of a column of what came back."""
    said = {word.removesuffix("nya") for word in words}
    if SOLD.isdisjoint(said) or not isinstance(mention.target, AttributeTarget):
        return False
    return undoes(index.model, mention.target.ref.table)


def _is_event(mention: Mention, words: Sequence[str]) -> bool:
    """Whether a computed number is called by a word that is not of money."""
    computed = isinstance(mention.target, DerivedTarget) and mention.how != "taught"
    return computed and not concepts(tuple(words)) & MONEY


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


def _by_place(mentions: Sequence[Mention]) -> Mapping[tuple[int, int], Sequence[Target]]:
    """What the same words may mean."""
    found: defaultdict[tuple[int, int], list[Target]] = defaultdict(list)
    for each in mentions:
        found[each.first, each.last].append(each.target)
    return found


def _beside_itself(mention: Mention, others: Sequence[Target], index: Index) -> float:
    """The cost of a column or time where the same words are its table, or what its flag says."""
    if isinstance(mention.target, AxisTarget):
        table = index.model.axes[mention.target.id].table
        return ITSELF_COST * (EntityTarget(table) in others)
    if not isinstance(mention.target, AttributeTarget):
        return 0.0
    ref = mention.target.ref
    label = index.model.entities[ref.table].label == ref.column
    for other in others:
        match other:
            case EntityTarget(table) if label and table == ref.table:
                return ITSELF_COST
            case ValueTarget(of) if of == ref and index.model.attributes[ref].role in FLAGS:
                return ITSELF_COST
    return 0.0
