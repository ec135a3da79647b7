"""What an administrator adds to a connection: instructions, skills, glossary, data model.

The values that callers send are checked here, once, in all accepted forms; the rest of the code
gets a frozen `Knowledge`.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

__all__ = ["BadKnowledge", "Knowledge", "Skill", "Term", "read_knowledge"]

MAX_ENTRIES: Final = 2_000
"""Instructions, skills or glossary terms of one connection at most."""

MAX_NAME: Final = 200
"""Characters of a term or of a skill's name at most."""

MAX_TEXT: Final = 8_000
"""Characters of one instruction, meaning or skill at most."""

MAX_MDL_BYTES: Final = 1024 * 1024
"""Bytes of a data model at most: half of what one Temporal payload can carry."""


class BadKnowledge(ValueError):
    """A part has the wrong form; the message is one sentence with its name and the right form."""


class Term(msgspec.Struct, frozen=True):
    """A word of the organisation and what it means: a table, a column, a value, or a phrase."""

    term: str
    meaning: str


class Skill(msgspec.Struct, frozen=True):
    """A question with a name: asking for the name asks the question."""

    name: str
    content: str


class Knowledge(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is known about a connection besides its schema."""

    instructions: tuple[str, ...] = ()
    skills: tuple[Skill, ...] = ()
    glossary: tuple[Term, ...] = ()
    mdl: str = ""

    def counts(self) -> dict[str, int]:
        """The number of entries of each part; for the data model, its bytes."""
        return {
            "instructions": len(self.instructions),
            "skills": len(self.skills),
            "glossary": len(self.glossary),
            "mdl": len(self.mdl.encode()),
        }


def read_knowledge(**parts: object) -> dict[str, Any]:
    """The given parts, converted to the types of `Knowledge`, without those that are None.

    Empty values are kept, because they delete what was there. Raises `BadKnowledge`.
    """
    read: dict[str, Any] = {}
    for name, value in parts.items():
        if value is not None:
            read[name] = _READERS[name](value)
    return read


def _instructions(value: object) -> tuple[str, ...]:
    lines = value.splitlines() if isinstance(value, str) else _items(value, "instructions")
    texts = [_field(line, ("instruction", "content", "text"), "instructions") for line in lines]
    return tuple(_text(text, "instructions") for text in texts if str(text).strip())


def _skills(value: object) -> tuple[Skill, ...]:
    found = {}
    for name, content in _pairs(value, "skills", ("name", "title"), ("content", "question")):
        skill = Skill(_name(name, "skills"), _text(content, "skills"))
        found[skill.name.casefold()] = skill
    return tuple(found.values())


def _glossary(value: object) -> tuple[Term, ...]:
    keys = ("meaning", "definition", "column", "value", "description")
    found = {}
    for term, meaning in _pairs(value, "glossary", ("term", "name", "word"), keys):
        entry = Term(_name(term, "glossary"), _text(meaning, "glossary"))
        found[entry.term.casefold()] = entry
    return tuple(found.values())


def _mdl(value: object) -> str:
    if not isinstance(value, str):
        raise BadKnowledge("mdl must be Markdown as one text, in the form that `kai mdl` prints.")
    if len(value.encode("utf-8", "replace")) > MAX_MDL_BYTES:
        raise BadKnowledge(f"mdl has more than {MAX_MDL_BYTES:,} bytes; leave tables out.")
    return value.encode("utf-8", "replace").decode()


_READERS: Final = {
    "instructions": _instructions,
    "skills": _skills,
    "glossary": _glossary,
    "mdl": _mdl,
}


def _items(value: object, what: str) -> list[Any]:
    if not isinstance(value, list | tuple):
        raise BadKnowledge(f"{what} must be a list, for example {_EXAMPLES[what]}.")
    if len(value) > MAX_ENTRIES:
        raise BadKnowledge(f"{what} has {len(value):,} entries; at most {MAX_ENTRIES:,} are kept.")
    return list(value)


def _pairs(
    value: object, what: str, names: Iterable[str], contents: Iterable[str]
) -> list[tuple[object, object]]:
    """Name and content of each entry, from a list of objects or one object of name: content."""
    if isinstance(value, Mapping):
        return _items(list(value.items()), what)
    entries = _items(value, what)
    return [(_field(entry, names, what), _field(entry, contents, what)) for entry in entries]


def _field(entry: object, keys: Iterable[str], what: str) -> object:
    """The value of the first of these keys that an entry has; an instruction may be plain text."""
    if isinstance(entry, str) and what == "instructions":
        return entry
    if isinstance(entry, Mapping):
        for key in keys:
            if entry.get(key) is not None:
                return entry[key]
    raise BadKnowledge(
        f"An entry of {what} lacks {' or '.join(map(repr, keys))}; write for example"
        f" {_EXAMPLES[what]}."
    )


def _name(value: object, what: str) -> str:
    text = " ".join(value.split()) if isinstance(value, str) else ""
    if not text or len(text) > MAX_NAME or not text.isprintable():
        raise BadKnowledge(
            f"A name in {what} must be 1 to {MAX_NAME} printable characters, as in"
            f" {_EXAMPLES[what]}."
        )
    return text


def _text(value: object, what: str) -> str:
    text = value.strip() if isinstance(value, str) else ""
    if not text or len(text) > MAX_TEXT:
        raise BadKnowledge(
            f"A text in {what} must have 1 to {MAX_TEXT:,} characters, as in {_EXAMPLES[what]}."
        )
    return text.encode("utf-8", "replace").decode()


_EXAMPLES: Final = {
    "instructions": '["turnover means orders.amount"]',
    "skills": '[{"name": "monthly review", "content": "total amount per month"}]',
    "glossary": '[{"term": "turnover", "meaning": "orders.amount"}]',
}
