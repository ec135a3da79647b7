"""What words mean, whatever the database: stems, concepts, fillers, and the language of a question.

A concept is what an analyst takes as one thing, by all its names in both languages. Through it
an English question meets an Indonesian schema. A word may express several concepts, because it
has several meanings: ``sales`` is revenue, and the rows of a table of sales.
"""

from collections.abc import Sequence
from functools import lru_cache

from kai_flow.analyst.lexicon import data
from kai_flow.analyst.lexicon.data import Language
from kai_flow.analyst.lexicon.tokens import Token

__all__ = [
    "LONGEST_PHRASE",
    "Language",
    "concepts",
    "detect",
    "expand",
    "fillers",
    "known",
    "light",
    "meanings",
    "stem",
    "unknown_language",
]

LONGEST_PHRASE = 4
"""Words in the longest phrase of a concept."""


def _set(words: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(words.split())


def fillers(language: Language) -> frozenset[str]:
    """Words that never carry meaning for a query: "tolong", "please", "the"."""
    return data.FILLERS[language]


def light(word: str) -> bool:
    """Whether a word says nothing beside its noun: "orders that *came* in"."""
    return word in data.LIGHT


def expand(word: str) -> tuple[str, ...]:
    """The words that an abbreviation stands for: ``tgl`` → ``tanggal``; any other word itself."""
    return tuple(data.ABBREVIATIONS.get(word, word).split())


@lru_cache(maxsize=20_000)
def stem(word: str, language: Language | None = None) -> str:
    """The word without inflection that keeps its meaning; without a language, of either.

    English: plurals, and the forms of listed verbs (``ordered``, ``shipping``). Indonesian:
    ``-nya``, ``-lah``, ``-kah``, ``-pun``, ``-ku``, ``-mu`` and doubling. Derivation makes other
    words: ``penjualan`` is not ``jual``.
    """
    if language != "en":
        word = _indonesian(word)
    if language != "id" and (language == "en" or word not in _VOCABULARY["id"]):
        word = _english(word)
    return word


_WHOLE = _set(
    "hanya punya tanya bertanya biasanya misalnya sebenarnya umumnya akhirnya lainnya selanjutnya"
    " berikutnya sebelumnya sesudahnya nyonya"
)
"""Words in which -nya is no ending, or makes another word."""
_ENCLITICS = ("lah", "kah", "pun", "ku", "mu")


def _indonesian(word: str) -> str:
    """An Indonesian word without what is written after it."""
    if word.endswith("2") and len(word) > 4 and word[:-1].isalpha():
        word = word[:-1]  # produk2: written doubling
    if word.endswith("nya") and len(word) > 5 and word not in _WHOLE:
        return word[:-3]
    if word.startswith("ber") and len(word) > 6 and word not in _VOCABULARY["id"]:
        having = word.removeprefix("ber")
        return having if having in _NAMED["id"] else word  # berkapasitas: with a capacity
    for ending in _ENCLITICS:
        rest = word.removesuffix(ending)
        if rest != word and rest in _VOCABULARY["id"] and word not in _NAMED["id"]:
            return rest
    return word


def _english(word: str) -> str:
    """An English word's singular, or the base form of a listed verb."""
    form = _FORMS.get(word)
    if form is not None:
        return form
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("sses", "shes", "ches", "xes")):
        return word[:-2]
    if word.endswith("s") and not word.endswith(("ss", "us", "is", "as")) and len(word) > 3:
        return word[:-1]
    return word


def _verb_forms() -> dict[str, str]:
    """The regular forms of listed verbs, by form."""
    forms: dict[str, str] = {}
    for verb in data.LEXICONS["en"]["verbs"]["words"].split():
        base = verb.removesuffix("e")
        if verb.endswith("y") and verb[-2] not in "aeiou":
            made = [verb[:-1] + "ied", verb + "ing"]
        elif verb in {"ship", "enrol", "cancel", "travel", "admit", "submit", "plan"}:
            made = [verb + verb[-1] + "ed", verb + verb[-1] + "ing", verb + "ed", verb + "ing"]
        else:
            made = [base + "ed", base + "ing"]
        forms |= dict.fromkeys(made, verb)
    return forms


_FORMS: dict[str, str] = {**_verb_forms(), **data.LEXICONS["en"]["plurals"]}


def _named(language: Language) -> frozenset[str]:
    """Every word in the phrases of concepts."""
    return frozenset(
        word for phrases in data.CONCEPTS[language].values() for p in phrases for word in p
    )


_NAMED: dict[Language, frozenset[str]] = {each: _named(each) for each in data.LANGUAGES}


def _vocabulary(language: Language) -> frozenset[str]:
    """Every word that has a meaning in a lexicon, by itself or in a phrase."""
    lexicon = data.LEXICONS[language]
    words = set(_NAMED[language])
    for table in ("months", "weekdays", "numbers", "ordinals", "scales", "units"):
        words.update(word for each in lexicon[table].values() for word in each)
    words.update(lexicon["light"]["words"].split())
    return frozenset(words | data.FUNCTION_WORDS[language])


_VOCABULARY: dict[Language, frozenset[str]] = {each: _vocabulary(each) for each in data.LANGUAGES}


@lru_cache(maxsize=20_000)
def known(word: str) -> bool:
    """Whether a lexicon has the word, so that it is no misspelling of another one."""
    return (
        any(word in words or stem(word) in words for words in _VOCABULARY.values())
        or word in data.ABBREVIATIONS
        or word in data.OTHER_WORDS
    )


_LINKS = _set("of the a an for from dari untuk yang in")
"""Words that join the parts of a name and add nothing to it."""


def _indexes() -> tuple[dict[tuple[str, ...], set[str]], dict[tuple[str, ...], set[str]]]:
    """Concepts by phrase as written, and by the stems of its words."""
    exact: dict[tuple[str, ...], set[str]] = {}
    stems: dict[tuple[str, ...], set[str]] = {}
    for table in data.CONCEPTS.values():
        for concept, phrases in table.items():
            for phrase in phrases:
                short = tuple(word for word in phrase if word not in _LINKS)
                for words in {phrase, short}:  # "length of stay" also as "length stay"
                    exact.setdefault(words, set()).add(concept)
                    stems.setdefault(tuple(stem(word) for word in words), set()).add(concept)
    return exact, stems


_EXACT, _STEMS = _indexes()


@lru_cache(maxsize=20_000)
def concepts(words: tuple[str, ...]) -> frozenset[str]:
    """The names of the concepts that a phrase of one to four words expresses, in either language.

    A phrase as written comes before its stems, because inflection may change the meaning: sales
    may be revenue, a sale is not.
    """
    if len(words) > LONGEST_PHRASE:
        return frozenset()
    for attempt in (words, tuple(part for word in words for part in expand(word))):
        found = _EXACT.get(attempt) or _STEMS.get(tuple(stem(word) for word in attempt))
        if found:
            return frozenset(found)
    return frozenset()


_MOST_MEANINGS = 48


@lru_cache(maxsize=20_000)
def meanings(words: tuple[str, ...]) -> frozenset[tuple[str, ...]]:
    """What a name of several words means, as sorted concepts, whatever their order.

    ``customer name``, ``name of the customer`` and ``nama pelanggan`` have a meaning in common. A
    word without a concept stands for itself, as ``=stem``.
    """
    ways: list[set[tuple[str, ...]]] = [{()}, *(set() for _ in words)]
    for end in range(1, len(words) + 1):
        if words[end - 1] in _LINKS and len(words) > 1:
            ways[end] |= ways[end - 1]
        for start in range(max(0, end - LONGEST_PHRASE), end):
            part = words[start:end]
            meant = concepts(part) or ({f"={stem(part[0])}"} if len(part) == 1 else ())
            new = {tuple(sorted((*way, each))) for way in ways[start] for each in meant}
            ways[end].update(sorted(new)[: max(0, _MOST_MEANINGS - len(ways[end]))])
    return frozenset(ways[-1])


def detect(tokens: Sequence[Token], otherwise: Language = "id") -> Language:
    """The language of a question by its words; ``otherwise`` if they do not tell ("top 3").

    A question in a language that is not read is answered in English, the more widely known one.
    """
    if unknown_language(tokens) and _foreign(tokens)[0] not in _NEAR_INDONESIAN:
        return "en"
    for vocabulary in (data.FUNCTION_WORDS, _VOCABULARY):
        english, indonesian = (
            sum(token.word in words and token.word not in other for token in tokens)
            for words, other in (
                (vocabulary["en"], vocabulary["id"]),
                (vocabulary["id"], vocabulary["en"]),
            )
        )
        if english != indonesian:
            return "en" if english > indonesian else "id"
    return otherwise


_FOREIGN: dict[str, frozenset[str]] = {
    language: frozenset(words.split())
    - data.FUNCTION_WORDS["id"]
    - data.FUNCTION_WORDS["en"]
    - _VOCABULARY["id"]
    - _VOCABULARY["en"]
    for language, words in data.FOREIGN.items()
}
_NEAR_INDONESIAN = frozenset({"javanese", "malay", "sundanese"})
"""Languages whose speakers read Indonesian rather than English."""


def unknown_language(tokens: Sequence[Token]) -> bool:
    """Whether the question is in neither language, by its small words or its script."""
    words = _words(tokens)
    if not words:
        return False
    if sum(ord(word[0]) > _LAST_LATIN for word in words) * 2 > len(words):
        return True
    _, foreign = _foreign(tokens)
    if foreign < 2:
        return False
    ours = sum(any(word in known for known in _VOCABULARY.values()) for word in words)
    return foreign >= ours


def _words(tokens: Sequence[Token]) -> list[str]:
    return [token.word for token in tokens if token.word[:1].isalpha()]


def _foreign(tokens: Sequence[Token]) -> tuple[str, int]:
    """The other language that most of the words may be of, and how many; none: empty."""
    words = _words(tokens)
    counts = {
        language: 0 if small.isdisjoint(words) else sum(word in small for word in words)
        for language, small in _FOREIGN.items()
    }
    best = max(counts, key=lambda language: counts[language])
    return (best, counts[best]) if counts[best] else ("", 0)


_LAST_LATIN = 0x24F
