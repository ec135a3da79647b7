"""What there is to ask about, for the question what data there is."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from kai_flow.analyst.answer import remarks
from kai_flow.analyst.answer.formats import number
from kai_flow.analyst.answer.naming import Names
from kai_flow.analyst.lexicon.lexicon import Language
from kai_flow.analyst.semantics.model import Role, SemanticModel

__all__ = ["MAX_COLUMNS", "MAX_TABLES", "catalogue", "summary"]

MAX_TABLES: Final = 30
"""Tables that are listed at most; the largest come first."""

SUMMED_TABLES: Final = 6
"""Tables in the sentence at most; those that point to others come first."""

SUMMED_COLUMNS: Final = 6
"""Columns of each table in the sentence at most."""

MAX_COLUMNS: Final = 12
"""Columns of each table in a list of several tables at most."""


def catalogue(model: SemanticModel, language: Language, tables: Sequence[str] = ()) -> str:
    """The tables with their columns as a Markdown list; of named tables, every column."""
    names = Names(model, language)
    asked = tables or sorted(model.entities, key=lambda table: model.entities[table].bridge)
    largest = sorted(asked, key=lambda table: -model.entities[table].rows)[:MAX_TABLES]
    whole = bool(tables) or len(asked) == 1
    lines = [_line(names, table, whole=whole) for table in asked if table in largest]
    if len(asked) > len(lines):
        more = len(asked) - len(lines)
        lines.append(names.pick(f"- dan {more} tabel lain", f"- and {more} more tables"))
    head = names.pick("Yang dapat ditanyakan:", "You can ask about:")
    return "\n".join((head, "", *lines))


def summary(model: SemanticModel, language: Language) -> str:
    """The same in one sentence, for a question that was not understood; empty without tables."""
    names = Names(model, language)
    asked = [entity for entity in model.entities.values() if not entity.bridge]
    linked = Counter(join.source for join in model.joins.values() if not join.widens)
    asked.sort(key=lambda entity: (-linked[entity.table], -entity.rows))
    things = []
    for entity in asked[:SUMMED_TABLES]:
        columns = [a for a in model.of(entity.table) if a.role not in {Role.KEY, Role.OTHER}]
        shown = ", ".join(names.column(a.ref) for a in columns[:SUMMED_COLUMNS])
        rows = names.rows(entity.table)
        things.append(f"{rows} ({shown})" if shown else rows)
    return remarks.CAN_ASK.say(language, things="; ".join(things)) if things else ""


def _line(names: Names, table: str, *, whole: bool) -> str:
    """One table: what its rows are called, its name, its rows and its columns."""
    model = names.model
    attributes = [a for a in model.of(table) if whole or a.role not in {Role.KEY, Role.OTHER}]
    shown = attributes if whole else attributes[:MAX_COLUMNS]
    columns = [
        f"{names.column(a.ref)} (`{a.column}`)" if whole else names.column(a.ref) for a in shown
    ]
    if len(shown) < len(attributes):
        columns.append("…")
    rows = number(model.entities[table].rows, names.language)
    size = names.pick(f"{rows} baris", f"{rows} rows")
    return f"- **{names.rows(table)}** (`{table}`, {size}): {', '.join(columns)}"
