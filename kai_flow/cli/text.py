"""Makes text from events harmless for a terminal.

The rule: all text of an event passes through here before it is printed. A database cell or a
model's output must not move the cursor, change colours or the window's title, or reverse the text.
"""

import json
from typing import Final

_FORGED: Final = "\ufffd"  # shown for control characters that have no symbol of their own

# bidirectional controls reverse the order of characters, and cannot be seen
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
    ord("\r"): None,  # part of CRLF; alone it would let the rest overwrite the line
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
    """A string as it is, any other value as JSON; not yet harmless for a terminal."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
