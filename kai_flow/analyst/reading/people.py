"""What "who" asks for: the rows that are people, or the columns that name people."""

from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from kai_flow.analyst.lexicon.lexicon import concepts
from kai_flow.analyst.query.nodes import Aggregate, Field, Function, Query, Words
from kai_flow.analyst.reading import parts as p
from kai_flow.analyst.reading.bag import Bag
from kai_flow.analyst.reading.concepts import means
from kai_flow.analyst.reading.doers import PLACES
from kai_flow.analyst.schema import ColumnRef
from kai_flow.analyst.semantics.model import Attribute, Name, Role, SemanticModel
from kai_flow.analyst.semantics.people import PEOPLE

VALUED: Final = frozenset([Role.CATEGORY, Role.NAME, Role.TEXT])
"""Roles of columns whose values are names."""

OTHERS_COST: Final = 0.05
"""Of people whom the question does not name."""


def asking_who(model: SemanticModel, bag: Bag) -> list[Bag]:
    """The same question for each kind of people that "who" may mean."""
    if not bag.asked("who"):
        return [bag]
    asks = [*(ask for ask in bag.asks if ask.what != "who"), p.Ask("which")]
    plain = replace(bag, asks=asks)
    if any(is_person(model, of) for of in _named(bag)):
        return [plain]
    people: list[p.Rows | p.Column] = [p.Rows(t) for t in model.entities if _people(model, t)]
    people += [
        p.Column(ref)
        for ref, attribute in model.attributes.items()
        if p.Rows(ref.table) not in people and _names_people(attribute)
    ]
    plain.cost += OTHERS_COST
    return [_of_people(_done(plain), of) for of in people] or ([] if bag.whom else [plain])


def _of_people(bag: Bag, of: p.Rows | p.Column) -> Bag:
    """The same question with the people that it asks for."""
    rows = [(of.table, ())] if isinstance(of, p.Rows) else []
    columns = [(of, ())] if isinstance(of, p.Column) else []
    return replace(bag, rows=[*rows, *bag.rows], columns=[*columns, *bag.columns])


def _done(bag: Bag) -> Bag:
    """The words "who ordered" ask for no orders, but for those who have one."""
    which = [(of.table, words) for of, words in bag.which if isinstance(of, p.Rows)]
    tests = [(p.Has(table), words) for table, words in (*bag.rows, *which)]
    kept = [(of, words) for of, words in bag.which if not isinstance(of, p.Rows)]
    return replace(bag, rows=[], which=kept, tests=[*bag.tests, *tests])


def _named(bag: Bag) -> list[p.Dimension]:
    """All that a question names and that may be people."""
    found: list[p.Dimension] = [p.Rows(table) for table, _ in bag.rows]
    found += [of for of, _ in bag.columns if isinstance(of, p.Column)]
    found += [of for of, _ in (*bag.groups, *bag.which)]
    found += [some.of for some, _ in bag.somes]
    found += [rank.of for rank, _ in bag.ranks if rank.of is not None]
    return found


def is_person(model: SemanticModel, of: p.Dimension) -> bool:
    """Whether what is named is people."""
    if isinstance(of, p.Rows):
        return _people(model, of.table)
    if not isinstance(of, p.Column):
        return False
    label = model.entities[of.ref.table].label == of.ref.column
    role = model.joins.get(of.role or "")
    return (
        (label and _people(model, of.ref.table))
        or _names_people(model.attributes[of.ref])
        or (role is not None and _says(role.names))
    )


def counting(model: SemanticModel, bag: Bag) -> Bag:
    """The same question with "how many people" as "how many", of the people that it names."""
    asks = [ask for ask in bag.asks if ask.what != "people"]
    persons = [(table, words) for table, words in bag.rows if _people(model, table)]
    persons += [] if bag.rows else _tested(model, bag)
    if persons and not (bag.measures or bag.ranks or bag.groups or bag.which):
        table, words = persons[0]
        measures = [(p.Amount(Function.COUNT, None, table), words)]
        rows = [each for each in bag.rows if each != persons[0]]
        return replace(bag, asks=asks, measures=measures, rows=rows)
    return replace(bag, asks=[*asks, p.Ask("count")])


def _tested(model: SemanticModel, bag: Bag) -> list[tuple[str, Words]]:
    """The people of whom something is said: "how many people earn more than 5 million".

    Where they live does not tell who they are.
    """
    columns = [(test.of, words) for test, words in bag.tests if isinstance(test, p.Compared)]
    return [
        (of.ref.table, words)
        for of, words in columns
        if isinstance(of, p.Column) and of.role is None and _people(model, of.ref.table)
        if not any(
            means(model.attributes[of.ref], place) for place in PLACES
        )  # anybody lives there
    ]


def counts_people(model: SemanticModel, query: Query | None) -> bool:
    """Whether a query may tell how many people: it counts no orders, and adds up no money."""
    for measure in () if query is None else query.measures:
        of = measure.of if isinstance(measure, Aggregate) else None
        if isinstance(of, Field):
            return _says(model.attributes[ColumnRef(of.table, of.column)].names)
        if of is not None:
            return False
        names = model.entities[query.fact].names if query is not None else ()
        return _says(names) or not any(concepts(name.words) for name in names)
    return True


def _people(model: SemanticModel, table: str) -> bool:
    """Whether the rows of a table are people."""
    return _says(model.entities[table].names)


def _names_people(attribute: Attribute) -> bool:
    """Whether the values of a column are people."""
    return attribute.role in VALUED and _says(attribute.names)


def _says(names: Sequence[Name]) -> bool:
    """Whether one of the names is one of people."""
    return any(PEOPLE & concepts(name.words) for name in names)
