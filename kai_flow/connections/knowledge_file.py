"""The file of `kai mdl --sync`: a data model, and beside it glossary, instructions and skills.

It is Markdown. What stands under a heading of the first level named "Glossary", "Instructions" or
"Skills" is that part, one entry in a line; everything else is the data model. A part whose heading
is missing is not in the file, so it stays as it is; one without entries becomes empty.

    # Glossary
    - revenue = quantity * unit_price
    # Instructions
    - turnover means orders.amount
    # Skills
    - monthly review: total amount per month
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from kai_flow.connections.knowledge import BadKnowledge, Knowledge, Skill, Term, read_knowledge

__all__ = ["KnowledgeFile", "read_file", "write_sections"]

_HEADING: Final = re.compile(r"(#{1,6})\s+(.+?)\s*#*$")
_ENTRY: Final = re.compile(r"[-*+]\s+(.*)")
_COMMENT: Final = re.compile(r"<!--.*-->")
_SECTIONS: Final = {
    "glossary": "glossary",
    "glosarium": "glossary",
    "instructions": "instructions",
    "instruksi": "instructions",
    "skills": "skills",
    "keahlian": "skills",
}
_FORMS: Final = {
    "glossary": "- revenue = quantity * unit_price",
    "instructions": "- turnover means orders.amount",
    "skills": "- monthly review: total amount per month",
}


class KnowledgeFile:
    """The parts of a file, and where their entries stand."""

    def __init__(self) -> None:
        self.mdl: str | None = None
        """The data model with its lines where they are in the file; None: the file has none."""
        self.parts: dict[str, list[Any]] = {}
        """Glossary, instructions and skills, as `read_knowledge` takes them."""
        self.lines: dict[str, int] = {}
        """The line of each entry, by its part and its name in lower case."""

    def numbered(self, sentences: Iterable[str], places: Mapping[str, int]) -> Iterator[str]:
        """The sentences, with the line of the one entry, or of the place, that each of them quotes.

        ``places`` are the lines of the data model by what they are about.
        """
        entries = ((name.partition(" ")[2], number) for name, number in self.lines.items())
        known = [*entries, *places.items()]
        for sentence in sentences:
            lines = {number for name, number in known if f"“{name}”" in sentence.casefold()}
            yield f"line {lines.pop()}: {sentence}" if len(lines) == 1 else sentence


def read_file(text: str) -> KnowledgeFile:
    """The parts of a file. `BadKnowledge` names the line that cannot be read.

    A text without any of the three headings is a data model as a whole.
    """
    found = KnowledgeFile()
    model: list[str] = []
    section = ""
    entries: list[tuple[str, int, str]] = []
    for number, line in enumerate(text.splitlines(keepends=True), start=1):
        heading = _HEADING.fullmatch(line.strip())
        if heading:
            section = _section(heading)
            if section:
                found.parts.setdefault(section, [])
        if heading or not section:
            model.append("\n" if section else line)
            continue
        model.append("\n")
        _collect(entries, section, number, line)
    for part, number, content in entries:
        _add(found, part, number, content)
    if not found.parts or any(_is_table(line) for line in model):
        found.mdl = "".join(model) if found.parts else text
    return found


def write_sections(known: Knowledge) -> str:
    """The parts that are known, as `read_file` reads them.

    A part that its lines cannot hold, such as a term with an equals sign, is left out as a whole:
    storing the file again then leaves it as it is.
    """
    texts = {
        "glossary": [f"{each.term} = {each.meaning}" for each in known.glossary],
        "instructions": list(known.instructions),
        "skills": [f"{each.name}: {each.content}" for each in known.skills],
    }
    written = ""
    for part, lines in texts.items():
        body = "".join(f"- {_indented(line)}\n" for line in lines)
        section = f"\n# {part.capitalize()}\n\n{body}"
        if lines and _reads_as(section, part, getattr(known, part)):
            written += section
    return written


def _section(heading: re.Match[str]) -> str:
    """The part that a heading begins; empty for any other heading."""
    return _SECTIONS.get(heading[2].casefold(), "") if heading[1] == "#" else ""


def _is_table(line: str) -> bool:
    heading = _HEADING.fullmatch(line.strip())
    return heading is not None and len(heading[1]) > 1


def _collect(entries: list[tuple[str, int, str]], section: str, number: int, line: str) -> None:
    """Add an entry, or a further line of the last one."""
    content = _COMMENT.sub("", line).strip()
    entry = _ENTRY.fullmatch(content)
    if not content:
        return
    if line[0].isspace() and entries and entries[-1][0] == section:
        part, first, before = entries[-1]
        entries[-1] = (part, first, f"{before}\n{content}")
    elif entry and entry[1].strip():
        entries.append((section, number, entry[1].strip()))
    else:
        raise BadKnowledge(f"line {number}: write an entry as in {_FORMS[section]!r}")


def _add(found: KnowledgeFile, part: str, number: int, content: str) -> None:
    """Add an entry that has the right form, and is the first of its name."""
    value: object = content
    name = content
    if part != "instructions":
        sign = "=" if part == "glossary" else ":"
        name, separator, meaning = (each.strip() for each in content.partition(sign))
        if not (name and separator and meaning):
            raise BadKnowledge(f"line {number}: {sign!r} is missing, as in {_FORMS[part]!r}")
        value = _pair(part, name, meaning)
    place = f"{part} {' '.join(name.split()).casefold()}"
    if place in found.lines:
        raise BadKnowledge(
            f"line {number}: {name!r} is already defined in line {found.lines[place]}"
        )
    try:
        read_knowledge(**{part: [value]})
    except BadKnowledge as wrong:
        raise BadKnowledge(f"line {number}: {wrong}") from None
    found.lines[place] = number
    found.parts[part].append(value)


def _pair(part: str, name: str, content: str) -> dict[str, str]:
    if part == "glossary":
        return {"term": name, "meaning": content}
    return {"name": name, "content": content}


def _indented(content: str) -> str:
    return content.replace("\n", "\n  ")


def _reads_as(section: str, part: str, known: tuple[str | Term | Skill, ...]) -> bool:
    """Whether a written section is read as what it was written from."""
    try:
        return bool(read_knowledge(**{part: read_file(section).parts[part]})[part] == known)
    except BadKnowledge:
        return False
