"""Follow-up questions made from the schema; only questions that this analyst can answer."""

from collections.abc import Iterator

from kai_flow.analyst.errors import UnclearQuestion
from kai_flow.analyst.naming import Names
from kai_flow.analyst.plan import Plan
from kai_flow.analyst.question import read
from kai_flow.analyst.schema import ColumnRef, Kind, Schema
from kai_flow.analyst.understand import understand

__all__ = ["MAX_SUGGESTIONS", "capabilities", "suggest"]

MAX_SUGGESTIONS = 3
"""Questions suggested at most."""

_ASKABLE = {Kind.NUMBER, Kind.TEXT, Kind.YEAR, Kind.DATE}


def suggest(schema: Schema, names: Names, plan: Plan | None) -> list[str]:
    """Questions close to the one that was asked; each has been planned once, so it works."""
    found: list[str] = []
    for text in _drafts(schema, names, plan.fact if plan else None):
        if len(found) == MAX_SUGGESTIONS:
            break
        try:
            other = understand(read(text, schema))
        except UnclearQuestion:
            continue
        if other != plan and text not in found and (other.measures or other.columns):
            found.append(text)
    return found


def capabilities(schema: Schema, names: Names, most: int = 8) -> str:
    """What there is to ask about, as a list in words: tables with some of their columns."""
    tables = sorted(schema.tables.values(), key=lambda t: (-len(t.foreign_keys), -t.row_count))
    parts = []
    for table in tables[:most]:
        columns = [c for c in table.columns if c.kind in _ASKABLE]
        shown = ", ".join(names.column(ColumnRef(table.name, c.name)) for c in columns[:6])
        parts.append(f"{names.table(table.name)} ({shown})" if shown else names.table(table.name))
    return "; ".join(parts)


def _drafts(schema: Schema, names: Names, fact: str | None) -> Iterator[str]:
    """Candidate questions, those about the fact table first."""
    english = names.language == "en"
    order = sorted(
        schema.tables.values(), key=lambda t: (t.name != fact, -len(t.foreign_keys), -t.row_count)
    )
    for table in order[:20]:
        thing = names.table(table.name, plural=True)
        numbers = [c for c in table.columns if c.kind is Kind.NUMBER]
        kinds = [c for c in table.columns if c.kind is Kind.TEXT and c.values and not c.unique]
        years = [c for c in table.columns if c.kind in {Kind.YEAR, Kind.DATE}]
        for column in kinds[:2]:
            by = names.column(ColumnRef(table.name, column.name))
            yield (
                f"How many {thing} are there by {by}?"
                if english
                else (f"Berapa jumlah {thing} per {by}?")
            )
        for key in table.foreign_keys:
            for number in numbers[1:3] or numbers:
                value = names.column(ColumnRef(table.name, number.name))
                if english:
                    parents = names.table(key.target, plural=True)
                    yield f"Which 5 {parents} have the highest average {value}?"
                else:
                    parent = names.table(key.target)
                    yield f"Tampilkan 5 {parent} dengan rata-rata {value} terendah"
        if years:
            yield (
                f"Show the number of {thing} per year"
                if english
                else (f"Bagaimana tren jumlah {thing} per tahun?")
            )
