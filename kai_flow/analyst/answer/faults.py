"""Why a query that was read makes no sense on its data, as a sentence with the remedy."""

from collections.abc import Mapping
from typing import Final

from kai_flow.analyst.answer import messages
from kai_flow.analyst.answer.formats import moment
from kai_flow.analyst.answer.message import Message
from kai_flow.analyst.answer.naming import Names
from kai_flow.analyst.answer.wording import GRAINS, Wording
from kai_flow.analyst.query.calculation import Calculation
from kai_flow.analyst.query.faults import Fault
from kai_flow.analyst.query.nodes import (
    Aggregate,
    Condition,
    During,
    Grain,
    Node,
    Query,
    Recurring,
    TimeGroup,
    Unit,
)
from kai_flow.analyst.query.stored import stored_node, stored_query

__all__ = ["fault_message", "told_fault"]

_PLAIN: Final[dict[Fault, Message]] = {
    Fault.WITHOUT_TIME: messages.NEEDS_TIME,
    Fault.WITHOUT_GROUPS: messages.PERCENT_OF_GROUPS,
    Fault.EACH_WITHOUT_GROUPS: messages.EACH_OF_GROUPS,
    Fault.OVERLAPPING_PERIODS: messages.OVERLAPPING,
}


def told_fault(given: Mapping[str, str], names: Names) -> str:
    """The sentence for a fault as the reader notes it: its name, and the nodes as JSON."""
    try:
        node, query = stored_node(given["node"]), stored_query(given["query"])
        return fault_message(Fault(given["fault"]), node, query, names)
    except (KeyError, ValueError):  # what no question should cause has no sentence of its own
        return messages.NO_READING.say(names.language)


def fault_message(fault: Fault, node: Node, query: Query, names: Names) -> str:
    """The sentence; a fault that no question could cause says that the question is unclear."""
    language = names.language
    if fault in _PLAIN:
        return _PLAIN[fault].say(language)
    match fault, node:
        case Fault.NOT_SUMMABLE | Fault.NOT_A_NUMBER | Fault.NOT_ORDERED, Aggregate():
            text = _of_column(fault, node, query, names)
        case Fault.NOT_DIVISIBLE, Calculation():
            text = messages.NOT_DIVISIBLE.say(
                language, measure=Wording(names, query).measure(node.aggregates[0])
            )
        case Fault.TOO_FINE, TimeGroup() | During() | Recurring():
            text = _too_fine(node, query, names)
        case Fault.BAD_PERIOD, During(start=start, end=end):
            ends = " – ".join(moment(each, language) for each in (start, end) if each)
            text = messages.PERIOD_REVERSED.say(language, period=ends)
        case Fault.BAD_LIMIT, Query(limit=limit):
            text = messages.LIMIT_ZERO.say(language, limit=limit or 0)
        case Fault.BAD_VALUE | Fault.BAD_OPERATOR, Condition():
            text = _not_comparable(node, query, names)
        case _:
            text = messages.NO_READING.say(language)
    return text


def _of_column(fault: Fault, node: Aggregate, query: Query, names: Names) -> str:
    """An aggregate that its column does not allow."""
    language = names.language
    of = node.of
    column = "" if of is None or isinstance(of, Unit) else names.formula(of, query.fact)
    if fault is Fault.NOT_SUMMABLE:
        return messages.RATE_SUMMED.say(language, column=column)
    if fault is Fault.NOT_ORDERED:
        return messages.NOT_ORDERED.say(language, column=column)
    function = {"sum": "total", "average": "rata-rata"}.get(node.function, node.function)
    word = node.function if language == "en" else function
    return messages.NOT_A_NUMBER.say(language, column=column, function=word)


def _too_fine(node: TimeGroup | During | Recurring, query: Query, names: Names) -> str:
    """A unit smaller than the data keeps."""
    finest = names.model.axes[node.axis].finest
    asked = node.grain if isinstance(node, TimeGroup) else Grain.DAY
    if isinstance(node, Recurring) and node.part in {"month", "quarter"}:
        asked = Grain(node.part)
    return messages.TOO_FINE.say(
        names.language,
        axis=names.axis(node.axis, node.path, query.fact),
        finest=names.pick(*GRAINS[finest]),
        asked=names.pick(*GRAINS[asked]),
    )


def _not_comparable(node: Condition, query: Query, names: Names) -> str:
    """A value of another kind than the column's."""
    values = names.both((names.value(None, each) for each in node.values), names.pick("atau", "or"))
    column = names.formula(node.of, query.fact)
    return messages.NOT_COMPARABLE.say(names.language, column=column, value=values or "…")
