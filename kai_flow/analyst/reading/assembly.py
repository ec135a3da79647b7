"""Builds the queries that a bag of constituents may mean."""

from collections.abc import Iterator, Sequence
from typing import Final

from msgspec.structs import replace

from kai_flow.analyst.query.nodes import FieldGroup, Function, Group, Operator, Words
from kai_flow.analyst.reading import parts as p
from kai_flow.analyst.reading.all_of import with_all
from kai_flow.analyst.reading.assembler import Assembler
from kai_flow.analyst.reading.bag import Bag
from kai_flow.analyst.reading.beyond import sensible
from kai_flow.analyst.reading.claims import changes_of_all
from kai_flow.analyst.reading.coherence import coherent
from kai_flow.analyst.reading.comparing import asked_apart, grouped, may_be_apart, side_by_side
from kai_flow.analyst.reading.compounds import split
from kai_flow.analyst.reading.contrasts import compared, named_once
from kai_flow.analyst.reading.extents import extents
from kai_flow.analyst.reading.extremes import one_of_two, with_extremes
from kai_flow.analyst.reading.further import with_further
from kai_flow.analyst.reading.heads import with_heads
from kai_flow.analyst.reading.hierarchies import with_levels
from kai_flow.analyst.reading.lasting import gathered
from kai_flow.analyst.reading.listings import listed
from kai_flow.analyst.reading.orders import as_rank, put_in_order, said_once, whole_as_sort
from kai_flow.analyst.reading.pairs import rows_alone
from kai_flow.analyst.reading.people import asking_who, counting, counts_people
from kai_flow.analyst.reading.ranking_numbers import with_its_number
from kai_flow.analyst.reading.rankings import ranked
from kai_flow.analyst.reading.reading import Reading
from kai_flow.analyst.reading.senders import with_senders
from kai_flow.analyst.reading.subjects import is_column, named, with_kind_of_rows
from kai_flow.analyst.reading.tallies import counts_of_groups, tallied
from kai_flow.analyst.reading.timing import begun, timed
from kai_flow.analyst.reading.totals import totalled
from kai_flow.analyst.reading.whole_limits import signed_afar
from kai_flow.analyst.schema import ColumnRef
from kai_flow.analyst.semantics.model import Role, SemanticModel

NUMBER_COST: Final = 1.5
"""Of one number where a question asks which: "which provinces have …"."""

RISING_COST: Final = 1.0
"""Of the changes of all, where a question asks which of them changed."""

DEFAULTS: Final = frozenset(["default_sum", "default_average"])
"""Notes that a number is added up or averaged although nothing says so."""

ONE_COST: Final = 0.6
"""Of counting the rows with a certain code, which is one."""


def readings(a: Assembler, bag: Bag) -> Iterator[Reading]:
    """Everything that the bag may mean."""
    if bag.asked("people"):
        yield from (
            each
            for each in readings(a, counting(a.model, bag))
            if counts_people(a.model, each.query)
        )
        return
    ends = with_senders(a.model, bag)
    if ends is None or not (sensible(a.model, ends) and rows_alone(ends)):
        return
    bag = with_heads(a.model, ends, a.language)
    if split(a.model, bag, a.language) or not with_its_number(bag):
        return
    sound = coherent(a.model, bag, a.commas)
    for one in asking_who(a.model, sound) if sound is not None else ():
        full = with_further(a, one)
        if full is None:
            continue
        whole = begun(a, gathered(with_extremes(a, _sides_as_groups(full))))
        if whole is not None:
            yield from (_as_asked(a.model, bag, each) for each in _meanings(a, whole))


def _as_asked(model: SemanticModel, bag: Bag, reading: Reading) -> Reading:
    """What a question with "which" or "who" means: hardly one number, and nobody is a yes or no.

    Neither is it a number that nothing says how to add up, where a list is asked for.
    """
    query = reading.query
    if query is None or not query.measures or bag.asked("value"):
        return reading
    assumed = any(note.key in DEFAULTS for note in reading.notes)
    rows = bag.asked("which") or bag.asked("who") or (bag.asked("list") and assumed)
    flags = bool(query.groups) and all(_is_flag(model, group) for group in query.groups)
    odd = (rows and not query.groups) or (bag.asked("who") and flags)
    rising = bool(bag.which or bag.asked("which")) and changes_of_all(query)
    return replace(reading, cost=reading.cost + NUMBER_COST * odd + RISING_COST * rising)


def _is_flag(model: SemanticModel, group: Group) -> bool:
    if not isinstance(group, FieldGroup):
        return False
    ref = ColumnRef(group.field.table, group.field.column)
    return model.attributes[ref].role is Role.FLAG


def _meanings(a: Assembler, bag: Bag) -> Iterator[Reading]:
    for one in with_all(a, bag):
        yield from _meant(a, one)


def _meant(a: Assembler, bag: Bag) -> Iterator[Reading]:
    bag = with_kind_of_rows(a.model, bag)
    timed(a, bag)
    if signed_afar(a.model, bag):
        a.troubles.add("rows_or_totals")
        return
    levels = with_levels(a, bag)
    if bag.texts:
        yield from _literally(a, bag)
    elif levels is not None and not bag.bounds and _numbered(levels):  # nothing ends
        ordered = put_in_order(a, levels)
        if not (ordered.sorts and ordered.sorts[0][0].then):  # after no other order
            yield from _asked(a, ordered)


def _numbered(bag: Bag) -> bool:
    """Whether there is a number that "and how many" can ask for."""
    each = (bag.measures and (bag.groups or bag.which)) or bag.ranks or bag.havings
    return bool(each) or not bag.counted


def _asked(a: Assembler, bag: Bag) -> Iterator[Reading]:
    """What a bag without texts may mean."""
    roles = [a.model.attributes[c.ref].role for c, _ in [*bag.columns, *bag.which] if is_column(c)]
    bag.cost += 0.3 * roles.count(Role.KEY) + 0.35 * roles.count(Role.FLAG)
    if bag.refused:
        yield Reading(None, bag.cost, refusal=bag.refused[0])
    elif bag.asked("catalogue"):
        yield from _catalogue(bag)
    elif bag.asked("extent") or bag.asked("covers"):
        yield from extents(a, bag) if bag.asked("extent") else ()
    elif bag.versus:
        yield from side_by_side(a, named_once(a.model, bag))
    elif bag.gap or ((bag.compare or bag.more) and not bag.groups):
        yield from side_by_side(a, compared(bag))
    elif bag.than and not bag.change:
        a.troubles.add("compared_with")
    elif bag.ranks:
        bag = said_once(a, bag)
        whole = whole_as_sort(bag)
        rows = list(listed(a, named(whole))) if whole is not None else []
        if whole is not None and isinstance(whole.sorts[0][0].by, p.Calendar):
            rows += totalled(a, whole)  # "sales by month, newest first"
        yield from rows or ranked(a, bag)
    elif counts_of_groups(bag):
        yield from tallied(a, bag)
    else:
        yield from _numbers_or_rows(a, bag)


def _numbers_or_rows(a: Assembler, bag: Bag) -> Iterator[Reading]:
    """Numbers, of everything or of each side; or rows."""
    apart = asked_apart(a, bag)
    if apart or may_be_apart(a, bag):
        yield from side_by_side(a, compared(bag))
    numbers = (bag.measures or not bag.shown) and not one_of_two(bag)
    if numbers and (not apart or (grouped(a, bag) and not bag.apiece)):
        yield from totalled(a, bag)
    rows = list(listed(a, named(bag)))
    open_ = None if rows else as_rank(bag)
    yield from rows if open_ is None else ranked(a, open_)


def _catalogue(bag: Bag) -> Iterator[Reading]:
    """What data there is, of the named tables or of all."""
    if not (bag.measures or bag.ranks or bag.tests or bag.groups):
        tables = tuple(table for table, _ in bag.rows)
        yield Reading(None, bag.cost, catalogue=True, tables=tables)


def _sides_as_groups(bag: Bag) -> Bag:
    """What is compared beside other groups is a group as well: "by month, women and men"."""
    found = compared(bag).versus if bag.compare and bag.groups else []
    sides = [side.sides[0] for side, _ in found]
    columns = [s.of for s in sides if isinstance(s, p.Compared) and isinstance(s.of, p.Column)]
    if not columns:
        return bag
    return replace(bag, groups=[*((c, ()) for c in columns), *bag.groups])


def _literally(a: Assembler, bag: Bag) -> Iterator[Reading]:
    """Texts in quotes that are no known value: names of the rows that are talked about."""
    codes = [each for each in bag.texts if each[0].code]
    if codes:
        yield from _coded(a, bag, codes)
        return
    tables = {t for t, _ in bag.rows} | {c.ref.table for c, _ in bag.columns if is_column(c)}
    for table in sorted(tables or a.model.entities):
        label = a.model.entities[table].label
        if label is None:
            continue
        of = p.Column(ColumnRef(table, label))
        tests: list[tuple[p.Test, Words]] = [
            (p.Compared(of, Operator.CONTAINS, (text.text,)), words) for text, words in bag.texts
        ]
        yield from readings(a, replace(bag, texts=[], tests=[*bag.tests, *tests]))


def _coded(a: Assembler, bag: Bag, codes: Sequence[tuple[p.Text, Words]]) -> Iterator[Reading]:
    """Codes that are no known values: of the rows that are talked about, where they have codes."""
    tables = {t for t, _ in bag.rows} | {c.ref.table for c, _ in bag.columns if is_column(c)}
    tables |= {fact for measure, _ in bag.measures for fact in a.facts(measure)}
    rest = [each for each in bag.texts if not each[0].code]
    for table in sorted(tables):
        one = any(m == p.Amount(Function.COUNT, None, table) for m, _ in bag.measures)
        for ref in _codes_of(a.model, table):
            of = p.Column(ref)
            tests = [*bag.tests, *((_same(of, text), words) for text, words in codes)]
            cost = bag.cost + ONE_COST * one
            rows = bag.rows if bag.rows or bag.measures else [(table, codes[0][1])]
            coded = replace(bag, texts=rest, tests=tests, cost=cost, rows=rows)
            for reading in readings(a, coded):
                grouped = reading.query is not None and bool(reading.query.groups)
                yield replace(reading, cost=reading.cost + ONE_COST * grouped)


def _codes_of(model: SemanticModel, table: str) -> list[ColumnRef]:
    """The columns of codes of a table; else its names, where each row has its own."""
    codes = [each.ref for each in model.of(table) if each.role is Role.CODE]
    names = [each.ref for each in model.of(table) if each.role is Role.NAME and each.unique]
    return codes or names


def _same(column: p.Column, text: p.Text) -> p.Test:
    return p.Compared(column, Operator.EQUAL, (text.text,))
