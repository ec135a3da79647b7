"""Figures that pages quote: each has a comment behind it, which says where it comes from.

    a median of 2.3 ms<!-- latency / 1 reader × 100/s / KAI Flow / p50_ms -->

Two systems with ` : ` between them give the ratio of the first to the second. `just bench` writes
the figures anew, and a test holds them against the results.
"""

import re
from collections.abc import Iterator
from typing import Final

from tests.bench.figures import Results, number

# Only a unit may stand between a figure and its comment: no other number, and no more than a word.
QUOTE: Final = re.compile(
    r"(?<![\w.,])(?P<value>\d[\d,.]*)(?P<unit>(?: [^\s\d<]+)?)<!-- (?P<source>.*?) -->"
)
SEPARATOR: Final = " / "  # a vertical bar would end the cell of a table


class NoFigure(Exception):
    """The results have no such figure, or it does not count."""


def figure(results: Results, source: str) -> str:
    """What the page has to quote. Raises NoFigure."""
    parts = source.split(SEPARATOR)
    if len(parts) != 4:
        raise NoFigure(f"{source}: name workload, case, system and figure, with ' / ' between")
    workload, case, systems, key = parts
    values = [_value(results, workload, case, system, key) for system in systems.split(" : ")]
    if len(values) == 1:
        return number(values[0])
    if not values[1]:
        raise NoFigure(f"{source}: nothing can be divided by 0")
    return number(values[0] / values[1])


def _value(results: Results, workload: str, case: str, system: str, key: str) -> float:
    row = results.rows.get((workload, case, system))
    value = None if row is None else row.figure(key)
    if row is None or value is None:
        raise NoFigure(f"{workload} / {case} / {system} / {key}: there is no such figure")
    if not row.counts:
        raise NoFigure(f"{workload} / {case} / {system}: it does not count: {row.wrong[0]}")
    return value


def refreshed(text: str, results: Results) -> tuple[str, list[str]]:
    """A page with the figures of the results, and what could not be replaced."""
    problems = []

    def replace(quote: re.Match[str]) -> str:
        try:
            value = figure(results, quote["source"])
        except NoFigure as error:
            problems.append(str(error))
            return quote[0]
        return f"{value}{quote['unit']}<!-- {quote['source']} -->"

    return QUOTE.sub(replace, text), problems


def wrong(text: str, results: Results) -> Iterator[str]:
    """Every figure of a page that is not that of the results."""
    for quote in QUOTE.finditer(text):
        try:
            value = figure(results, quote["source"])
        except NoFigure as error:
            yield str(error)
        else:
            if value != quote["value"]:
                yield f"{quote['source']}: the page has {quote['value']}, the results {value}"
