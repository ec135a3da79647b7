"""Names of tables and columns in sentences for a person."""

from dataclasses import dataclass

from kai_flow.analyst.language import Language, detect
from kai_flow.analyst.question import Question
from kai_flow.analyst.schema import ColumnRef, Schema
from kai_flow.analyst.words import split_name, tokenize

__all__ = ["Names", "names_for"]


@dataclass(frozen=True)
class Names:
    """Names for one answer: the words of the identifiers, or those of the schema's comments."""

    schema: Schema
    language: Language
    by_comment: bool
    """Whether the comments have the question's language and the identifiers do not."""

    def table(self, name: str, *, plural: bool = False) -> str:
        """A table in words; the English plural when asked for and the name is English."""
        note = self.schema.tables[name].note
        text = note.names[0] if self.by_comment and note.names else " ".join(split_name(name))
        return _plural(text) if plural and self.language == "en" else text or name

    def column(self, ref: ColumnRef) -> str:
        """A column in words."""
        note = self.schema.column(ref).note
        if self.by_comment and note.names:
            return note.names[0]
        return " ".join(split_name(ref.column)) or ref.column


def names_for(question: Question) -> Names:
    """Names as the question used them: the words of comments, if those matched.

    When nothing matched, they are the words of comments if only those have the question's language.
    """
    matched = [mention.choices[0].by_comment for mention in question.mentions]
    by_comment = sum(matched) * 2 > len(matched) if matched else _only_comments_fit(question)
    return Names(question.schema, question.language, by_comment)


def _only_comments_fit(question: Question) -> bool:
    """Whether the comments have the question's language and the identifiers do not."""
    tables = question.schema.tables.values()
    columns = [column for table in tables for column in table.columns]
    notes = [*(table.note for table in tables), *(column.note for column in columns)]
    names = [*(table.name for table in tables), *(column.name for column in columns)]
    comments = " ".join(note.names[0] for note in notes if note.names)
    identifiers = " ".join(word for name in names for word in split_name(name))
    commented, named = (detect(tokenize(text)) for text in (comments, identifiers))
    return commented == question.language != named


def _plural(text: str) -> str:
    """The plural of an English noun; a word that already ends like a plural is unchanged."""
    if text.endswith("s"):
        return text
    if text.endswith("y") and text[-2:-1] not in set("aeiou"):
        return text[:-1] + "ies"
    return text + ("es" if text.endswith(("x", "ch", "sh")) else "s")
