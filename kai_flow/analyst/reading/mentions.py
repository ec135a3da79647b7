"""Names of things in the database, and how likely a question means each."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Final

from msgspec.structs import replace

from kai_flow.analyst.lexicon.lexicon import Language, fillers
from kai_flow.analyst.lexicon.tokens import Token
from kai_flow.analyst.reading.answers import without_answers
from kai_flow.analyst.reading.anybody import known_people
from kai_flow.analyst.reading.belonging import astray
from kai_flow.analyst.reading.glue import linking
from kai_flow.analyst.reading.happened import verb
from kai_flow.analyst.reading.mention_costs import MENTION_COST, of_name, of_others
from kai_flow.analyst.reading.money import money_asked
from kai_flow.analyst.reading.name_order import REVERSED_COST, reversed_name
from kai_flow.analyst.reading.parts import Item, Role, leaf
from kai_flow.analyst.reading.placing import placed
from kai_flow.analyst.reading.referents import kind_of_rows, part_of
from kai_flow.analyst.reading.said_names import asked, is_noun, said_in
from kai_flow.analyst.semantics.index import Index
from kai_flow.analyst.semantics.targets import AttributeTarget, JoinTarget, ValueTarget

_SPAN: Final = attrgetter("first", "last")


def mentioned(tokens: Sequence[Token], index: Index, language: Language) -> Iterator[Item]:
    """The names of things in the database."""
    small = fillers(language) | linking()
    found = known_people(index.mentions(tokens, language), tokens)
    mentions = without_answers(found, tokens, small)
    question = asked(mentions, tokens, index, language)
    things = {
        (each.first, each.last)
        for each in mentions
        if is_noun(each) or isinstance(each.target, JoinTarget)
    }
    elsewhere = astray(mentions, tokens, index.model)
    money = money_asked(tokens)
    for span, meant in groupby(mentions, key=_SPAN):
        said = said_in(span, tokens, question)
        alike: dict[tuple[float, str], tuple[float, float, float]] = {}
        for each in meant:
            value = isinstance(each.target, ValueTarget) and not said.longer
            costs = alike.get((each.score, each.how)) if value else None
            if costs is None:
                near, name = placed(each, tokens, things), of_name(each, said, question)
                costs = near, name, of_others(each, said, question)
                if value:  # nothing else of a value speaks against it
                    alike[each.score, each.how] = costs
            near, name, others = costs
            near += elsewhere.get(each, 0.0) if elsewhere else 0.0
            cost = MENTION_COST * (1 - each.score) + near
            dear = cost + name + others
            dear += REVERSED_COST * reversed_name(each, said, tokens, question)
            amount = money.column(each, index.model)
            if amount is not None:  # "how much in fines" does not count them
                yield leaf(*span, part_of(AttributeTarget(amount), index), dear)
                dear += money.rows_cost
            part = part_of(each.target, index)
            if isinstance(part, Role) and verb(said.words[0]):
                part = replace(part, done=True)
            yield Item(*span, part, dear, said.places)
            yield from kind_of_rows(each, cost, index.model, several=said.several)
