"""Names of things in the database, and how likely a question means each."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from kai_flow.analyst.lexicon.lexicon import Language, concepts, fillers
from kai_flow.analyst.lexicon.tokens import Token
from kai_flow.analyst.reading.answers import without_answers
from kai_flow.analyst.reading.anybody import known_people
from kai_flow.analyst.reading.belonging import astray
from kai_flow.analyst.reading.concepts import undoes
from kai_flow.analyst.reading.glue import TELLING, capitals_in, linking, plural
from kai_flow.analyst.reading.happened import verb
from kai_flow.analyst.reading.money import money_asked
from kai_flow.analyst.reading.name_order import REVERSED_COST, reversed_name
from kai_flow.analyst.reading.numbers_named import MONEY, counted, is_number
from kai_flow.analyst.reading.parts import Item, Role, Sign, leaf
from kai_flow.analyst.reading.placing import placed
from kai_flow.analyst.reading.referents import kind_of_rows, part_of
from kai_flow.analyst.reading.signs import signs_of
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

WHOLE: Final = 0.9
"""The score of a name of several words that its words by themselves are less likely to mean."""

SHORT_COST: Final = 0.1
"""Of a word of such a longer name by itself: "active" in "not active"."""


MENTION_COST: Final = 0.6
"""Of a mention with score 0; one with score 1 is free."""


def _is_noun(mention: Mention) -> bool:
    """Whether words are plainly a table or a column."""
    return mention.score >= 0.9 and isinstance(mention.target, EntityTarget | AttributeTarget)


_Span = tuple[int, int]


class _Question(Struct, frozen=True, gc=False):
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
    counting: Collection[_Span]
    telling: Collection[_Span]
    """Of signs."""
    numbered: Collection[tuple[int, int, str]]
    """That name a number of a table's rows, with the table."""
    rows: Collection[tuple[int, int, str]]
    """That name a table."""
    beside: Mapping[_Span, Collection[Target]]
    """What the same words may mean."""
    whole: Collection[_Span]
    """Of names of several words."""
    each: frozenset[int]
    """Where what each of some rows has is said of these rows: after "per"."""


def mentioned(tokens: Sequence[Token], index: Index, language: Language) -> Iterator[Item]:
    """The names of things in the database."""
    small = fillers(language) | linking()
    found = tuple(known_people(index.mentions(tokens, language), tokens))
    mentions = without_answers(found, tokens, small)
    question = _question(mentions, tokens, index, language)
    things = {
        (each.first, each.last)
        for each in mentions
        if _is_noun(each) or isinstance(each.target, JoinTarget)
    }
    elsewhere = astray(mentions, tokens, index.model)
    money = money_asked(tokens)
    for each in mentions:
        words = [token.word for token in tokens[each.first : each.last]]
        near = placed(each, tokens, things) + elsewhere.get(each, 0.0)
        cost = MENTION_COST * (1 - each.score) + near
        dear = cost + _of_name(each, words, question) + _of_others(each, words, question)
        dear += REVERSED_COST * reversed_name(each, tokens, question.beside, index)
        amount = money.column(each, index.model)
        if amount is not None:  # "how much in fines" does not count them
            yield leaf(each.first, each.last, part_of(AttributeTarget(amount), index), dear)
            dear += money.rows_cost
        part = part_of(each.target, index)
        if isinstance(part, Role) and verb(words[0]):
            part = replace(part, done=True)
        yield leaf(each.first, each.last, part, dear)
        yield from kind_of_rows(each, cost, index.model, several=plural(words[-1]))


def _question(
    mentions: Sequence[Mention], tokens: Sequence[Token], index: Index, language: Language
) -> _Question:
    near = [each for each in mentions if each.score > NEARLY]
    signs = list(signs_of([token.word for token in tokens], language))
    counting = _called(signs, COUNTING)
    return _Question(
        index=index,
        small=fillers(language) | linking(),
        capitals=capitals_in(tokens),
        nouns={(each.first, each.last) for each in mentions if _is_noun(each)},
        exact={(each.first, each.last) for each in near},
        numbers={(each.first, each.last) for each in near if is_number(each.target, index)},
        counting=counting,
        telling=_called(signs, TELLING),
        numbered=counted(mentions, tokens, index, language),
        rows={
            (each.first, each.last, each.target.table)
            for each in mentions
            if isinstance(each.target, EntityTarget)
        },
        beside=_by_place(mentions),
        each=frozenset(at + 1 for at, token in enumerate(tokens) if token.word in EACH_ONE),
        whole={
            (each.first, each.last)
            for each in mentions
            if each.last - each.first > 1
            and each.score >= WHOLE
            and not any(first == each.first for first, _ in counting)
        },
    )


def _called(signs: Sequence[Item], names: Collection[str]) -> set[_Span]:
    """Where signs of these names stand."""
    return {
        (sign.first, sign.last)
        for sign in signs
        if isinstance(sign.part, Sign) and sign.part.name in names
    }


def _of_name(mention: Mention, words: Sequence[str], question: _Question) -> float:
    """What speaks against a name where something else is called exactly so, or it says nothing."""
    span = (mention.first, mention.last)
    number = is_number(mention.target, question.index)
    cost = 0.0
    if mention.how == "concept" and isinstance(mention.target, ValueTarget):
        cost += SYNONYM_COST * (span in question.nouns)
    if mention.how == "part" and isinstance(mention.target, ValueTarget):
        cost += PIECE_COST * (span in question.exact)
    if all(word in question.small for word in words):
        cost += SMALL_COST * question.capitals.isdisjoint(range(*span))
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


def _of_others(mention: Mention, words: Sequence[str], question: _Question) -> float:
    """What speaks against a thing where the same words, or more of them, may mean another one."""
    span, target = (mention.first, mention.last), mention.target
    cost = _beside_itself(mention, question.beside[span], question.index)
    cost += TAKEN_BACK_COST * _taken_back(mention, words, question.index)
    cost += SHORT_COST * any(
        _piece(span, longer) and target not in question.beside[longer] for longer in question.whole
    )
    if isinstance(target, AttributeTarget):
        cost += COUNTING_COST * _counts_rows(mention, question.counting, question.rows)
    one = mention.first in question.each
    if isinstance(target, AttributeTarget | DerivedTarget) and one:
        named = (*span, _table(target)) in question.rows
        cost += PER_COST * (named and is_number(target, question.index))
    if isinstance(target, EntityTarget) and not one and (*span, target.table) in question.numbered:
        money = not concepts((words[-1],)).isdisjoint(MONEY)
        cost += NUMBER_COST * (money or not plural(words[-1]))
    return cost


def _table(target: AttributeTarget | DerivedTarget) -> str:
    return target.ref.table if isinstance(target, AttributeTarget) else target.table


def _taken_back(mention: Mention, words: Sequence[str], index: Index) -> bool:
    """Whether words say that something was sold, of a column of what came back."""
    said = {word.removesuffix("nya") for word in words}
    if SOLD.isdisjoint(said) or not isinstance(mention.target, AttributeTarget):
        return False
    return undoes(index.model, mention.target.ref.table)


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


def _beside_itself(mention: Mention, others: Collection[Target], index: Index) -> float:
    """The cost of a column or time where the same words are its table, or what its flag says."""
    if isinstance(mention.target, AxisTarget):
        table = index.model.axes[mention.target.id].table
        return ITSELF_COST * (EntityTarget(table) in others)
    if not isinstance(mention.target, AttributeTarget):
        return 0.0
    ref = mention.target.ref
    if index.model.entities[ref.table].label == ref.column and EntityTarget(ref.table) in others:
        return ITSELF_COST
    flag = index.model.attributes[ref].role in FLAGS
    said = flag and any(isinstance(each, ValueTarget) and each.ref == ref for each in others)
    return ITSELF_COST * said
