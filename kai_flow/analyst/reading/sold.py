"""How many products were sold: units of them as well as different ones."""

from collections.abc import Iterator, Sequence

from kai_flow.analyst.lexicon.lexicon import concepts
from kai_flow.analyst.query.nodes import Function, Words
from kai_flow.analyst.reading import parts as p
from kai_flow.analyst.reading.assembler import Assembler
from kai_flow.analyst.reading.bag import Bag
from kai_flow.analyst.reading.concepts import means
from kai_flow.analyst.semantics.model import Role


def units_of(
    a: Assembler, bag: Bag, measures: Sequence[tuple[p.Measured, Words]]
) -> Iterator[tuple[p.Measured, Words]]:
    """The units that were sold, where the products that were sold are counted."""
    done = [test.table for test, _ in bag.tests if isinstance(test, p.Has)]
    for measure, words in measures if len(measures) == 1 else ():
        match measure:
            case p.Amount(Function.COUNT, None, str() as table) if _goods(a, table):
                for each in (of for other in done if other != table for of in a.model.of(other)):
                    if each.role is Role.ADDITIVE and means(each, "quantity"):
                        yield p.Amount(Function.SUM, p.Column(each.ref)), words


def _goods(a: Assembler, table: str) -> bool:
    """Whether the rows of a table are things that are sold by the piece."""
    return any("product" in concepts(name.words) for name in a.model.entities[table].names)
