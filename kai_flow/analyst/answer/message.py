"""What a message of the analyst is: one text in Indonesian and in English, with gaps."""

from collections.abc import Sequence
from dataclasses import dataclass
from string import Formatter
from typing import Final

from kai_flow.analyst.lexicon.lexicon import Language

__all__ = ["Message", "alternatives"]

MAX_GAP: Final = 120
"""Characters of the question that a message repeats at most in one gap."""

LISTS: Final = frozenset({"choices", "columns", "pairs", "things", "values"})
"""Gaps for lists of names."""

MAX_LIST: Final = 2_000
"""Characters of a list at most."""


@dataclass(frozen=True)
class Message:
    """One message. ``say`` fills its gaps."""

    indonesian: str
    english: str

    def say(self, language: Language, **values: str | int) -> str:
        """The message in this language; long or unprintable values are shortened."""
        text = self.english if language == "en" else self.indonesian
        filled = text.format(**{name: _short(name, str(value)) for name, value in values.items()})
        return filled[:1].upper() + filled[1:]

    @property
    def gaps(self) -> frozenset[str]:
        """The names of the values that ``say`` needs."""
        return frozenset(name for _, name, _, _ in Formatter().parse(self.english) if name)


def alternatives(labels: Sequence[str], language: Language) -> str:
    """Choices in a sentence: "A, B or C"."""
    word = "or" if language == "en" else "atau"
    if len(labels) < 2:
        return "".join(labels)
    comma = "," if language == "id" and len(labels) > 2 else ""
    return f"{', '.join(labels[:-1])}{comma} {word} {labels[-1]}"


def _short(name: str, text: str) -> str:
    """A value on one line, and not longer than a reader needs to recognise it."""
    line = " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
    most = MAX_LIST if name in LISTS else MAX_GAP
    return line if len(line) <= most else f"{line[: most - 1]}…"
