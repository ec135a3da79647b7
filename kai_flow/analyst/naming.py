"""Names of tables and columns in sentences for a person."""

from dataclasses import dataclass

from kai_flow.analyst.language import Language
from kai_flow.analyst.question import Question
from kai_flow.analyst.schema import ColumnRef, Schema
from kai_flow.analyst.words import split_name

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
    """Names as the question used them: the words of comments, if those matched."""
    matched = [mention.choices[0].by_comment for mention in question.mentions]
    return Names(question.schema, question.language, sum(matched) * 2 > len(matched))


def _plural(text: str) -> str:
    """The plural of an English noun; a word that already ends like a plural is unchanged."""
    if text.endswith("s"):
        return text
    if text.endswith("y") and text[-2:-1] not in set("aeiou"):
        return text[:-1] + "ies"
    return text + ("es" if text.endswith(("x", "ch", "sh")) else "s")
