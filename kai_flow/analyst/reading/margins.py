"""Margins in plain words: a gross margin is gross profit in percent of sales, and no amount."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from kai_flow.analyst.lexicon.phrases import Phrases
from kai_flow.analyst.lexicon.tokens import Token, instead
from kai_flow.analyst.semantics.index import Index

__all__ = ["as_percentages"]

KNOWN: Final = 0.8
"""The score of a name that is meant."""


class _Tongue(NamedTuple):
    """How margins are said in one language."""

    margins: Phrases
    """What is profit in percent of sales, and never an amount."""
    profits: tuple[str, str]
    """The names of the profit: a gross one, and any."""
    of: str
    """What the profit is made a percentage by."""
    asked: Phrases
    """Words that only say again that it is a percentage of sales."""


ENGLISH: Final = _Tongue(
    Phrases(
        *("gross margin", "gross margins", "gross profit margin", "gross profit margins"),
        *("gross margin percentage", "gross profit margin percentage", "gross margin percent"),
        *("profit margin", "profit margins", "profit margin percentage"),
    ),
    ("gross profit", "profit"),
    "as a percentage of sales",
    Phrases(
        *(
            f"{asking} {whose}{sales}"
            for asking in ("as a percentage of", "as a percent of", "in percent of", "as % of")
            for whose in ("", "its ", "their ", "the ")
            for sales in ("sales", "revenue", "sales amount")
        )
    ),
)
INDONESIAN: Final = _Tongue(
    Phrases(
        *("margin kotor", "margin laba kotor", "margin keuntungan kotor", "marjin kotor"),
        *("marjin laba kotor", "margin laba", "marjin laba", "margin keuntungan"),
        *("margin labanya", "margin kotornya", "margin laba kotornya", "margin keuntungannya"),
        *("persentase margin kotor", "persentase margin laba kotor", "persentase margin laba"),
    ),
    ("laba kotor", "laba"),
    "sebagai persentase dari penjualan",
    Phrases(
        *(
            f"{asking} {sales}"
            for asking in ("berapa persen dari", "dalam persen dari", "berapa % dari")
            for sales in ("penjualan", "penjualannya", "omzet", "omzetnya", "pendapatannya")
        ),
        *("berapa persen", "brp persen"),
    ),
)

OTHERS: Final = frozenset(
    [
        *("net", "operating", "contribution", "ebitda", "pretax", "total", "sum", "combined"),
        *("average", "mean", "median", "avg", "bersih", "operasi", "operasional", "kontribusi"),
        *("jumlah", "rata-rata", "rerata", "rataan", "rata", "akumulasi", "usaha"),
    ]
)
"""Words beside a margin that make it another one, or an amount."""

BESIDE: Final = frozenset(
    [
        *(
            "what",
            "is",
            "are",
            "was",
            "the",
            "show",
            "me",
            "list",
            "give",
            "by",
            "per",
            "each",
            "for",
        ),
        *("every", "in", "of", "and", "with", "which", "has", "have", "does", "do", "percent"),
        *(
            "percentage",
            "%",
            "its",
            "compare",
            "month",
            "year",
            "quarter",
            "top",
            "highest",
            "lowest",
        ),
        *("berapa", "apa", "tampilkan", "tiap", "setiap", "masing-masing", "untuk", "di", "pada"),
        *("dan", "yang", "dengan", "mana", "punya", "persen", "persentase", "dalam", "paling"),
        *("tinggi", "rendah", "tertinggi", "terendah", "bulan", "tahun", "kuartal", "nya"),
    ]
)
"""Words that may stand around a margin, beside names, years and small numbers, and leave it so.

With any other word it may be meant as an amount, or as a part of all of it.
"""

MOST: Final = frozenset(["highest", "lowest"])
"""Words just before a margin, of which nothing may be named right after it."""
ENDING: Final = frozenset(["by", "per", "in", "for", "?", ","])
FIRST_YEAR, LAST_YEAR = 1900, 2200
FEW = 20


def as_percentages(tokens: Sequence[Token], index: Index) -> Sequence[Token]:
    """The tokens with a margin as profit in percent of sales, where profit is known.

    Only one that is named once, and that is nothing here by its own name.
    """
    if not any(token.word.startswith(("margin", "marjin")) for token in tokens):
        return tokens
    for tongue in (ENGLISH, INDONESIAN):
        spans = [
            (at, max(end for _, end in found))
            for at in range(len(tokens))
            if (found := list(tongue.margins.after(tokens, at)))
        ]
        if not spans:
            continue
        first, last = spans[0]
        near = (*tokens[max(0, first - 2) : first], *tokens[last : last + 1])
        beside = {token.word for token in near}
        if any(start >= last for start, _ in spans) or beside & OTHERS:
            return tokens
        around = (*tokens[:first], *_without(tokens[last:], tongue.asked))
        if not (_so(tokens, first, last) and _plain(around, index)) or _named(
            tokens, index, first, last
        ):
            return tokens
        gross, plain = tongue.profits
        said = [token.word for token in tokens[first:last]]
        names = (gross,) if not {"gross", "kotor"}.isdisjoint(said) else (plain, gross)
        profit = next((each for each in names if _known(each, index)), None)
        if profit is None:
            return tokens
        margin = instead(tokens, first, last, f"{profit} {tongue.of}".split())
        return (*tokens[:first], *margin, *_without(tokens[last:], tongue.asked))
    return tokens


def _so(tokens: Sequence[Token], first: int, last: int) -> bool:
    """Whether a margin is not that of one row, nor something that another number is part of."""
    before = tokens[first - 1].word if first else ""
    if before == "the" and first > 1:
        before = tokens[first - 2].word if tokens[first - 2].word == "of" else before
    after = tokens[last].word if last < len(tokens) else ""
    return before != "of" and not (before in MOST and after and after not in ENDING)


def _plain(tokens: Sequence[Token], index: Index) -> bool:
    """Whether all that stands around a margin is names, years and words that leave it so."""
    covered = {
        at
        for mention in index.mentions(tokens)
        if mention.score >= KNOWN and mention.how != "spelling"
        for at in range(mention.first, mention.last)
    }
    return all(
        at in covered or token.word in BESIDE or _counts(token.number)
        for at, token in enumerate(tokens)
    )


def _counts(number: float | None) -> bool:
    """Whether a number is a year, or how many groups are shown."""
    return number is not None and (FIRST_YEAR < number < LAST_YEAR or 0 < number <= FEW)


def _named(tokens: Sequence[Token], index: Index, first: int, last: int) -> bool:
    """Whether something here is called by a margin, or by its word alone."""
    words = {at for at in range(first, last) if tokens[at].word.startswith(("margin", "marjin"))}
    return any(
        mention.score >= KNOWN and not words.isdisjoint(range(mention.first, mention.last))
        for mention in index.mentions(tokens)
        if mention.how != "spelling"
    )


def _known(profit: str, index: Index) -> bool:
    """Whether something here is called so."""
    words = [Token(word, word) for word in profit.split()]
    return any(
        (mention.first, mention.last) == (0, len(words)) and mention.score >= KNOWN
        for mention in index.mentions(words)
        if mention.how != "spelling"
    )


def _without(tokens: Sequence[Token], phrases: Phrases) -> Sequence[Token]:
    """The tokens without what says once more that a percentage is asked for."""
    for at in range(len(tokens)):
        for end in sorted((end for _, end in phrases.after(tokens, at)), reverse=True):
            return (*tokens[:at], *tokens[end:])
    return tokens
