"""Cuts a question into tokens, and measures how alike two words are."""

import re
from dataclasses import dataclass
from functools import lru_cache

__all__ = ["Token", "likeness", "likeness_keys", "singular", "slips", "split_name", "tokenize"]

_TOKEN = re.compile(
    r"(?P<quoted>\"[^\"]+\"|“[^”]+”|'[^']{2,}')"
    r"|(?P<number>\d+(?:[.,]\d+)*(?!\w))"
    r"|(?P<operator>>=|<=|[<>≥≤])"
    r"|(?P<word>\w+(?:['’-][^\W\d]\w*)*)"
    r"|(?P<symbol>[^\w\s.,;:?!()\[\]\"'“”‘’…])"
)
_CAMEL = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[^\W\dA-Z_]+|\d+|[^\W_]")


@dataclass(frozen=True)
class Token:
    """One word, number, symbol or quoted text of a question."""

    text: str
    """As written, without quotes."""
    word: str
    """Lower case; the empty string for a quoted text."""
    number: float | None = None

    @property
    def quoted(self) -> bool:
        """Whether it is in quotes, and therefore taken literally."""
        return not self.word


def tokenize(question: str) -> list[Token]:
    """The tokens of a question; identifiers in it are split into their words."""
    tokens: list[Token] = []
    for found in _TOKEN.finditer(question):
        text = found.group()
        if found["quoted"]:
            tokens.append(Token(text[1:-1].strip(), ""))
        elif found["number"]:
            tokens.append(Token(text, text, _number(text)))
        elif found["operator"] or found["symbol"]:
            tokens.append(Token(text, text))
        else:
            tokens.extend(Token(part, part.casefold()) for part in _parts(text))
    return tokens


def split_name(name: str) -> tuple[str, ...]:
    """The lower-case words of an identifier or phrase: snake_case, camelCase, spaces."""
    return tuple(
        part.casefold()
        for word in re.findall(r"[^\W_]+", name)
        for part in (_CAMEL.findall(word) if not word.isupper() else [word])
    )


def _parts(text: str) -> list[str]:
    """A word of the question, or the words it is made of."""
    folded = text.casefold()
    if folded == "rata-rata":
        return [text]
    halves = re.split(r"[-]", text)
    if len(halves) == 2 and halves[0].casefold() == halves[1].casefold().removesuffix("nya"):
        return [halves[0]]  # reduplication is the Indonesian plural
    pieces = [piece for half in halves for piece in half.split("_") if piece]
    return [
        part
        for piece in pieces
        for part in (_CAMEL.findall(piece) if re.search(r"[a-z][A-Z]", piece) else [piece])
    ]


def _number(text: str) -> float:
    """A number in Indonesian (1.000,5) or English (1,000.5) writing."""
    if re.fullmatch(r"\d{1,3}([.,])\d{3}(\1\d{3})*", text):  # groups of three: thousands
        return float(re.sub(r"[.,]", "", text))
    *whole, last = re.split(r"[.,]", text)
    return float("".join(whole) + "." + last) if whole else float(last)


def likeness(asked: str, known: str) -> float:
    """How certain it is that a word of the question means a word of the schema, from 0 to 1."""
    if asked == known:
        return 1.0
    return _likeness(asked, known)


@lru_cache(maxsize=200_000)
def _likeness(asked: str, known: str) -> float:
    if len(asked) < 3 or len(known) < 3 or asked.isdigit() or known.isdigit():
        return 0.0
    if _same_root(asked, known):
        return 0.95
    if _loan(singular(asked)) == _loan(singular(known)):
        return 0.9
    # One slip in a long word; a short one is too often another word: contact, contract.
    # A slip seldom changes the first letter; without this rule, "bulan" would match "wulan".
    long = min(len(asked), len(known)) >= _MIN_SLIPPED
    near = long and asked[0] == known[0] and abs(len(asked) - len(known)) <= 1
    return 0.83 if near and slips(asked, known) <= 1 else 0.0


@lru_cache(maxsize=50_000)
def likeness_keys(word: str) -> frozenset[str]:
    """Keys of a word. Alike words share a key, so only words with a common key are compared."""
    keys = {*_stems(word), f"~{_loan(singular(word))}"}
    if len(word) >= _MIN_SLIPPED:
        keys |= {f"{word[0]}{len(word)}", f"{word[0]}{len(word) + 1}"}
    return frozenset(keys)


def _same_root(asked: str, known: str) -> bool:
    """Whether one word is a form of the other: not "seller" and "sold", nor "penjual" and "jual".

    Two words that only share a root mean different things.
    """
    if _agent(asked) or _agent(known):
        return singular(asked.removesuffix("nya")) == singular(known.removesuffix("nya"))
    return asked in _stems(known) or known in _stems(asked)


def _agent(word: str) -> bool:
    """Whether an Indonesian word says who does something: "penjual", not "penjualan"."""
    return word.startswith("pe") and not word.endswith("an")


_PREFIXES = (
    *("memper", "diper", "menge", "meng", "meny", "mem", "men", "me"),
    *("penge", "peng", "peny", "pem", "pen", "per", "pe", "ber", "ter", "di", "ke", "se"),
)
_SUFFIXES = ("nya", "kan", "lah", "kah", "an", "i")
# What a nasal prefix replaces: memilih < pilih, menulis < tulis, menyapu < sapu, mengirim < kirim
_SWALLOWED = {"mem": "p", "pem": "p", "men": "t", "pen": "t", "meny": "s", "peny": "s"}
_SWALLOWED |= {"meng": "k", "peng": "k"}
_MIN_SLIPPED = 7
_MIN_ROOT = 4  # letters; shorter "roots" are coincidences


@lru_cache(maxsize=50_000)
def _stems(word: str) -> frozenset[str]:
    """The possible roots of a word without its affixes, and the word itself."""
    stems = {word, singular(word)}
    for base in [word, *(word.removesuffix(s) for s in _SUFFIXES if word.endswith(s))]:
        stems.add(base)
        for prefix in _PREFIXES:
            if base.startswith(prefix):
                stems.add(base[len(prefix) :])
                stems.add(_SWALLOWED.get(prefix, "") + base[len(prefix) :])
    for suffix in ("ing", "ed"):
        if word.endswith(suffix):
            stems |= {word.removesuffix(suffix), word.removesuffix(suffix) + "e"}
    return frozenset(stem for stem in stems if len(stem) >= _MIN_ROOT) | {word}


def singular(word: str) -> str:
    """An English plural's singular; other words as they are."""
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("sses", "shes", "ches", "xes")):
        return word[:-2]
    if word.endswith("s") and not word.endswith(("ss", "us", "is", "as")) and len(word) > 3:
        return word[:-1]
    return word


# Loan words from English follow regular changes of spelling: quality → kualitas.
_LOANS = (
    *(("tion", "si"), ("sion", "si"), ("ty", "tas"), ("ive", "if"), ("nce", "nsi"), ("ph", "f")),
    *(("ck", "k"), ("ch", "k"), ("ct", "kt"), ("ce", "se"), ("ci", "si"), ("c", "k"), ("x", "ks")),
    *(("qu", "ku"), ("th", "t"), ("oo", "u"), ("gy", "gi"), ("y", "i")),
)


@lru_cache(maxsize=50_000)
def _loan(word: str) -> str:
    """The spelling of an English word as an Indonesian loan; Indonesian words hardly change."""
    for english, loan in _LOANS:
        word = (
            re.sub(english + "$", loan, word)
            if english in _ENDINGS
            else word.replace(english, loan)
        )
    return re.sub(r"(.)\1", r"\1", word).removesuffix("e")


_ENDINGS = {"tion", "sion", "ty", "ive", "nce", "gy"}


def slips(one: str, other: str) -> int:
    """Edits between two words; two letters swapped count as one edit."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, left in enumerate(one, start=1):
        older, before, row = before, row, [i]
        for j, right in enumerate(other, start=1):
            best = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (left != right))
            if i > 1 and j > 1 and left == other[j - 2] and one[i - 2] == right:
                best = min(best, older[j - 2] + 1)
            row.append(best)
    return row[-1]
