"""Words that carry no meaning by themselves, and what stepping over them costs."""

from collections.abc import Collection, Iterator, Sequence
from functools import cache
from itertools import pairwise
from typing import Final

from kai_flow.analyst.kinds.registry import KINDS
from kai_flow.analyst.lexicon.data import CALENDAR
from kai_flow.analyst.lexicon.frames import SUPPOSING
from kai_flow.analyst.lexicon.lexicon import Language, fillers, light
from kai_flow.analyst.lexicon.phrases import Phrases
from kai_flow.analyst.lexicon.tokens import Token
from kai_flow.analyst.reading.anybody import ANYBODY, WORKING
from kai_flow.analyst.reading.doers import NO_NOUNS, agents
from kai_flow.analyst.reading.parts import Sign
from kai_flow.analyst.reading.quantities import worth_of_things
from kai_flow.analyst.reading.signs import signs_of
from kai_flow.analyst.reading.superiors import left_in
from kai_flow.analyst.reading.told_units import told_units
from kai_flow.analyst.semantics.model import SemanticModel

GLUE_COST: Final = 0.02
"""Of stepping over a word without meaning."""

LIGHT_COST: Final = 0.06
"""Of stepping over a verb that says nothing beside its noun."""

BINDING: Final = frozenset(["nilai", "oleh", "from", "dari", "to", "ke"])
"""Words that mostly mean something."""

BINDING_COST: Final = 0.15
"""Of stepping over such a word all the same."""

TO: Final = frozenset(["to", "ke"])
"""Words before where something goes."""

TO_COST: Final = 0.85
"""Of stepping over these: "orders shipped to the customer's city" does not ask for that city."""

BY_COST: Final = 0.8
"""Of stepping over "by": "orders by status" is no status of orders."""

NUMBERS: Final = frozenset(["number", "count", "total", "amount", "sum", "average"])
"""Words for numbers: nothing is asked of what is "by number", but put in its order."""

TELLING: Final = frozenset(
    [
        *("trend", "growth", "share", "median", "not", "without", "compare", "apiece"),
        *("how much more", "how much less"),
    ]
)
"""Signs whose words are never stepped over: without them a question means something else."""

WHOLE: Final = frozenset(["how much more", "how much less"])
"""Those of which no word is: "by how much" is not "how much"."""

PLACING: Final = frozenset(["in", "on", "at", "for", "from", "to", "by", "during", "with"])
"""Prepositions before what is asked for: "in which province"."""

EVERY: Final = frozenset(["all", "every", "semua", "seluruh", "setiap"])
CLAUSES: Final = frozenset(["yang", "yg", "whose", "where", "which"])
"""Words that begin a relative clause."""

IF: Final = frozenset(["kalau", "jika", "bila"])
"""Words before what rows meet, unless it is what would be: "ongkosnya berapa, kalau Ekspres"."""

ADDED: Final = frozenset(["dijumlah", "dijumlahkan", "ditotal", "ditotalkan", "digabungkan"])
"""Words for what is added up and so supposes nothing: "kalau aset semua koperasi dijumlahkan"."""

EVERY_ONE: Final = frozenset(["semua", "seluruh", "semuanya"])
"""Words that suppose nothing of what is added up."""

ENDS: Final = frozenset(["end", "akhir"])
"""Words that a whole time ends with, or the end of a period begins with."""

NOT: Final = frozenset(["not", "no", "tidak", "tak", "bukan"])
MORE: Final = frozenset(["anymore", "lagi"])
"""Words that say after a negation that something was so before."""

PERIODS: Final = frozenset(
    [
        *("of", "tahun", "bulan", "kuartal", "triwulan", "semester", "minggu", "pekan", "dari"),
        *("year", "month", "quarter", "last", "this", "next"),
    ]
)
"""Words after which such an end is that of a period."""

PAST: Final = frozenset(["kemarin", "lalu", "silam"])
"""Words for what is past."""

YEARS: Final = range(1900, 2101)
"""Numbers that are years."""

CURRENCIES: Final = frozenset(["idr", "usd", "eur", "sgd", "myr", "jpy", "gbp", "aud", "cny"])
"""Codes of currencies, as values have them."""

COINS: Final = frozenset(
    [*CURRENCIES, *("rp", "rupiah", "rupiahs", "dollar", "dollars", "euro", "euros")]
)
"""Words for currencies, which mean something where rows are in several of them."""


def currencies_told(tokens: Sequence[Token], model: SemanticModel) -> frozenset[int]:
    """The places of currencies where the data tells currencies apart."""
    said = [at for at, token in enumerate(tokens) if token.word in COINS]
    told = said and any(
        str(value.value).casefold() in CURRENCIES
        for attribute in model.attributes.values()
        for value in attribute.values
    )
    return frozenset(said if told else ())


LETTERS: Final = frozenset("ABCDEFGHJKLMNOPQRSTUVWXYZ")
"""Single letters that are names within a sentence; "I" is who asks."""


def capitals_in(tokens: Sequence[Token]) -> frozenset[int]:
    """The places of short words in capitals, which are names: IT is a department, A a grade."""
    found = {
        at for at, token in enumerate(tokens) if token.text.isupper() and 2 <= len(token.text) <= 3
    }
    found |= {
        at
        for at, (before, token) in enumerate(pairwise(tokens), 1)
        if token.text in LETTERS and before.text.islower()
    }
    lower = any(token.text.islower() for token in tokens)
    return frozenset(found) if lower else frozenset()


AND: Final = frozenset(["and", "&", "dan", "serta"])


def commas_in(tokens: Sequence[Token]) -> frozenset[int]:
    """The places of commas by themselves; the one in ", and" only belongs to the "and"."""
    after = [*(token.word for token in tokens[1:]), ""]
    return frozenset(
        at for at, token in enumerate(tokens) if token.word == "," and after[at] not in AND
    )


def glue(
    tokens: Sequence[Token], language: Language, model: SemanticModel | None = None
) -> dict[int, float]:
    """The positions of words that carry no meaning by themselves, and what stepping over costs."""
    coins = currencies_told(tokens, model) if model is not None else ()
    words = fillers(language) | linking()
    again = past_again(tokens)
    costs = {at: _cost(tokens, at, words, again) for at in range(len(tokens))}
    found = {at: cost for at, cost in costs.items() if cost is not None}
    spoken = tuple(token.word for token in tokens)
    supposing = SUPPOSING - EVERY_ONE if ADDED.intersection(spoken) else SUPPOSING
    if supposing.isdisjoint(spoken) and not any("%" in token.text for token in tokens):
        found |= {at: GLUE_COST for at, word in enumerate(spoken) if word in IF}
    phrases = _empty_phrases()
    for at in range(len(tokens)):
        for _, end in phrases.after(tokens, at):
            if not _dated(tokens, end):
                found |= dict.fromkeys(range(at, end), GLUE_COST)
    for first, last, _ in told_units(tokens, model) if model is not None else ():
        found |= dict.fromkeys(range(first, last), GLUE_COST)
    for at in (
        *_no_more(spoken),
        *_telling(spoken),
        *_by_what(spoken),
        *capitals_in(tokens),
        *coins,
        *worth_of_things(tokens),
    ):
        found.pop(at, None)
    for first, last in left_in(tokens):
        found |= dict.fromkeys(range(first, last), GLUE_COST / (last - first))
    return found


def _no_more(words: Sequence[str]) -> Iterator[int]:
    """The places of words for what is so no more: "not sold anymore"."""
    for at, word in enumerate(words):
        if word in MORE and not NOT.isdisjoint(words[max(0, at - 4) : at]):
            yield at


def _by_what(words: Sequence[str]) -> Iterator[int]:
    """The places of words that group by what a clause says: "by what they contain"."""
    for at, (word, after) in enumerate(pairwise(words)):
        if word in GROUPING and after in ASKING:
            yield from (at, at + 1)


GROUPING: Final = frozenset(["by", "per", "menurut", "berdasarkan", "tiap", "setiap"])
ASKING: Final = frozenset(
    ["what", "which", "whatever", "whichever", "where", "how", "whom", "who", "apa", "mana"]
)
"""Words that begin what is meant by such a grouping."""


def _dated(tokens: Sequence[Token], end: int) -> bool:
    """Whether words for the whole time go on with a date: "dari awal sampai akhir 2024"."""
    if end >= len(tokens) or tokens[end - 1].word not in ENDS:
        return False
    after = tokens[end].word
    return after in PERIODS or CALENDAR.fullmatch(after) is not None


def _cost(
    tokens: Sequence[Token], at: int, words: Collection[str], again: Collection[int]
) -> float | None:
    """What stepping over a word costs; None if it carries meaning.

    ``words``: those that say nothing; ``again``: where words say what is said anyway.
    """
    word = tokens[at].word
    working = word in WORKING and any(token.word in ANYBODY for token in tokens)
    if working or _letter(tokens, at) or _every_one(tokens, at):
        return None
    if word == "by":
        after = tokens[at + 1].word if at + 1 < len(tokens) else ""
        if after in NUMBERS:
            return None
        return GLUE_COST if at in agents(tokens, linking()) else BY_COST
    if word in BINDING:
        return TO_COST if word in TO else BINDING_COST
    if word in words or _dash(tokens, at) or at in again:
        return GLUE_COST
    return LIGHT_COST if light(word) else None


def _every_one(tokens: Sequence[Token], at: int) -> bool:
    """Whether a clause is about all of something: provinces "yang semua koperasinya aktif"."""
    return tokens[at].word in EVERY and at > 0 and tokens[at - 1].word in CLAUSES


def _letter(tokens: Sequence[Token], at: int) -> bool:
    """Whether "a" is a letter: no article ends a question or stands before these words."""
    after = tokens[at + 1].word if at + 1 < len(tokens) else ""
    return tokens[at].word == "a" and at > 0 and after in NO_NOUNS


def past_again(tokens: Sequence[Token]) -> frozenset[int]:
    """Places where the past is said of what is past anyway: "tahun 2024 kemarin"."""
    return frozenset(
        at
        for at, (before, token) in enumerate(pairwise(tokens), 1)
        if token.word in PAST and (before.number or 0) in YEARS
    )


def _dash(tokens: Sequence[Token], at: int) -> bool:
    """Whether it is a dash for a pause, which joins no numbers, months or years."""
    if tokens[at].word != "-":
        return False
    around = [*tokens[max(0, at - 1) : at], *tokens[at + 1 : at + 2]]
    return not any(each.number is not None or CALENDAR.fullmatch(each.word) for each in around)


def _telling(words: Sequence[str]) -> Iterator[int]:
    """Words that must not be stepped over: what is asked for first, and what is never done."""
    told = _declined() | TELLING
    for item in signs_of(words):
        part = item.part
        if isinstance(part, Sign) and (
            part.name in told or (part.name in {"which", "who"} and _begins(words, item.first))
        ):
            empty = linking() if part.name in TELLING - WHOLE else frozenset()
            yield from (at for at in range(item.first, item.last) if words[at] not in empty)


@cache
def _declined() -> frozenset[str]:
    """The signs of what is never done."""
    return frozenset(name for kind in KINDS if kind.name == "declined" for name in kind.english)


def _begins(words: Sequence[str], first: int) -> bool:
    """Whether a question, or a further one, begins there: "… and who placed them"."""
    if first == 1 and words[0] in PLACING:
        return True  # "in which province"
    return first == 0 or (words[first - 1] in {"and", "dan"} and words[first] in {"who", "siapa"})


@cache
def _glue() -> frozenset[tuple[str, ...]]:
    """Words and phrases that connect others or say nothing, of both languages."""
    return frozenset(
        tuple(phrase.split())
        for kind in KINDS
        for phrases in (kind.english, kind.indonesian)
        for phrase in phrases.get("glue", ())
    )


@cache
def linking() -> frozenset[str]:
    """Prepositions and the like."""
    return frozenset(words[0] for words in _glue() if len(words) == 1)


@cache
def _empty_phrases() -> Phrases:
    """Several words that only together say nothing: "at all"."""
    return Phrases(*(" ".join(words) for words in sorted(_glue()) if len(words) > 1))
