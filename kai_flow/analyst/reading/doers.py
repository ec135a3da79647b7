"""Who does something: after which "by" stands no group, as in "orders placed by customers"."""

from collections.abc import Collection, Sequence
from typing import Final

from kai_flow.analyst.lexicon.data import CALENDAR
from kai_flow.analyst.lexicon.lexicon import concepts, fillers, light, stem
from kai_flow.analyst.lexicon.tokens import Token
from kai_flow.analyst.reading.anybody import VERBS
from kai_flow.analyst.semantics.people import PEOPLE

__all__ = ["NO_NOUNS", "PLACES", "agents", "done", "named_next", "plural", "sellers"]

ORGANISATIONS: Final = frozenset(
    [
        *("company", "business", "small_business", "cooperative", "organisation", "agency"),
        *("ministry", "party"),
    ]
)
"""Concepts of those that people form to do something."""

PLACES: Final = frozenset(
    [
        *("country", "island", "province", "state", "region", "area", "zone", "territory"),
        *("city", "regency", "city_regency", "district", "village", "location"),
    ]
)
"""Concepts of places, and of columns that hold them."""

CLASSES: Final = frozenset(
    [
        *("category", "subcategory", "type", "class", "group", "segment", "level", "status"),
        *("channel", "method", "payment_method", "reason", "brand", "model", "product", "sku"),
        *("service", "size", "colour", "variant", "genre", "room_type", "permit_type", "gender"),
        *PLACES,
    ]
)
"""Concepts of what does nothing, and only tells others apart."""

GROUPING: Final = frozenset(["by", "per", "each", "every"])
"""Words before what groups are made of."""

ARRANGED: Final = frozenset(
    [
        *("grouped", "sorted", "ranked", "divided", "separated", "segmented", "classified"),
        *("categorised", "categorized", "distributed", "sliced", "summarised", "summarized"),
        *("aggregated", "weighted", "multiplied", "reduced", "filtered", "listed", "arranged"),
        *("measured", "itemised", "itemized", "organised", "organized", "ordered", "counted"),
        *("averaged", "totalled", "totaled", "tabulated", "detailed", "increased", "decreased"),
        *("compared", "displayed", "structured", "partitioned", "clustered", "stratified"),
        *("differentiated", "disaggregated", "speed", "indexed", "followed"),
    ]
)
"""Participles before "by" that say how an answer is laid out, and others that name no doer."""

PARTICIPLES: Final = frozenset(
    [
        *("made", "sold", "bought", "paid", "spent", "sent", "held", "driven", "taken", "given"),
        *("written", "brought", "borne", "run", "built", "led", "won", "drawn", "kept", "done"),
        *("lent", "met", "seen", "taught", "got", "begun"),
    ]
)
"""Those that do not end in "ed"."""

PEOPLE_WORDS: Final = frozenset(["people", "salespeople", "salesmen", "staff", "children"])
"""Words for several people that do not end in "s"."""

BEFORE_SELLERS: Final = frozenset(
    ["siapa", "para", "seorang", "oleh", "per", "tiap", "setiap", "berapa", "nama"]
)
AFTER_SELLERS: Final = frozenset(
    ["yang", "yg", "dengan", "mana", "siapa", "terbaik", "teratas", "terburuk", "paling"]
)
"""Words beside "sales" that people stand with."""

NO_NOUNS: Final = frozenset(
    [
        *("", ",", "in", "on", "from", "of", "for", "with", "and", "or", "is", "are", "di", "dan"),
        *("untuk", "atau", "yang", "dari", "ke", "pada", "tiap", "setiap"),
    ]
)
"""Words that no article stands before; an empty one is the end of the question."""


def agents(tokens: Sequence[Token], linking: Collection[str]) -> frozenset[int]:
    """Places of "by" before those who do something: "orders placed by customers".

    Kinds and places do nothing. What is neither these nor people may be meant each by itself,
    "units sold by stores", unless more is said of it, or other groups are named. ``linking``:
    prepositions and the like.
    """
    grouped = [at for at, token in enumerate(tokens) if token.word in GROUPING]
    return frozenset(
        at
        for at in range(1, len(tokens) - 1)
        if tokens[at].word == "by" and _does(tokens, at, linking, last=grouped[-1:] == [at])
    )


def _does(tokens: Sequence[Token], at: int, linking: Collection[str], *, last: bool) -> bool:
    """Whether "by" stands before those who do something; ``last``: no group is named after it."""
    verb = tokens[at - 1].word
    acts = light(verb) or verb in VERBS
    if not (acts or done(verb)):
        return False
    named = named_next(tokens, at + 1, linking)
    nouns = [token.word for token in named if plural(token.word) or token.word in PEOPLE_WORDS]
    if not nouns:
        return False
    means = concepts((nouns[-1],))
    if not means.isdisjoint(PEOPLE | ORGANISATIONS):
        return True
    if not means.isdisjoint(CLASSES) or (last and _alone(tokens, at, named)):
        return False
    return acts or not last


def _alone(tokens: Sequence[Token], at: int, named: Sequence[Token]) -> bool:
    """Whether nothing is said of those after "by", except perhaps when."""
    told = [token for token in named if token.word not in fillers("en")]
    after = tokens[at + 1 + len(named) :][:3]
    timed = any(token.number is not None or CALENDAR.fullmatch(token.word) for token in after)
    return len(told) == 1 and (timed or not after)


def sellers(tokens: Sequence[Token]) -> frozenset[int]:
    """Places of "sales" as people in an Indonesian question: "sales yang omzetnya naik"."""
    words = ["", *(token.word for token in tokens), ""]
    return frozenset(
        at - 1
        for at, word in enumerate(words)
        if word == "sales" and (words[at - 1] in BEFORE_SELLERS or words[at + 1] in AFTER_SELLERS)
    )


def done(word: str) -> bool:
    """Whether a word says what somebody did: "reported by cooperatives", not "sorted by"."""
    return (word.endswith("ed") and len(word) > 4 and word not in ARRANGED) or word in PARTICIPLES


def named_next(tokens: Sequence[Token], first: int, linking: Collection[str]) -> Sequence[Token]:
    """A noun and what stands before it: "active producer cooperatives"."""
    ends = (at for at in range(first, len(tokens)) if tokens[at].word in NO_NOUNS | set(linking))
    return tokens[first : min(next(ends, len(tokens)), first + 4)]


def plural(word: str) -> bool:
    """Whether an English word names several things."""
    return word.endswith("s") and stem(word, "en") != word
