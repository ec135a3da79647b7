"""Numbers in words, scales, and numbers written the way each language writes them."""

from collections.abc import Sequence

from kai_flow.analyst.language import Language
from kai_flow.analyst.words import Token

__all__ = ["format_number", "number_at"]

_WORDS = {
    word: value
    for value, words in enumerate(
        (
            *("satu one", "dua two", "tiga three", "empat four", "lima five", "enam six"),
            *("tujuh seven", "delapan eight", "sembilan nine", "sepuluh ten"),
            *("sebelas eleven", "twelve", "thirteen", "fourteen", "fifteen"),
        ),
        start=1,
    )
    for word in words.split()
} | {"twenty": 20, "seratus": 100, "seribu": 1_000, "sejuta": 10**6, "semiliar": 10**9}

_SCALES = {
    **dict.fromkeys(("ratus", "hundred"), 10**2),
    **dict.fromkeys(("ribu", "rb", "thousand"), 10**3),
    **dict.fromkeys(("juta", "jt", "million"), 10**6),
    **dict.fromkeys(("miliar", "milyar", "billion"), 10**9),
    **dict.fromkeys(("triliun", "trillion"), 10**12),
}


def number_at(tokens: Sequence[Token], start: int) -> tuple[float, int] | None:
    """The number that begins at a token, and the token after it: "1,5 miliar", "dua belas"."""
    if start >= len(tokens):
        return None
    if tokens[start].word in {"rp", "idr", "usd"}:
        return number_at(tokens, start + 1)
    value = tokens[start].number
    if value is None:
        value = _WORDS.get(tokens[start].word)
    if value is None:
        return None
    end = start + 1
    if end < len(tokens) and tokens[end].word in {"belas", "puluh"} and value < 10:
        value = value + 10 if tokens[end].word == "belas" else value * 10
        end += 1
    while end < len(tokens) and tokens[end].word in _SCALES:
        value *= _SCALES[tokens[end].word]
        end += 1
    return value, end


def format_number(value: float, language: Language, decimals: int = 2) -> str:
    """A number for a reader: 1.234,5 in Indonesian, 1,234.5 in English.

    Fractions have at most ``decimals`` digits. From a million on they are left out, because they
    only make the figure harder to read.
    """
    digits = 0 if isinstance(value, int) or abs(value) >= 1e6 else decimals
    text = f"{value:,.{digits}f}"
    if digits:
        text = text.rstrip("0").rstrip(".")
    if text in {"-0", ""}:
        text = "0"
    return text if language == "en" else text.translate(str.maketrans(",.", ".,"))
