"""Several functions of one number: the highest and the lowest price."""

from collections.abc import Iterable

from kai_flow.analyst.kinds.building import NOUN, aggregate
from kai_flow.analyst.kinds.kind import Kind, Rule, Sample
from kai_flow.analyst.query.nodes import Function
from kai_flow.analyst.reading.parts import (
    Amount,
    Column,
    Computed,
    Functions,
    Several,
    Sign,
)

FUNCTIONS = {
    "highest": Function.MAXIMUM,
    "maximum": Function.MAXIMUM,
    "lowest": Function.MINIMUM,
    "minimum": Function.MINIMUM,
    "average": Function.AVERAGE,
    "median": Function.MEDIAN,
}


def _both(*parts: Sign | Functions) -> Functions | None:
    """Two functions, or more, each once."""
    found = tuple(f for part in parts if isinstance(part, Functions) for f in part.functions)
    return Functions(found) if len(set(found)) == len(found) else None


def _of(*parts: Functions | Column | Computed) -> Several | None:
    """The words “Highest and lowest price”."""
    functions = next(part.functions for part in parts if isinstance(part, Functions))
    noun = next(part for part in parts if not isinstance(part, Functions))
    if len(functions) < 2:
        return None
    amounts = [aggregate(function, noun) for function in functions]
    return Several(tuple(each for each in amounts if isinstance(each, Amount)))


def _rules() -> Iterable[Rule]:
    for sign, function in FUNCTIONS.items():
        yield Rule(f"function {sign}", (sign,), lambda _s, f=function: Functions((f,)))
    yield Rule("two functions", (Functions, "and", Functions), _both)
    yield Rule("three functions", (Functions, Functions), _both)
    yield Rule("functions of a noun", (Functions, NOUN), _of)
    yield Rule("noun, functions", (NOUN, Functions), _of)


KIND = Kind(
    "several",
    "Several functions of one number: the highest and the lowest price.",
    rules=tuple(_rules()),
    samples=(
        Sample(
            "en",
            "What are the highest and the lowest founding capital?",
            "SELECT MAX(modal_awal), MIN(modal_awal) FROM koperasi",
        ),
        Sample(
            "id",
            "Modal awal tertinggi, terendah, dan rata-rata per pulau",
            (
                "SELECT p.pulau, MAX(k.modal_awal), MIN(k.modal_awal), AVG(k.modal_awal)"
                " FROM koperasi k JOIN provinsi p ON p.provinsi_id = k.provinsi_id GROUP BY 1"
            ),
        ),
    ),
)
