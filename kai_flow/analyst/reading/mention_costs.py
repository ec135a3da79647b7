"""What speaks against each thing that words of a question may name."""

from collections.abc import Collection
from typing import Final

from kai_flow.analyst.lexicon.lexicon import concepts
from kai_flow.analyst.reading.concepts import undoes
from kai_flow.analyst.reading.numbers_named import MONEY, is_number
from kai_flow.analyst.reading.said_names import NEARLY, Question, Said, table_named
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

COUNTING_COST: Final = 0.27
"""Of a column that is called like such a sign: "jumlah transaksi" is a number of rows."""

SMALL_COST: Final = 0.3
"""Of a name that is a word without meaning elsewhere: "ya", which may be the value yes."""

SYNONYM_COST: Final = 0.3
"""Of a synonym of a value that names a table or column: "shop" is no value "Outlet" of a shop."""

TELLING_COST: Final = 0.7
"""Of a column that such a word may only mean as well: "persentase" is no level of a class."""

PIECE_COST: Final = 0.45
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

OTHER_NAME_COST: Final = 0.1
"""Of a name that is only similar, where the database has the very name."""

NUMBER_COST: Final = 0.22
"""Of rows that are called as a number of theirs: the target of a target is mostly the number."""

PER_COST: Final = 0.62
"""Of a number after such a word where the same words name its rows."""

TAKEN_BACK_COST: Final = 0.5
"""Of a number of returns that is named as sold: "units sold" are no units that came back."""

DONE_COST: Final = 0.9
"""Of rows that are named by what was done: "returned products" are no returns."""

MANNERS: Final = frozenset(
    [
        *("late", "early", "slow", "slowly", "fast", "quickly", "soon"),
        *("terlambat", "telat", "lambat", "cepat", "lama"),
    ]
)
"""Words that say how something was done, and not why."""

MANNER_COST: Final = 1.2
"""Of such a word as a part of a value: "delivered late" is not returned because it was too late."""

PEOPLE_COST: Final = 0.25
"""Of how many there are, where a question that asks for no number may list them: "guests from
Japan".
"""

SHORT_COST: Final = 0.1
"""Of a word of such a longer name by itself: "active" in "not active"."""

MENTION_COST: Final = 0.6
"""Of a mention with score 0; one with score 1 is free."""


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
        named = (*span, table_named(target)) in question.rows
        cost += PER_COST * (named and is_number(target, question.index))
    if span[0] == question.opening and is_number(target, question.index):
        cost += PEOPLE_COST * _named_too(target, said, question)
    if span[0] in question.sellers and not isinstance(target, AttributeTarget):
        cost += SELLER_COST * any(isinstance(t, AttributeTarget) for t in question.beside[span])
    cost += DONE_COST * (isinstance(target, EntityTarget) and said.done)
    if isinstance(target, EntityTarget) and not one and (*span, target.table) in question.numbered:
        money = not concepts((said.words[-1],)).isdisjoint(MONEY)
        cost += NUMBER_COST * (money or not said.several)
    return cost


def _named_too(target: Target, said: Said, question: Question) -> bool:
    """Whether the same word is a name of those who are counted: a guest's, and how many came."""
    attributes = question.index.model.attributes
    table = table_named(target)
    return any(
        isinstance(other, AttributeTarget)
        and other.ref.table == table
        and attributes[other.ref].role is ColumnRole.NAME
        for other in question.beside[said.span]
    )


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
