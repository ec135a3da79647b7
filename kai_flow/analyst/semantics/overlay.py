"""What an administrator adds to a model: names of things, units, measures, and phrases.

- A data model (`mdl.py`) adds names, units and names of values, as comments in the database do.
- A glossary term that means a table, a column or a value becomes one more name of it; one that
  means a formula becomes a measure; one that means a phrase is kept to be replaced in questions.
- An instruction that defines a word ("X means Y") is a glossary entry. Other instructions have no
  effect here; they are for agents that can follow prose.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final

from kai_flow.analyst.mdl import read_mdl
from kai_flow.analyst.schema import Column, ColumnRef, Kind, Note, Schema
from kai_flow.analyst.semantics.formulas import is_formula
from kai_flow.analyst.semantics.wording import joined, split_name, spoken
from kai_flow.connections.knowledge import Knowledge, Term

__all__ = ["MAX_PROBLEMS", "Taught", "described", "taught", "with_meanings"]

MAX_PROBLEMS: Final = 50
"""Sentences about what could not be used, at most."""

_DEFINES: Final = re.compile(
    r"""[-*\s]*["'“‘]?(?P<term>[^"'“”‘’]{1,80}?)["'”’]?\s*
    (?:\s(?:means|refers\ to|stands\ for|is\ defined\ as|berarti|artinya|adalah|ialah|maksudnya
    |merujuk\ (?:ke|pada))\s|:?=|→|->)\s*(?P<meaning>.+?)\.?""",
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)


_LITERAL: Final = re.compile(r"-?\d+(\.\d+)?|true|false", re.IGNORECASE)


@dataclass
class Taught:
    """What was taught, sorted by what it is about."""

    tables: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    columns: dict[ColumnRef, list[str]] = field(default_factory=lambda: defaultdict(list))
    units: dict[ColumnRef, str] = field(default_factory=dict)
    values: dict[ColumnRef, list[tuple[str, str]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    """(value as text, name) of each column."""
    formulas: list[Term] = field(default_factory=list)
    phrases: list[Term] = field(default_factory=list)
    """Terms that mean no single thing; prose among them."""
    problems: list[str] = field(default_factory=list)

    def report(self, problem: str) -> None:
        """Add a sentence about what could not be used."""
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(problem)


def taught(schema: Schema, knowledge: Knowledge) -> Taught:
    """Sort out what was taught about a database."""
    found = Taught()
    places = _Places(schema)
    _describe(found, places, knowledge.mdl)
    instructed = [term for text in knowledge.instructions for term in _defined(text)]
    for term in (*instructed, *knowledge.glossary):
        _add(found, places, term)
    return found


def _defined(instruction: str) -> Iterator[Term]:
    found = _DEFINES.fullmatch(instruction.strip())
    if found:
        yield Term(found["term"].strip(), found["meaning"].strip())


class _Places:
    """Tables and columns by what an administrator may write for them."""

    def __init__(self, schema: Schema) -> None:
        self.tables: dict[str, list[str]] = defaultdict(list)
        self.columns: dict[str, list[ColumnRef]] = defaultdict(list)
        for table in schema.tables.values():
            for key in _written(table.name):
                self.tables[key].append(table.name)
            for column in table.columns:
                ref = ColumnRef(table.name, column.name)
                names = [column.name, f"{table.name}.{column.name}", *column.note.names]
                for key in dict.fromkeys(each for name in names for each in _written(name)):
                    self.columns[key].append(ref)


def _written(name: str) -> tuple[str, ...]:
    """A name as it is, and in words: ``net_amount`` may be written "net amount"."""
    return name.casefold(), f" {joined(split_name(name))}"


def _key(text: str) -> str:
    """What an administrator wrote, without quotes."""
    return re.sub(r"[\"'`\[\]]", "", text).strip().casefold()


def _describe(found: Taught, places: _Places, mdl: str) -> None:
    """Add the notes of a data model."""
    for name, (note, columns) in read_mdl(mdl).items():
        tables = places.tables.get(name)
        if not tables:
            found.report(f"The data model describes the table “{name}”, which is not there.")
            continue
        found.tables[tables[0]] += note.names
        for column, words in columns.items():
            refs = places.columns.get(f"{name}.{column}")
            if not refs:
                found.report(f"The data model describes “{name}.{column}”, which is not there.")
                continue
            _note(found, refs[0], words)


def _note(found: Taught, ref: ColumnRef, note: Note) -> None:
    """Add the note on a column."""
    found.columns[ref] += note.names
    if note.unit:
        found.units[ref] = note.unit
    for value, meaning in note.meanings.items():
        found.values[ref] += [(value, name.strip()) for name in meaning.split("/") if name.strip()]


def _add(found: Taught, places: _Places, term: Term) -> None:
    """Add one term to what it means."""
    meaning = term.meaning.strip()
    tables, refs = _meant(places, meaning)
    path, equals, value = meaning.partition("=")
    owners = _meant(places, path)[1] if equals and path.strip() else []
    if tables or refs:
        for table in tables:
            found.tables[table].append(term.term)
        for ref in refs:
            found.columns[ref].append(term.term)
    elif owners and not is_formula(meaning):
        for ref in owners:
            found.values[ref].append((value.strip().strip("\"'“”`"), term.term))
    elif is_formula(meaning):
        found.formulas.append(term)
    else:
        found.phrases.append(term)


def _meant(places: _Places, text: str) -> tuple[list[str], list[ColumnRef]]:
    """The tables, or else the columns, that a text names; in words only if that is one thing."""
    exact, words = _key(text), f" {joined(spoken(text))}" if text.strip() else ""
    if exact in places.tables:
        return places.tables[exact][:1], []
    if exact in places.columns:
        return [], places.columns[exact]
    if words in places.tables:
        return (places.tables[words], []) if len(places.tables[words]) == 1 else ([], [])
    return [], places.columns.get(words, [])


def with_meanings(schema: Schema, found: Taught) -> Schema:
    """The schema with the names that were taught for values, as if comments had them."""
    tables = dict(schema.tables)
    for ref, pairs in found.values.items():
        table = tables[ref.table]
        column = table.column(ref.column)
        meanings = dict(column.note.meanings)
        for wanted, name in pairs:
            value = _value(column, wanted)
            if value is None:
                found.report(f"“{ref.table}.{ref.column}” has no value “{wanted}” to be named.")
                continue
            before = meanings[value].split(" / ") if value in meanings else []
            meanings[value] = " / ".join(dict.fromkeys((*before, name)))
        note = replace(column.note, meanings=MappingProxyType(meanings))
        columns = tuple(
            replace(each, note=note) if each.name == ref.column else each for each in table.columns
        )
        tables[ref.table] = replace(table, columns=columns)
    return replace(schema, tables=tables)


def described(schema: Schema, mdl: str) -> Schema:
    """The schema with the notes of a data model, as if the database's comments had them."""
    found = Taught()
    _describe(found, _Places(schema), mdl)
    schema = with_meanings(schema, found)
    return replace(
        schema,
        tables={
            name: replace(
                table,
                note=_called(table.note, found.tables.get(name, ())),
                columns=tuple(
                    replace(
                        column,
                        note=_called(
                            column.note,
                            found.columns.get(ColumnRef(name, column.name), ()),
                            found.units.get(ColumnRef(name, column.name), ""),
                        ),
                    )
                    for column in table.columns
                ),
            )
            for name, table in schema.tables.items()
        },
    )


def _called(note: Note, names: Iterable[str], unit: str = "") -> Note:
    """A note with more names."""
    both = tuple(dict.fromkeys((*note.names, *names)))
    return replace(note, names=both, unit=unit or note.unit)


def _value(column: Column, wanted: str) -> str | None:
    """The value of a column that somebody wrote; None when it has no such value."""
    for value in column.values:
        if value.casefold() == wanted.casefold():
            return value
    if column.kind is Kind.TEXT:
        return None
    return wanted if _LITERAL.fullmatch(wanted) else None
