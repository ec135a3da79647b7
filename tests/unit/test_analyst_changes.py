"""Follow-ups as changes of the query before: what each replaces, keeps, and refuses."""

from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from kai_flow.analyst.kinds.differences import Difference
from kai_flow.analyst.kinds.growth import Growth
from kai_flow.analyst.query.change_nodes import (
    AddFilter,
    AddGroup,
    AddMeasure,
    AsAmount,
    AsShare,
    Change,
    DropFilter,
    ListRows,
    ReplaceFilter,
    SetFunction,
    SetGroups,
    SetHaving,
    SetLimit,
    SetMeasures,
    SetOrder,
    SetPeriod,
)
from kai_flow.analyst.query.changes import apply
from kai_flow.analyst.query.nodes import (
    Aggregate,
    All,
    Condition,
    During,
    Either,
    Field,
    FieldGroup,
    Function,
    Grain,
    Having,
    Not,
    Operator,
    Order,
    Over,
    PeriodGroup,
    Query,
    Recurring,
    Related,
    bare,
)
from kai_flow.analyst.query.ratio import Ratio
from kai_flow.analyst.query.refusals import CannotChange, Reason, sentence
from kai_flow.analyst.query.share import Share
from kai_flow.analyst.query.stale import require_present
from kai_flow.analyst.query.stored import stored_query
from tests.unit.order_model import (
    AMOUNT,
    BY_CITY,
    BY_STATUS,
    CITY,
    COUNT,
    SPENT,
    STATUS,
    TO_CUSTOMER,
    TO_ORDER,
    TOTAL,
    by,
    compare,
    of,
    order_model,
    year,
)

MODEL = order_model()
PER_CITY = Query(fact="orders", measures=(TOTAL,), groups=(BY_CITY,))
TOP = replace(PER_CITY, order=(Order(by=TOTAL, descending=True),), limit=5)
SHARE = Share(of=TOTAL)
ROWS = Query(fact="orders", columns=(STATUS, AMOUNT), limit=100)
MARCH = Recurring(axis="", part="month", values=(3,))
APRIL = Recurring(axis="", part="month", values=(4,))


def placed(period: Any) -> Any:
    """The period on the axis of orders."""
    return replace(period, axis="orders.ordered_on")


def where(*parts: Any) -> Query:
    """The total per city of the rows that meet all parts."""
    part = parts[0] if len(parts) == 1 else All(parts=parts)
    return replace(PER_CITY, where=part if parts else None)


def refused(query: Query, *changes: Change) -> Reason:
    """Why the changes are refused."""
    with pytest.raises(CannotChange) as refusal:
        apply(query, changes, MODEL)
    return refusal.value.reason


@pytest.mark.parametrize(
    ("before", "change", "after"),
    [
        ((), AddFilter(part=of(CITY, "Bali")), (of(CITY, "Bali"),)),
        ((of(CITY, "Bali"),), AddFilter(part=of(CITY, "Jawa")), (of(CITY, "Jawa"),)),
        ((of(CITY, "Bali"),), ReplaceFilter(part=of(CITY, "Jawa")), (of(CITY, "Jawa"),)),
        (
            (of(STATUS, "paid"), of(CITY, "Bali")),
            AddFilter(part=of(STATUS, "open")),
            (of(STATUS, "open"), of(CITY, "Bali")),
        ),
        (
            (compare(AMOUNT, Operator.ABOVE, 5),),
            AddFilter(part=compare(AMOUNT, Operator.BELOW, 9)),
            (compare(AMOUNT, Operator.ABOVE, 5), compare(AMOUNT, Operator.BELOW, 9)),
        ),
        (
            (compare(AMOUNT, Operator.ABOVE, 5),),
            AddFilter(part=compare(AMOUNT, Operator.AT_LEAST, 7)),
            (compare(AMOUNT, Operator.AT_LEAST, 7),),
        ),
        (
            (of(CITY, "Bali", "Jawa"),),
            AddFilter(part=Not(part=of(CITY, "Bali"))),
            (of(CITY, "Jawa"), Not(part=of(CITY, "Bali"))),
        ),
        ((Not(part=of(CITY, "Bali")),), AddFilter(part=of(CITY, "Bali")), (of(CITY, "Bali"),)),
        ((of(CITY, "Bali"), year(2024)), DropFilter(of=CITY), (year(2024),)),
        ((of(CITY, "Bali"), of(STATUS, "paid"), year(2024)), DropFilter(), (year(2024),)),
        ((year(2023),), SetPeriod(period=year(2024, "")), (year(2024),)),
        ((year(2023),), AddFilter(part=year(2024)), (year(2024),)),
        ((year(2023), of(CITY, "Bali")), SetPeriod(), (of(CITY, "Bali"),)),
        ((year(2024),), SetPeriod(period=MARCH), (year(2024), placed(MARCH))),
        (
            (year(2024), placed(MARCH)),
            SetPeriod(period=APRIL),
            (year(2024), placed(APRIL)),
        ),
        ((year(2024), placed(MARCH)), SetPeriod(period=year(2023)), (year(2023), placed(MARCH))),
        (
            (placed(MARCH),),
            SetPeriod(period=During(axis="", start="2024-05-01", end="2024-06-01")),
            (placed(During(axis="", start="2024-05-01", end="2024-06-01")),),
        ),
    ],
)
def test_a_filter_replaces_what_it_is_about(
    before: tuple[Any, ...], change: Change, after: tuple[Any, ...]
) -> None:
    """A value, bound or period replaces those on its subject; every other filter stays."""
    assert apply(where(*before), [change], MODEL) == where(*after)


@pytest.mark.parametrize(
    ("query", "changes", "expected"),
    [
        (PER_CITY, [SetGroups(groups=(BY_STATUS,))], {"groups": (BY_STATUS,)}),
        (PER_CITY, [SetGroups()], {"groups": ()}),
        (PER_CITY, [AddGroup(group=BY_STATUS)], {"groups": (BY_CITY, BY_STATUS)}),
        (PER_CITY, [AddGroup(group=by(Grain.YEAR, ""))], {"groups": (BY_CITY, by(Grain.YEAR))}),
        (
            Query(fact="orders", measures=(TOTAL,), groups=(by(Grain.MONTH),)),
            [AddGroup(group=by(Grain.YEAR, ""))],
            {"groups": (by(Grain.YEAR),)},
        ),
        (TOP, [SetGroups(groups=(BY_STATUS,))], {"groups": (BY_STATUS,)}),
        (TOP, [SetLimit(count=10)], {"limit": 10}),
        (
            TOP,
            [SetLimit(count=3, descending=False)],
            {"limit": 3, "order": (Order(by=TOTAL),)},
        ),
        (
            PER_CITY,
            [SetLimit(count=10, descending=True)],
            {"limit": 10, "order": (Order(by=TOTAL, descending=True),)},
        ),
        (TOP, [SetLimit(count=None)], {"limit": None}),
        (TOP, [SetOrder(by=CITY)], {"order": (Order(by=BY_CITY),)}),
        (TOP, [SetOrder()], {"order": (Order(by=TOTAL),)}),
        (
            TOP,
            [SetMeasures(measures=(SPENT,))],
            {"measures": (SPENT,), "order": (Order(by=SPENT, descending=True),)},
        ),
        (PER_CITY, [AddMeasure(measure=COUNT)], {"measures": (TOTAL, COUNT)}),
        (
            PER_CITY,
            [SetFunction(function=Function.AVERAGE)],
            {"measures": (Aggregate(function=Function.AVERAGE, of=AMOUNT),)},
        ),
        (PER_CITY, [SetFunction(function=Function.COUNT)], {"measures": (COUNT,)}),
        (
            TOP,
            [AsShare()],
            {"measures": (SHARE,), "order": (Order(by=SHARE, descending=True),)},
        ),
        (
            Query(fact="orders", measures=(COUNT,), where=of(STATUS, "paid")),
            [AsShare()],
            {
                "measures": (
                    Ratio(
                        top=Aggregate(function=Function.COUNT, where=of(STATUS, "paid")),
                        bottom=COUNT,
                        percent=True,
                    ),
                ),
                "where": None,
            },
        ),
        (
            replace(PER_CITY, measures=(Difference(left=TOTAL, right=SPENT),)),
            [AsShare()],
            {"measures": (Difference(left=TOTAL, right=SPENT, percent=True),)},
        ),
        (
            PER_CITY,
            [SetHaving(having=Having(measure=TOTAL, operator=Operator.ABOVE, values=(9.0,)))],
            {"having": (Having(measure=TOTAL, operator=Operator.ABOVE, values=(9.0,)),)},
        ),
        (
            TOP,
            [ListRows(columns=(CITY, AMOUNT))],
            {
                "measures": (), "groups": (), "columns": (CITY, AMOUNT), "order": (), "limit": 100,
            },
        ),
        (
            ROWS,
            [SetMeasures(measures=(COUNT,)), SetGroups(groups=(BY_CITY,))],
            {"columns": (), "limit": None, "measures": (COUNT,), "groups": (BY_CITY,)},
        ),
        (
            TOP,
            [SetLimit(count=3), AddFilter(part=of(STATUS, "paid")), AsShare()],
            {
                "limit": 3,
                "where": of(STATUS, "paid"),
                "measures": (SHARE,),
                "order": (Order(by=SHARE, descending=True),),
            },
        ),
    ],
)  # fmt: skip
def test_only_what_is_named_changes(
    query: Query, changes: list[Change], expected: dict[str, Any]
) -> None:
    """A follow-up changes its own parts of the query, and every other part stays as it was."""
    assert apply(query, changes, MODEL) == replace(query, **expected)


@pytest.mark.parametrize(
    ("query", "changes", "reason"),
    [
        (PER_CITY, [ReplaceFilter(part=of(CITY, "Jawa"))], Reason.NO_SUCH_FILTER),
        (PER_CITY, [DropFilter(of=CITY)], Reason.NO_SUCH_FILTER),
        (PER_CITY, [DropFilter()], Reason.NO_FILTER),
        (PER_CITY, [SetPeriod()], Reason.NO_FILTER),
        (
            where(Either(parts=(of(CITY, "Bali"), of(STATUS, "paid")))),
            [AddFilter(part=of(CITY, "Jawa"))],
            Reason.ENTANGLED,
        ),
        (where(of(CITY, "Bali")), [AddFilter(part=Not(part=of(CITY, "Bali")))], Reason.CONTRADICTS),
        (
            PER_CITY,
            [AddFilter(part=of(CITY, "Bali")), AddFilter(part=of(CITY, "Jawa"))],
            Reason.CONTRADICTS,
        ),
        (PER_CITY, [SetLimit(count=3), SetLimit(count=5)], Reason.CONTRADICTS),
        (
            PER_CITY,
            [SetPeriod(period=year(2023)), SetPeriod(period=year(2024))],
            Reason.CONTRADICTS,
        ),
        (TOP, [AddGroup(group=BY_STATUS)], Reason.RANKED),
        (
            PER_CITY,
            [AddGroup(group=BY_STATUS), AddGroup(group=by(Grain.YEAR))],
            Reason.TOO_MANY_GROUPS,
        ),
        (TOP, [SetLimit(count=0)], Reason.BAD_LIMIT),
        (
            Query(fact="orders", measures=(TOTAL,)),
            [SetLimit(count=3, descending=True)],
            Reason.NEEDS_GROUP,
        ),
        (ROWS, [AddGroup(group=BY_CITY)], Reason.LISTING),
        (ROWS, [AsShare()], Reason.LISTING),
        (ROWS, [SetLimit(count=3, descending=True)], Reason.WHICH_MEASURE),
        (
            replace(PER_CITY, groups=(BY_CITY, BY_STATUS)),
            [SetLimit(count=3, descending=True)],
            Reason.WHICH_GROUP,
        ),
        (Query(fact="orders", measures=(COUNT,)), [AsShare()], Reason.OF_WHAT),
        (PER_CITY, [SetFunction(function=Function.MEDIAN), AsShare()], Reason.NOT_DIVISIBLE),
        (where(of(CITY, "Bali")), [AsShare()], Reason.OF_WHAT),
        (
            replace(PER_CITY, measures=(SHARE,)),
            [AddFilter(part=of(CITY, "Bali"))],
            Reason.OF_WHAT,
        ),
        (
            replace(PER_CITY, measures=(SHARE,)),
            [SetFunction(function=Function.AVERAGE)],
            Reason.NOT_DIVISIBLE,
        ),
        (
            replace(PER_CITY, measures=(Difference(left=TOTAL, right=SPENT),)),
            [SetFunction(function=Function.AVERAGE)],
            Reason.COMPOSED,
        ),
        (
            Query(fact="orders", measures=(COUNT,), groups=(BY_CITY,)),
            [SetFunction(function=Function.SUM)],
            Reason.NO_NUMBER,
        ),
        (
            replace(
                PER_CITY, measures=(Share(of=TOTAL, within=True),), groups=(BY_CITY, BY_STATUS)
            ),
            [SetGroups(groups=(BY_CITY,))],
            Reason.NEEDS_GROUP,
        ),
        (
            replace(PER_CITY, measures=(Share(of=TOTAL),)),
            [SetGroups()],
            Reason.NEEDS_GROUP,
        ),
        (
            Query(fact="orders", measures=(Growth(of=TOTAL),), groups=(by(Grain.YEAR),)),
            [SetGroups(groups=(BY_CITY,))],
            Reason.NEEDS_TIME,
        ),
        (
            Query(
                fact="orders",
                measures=(TOTAL,),
                groups=(
                    PeriodGroup(
                        axis="orders.ordered_on", periods=(("2023", "2023-01-01", "2024-01-01"),)
                    ),
                ),
            ),
            [SetPeriod(period=year(2024, ""))],
            Reason.COMPARES_PERIODS,
        ),
        (
            Query(fact="customers", measures=(COUNT,)),
            [SetPeriod(period=year(2024, ""))],
            Reason.NO_TIME,
        ),
        (
            Query(fact="orders", measures=(TOTAL,), where=year(2024)),
            [SetMeasures(measures=(COUNT,), fact="customers")],
            Reason.UNREACHABLE,
        ),
    ],
)
def test_what_cannot_be_kept_true_is_refused(
    query: Query, changes: list[Change], reason: Reason
) -> None:
    """A follow-up that would mislead, or say two things, is refused with its reason."""
    assert refused(query, *changes) is reason


def test_another_table_keeps_filters_and_groups_that_its_rows_determine() -> None:
    """After a sum of orders, payments are counted by the same city, status and period."""
    query = where(of(STATUS, "paid"), year(2024))
    changed = apply(query, [SetMeasures(measures=(COUNT,), fact="payments")], MODEL)
    assert changed == Query(
        fact="payments",
        measures=(COUNT,),
        groups=(FieldGroup(field=replace(CITY, path=(TO_ORDER, TO_CUSTOMER))),),
        where=All(
            parts=(
                of(replace(STATUS, path=(TO_ORDER,)), "paid"),
                replace(year(2024), path=(TO_ORDER,)),
            )
        ),
    )


def test_two_tables_side_by_side_change_together_or_not_at_all() -> None:
    """What concerns only one of the two tables is refused; a limit, or another measure, is not."""
    paid = Aggregate(
        function=Function.SUM,
        of=Field(table="payments", column="paid"),
        over=Over(fact="payments", groups=(BY_CITY,)),
    )
    query = replace(PER_CITY, measures=(TOTAL, paid))
    for change in (AddFilter(part=of(CITY, "Bali")), AddGroup(group=BY_STATUS), SetGroups()):
        assert refused(query, change) is Reason.ENTANGLED
    assert refused(where(of(CITY, "Bali")), AddMeasure(measure=paid)) is Reason.ENTANGLED
    ranked = apply(query, [SetLimit(count=3)], MODEL)
    assert ranked == replace(query, limit=3)
    alone = apply(query, [SetMeasures(measures=(TOTAL,)), AddFilter(part=of(CITY, "a"))], MODEL)
    assert alone == where(of(CITY, "a"))
    counted = apply(query, [SetFunction(function=Function.COUNT)], MODEL)
    assert counted.measures == (COUNT, Aggregate(function=Function.COUNT, over=paid.over))


def test_several_dates_are_asked_back() -> None:
    """A period without an axis is refused where the query uses two; with an axis it is taken."""
    due = During(axis="orders.due_on", start="2024-01-01")
    query = where(year(2023), due)
    assert refused(query, SetPeriod(period=year(2024, ""))) is Reason.AMBIGUOUS_TIME
    assert apply(query, [SetPeriod(period=year(2024))], MODEL) == where(year(2024), due)


def test_words_of_the_question_before_are_gone() -> None:
    """Only what the follow-up names carries positions of words: they are the follow-up's own."""
    before = replace(where(of(STATUS, "paid")), words=(0, 1))
    part = replace(of(CITY, "Bali"), words=(2,))
    after = apply(before, [AddFilter(part=part)], MODEL)
    assert after.words == ()
    assert isinstance(after.where, All)
    assert [each.words for each in after.where.parts] == [(), (2,)]


def test_amounts_undo_a_percentage_without_groups() -> None:
    """After "in percent" the amounts are those of the question before, with its filter."""
    query = Query(fact="orders", measures=(COUNT,), where=of(STATUS, "paid"))
    assert apply(apply(query, [AsShare()], MODEL), [AsAmount()], MODEL) == query


def test_a_stored_query_is_checked_against_the_database_of_today() -> None:
    """Tables, columns, joins and axes that are gone are named; a query that still fits passes."""
    query = where(of(STATUS, "paid"), year(2024))
    assert require_present(query, MODEL) is query
    due = During(axis="orders.due_on", start="2024-01-01")
    old = Condition(of=Field(table="orders", column="fee"), operator=Operator.PRESENT)
    with pytest.raises(CannotChange, match=r"orders\.due_on, orders\.fee, x>y") as refusal:
        require_present(where(due, old, Related(path=("x>y",))), MODEL)
    assert refusal.value.reason is Reason.GONE


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_a_sentence_in_both_languages(reason: Reason) -> None:
    """A refusal is one sentence of its own in English and in Indonesian."""
    english, indonesian = sentence("en", reason, "x"), sentence("id", reason, "x")
    assert english.endswith(".")
    assert indonesian.endswith(".")
    assert english != indonesian


def test_a_query_survives_its_storage() -> None:
    """A query as JSON comes back equal, whatever nodes it has."""
    without = AddFilter(part=Not(part=of(STATUS, "x")))
    query = apply(TOP, [AsShare(), SetPeriod(period=MARCH), without], MODEL)
    assert stored_query(msgspec.json.encode(query).decode()) == bare(query)
