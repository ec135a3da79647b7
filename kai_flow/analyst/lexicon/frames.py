"""What people say around a question: courtesies, forms of address, and who asks and what for."""

import re
import tomllib
from collections.abc import Iterable, Sequence
from importlib.resources import files
from typing import Any, Final

__all__ = [
    "INCLUDED",
    "LEFT_OUT",
    "LIMITING",
    "MAKING",
    "MISSING",
    "PURPOSES",
    "SUPPOSING",
    "WORDS",
    "address_before",
    "asker_before",
    "context",
    "courtesies_only",
    "courtesy_after",
    "courtesy_before",
]

_FRAMES: Final[dict[str, Any]] = tomllib.loads(
    files("kai_flow.analyst.lexicon").joinpath("frames.toml").read_text(encoding="utf-8")
)
_SLOTS: Final[dict[str, str]] = _FRAMES["slots"]

WORDS: Final[dict[str, str]] = _FRAMES["words"]
"""Words that tell clauses about the asker from others, by what they do."""

LIMITING: Final = frozenset(_SLOTS["limiting"].split())
"""Words with which a clause may say what is asked: it is not only about who asks."""

SUPPOSING: Final = frozenset(_SLOTS["supposing"].split())
"""Words of what is not so: "kalau harga naik"."""

MISSING: Final = frozenset(_FRAMES["counting"]["missing"].split())
"""Words for what has no value."""

PURPOSES: Final = frozenset(f"{_SLOTS['purpose_en']} {_SLOTS['purpose_id']}".split())
"""What people ask for: audits, meetings, reports."""

MAKING: Final = frozenset(f"{_SLOTS['making_en']} {_SLOTS['making_id']}".split())
"""What people do with these."""


def _compiled(patterns: Iterable[str]) -> tuple[re.Pattern[str], ...]:
    """Patterns whose slots are filled in."""
    words = {slot: "|".join(map(re.escape, text.split())) for slot, text in _SLOTS.items()}
    return tuple(
        re.compile(re.sub(r"\{(\w+)\}", lambda slot: f"(?:{words[slot[1]]})", pattern))
        for pattern in patterns
    )


def _beginnings(patterns: Iterable[str]) -> tuple[re.Pattern[str], ...]:
    """Patterns that end with a whole word."""
    return _compiled(f"(?:{each})(?= |$)" for each in patterns)


_BEFORE: Final = _beginnings(_FRAMES["courtesy"]["start"])
_ANY_BEFORE: Final = re.compile("|".join(f"(?:{each.pattern})" for each in _BEFORE))
"""What begins with any of them: most words do not."""
_AFTER: Final = _compiled(rf"(?<!\S)(?:{each})$" for each in _FRAMES["courtesy"]["end"])
LEFT_OUT: Final = _compiled(_FRAMES["counting"]["left_out"])
"""Sentences that say what is left out, which is their group x."""
INCLUDED: Final = _compiled(_FRAMES["counting"]["included"])
"""Sentences that say what counts as well, which is their group x."""
_PRAISE: Final = _beginnings(_FRAMES["courtesy"]["praise"])
_ADDRESS: Final = _compiled(_FRAMES["courtesy"]["address"])
_ASKERS: Final = _beginnings(_FRAMES["context"]["askers"])
_CONTEXT: Final = (*_compiled(_FRAMES["context"]["clauses"]), *_ASKERS)
_TAILS: Final = _compiled(_FRAMES["context"]["tails"])


def courtesy_before(words: Sequence[str]) -> int:
    """How many words of courtesy a question begins with."""
    text = " ".join(words)
    if not _ANY_BEFORE.match(text):
        return 0
    return max(_words_of(text, pattern) for pattern in _BEFORE)


def courtesy_after(words: Sequence[str]) -> int:
    """How many words of courtesy a question ends with."""
    text = " ".join(words)
    found = (pattern.search(text) for pattern in _AFTER)
    return max((len(each.group().split()) for each in found if each), default=0)


def address_before(words: Sequence[str]) -> bool:
    """Whether words are nothing but a form of address: "Pak", "hello team"."""
    return any(pattern.fullmatch(" ".join(words)) for pattern in _ADDRESS)


def courtesies_only(words: Sequence[str]) -> bool:
    """Whether words are nothing but thanks, greetings and praise: "Sip, makasih banyak ya"."""
    rest = list(words)
    while rest:
        text = " ".join(rest)
        said = max(_words_of(text, pattern) for pattern in (*_BEFORE, *_PRAISE, *_ADDRESS))
        if not said:
            return False
        del rest[:said]
    return bool(words)


def asker_before(words: Sequence[str]) -> int:
    """How many words at the beginning say only who asks: "my boss wants to know"."""
    text = " ".join(words)
    return max(_words_of(text, pattern) for pattern in _ASKERS)


def context(words: Sequence[str], *, tail: bool = False) -> bool:
    """Whether a clause, maybe one after the question, gives only who asks and what for."""
    text = " ".join(words)
    patterns = (*_CONTEXT, *_TAILS) if tail else _CONTEXT
    return any(pattern.fullmatch(text) for pattern in patterns)


def _words_of(text: str, pattern: re.Pattern[str]) -> int:
    """How many words at the beginning fit a pattern."""
    found = pattern.match(text)
    return len(found.group().split()) if found else 0
