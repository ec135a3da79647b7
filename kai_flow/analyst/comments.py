"""Read the comments in a ``CREATE TABLE`` statement, where an administrator explains a schema.

A comment after a column gives it other names: ``-- name, other name (unit); value = meaning``.
SQLite has no ``COMMENT ON``; it stores the text of the statement instead, comments included.
"""

import re
from types import MappingProxyType

from kai_flow.analyst.schema import Note

__all__ = ["parse_note", "read_notes"]

MAX_NAME_WORDS = 5
"""A longer phrase is prose, not a name."""

_CODE = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|`[^`]*`|\[[^\]]*\]|--|/\*|.", re.DOTALL)
_NAME = re.compile(r'\s*,?\s*(?:"((?:[^"]|"")+)"|`([^`]+)`|\[([^\]]+)\]|(\w+))')


def read_notes(ddl: str, columns: tuple[str, ...]) -> tuple[Note, dict[str, Note]]:
    """The note of the table and those of its columns, from the text of its definition."""
    table = Note()
    notes: dict[str, Note] = {}
    known = {name.casefold(): name for name in columns}
    for code, comment in (_split(line) for line in ddl.splitlines()):
        if not comment:
            continue
        if re.match(r"\s*create\b", code, re.IGNORECASE):
            table = parse_note(comment)
            continue
        found = _NAME.match(code)
        if found is None:
            continue
        name = known.get(next(filter(None, found.groups())).replace('""', '"').casefold())
        if name is not None:
            notes[name] = parse_note(comment)
    return table, notes


def parse_note(comment: str) -> Note:
    """Names, unit and meanings of values from one comment."""
    unit = re.search(r"\(([^)]{1,20})\)", comment)
    first, *others = re.sub(r"\([^)]*\)", "", comment).split(";")
    names = tuple(
        phrase.strip()
        for phrase in first.split(",")
        if phrase.strip() and len(phrase.split()) <= MAX_NAME_WORDS
    )
    pairs = (pair.split("=", 1) for part in others for pair in part.split(",") if "=" in pair)
    meanings = {value.strip(): meaning.strip() for value, meaning in pairs}
    return Note(names, unit.group(1).strip() if unit else "", MappingProxyType(meanings))


def _split(line: str) -> tuple[str, str]:
    """The code and the comment of one line; comment marks inside quotes are ignored."""
    for piece in _CODE.finditer(line):
        if piece.group() in {"--", "/*"}:
            comment = line[piece.end() :].strip()
            return line[: piece.start()], comment.removesuffix("*/").strip()
    return line, ""
