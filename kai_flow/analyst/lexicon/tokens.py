"""Cuts a question into tokens: words, numbers, operators and quoted texts, with their places."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from kai_flow.analyst.lexicon import data
from kai_flow.analyst.lexicon.shorthand import SLASHED, written_out

__all__ = ["Token", "instead", "tokenize"]


class Token(Struct, frozen=True, gc=False, cache_hash=True):
    """One word, number, operator or quoted text of a question."""

    text: str
    """As written, without quotes."""
    word: str
    """In lower case, and in one spelling: ``>=`` for ``≥``, ``produk`` for ``produk-produk``.
    Empty for a quoted text.
    """
    number: float | None = None
    """The value of digits. ``find_numbers`` reads scales and numbers in words."""
    start: int = 0
    end: int = 0
    """The place in the question, in characters, quotes included."""
    tied: bool = False
    """Whether a hyphen, which is no token, ties it to the token before."""

    @property
    def quoted(self) -> bool:
        """Whether it is in quotes, and therefore taken literally."""
        return not self.word


_SLASHED = "|".join(each if each.endswith("/") else rf"{each}(?!\w)" for each in SLASHED)
_TOKEN = re.compile(
    r"(?P<quoted>\"[^\"]{1,200}\"|“[^”]{1,200}”|«[^»]{1,200}»|(?<!\w)‘[^’]{2,200}’(?!\w)"
    r"|(?<!\w)'[^']{2,200}'(?!\w))"
    r"|(?P<short>(?<![\w'])['’]\d\d(?!\w))"
    rf"|(?P<slashed>(?<!\w)(?:{_SLASHED}))"
    r"|(?P<currency>(?<!\w)(?:(?:rp|idr|usd|eur)(?=\.?\s?\d)|(?:us|s)(?=\$)))"
    r"|(?P<dotted>(?<![\d.,])\d{1,2}\.\d{1,2}\.\d{4}(?![\d.,]*\d))"
    r"|(?P<number>\d+(?:[.,]\d+)*)(?:['’]s\b)?(?P<tail>-an\b|[^\W\d_]*\w*)"
    r"|(?P<operator>>=|=>|<=|=<|<>|!=|==|[<>≥≤≠=])"
    r"|(?P<word>[^\W\d_](?:\w|['’ʼ-](?=\w))*)"
    r"|(?P<symbol>[^\w\s.?!()\[\]{}\"'“”‘’«»…:`])",
    re.IGNORECASE,
)
_CAMEL = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[^\W\dA-Z_]+\d*|\d+|[^\W_]")
_SPELLINGS = {
    "≥": ">=",
    "=>": ">=",
    "≤": "<=",
    "=<": "<=",
    "≠": "!=",
    "<>": "!=",
    "==": "=",
    "–": "-",
    "−": "-",
    "—": ",",
    ";": ",",
    "×": "*",
    "÷": "/",
}
_DECORATION = {"So", "Sk", "Cc", "Cf", "Co", "Cn", "Mn", "Me"}
"""Unicode categories that carry no meaning: emoji, joiners, control characters."""

# What may stand at once after digits and is a word of its own: "1.5k", "10rb", "15th", "1990s".
_TAILS = data.SCALES["id"].keys() | data.UNITS.keys() | data.ORDINAL_ENDINGS | {"s", "an", "x"}
_TWICE_AS_ONE = {"rata-rata", "laki-laki", "masing-masing", "undang-undang", "kira-kira", "abu-abu"}
"""Doubled words that mean something else than the plural of their half."""


def instead(tokens: Sequence[Token], first: int, last: int, words: Iterable[str]) -> list[Token]:
    """Other words in the place of tokens, each with their text as it was written."""
    text = " ".join(token.text for token in tokens[first:last])
    start, end = tokens[first].start, tokens[last - 1].end
    return [Token(text, word, None, start, end) for word in words]


def tokenize(question: str) -> tuple[Token, ...]:
    """The tokens of a question, in their order.

    Left out are spaces, brackets, ``?``, ``!``, ``:``, full stops and emoji; a comma is a token.
    Identifiers are cut into their words: ``unit_price``, ``OrderDate``. A hyphen is a token only
    between numbers, dates or spaces.
    """
    return tuple(token for found in _TOKEN.finditer(question) for token in _tokens(found))


def _tokens(found: re.Match[str]) -> Iterator[Token]:
    """The tokens of one match."""
    text, start = found.group(), found.start()
    if found["quoted"]:
        yield Token(text[1:-1].strip(), "", None, start, found.end())
    elif found["number"]:
        yield from _numbers(found["number"], found["tail"], start)
    elif found["slashed"]:
        yield from _spelled_out(text, data.TYPED[text.casefold()], start)
    elif found["word"]:
        yield from _words(text, start)
    elif found["symbol"] and unicodedata.category(text) in _DECORATION:
        return
    else:
        word = text.casefold()
        yield Token(text, _SPELLINGS.get(word, word), None, start, found.end())


def _numbers(digits: str, tail: str, start: int) -> Iterator[Token]:
    """A number, with its scale or unit; several, written without spaces; or a word: "3D"."""
    end = start + len(digits)
    ending = tail.removeprefix("-").casefold()
    if ending and ending not in _TAILS:
        word = digits + tail
        meant = written_out(word.casefold()) or (word.casefold(),)
        yield from _spelled_out(word, meant, start)
        return
    value = _value(digits)
    if value is None and "," in digits:  # a list without spaces: 2020,2021
        at = start
        for part in digits.split(","):
            yield Token(part, part, _value(part), at, at + len(part))
            at += len(part)
            if at < end:
                yield Token(",", ",", None, at, at + 1)
                at += 1
    else:
        yield Token(digits, digits, value, start, end)
    if ending:
        at = end + len(tail) - len(ending)
        yield Token(tail[-len(ending) :], ending, None, at, end + len(tail))


_THOUSANDS = re.compile(r"[1-9]\d{0,2}([.,])\d{3}(?:\1\d{3})*(?:(?!\1)[.,]\d+)?")
_YEARS = re.compile(r"[12]\d{3}(?:,[12]\d{3})+")
_LONGEST_NUMBER = 40
"""Characters; longer digits are a text."""


def _value(text: str) -> float | None:
    """A number in Indonesian (1.000,5) or English (1,000.5) writing; None when it is neither."""
    if len(text) <= _LONGEST_NUMBER and _THOUSANDS.fullmatch(text):
        mark = "." if "," in text and text.index(",") < text.find(".") else ","
        if not (set(text) >= {".", ","}):  # one kind of mark, before groups of three: thousands
            return float(text.replace(".", "").replace(",", ""))
        other = "," if mark == "." else "."
        return float(text.replace(other, "").replace(mark, "."))
    parts = re.split(r"[.,]", text)
    if len(parts) > 2 or _YEARS.fullmatch(text) or len(text) > _LONGEST_NUMBER:
        return None
    return float(".".join(parts))


_CONTRACTED = re.compile(r"(?:'(?:s|d|m|ve|ll|re))$")
_NEGATED = {"won't": "will", "can't": "can", "shan't": "shall", "cannot": "can"}
_GLUED = re.compile(r"(top|bottom|teratas|terbawah)(\d+)")


def _words(text: str, start: int) -> Iterator[Token]:
    """A word, or the words that it is made of."""
    folded = text.casefold().replace("’", "'").replace("ʼ", "'")
    single = _single(folded)
    if single is not None:
        yield Token(text, single, None, start, start + len(text))
        return
    halves = text.split("-")
    kept = [data.CALENDAR.fullmatch(half.casefold()) is not None for half in halves]
    at = start
    for number, half in enumerate(halves):
        dash = number > 0 and kept[number - 1] and kept[number]
        if dash:
            yield Token("-", "-", None, at - 1, at)
        pieces = (
            token
            for piece in re.finditer(r"[^_]+", half)
            for token in _piece(piece.group(), at + piece.start())
        )
        for token in pieces:
            tied = number > 0 and not dash and token.start == at
            yield replace(token, tied=True) if tied else token
        at += len(half) + 1


def _single(folded: str) -> str | None:
    """The one word that a text with hyphens or a 2 stands for; None for any other text."""
    half, two, _ = folded.removesuffix("nya").rpartition("2")
    if two and folded.removesuffix("nya").endswith("2") and f"{half}-{half}" in _TWICE_AS_ONE:
        return f"{half}-{half}"
    one, hyphen, two = folded.partition("-")
    if not hyphen or one != two.removesuffix("nya") or not one.isalpha():
        return None
    twice = f"{one}-{one}"
    return twice if twice in _TWICE_AS_ONE else one  # a word doubled is the Indonesian plural


def _piece(text: str, start: int) -> Iterator[Token]:
    """The words of a text without hyphens and underscores."""
    end = start + len(text)
    folded = text.casefold().replace("’", "'").replace("ʼ", "'")
    glued = _GLUED.fullmatch(folded)
    digits = re.match(r"\d+", text)
    if folded in _NEGATED or folded.endswith("n't"):
        middle = end - 3
        verb = _NEGATED.get(folded) or folded[:-3]
        if verb:
            yield Token(text[:-3], verb, None, start, middle)
        yield Token(text[-3:], "not", None, middle, end)
    elif glued:
        middle = start + len(glued[1])
        yield Token(text[: len(glued[1])], glued[1], None, start, middle)
        yield Token(glued[2], glued[2], float(glued[2]), middle, end)
    elif digits:
        yield from _numbers(digits.group(), text[digits.end() :], start)
    elif re.search(r"[a-z][A-Z]", text):
        for part in _CAMEL.finditer(text):
            at = start + part.start()
            yield Token(part.group(), part.group().casefold(), None, at, at + len(part.group()))
    elif (words := written_out(folded)) is not None:
        yield from _spelled_out(text, words, start)
    else:
        yield Token(text, _CONTRACTED.sub("", folded) or folded, None, start, end)


def _spelled_out(text: str, words: tuple[str, ...], start: int) -> Iterator[Token]:
    """The words that a text stands for: "brp" is berapa, "diatas" is di atas."""
    at = 0
    for word in words[:-1]:
        after = min(at + len(word), len(text) - 1)
        yield Token(text[at:after], word, None, start + at, start + after)
        at = after
    last = words[-1]
    number = float(last) if last.isdecimal() else None
    yield Token(text[at:], last, number, start + at, start + len(text))
