"""How an administrator's additions to a connection change the reading of a question.

The rule: additions change only what linking reads, which are the names of tables, columns and
values, and the words of the question. The rest of the analyst does not depend on them.

- A data model adds its notes to those of the database's own comments.
- A glossary term that means a table, a column or a value becomes one more name of it.
- A term that means a phrase is replaced by the phrase, if the phrase names something in this
  database; a definition in prose is ignored.
- An instruction that defines a word ("X means Y") is a glossary entry. Other instructions have no
  effect here; they are for agents that can follow prose.
- A question that is the name of a skill is the question that the skill holds.
"""

import dataclasses
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from kai_flow.analyst.language import Language
from kai_flow.analyst.mdl import read_mdl
from kai_flow.analyst.messages import say
from kai_flow.analyst.question import read
from kai_flow.analyst.schema import ColumnRef, Kind, Note, Schema
from kai_flow.connections.knowledge import Knowledge, Term

__all__ = ["Lesson", "described", "learn"]

MAX_PHRASE_WORDS: Final = 15
"""A longer meaning is prose, and does not replace a term."""

_DEFINES: Final = re.compile(
    r"""[-*\s]*["'“‘]?(?P<term>[^"'“”‘’]{1,80}?)["'”’]?\s*
    (?:\s(?:means|refers\ to|stands\ for|is\ defined\ as|berarti|artinya|adalah|ialah|maksudnya
    |merujuk\ (?:ke|pada))\s|:?=|→|->)\s*(?P<meaning>.+?)\.?""",
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
_QUOTED: Final = r"\"[^\"]+\"|“[^”]+”|'[^']{2,}'"  # taken literally: terms inside are not replaced


@dataclass(frozen=True)
class Lesson:
    """A question and a schema as they are to be read."""

    prompt: str
    schema: Schema
    replaced: tuple[Term, ...] = ()
    """The terms that were replaced in the question by what they mean."""

    def remark(self, language: Language) -> str:
        """A remark on the terms that were replaced in the question; empty when none was."""
        pairs = "; ".join(f"“{term.term}” = {term.meaning}" for term in self.replaced)
        return say(language, "glossary", pairs=pairs) if pairs else ""


def learn(prompt: str, schema: Schema, knowledge: Knowledge) -> Lesson:
    """Apply what is known to a question and to the schema of its database."""
    prompt = _skill(prompt, knowledge)
    instructed = [term for text in knowledge.instructions for term in _defined(text)]
    names = _Names(schema)
    names.describe(knowledge.mdl)
    rest = [term for term in (*instructed, *knowledge.glossary) if not names.add(term)]
    return _rephrased(prompt, names.schema(), rest)


def described(schema: Schema, mdl: str) -> Schema:
    """The schema with the notes of a data model."""
    names = _Names(schema)
    names.describe(mdl)
    return names.schema()


def _skill(prompt: str, knowledge: Knowledge) -> str:
    asked = prompt.strip().removeprefix("/").rstrip(".?! ").casefold()
    for skill in knowledge.skills:
        if skill.name.casefold() == asked:
            return skill.content
    return prompt


def _defined(instruction: str) -> Iterator[Term]:
    found = _DEFINES.fullmatch(instruction.strip())
    if found:
        yield Term(found["term"].strip(), found["meaning"].strip())


class _Names:
    """A schema whose things get more names."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._tables = {name.casefold(): name for name in schema.tables}
        self._columns: dict[str, list[ColumnRef]] = defaultdict(list)
        for table in schema.tables.values():
            for column in table.columns:
                ref = ColumnRef(table.name, column.name)
                self._columns[column.name.casefold()].append(ref)
                self._columns[f"{table.name}.{column.name}".casefold()].append(ref)
        self._of_tables: dict[str, Note] = defaultdict(Note)
        self._of_columns: dict[ColumnRef, Note] = defaultdict(Note)

    def describe(self, mdl: str) -> None:
        """Add the notes of a data model."""
        for name, (note, columns) in read_mdl(mdl).items():
            if name in self._tables:
                table = self._tables[name]
                self._of_tables[table] = _both(self._of_tables[table], note)
                for column, words in columns.items():
                    for ref in self._columns.get(f"{name}.{column}", ()):
                        self._of_columns[ref] = _both(self._of_columns[ref], words)

    def add(self, term: Term) -> bool:
        """Add the term as a name of what it means; False when it means no single thing."""
        path, equals, value = (part.strip() for part in term.meaning.partition("="))
        name = re.sub(r"[\"'`\[\]]", "", path).casefold()
        if not equals and name in self._tables:
            table = self._tables[name]
            self._of_tables[table] = _both(self._of_tables[table], Note((term.term,)))
            return True
        added = False
        for ref in self._columns.get(name, ()):
            note = self._value_note(ref, value, term.term) if equals else Note((term.term,))
            if note is not None:
                self._of_columns[ref] = _both(self._of_columns[ref], note)
                added = True
        return added

    def _value_note(self, ref: ColumnRef, wanted: str, name: str) -> Note | None:
        """The note that gives a value a name; None when the column has no such value."""
        wanted = wanted.strip("\"'“”`").casefold()
        column = self._schema.column(ref)
        for value in column.values if column.kind is not Kind.KEY else ():
            if value.casefold() == wanted:
                return Note(meanings=MappingProxyType({value: name}))
        return None

    def schema(self) -> Schema:
        """The schema with every name it has been given."""
        tables = dict(self._schema.tables)
        touched = {ref.table for ref in self._of_columns} | self._of_tables.keys()
        for name in touched:
            table = tables[name]
            columns = tuple(
                dataclasses.replace(column, note=_both(column.note, note))
                if (note := self._of_columns.get(ColumnRef(name, column.name)))
                else column
                for column in table.columns
            )
            note = _both(table.note, self._of_tables.get(name, Note()))
            tables[name] = dataclasses.replace(table, note=note, columns=columns)
        return dataclasses.replace(self._schema, tables=tables)


def _both(own: Note, added: Note) -> Note:
    """Two notes about the same thing; several names of one value stand with slashes between."""
    meanings = dict(own.meanings)
    for value, name in added.meanings.items():
        before = meanings.get(value, "").split(" / ") if value in meanings else []
        meanings[value] = " / ".join(dict.fromkeys((*before, name)))
    names = tuple(dict.fromkeys((*own.names, *added.names)))
    return Note(names, added.unit or own.unit, MappingProxyType(meanings))


def _rephrased(prompt: str, schema: Schema, terms: Sequence[Term]) -> Lesson:
    """The question with the terms replaced that have a meaning here, the longest terms first."""
    folded = prompt.casefold()
    meanings = {
        term.term.casefold(): term
        for term in terms
        if term.term.casefold() in folded and _says_something(term.meaning, schema)
    }
    if not meanings:
        return Lesson(prompt, schema)
    longest = sorted(meanings, key=len, reverse=True)
    words = "|".join(re.escape(word) for word in longest)
    replaced: list[Term] = []

    def meaning(found: re.Match[str]) -> str:
        term = meanings.get(found[0].casefold())
        if term is None:
            return found[0]
        replaced.append(term)
        return term.meaning

    pattern = rf"{_QUOTED}|(?<!\w)(?:{words})(?!\w)"
    return Lesson(
        re.sub(pattern, meaning, prompt, flags=re.IGNORECASE),
        schema,
        tuple(dict.fromkeys(replaced)),
    )


def _says_something(meaning: str, schema: Schema) -> bool:
    """Whether every word of a phrase is recognised, so that it may replace a term."""
    if len(meaning.split()) > MAX_PHRASE_WORDS:
        return False
    phrase = read(meaning, schema)
    return bool(phrase.mentions) and not phrase.unknown()
