"""A query's result as a table on the terminal."""

import re
from typing import Any, Final

from rich import box
from rich.table import Table
from rich.text import Text

from kai_flow.cli import text
from kai_flow.cli.figures import written

LEAST_CELLS: Final = 10  # a column of long texts becomes no narrower than this


def table_of(names: list[str], rows: list[Any]) -> Table:
    """The table of these rows, each of them a list or an object.

    Numbers are never cut or broken. On a narrow terminal, columns of text become narrower first;
    after that the table is wider than the line (print it with ``crop=False``).
    """
    table = Table(box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False)
    filled = [_cells(row, names) for row in rows]
    columns = []
    for index, name in enumerate(names):
        cells = [row[index] for row in filled]
        texts = _texts(name, cells)
        numeric = bool(rows) and all(cell is None or _number(cell) for cell in cells)
        longest = max(map(len, texts), default=0)
        table.add_column(
            Text(text.line(name, 60)),
            justify="right" if numeric else "left",
            overflow="fold",
            min_width=longest if numeric else min(longest, LEAST_CELLS),
        )
        columns.append(texts)
    for row in zip(*columns, strict=True):
        table.add_row(*map(Text, row))
    return table


def _cells(row: object, names: list[str]) -> list[Any]:
    """The cells of a row, one for each column."""
    if isinstance(row, dict):
        return [row.get(name) for name in names]
    cells = list(row) if isinstance(row, list) else [row]
    return (cells + [None] * len(names))[: len(names)]


def _texts(name: str, cells: list[Any]) -> list[str]:
    """The cells of a column as text; its numbers in one form, unless they are ids."""
    if re.fullmatch(r"(.*_)?id", name, re.IGNORECASE | re.DOTALL):
        return [_shown(cell) for cell in cells]
    numbers = iter(written([cell for cell in cells if _number(cell)]))
    return [text.line(next(numbers), 60) if _number(cell) else _shown(cell) for cell in cells]


def _number(cell: object) -> bool:
    return isinstance(cell, int | float) and not isinstance(cell, bool)


def _shown(cell: object) -> str:
    return "–" if cell is None else text.line(text.compact(cell), 60)
