"""The leaves of the chart: everything that single spans of words may mean, overlapping ones too."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Final

from kai_flow.analyst.kinds.registry import KINDS
from kai_flow.analyst.lexicon.data import ACTIONS
from kai_flow.analyst.lexicon.lexicon import Language, concepts, fillers, light, stem
from kai_flow.analyst.lexicon.numbers import NumberSpan, find_numbers
from kai_flow.analyst.lexicon.periods import PeriodSpan, find_periods
from kai_flow.analyst.lexicon.spelling import Spelling
from kai_flow.analyst.lexicon.tokens import Token, tokenize
from kai_flow.analyst.reading.parts import (
    Beside,
    Clock,
    Column,
    Computed,
    Figure,
    Has,
    Item,
    Part,
    Role,
    Rows,
    Sign,
    Text,
    Time,
    Values,
    Where,
)
from kai_flow.analyst.schema import ColumnRef
from kai_flow.analyst.semantics.index import Index
from kai_flow.analyst.semantics.model import Role as ColumnRole
from kai_flow.analyst.semantics.model import SemanticModel
from kai_flow.analyst.semantics.targets import (
    AttributeTarget,
    AxisTarget,
    DerivedTarget,
    EntityTarget,
    Hint,
    JoinTarget,
    Mention,
    Target,
    ValueTarget,
)

OTHER_LANGUAGE_COST: Final = 0.1
"""Of a phrase in the other language: people mix them, but a word of their own comes first."""

GLUE_COST: Final = 0.02
"""Of stepping over a word without meaning."""

LIGHT_COST: Final = 0.06
"""Of stepping over a verb that says nothing beside its noun."""

MONEY: Final = frozenset(["revenue", "income", "expense", "cost"])
"""Concepts of money, which a plural may name too: sales, earnings, costs."""

BINDING: Final = frozenset(["oleh", "from", "dari", "to", "ke"])
"""Words that mostly mean something."""

BINDING_COST: Final = 0.15
"""Of stepping over such a word all the same."""

VERBS: Final = frozenset(verb for action in ACTIONS for verb in action.verbs)
"""What people do."""

BY_COST: Final = 0.35
"""Of stepping over "by": "orders by status" is no status of orders."""

COUNTING: Final = frozenset(["count", "total"])
"""Signs that may be the name of a column as well: "jumlah"."""

COUNTING_COST: Final = 0.27
"""Of a column that is called like such a sign: "jumlah transaksi" is a number of rows."""

SMALL_COST: Final = 0.3
"""Of a name that is a word without meaning elsewhere: "ya", which may be the value yes."""

SYNONYM_COST: Final = 0.3
"""Of a synonym of a value that names a table or column: "shop" is no value "Outlet" of a shop."""

COMPARING: Final = frozenset(["above", "at least", "below", "at most"])
"""Signs before a number that something is compared with."""

UNITS_OF_TIME: Final = frozenset(["day", "week", "month", "quarter", "year"])
"""Signs of units of time."""

TELLING: Final = frozenset(["trend", "growth", "share", "median", "not", "without", "compare"])
"""Signs whose words are never stepped over: without them a question means something else."""

TELLING_COST: Final = 0.7
"""Of a column that such a word may only mean as well: "persentase" is no level of a class."""

PIECE_COST: Final = 0.25
"""Of a part of a longer period: "until August" in "from June until August"."""

MISSPELT_COST: Final = 0.2
"""Of a phrase with a misspelt word."""

LANGUAGES: Final[tuple[Language, Language]] = ("en", "id")

OWN_NUMBER: Final = 0.9
"""The score of a measure that a table's name means as well: sales are rows, and money."""

OTHER_NUMBER_COST: Final = 0.25
"""Of a number with a name that is only similar, where another number has the very name."""

ITSELF_COST: Final = 0.15
"""Of a column that is called like its table, or like what its flag says: "branches", "urgent"."""

GROUPING: Final = frozenset(
    [
        *(
            "by",
            "per",
            "each",
            "every",
            "whose",
            "tiap",
            "setiap",
            "menurut",
            "berdasarkan",
            "masing-masing",
        )
    ]
)
"""Words before what groups are made of."""

GROUPING_COST: Final = 0.5
"""Of a value after such a word where the same words name things: "salary by manager"."""

CURRENCIES: Final = frozenset(["idr", "usd", "eur", "sgd", "myr", "jpy", "gbp", "aud", "cny"])
"""Codes of currencies, as values have them."""

COINS: Final = frozenset(
    [*CURRENCIES, *("rp", "rupiah", "rupiahs", "dollar", "dollars", "euro", "euros")]
)
"""Words for currencies, which mean something where rows are in several of them."""

FLAGS: Final = frozenset([ColumnRole.FLAG])

NEARLY: Final = 0.96
"""The score of a name as the database has it."""

OTHER_NAME_COST: Final = 0.1
"""Of a name that is only similar, where the database has the very name."""

NUMBER_COST: Final = 0.22
"""Of rows that are called as a number of theirs: the target of a target is mostly the number."""

WHOLE: Final = 0.9
"""The score of a name of several words that its words by themselves are less likely to mean."""

SHORT_COST: Final = 0.1
"""Of a word of such a longer name by itself: "active" in "not active"."""

EDGE_COST: Final = 0.3
"""Of stepping over the first or last word of such a name: "nilai" in "nilai order"."""

_Span = PeriodSpan | NumberSpan | Mention | Item

MENTION_COST: Final = 0.6
"""Of a mention with score 0; one with score 1 is free."""


def leaves(tokens: Sequence[Token], index: Index, language: Language) -> tuple[Item, ...]:
    """All leaves of a question."""
    found: list[Item] = []
    numbers = find_numbers(tokens, language)
    percent = {at for n in numbers if n.percent for at in range(n.first + 1, n.last)}
    unread = percent | _agents(tokens)
    coins = _coins(tokens, index.model)
    signs = [
        sign
        for sign in _signs(tokens, language)
        if sign.first not in unread and not coins & set(range(sign.first, sign.last))
    ]
    lasting = _lasting(signs, numbers)
    signs = [sign for sign in signs if sign not in lasting]
    found += [
        replace(sign, cost=sign.cost + SHORT_COST * any(_within(sign, each) for each in signs))
        for sign in signs
    ]
    for number in numbers:
        figure = Figure(number.value, number.percent, number.unit, number.ordinal)
        piece = any(_within(number, other) for other in numbers if other.unit or other.percent)
        found.append(_item(number.first, number.last, figure, PIECE_COST * piece))
    periods = [span for span in find_periods(tokens, language) if not span.problem]
    for span in periods:
        cost = 0.6 * (1 - span.score)
        if any(_within(span, other) for other in periods):
            cost += PIECE_COST
        found.append(_item(span.first, span.last, Time(span.period, span.grain), cost))
    for at, token in enumerate(tokens):
        if token.quoted:
            found.append(_item(at, at + 1, Text(token.text), 0.1))
    found += _mentioned(tokens, index, language)
    for at, hint in index.actions.hints(tokens):
        found.append(_item(at, at + 1, _hinted(hint, index), HINT_COST[hint.how]))
    return tuple(found)


def _grouped(
    mention: Mention, tokens: Sequence[Token], things: Collection[tuple[int, int]]
) -> bool:
    """Whether words after "by" or "per" are a value, and name something to group by as well."""
    before = tokens[mention.first - 1].word if mention.first else ""
    named = isinstance(mention.target, ValueTarget) and (mention.first, mention.last) in things
    return named and before in GROUPING


def _lasting(signs: Sequence[Item], numbers: Sequence[NumberSpan]) -> list[Item]:
    """Units of time that say how long something took: "more than 2 days" are no groups by day."""
    compared = {sign.last for sign in signs if _named(sign) & COMPARING}
    ends = {number.last for number in numbers if number.first in compared}
    return [sign for sign in signs if _named(sign) & UNITS_OF_TIME and sign.first in ends]


def _named(item: Item) -> frozenset[str]:
    """The name of a sign."""
    return frozenset([item.part.name] if isinstance(item.part, Sign) else [])


def _coins(tokens: Sequence[Token], model: SemanticModel) -> frozenset[int]:
    """The places of currencies where the data tells currencies apart."""
    said = [at for at, token in enumerate(tokens) if token.word in COINS]
    told = said and any(
        str(value.value).casefold() in CURRENCIES
        for attribute in model.attributes.values()
        for value in attribute.values
    )
    return frozenset(said if told else ())


def _is_noun(mention: Mention) -> bool:
    """Whether words are plainly a table or a column."""
    return mention.score >= 0.9 and isinstance(mention.target, EntityTarget | AttributeTarget)


def _mentioned(tokens: Sequence[Token], index: Index, language: Language) -> Iterator[Item]:
    """The names of things in the database."""
    small = fillers(language) | _linking()
    capitals = _capitals(tokens)
    mentions = index.mentions(tokens, language)
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
        if each.score > NEARLY and _is_number(each.target, index)
    }
    counting = {
        (sign.first, sign.last)
        for sign in _signs_of([token.word for token in tokens], language)
        if isinstance(sign.part, Sign) and sign.part.name in COUNTING
    }
    telling = {
        (sign.first, sign.last)
        for sign in _signs_of([token.word for token in tokens], language)
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
    counted = {
        (each.first, each.last, each.target.ref.table)
        for each in mentions
        if isinstance(each.target, AttributeTarget) and each.target.ref in index.numbers
    }
    rows = {
        (each.first, each.last, each.target.table)
        for each in mentions
        if isinstance(each.target, EntityTarget)
    }
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
            and not (_is_number(each.target, index) and each.score >= OWN_NUMBER)
        ):
            cost += OTHER_NAME_COST
        elif each.score <= NEARLY and (each.first, each.last) in numbers:
            cost += OTHER_NUMBER_COST * _is_number(each.target, index)
        cost += _beside_itself(each, mentions, index)
        cost += SHORT_COST * any(
            _within(each, longer) and (longer.first, longer.last, each.target) not in same
            for longer in whole
        )
        cost += GROUPING_COST * _grouped(each, tokens, things)
        if each.how == "part" and isinstance(each.target, ValueTarget):
            cost += PIECE_COST * ((each.first, each.last) in exact)
        if isinstance(each.target, AttributeTarget) and _counts_rows(each, counting, rows):
            cost += COUNTING_COST
        if each.how != "exact" and (each.first, each.last) in telling:
            cost += TELLING_COST
        if (
            isinstance(each.target, EntityTarget)
            and (each.first, each.last, each.target.table) in counted
            and (not _plural(words[-1]) or concepts((words[-1],)) & MONEY)
        ):
            cost += NUMBER_COST
        yield _item(each.first, each.last, _part(each.target, index), cost)


def _agents(tokens: Sequence[Token]) -> frozenset[int]:
    """Places of "by" before those who do something: "orders placed by customers"."""
    return frozenset(
        at
        for at in range(1, len(tokens) - 1)
        if tokens[at].word == "by"
        and _plural(tokens[at + 1].word)
        and (light(tokens[at - 1].word) or tokens[at - 1].word in VERBS)
    )


def _counts_rows(
    mention: Mention, counting: Collection[tuple[int, int]], rows: Collection[tuple[int, int, str]]
) -> bool:
    """Whether a column's words may as well count its rows: "jumlah", "jumlah transaksi"."""
    first, last = mention.first, mention.last
    if (first, last) in counting or not isinstance(mention.target, AttributeTarget):
        return (first, last) in counting
    table = mention.target.ref.table
    before = any((at, last, table) in rows for at in range(first + 1, last))
    after = any((first, at, table) in rows for at in range(first + 1, last))
    return ((first, first + 1) in counting and before) or ((last - 1, last) in counting and after)


def _is_number(target: Target, index: Index) -> bool:
    """Whether it is a quantity, an amount or a rate."""
    if isinstance(target, AttributeTarget):
        return target.ref in index.numbers
    return isinstance(target, DerivedTarget)


def _beside_itself(mention: Mention, all_: Sequence[Mention], index: Index) -> float:
    """The cost of a column where the same words are its table, or what its flag says."""
    if not isinstance(mention.target, AttributeTarget):
        return 0.0
    ref = mention.target.ref
    label = index.model.entities[ref.table].label == ref.column
    for other in all_:
        if (other.first, other.last) == (mention.first, mention.last):
            match other.target:
                case EntityTarget(table) if label and table == ref.table:
                    return ITSELF_COST
                case ValueTarget(of) if of == ref and index.model.attributes[ref].role in FLAGS:
                    return ITSELF_COST
    return 0.0


def _plural(word: str) -> bool:
    """Whether an English word names several things."""
    return word.endswith("s") and stem(word, "en") != word


HINT_COST: Final = {"beside": 0.0, "when": 0.1, "is": 0.05, "much": 0.2, "done": 0.1}
"""Of what a verb points to."""


def _hinted(hint: Hint, index: Index) -> Part:
    """The part that a verb is."""
    match hint.target:
        case AttributeTarget(ref) if hint.how == "beside":
            return Beside(Column(ref))
        case EntityTarget(table):
            return Where(Has(table))
        case target:
            return _part(target, index)


def _within(span: _Span, other: _Span) -> bool:
    """Whether a period or number is only a piece of a longer one."""
    inside = other.first <= span.first and span.last <= other.last
    return inside and other.last - other.first > span.last - span.first


def _capitals(tokens: Sequence[Token]) -> frozenset[int]:
    """The places of short words in capitals, which are names: IT is a department."""
    found = {
        at for at, token in enumerate(tokens) if token.text.isupper() and 2 <= len(token.text) <= 3
    }
    lower = any(token.text.islower() for token in tokens)
    return frozenset(found) if lower else frozenset()


def bound(empty: Mapping[int, float], found: Sequence[Item]) -> dict[int, float]:
    """What stepping over words costs: more for those that begin or end a longer name."""
    names = [
        item
        for item in found
        if isinstance(item.part, Column | Computed)
        and item.last - item.first > 1
        and item.cost <= MENTION_COST * (1 - WHOLE)
    ]
    edges = {at for item in names for at in (item.first, item.last - 1)}
    return {at: max(cost, EDGE_COST) if at in edges else cost for at, cost in empty.items()}


def glue(
    tokens: Sequence[Token], language: Language, model: SemanticModel | None = None
) -> dict[int, float]:
    """The positions of words that carry no meaning by themselves, and what stepping over costs."""
    coins = _coins(tokens, model) if model is not None else ()
    words = fillers(language) | _linking()
    found = {}
    for at, token in enumerate(tokens):
        if token.word == "by":
            found[at] = GLUE_COST if at in _agents(tokens) else BY_COST
        elif token.word in BINDING:
            found[at] = BINDING_COST
        elif token.word in words:
            found[at] = GLUE_COST
        elif light(token.word):
            found[at] = LIGHT_COST
    spoken = tuple(token.word for token in tokens)
    for phrase in _empty_phrases():
        for at in range(len(spoken) - len(phrase) + 1):
            if spoken[at : at + len(phrase)] == phrase:
                found |= dict.fromkeys(range(at, at + len(phrase)), GLUE_COST)
    for at in (*_telling(spoken), *_capitals(tokens), *coins):
        found.pop(at, None)
    return found


def _item(first: int, last: int, part: Part, cost: float) -> Item:
    return Item(first, last, part, cost, tuple(range(first, last)))


def _part(target: Target, index: Index) -> Part:
    """The part that a target is."""
    match target:
        case EntityTarget(table):
            return Rows(table)
        case AttributeTarget(ref):
            return _pointed(ref, index.model) or Column(ref, number=ref in index.numbers)
        case ValueTarget(ref, value):
            return Values(Column(ref), (value.value,))
        case DerivedTarget(name, table):
            return Computed(name, table)
        case AxisTarget(axis):
            return Clock(axis)
        case JoinTarget(join):
            return Role(join)


def _pointed(ref: ColumnRef, model: SemanticModel) -> Column | None:
    """The name of what a foreign key points to: nobody asks for the key itself."""
    if model.attributes[ref].role is not ColumnRole.KEY:
        return None
    for join in model.joins.values():
        if join.source == ref.table and not join.widens and len(join.pairs) == 1:
            label = model.entities[join.target].label
            if join.pairs[0][0] == ref.column and label is not None:
                return Column(ColumnRef(join.target, label), join.id)
    return None


def _telling(words: Sequence[str]) -> Iterator[int]:
    """Words that must not be stepped over: what is asked for first, and what is never done."""
    declined = {name for kind in KINDS if kind.name == "declined" for name in kind.english}
    for item in _signs_of(words):
        part = item.part
        if isinstance(part, Sign) and (
            part.name in declined | TELLING or (part.name == "which" and item.first == 0)
        ):
            empty = _linking() if part.name in TELLING else frozenset()
            yield from (at for at in range(item.first, item.last) if words[at] not in empty)


@cache
def _glue() -> frozenset[tuple[str, ...]]:
    """Words and phrases that connect others or say nothing, of both languages."""
    return frozenset(
        tuple(phrase.split())
        for kind in KINDS
        for phrases in (kind.english, kind.indonesian)
        for phrase in phrases.get("glue", ())
    )


@cache
def _linking() -> frozenset[str]:
    """Prepositions and the like."""
    return frozenset(words[0] for words in _glue() if len(words) == 1)


@cache
def _empty_phrases() -> tuple[tuple[str, ...], ...]:
    """Several words that only together say nothing: "at all"."""
    return tuple(words for words in sorted(_glue()) if len(words) > 1)


Phrases = Mapping[str, Sequence[tuple[tuple[str, ...], str]]]


@cache
def _phrases(language: Language) -> Phrases:
    """(words, sign) of all kinds, by the first word."""
    found: defaultdict[str, list[tuple[tuple[str, ...], str]]] = defaultdict(list)
    for kind in KINDS:
        for sign, phrases in (kind.english if language == "en" else kind.indonesian).items():
            if sign == "glue":
                continue
            for phrase in phrases:
                words = tuple(token.word for token in tokenize(phrase))
                found[words[0]].append((words, sign))
    return found


def _signs(tokens: Sequence[Token], language: Language) -> Iterator[Item]:
    """The phrases of kinds, in both languages."""
    words = [token.word for token in tokens]
    yield from _signs_of(words, language)
    for at, better in _sign_spelling().corrected(words):
        for item in _signs_of([*words[:at], better, *words[at + 1 :]], language):
            if item.first <= at < item.last:
                yield replace(item, cost=item.cost + MISSPELT_COST)


@cache
def _sign_spelling() -> Spelling:
    """The words of all phrases, for those who misspell them."""
    return Spelling(
        word
        for language in LANGUAGES
        for phrases in _phrases(language).values()
        for words, _ in phrases
        for word in words
    )


def _signs_of(words: Sequence[str], language: Language = "en") -> Iterator[Item]:
    """The phrases as they are written. "What is" asks for a value, and for no thing by name."""
    found = list(_every_sign(words, language))
    values = {item.first for item in found if item.part == Sign("value") and _several(item)}
    for item in found:
        if item.part != Sign("which") or item.first not in values or _several(item):
            yield item


def _several(item: Item) -> bool:
    """Whether it has several words."""
    return item.last - item.first > 1


def _every_sign(words: Sequence[str], language: Language) -> Iterator[Item]:
    for spoken in LANGUAGES:
        cost = 0.0 if spoken == language else OTHER_LANGUAGE_COST
        for at, word in enumerate(words):
            for phrase, sign in _phrases(spoken).get(word, ()):
                if tuple(words[at : at + len(phrase)]) == phrase:
                    yield _item(at, at + len(phrase), Sign(sign), cost)
