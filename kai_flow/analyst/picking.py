"""The number of a picked reading, which stands in brackets at the end of a question: "… [2]"."""

import re
from typing import Final

__all__ = ["picked", "picking"]

_PICKED: Final = re.compile(r"(.*\S)\s*\[([1-9])\]", re.DOTALL)


def picking(question: str, number: int) -> str:
    """The question for one reading alone, which counts from 1."""
    return f"{question.rstrip()} [{number}]"


def picked(prompt: str) -> tuple[str, int | None]:
    """A question, and the number of the reading that is picked; None when there is no number."""
    found = _PICKED.fullmatch(prompt.strip())
    return (found[1], int(found[2])) if found else (prompt, None)
