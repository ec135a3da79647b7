"""Identifiers as words for a person, and texts in quotation marks."""

import json
import re
from collections import Counter
from typing import Final

__all__ = ["bare", "distinct", "quoted", "split"]

_PREFIXES: Final = frozenset({"tbl", "t", "dim", "fact", "fct", "vw", "v", "mst", "ref", "stg"})
_PIECES: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[^\W\d_A-Z]+|\d+|[^\W_]+")


def quoted(text: str) -> str:
    """A text in quotation marks; one that has some itself, or line breaks, as JSON."""
    if any(mark in text for mark in "“”") or not text.isprintable():
        return json.dumps(text, ensure_ascii=False)
    return f"“{text}”"


def split(identifier: str) -> str:
    """The words of an identifier: ``OrderDate`` and ``order_date`` are both "order date"."""
    return " ".join(_PIECES.findall(identifier)).lower()


def bare(table: str) -> str:
    """The words of a table's name without marks such as "tbl" or "dim"."""
    words = split(table.rpartition(".")[2]).split()
    kept = words[1:] if len(words) > 1 and words[0] in _PREFIXES else words
    return " ".join(kept)


def distinct(found: dict[str, str]) -> dict[str, str]:
    """Names as they are, but the words of the identifier, or the identifier, where they clash."""
    for fallback in (split, quoted):
        often = Counter(found.values())
        found = {own: fallback(own) if often[name] > 1 else name for own, name in found.items()}
    return found
