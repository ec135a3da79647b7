"""The data model as Markdown: written from a scan, read back with what people added to it.

What is read is the line "Also called" under a table and the column "Notes", in the grammar of a
comment in the DDL: ``name, other name (unit); value = meaning``. Types and keys are not read:
only the database defines them.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from kai_flow.analyst.comments import parse_note
from kai_flow.analyst.schema import Note, Schema, Table

__all__ = ["Described", "places", "read_mdl", "write_mdl"]

Described = Mapping[str, tuple[Note, Mapping[str, Note]]]
"""Table → its note, and column → its note."""

_ALIASES: Final = "Also called: "
_HEADING: Final = re.compile(r"#{2,6}\s+(?:table:?\s+)?(.+?)\s*#*$", re.IGNORECASE)
_CODE: Final = re.compile(r"(`+)\s?(.+?)\s?\1(?!`)")
_CELLS: Final = re.compile(r"(?<!\\)\|")
_BREAKS: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")  # would end a line
_NAME_HEADERS: Final = ("column", "kolom", "name", "nama")
_NOTE_HEADERS: Final = ("notes", "note", "description", "catatan")


def write_mdl(schema: Schema, title: str, *, left_out: int = 0) -> str:
    """Every table with columns, types and keys, and the relationships from the foreign keys.

    ``left_out`` tables are not in ``schema``; the last line says so.
    """
    lines = [f"# Data model of {_code(title)}", ""]
    for table in schema.tables.values():
        lines += [*_table(table), ""]
    links = [
        f"- {_refs(table.name, key.columns)} → {_refs(key.target, key.target_columns)}"
        for table in schema.tables.values()
        for key in table.foreign_keys
    ]
    lines += ["## Relationships", "", *(links or ["None: no table has a foreign key."])]
    if left_out:
        lines += ["", f"{left_out:,} more tables were left out; name those that you need."]
    return "\n".join(lines) + "\n"


def read_mdl(text: str) -> Described:
    """The notes on tables and columns in the model; lines in another form are skipped."""
    found: dict[str, tuple[Note, dict[str, Note]]] = {}
    for remark in _remarks(text):
        name = remark.table.casefold()
        _, columns = found.setdefault(name, (Note(), {}))
        if remark.column is None:
            found[name] = (parse_note(remark.text), columns)
        else:
            columns[remark.column.casefold()] = parse_note(remark.text)
    return {key: value for key, value in found.items() if value[0] != Note() or value[1]}


def places(text: str) -> dict[str, int]:
    """The line of each table and ``table.column`` that the model adds something to."""
    found: dict[str, int] = {}
    for remark in _remarks(text):
        parts = [remark.table] if remark.column is None else [remark.table, remark.column]
        for name in (remark.table, ".".join(parts)):
            found.setdefault(name.casefold(), remark.line)
    return found


@dataclass(frozen=True)
class _Remark:
    """What people added to a table, or to one of its columns."""

    line: int
    table: str
    column: str | None
    text: str


def _remarks(text: str) -> Iterator[_Remark]:
    """The lines that hold something that people added."""
    table: str | None = None
    header: tuple[int, int] | None = None
    for number, line in enumerate(map(str.strip, text.splitlines()), start=1):
        heading = _HEADING.fullmatch(line)
        if heading:
            table, header = _plain(heading[1]), None
        elif table is None:
            continue
        elif line.startswith(_ALIASES):
            yield _Remark(number, table, None, _escaped(line[len(_ALIASES) :]))
        elif line.startswith("|"):
            cells = [cell.strip() for cell in _CELLS.split(line.strip("|"))]
            if header is None:
                header = _header(cells)
            elif max(header) < len(cells) and cells[header[1]].strip("-: "):
                column = _plain(cells[header[0]])
                yield _Remark(number, table, column, _escaped(cells[header[1]]))
        else:
            header = None


def _table(table: Table) -> Iterator[str]:
    yield f"## {_code(table.name)}"
    yield ""
    if words := _words(table.note):
        yield _ALIASES + words
    yield f"About {table.row_count:,} rows." if table.sampled else f"{table.row_count:,} rows."
    yield ""
    yield "| Column | Type | Key | Notes |"
    yield "|---|---|---|---|"
    targets = {
        column: f"→ {_code(key.target)}.{_code(target)}"
        for key in table.foreign_keys
        for column, target in zip(key.columns, key.target_columns, strict=True)
    }
    for column in table.columns:
        primary = "primary key" if column.name in table.primary_key else ""
        keys = ", ".join(filter(None, (primary, targets.get(column.name, ""))))
        cells = (_code(column.name), _cell(column.type), keys, _words(column.note))
        yield f"| {' | '.join(cells)} |"


def _refs(table: str, columns: tuple[str, ...]) -> str:
    return ", ".join(f"{_code(table)}.{_code(column)}" for column in columns)


def _words(note: Note) -> str:
    """A note in the grammar that `parse_note` reads."""
    unit = f" ({note.unit})" if note.unit else ""
    meanings = ", ".join(
        f"{value} = {meaning}"
        for value, meaning in note.meanings.items()
        if not re.search(r"[,;=]", value + meaning)
    )
    return _cell(f"{', '.join(note.names)}{unit}" + (f"; {meanings}" if meanings else ""))


def _header(cells: list[str]) -> tuple[int, int] | None:
    """Where names and notes stand in a table."""
    words = [cell.casefold() for cell in cells]
    names = [at for at, word in enumerate(words) if word in _NAME_HEADERS]
    notes = [at for at, word in enumerate(words) if word in _NOTE_HEADERS]
    return (names[0], notes[0]) if names and notes else None


def _code(name: str) -> str:
    """A name in the marks of code, whatever characters it has."""
    ticks = "`" * (1 + max((len(run) for run in re.findall("`+", name)), default=0))
    space = " " if len(ticks) > 1 else ""
    return f"{ticks}{space}{_cell(name)}{space}{ticks}"


def _cell(text: str) -> str:
    """Text that ends neither its cell nor its line."""
    return _BREAKS.sub("\ufffd", text).replace("|", "\\|").strip()


def _escaped(text: str) -> str:
    return text.replace("\\|", "|")


def _plain(text: str) -> str:
    """A name, with or without the marks of code."""
    code = _CODE.search(text)
    return _escaped(code[2] if code else text.strip("*_ "))
