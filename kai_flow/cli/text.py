"""Text from events, made harmless for a terminal.

The rule: nothing that an event carries reaches the terminal but through here. A database cell or a
model must not be able to move the cursor, recolour, retitle or reverse what the user reads.
"""

import json
from typing import Final

_FORGED: Final = "\ufffd"  # shown for what has no picture of its own

# bidirectional controls turn the order of the characters around without a trace
_BIDI: Final = (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))

_BLOCK: Final[dict[int, str | None]] = {
    **{code: chr(0x2400 + code) for code in range(0x20)},  # ␛ for ESC, ␇ for BEL, …
    0x7F: "\u2421",
    **dict.fromkeys(range(0x80, 0xA0), _FORGED),  # C1: 0x9B alone starts an escape sequence
    **dict.fromkeys(_BIDI, _FORGED),
    **dict.fromkeys(range(0xD800, 0xE000), _FORGED),  # lone surrogates cannot be written
    0x2028: "\n",
    0x2029: "\n",
    ord("\n"): "\n",
    ord("\t"): "\t",
    ord("\r"): None,  # what is left of CRLF; alone it would overwrite the line
}
_LINE: Final = {**_BLOCK, ord("\n"): "↵", ord("\t"): " ", 0x2028: "↵", 0x2029: "↵"}


def block(value: object) -> str:
    """Text of any number of lines."""
    return str(value).translate(_BLOCK)


def line(value: object, limit: int = 200) -> str:
    """Text on one line, cut to `limit` characters."""
    text = str(value).translate(_LINE)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def compact(value: object) -> str:
    """A value as text, not yet harmless: itself, or what it is as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
