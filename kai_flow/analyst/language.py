"""The words of analysis in Indonesian and English: top, average, per, since, more than …

A phrase becomes a `Sign`, whose effect on the question is decided in `understand`. Nothing here
depends on a schema.
"""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from functools import lru_cache
from typing import Literal

from kai_flow.analyst.words import Token, slips

__all__ = [
    "FILLERS",
    "LANGUAGE_WORDS",
    "SIGN_WORDS",
    "Language",
    "Sign",
    "Word",
    "corrected",
    "detect",
    "read_signs",
]

Language = Literal["id", "en"]


class Sign(Enum):
    """The effect of an analysis word."""

    AVERAGE = auto()
    QUANTITY = auto()  # "jumlah", "total", "how many": a count of rows or a sum of numbers
    ASK = auto()  # "berapa": a quantity when nothing more precise is said
    MINIMUM = auto()
    MAXIMUM = auto()
    TOP = auto()  # stands before what it ranks
    BOTTOM = auto()
    HIGHEST = auto()  # stands beside what it measures
    LOWEST = auto()
    MOST = auto()  # ranks by number: "terbanyak"
    FEWEST = auto()
    NEWEST = auto()
    OLDEST = auto()
    PER = auto()  # always a grouping
    BY = auto()  # a grouping, or what a ranking goes by
    TREND = auto()
    YEAR = auto()
    WHICH = auto()
    WITH = auto()
    AND = auto()
    NOT = auto()
    COMPARE = auto()
    LIST = auto()
    ABOVE = auto()  # >
    AT_LEAST = auto()  # >=
    BELOW = auto()  # <
    AT_MOST = auto()  # <=
    BETWEEN = auto()
    SINCE = auto()  # >= year
    AFTER = auto()  # > year
    BEFORE = auto()  # < year
    UNTIL = auto()  # <= year
    PLACE = auto()  # "di", "in": a value should follow
    SCALE = auto()  # "juta", "million"
    UNSUPPORTED = auto()
    WRITE = auto()


@dataclass(frozen=True)
class Word:
    """A sign found in the question, at tokens ``start`` to ``end`` (exclusive)."""

    sign: Sign
    start: int
    end: int


_PHRASES: dict[Sign, str] = {
    Sign.AVERAGE: "rata-rata, rata rata, rata2, rataan, rerata, average, avg, mean",
    Sign.QUANTITY: "jumlah, jumlahnya, total, totalnya, banyaknya, berapa banyak, berapa jumlah,"
    " jumlah total, total jumlah, how many, number of, total number of, count, count of, counts,"
    " sum, sum of, total of, how much, jumlahkan, hitung, hitunglah, akumulasi, totals",
    Sign.ASK: "berapa, berapakah, seberapa",
    Sign.MINIMUM: "minimum, min",
    Sign.MAXIMUM: "maksimum, maximum, max, maksimal",
    Sign.TOP: "top, teratas, peringkat teratas, first, the best, best",
    Sign.BOTTOM: "bottom, terbawah, worst",
    Sign.HIGHEST: "tertinggi, terbesar, paling tinggi, paling besar, highest, largest, biggest,"
    " greatest, terbaik, termahal",
    Sign.LOWEST: "terendah, terkecil, paling rendah, paling kecil, lowest, smallest, termurah",
    Sign.MOST: "terbanyak, paling banyak, most, the most",
    Sign.FEWEST: "tersedikit, paling sedikit, fewest, least, the least",
    Sign.NEWEST: "terbaru, termuda, paling baru, newest, latest, youngest, most recent",
    Sign.OLDEST: "tertua, terlama, paling tua, paling lama, oldest, earliest",
    Sign.PER: "per, setiap, tiap, tiap-tiap, masing-masing, di setiap, di tiap, untuk setiap,"
    " pada setiap, each, for each, in each, every, for every, in every, grouped by, group by,"
    " broken down by, dikelompokkan berdasarkan, dikelompokkan menurut, across",
    Sign.BY: "by, menurut, berdasarkan, based on, according to, diurutkan berdasarkan,"
    " urut berdasarkan, ranked by, sorted by, ordered by, in terms of, dilihat dari,"
    " dari segi, dari sisi",
    Sign.TREND: "tren, trend, trends, perkembangan, over time, over the years, dari tahun ke tahun,"
    " dari waktu ke waktu, tahunan, yearly, annually, annual, year by year, year over year,"
    " from year to year, developed, develop, evolved, changed, berkembang, berubah",
    Sign.YEAR: "tahun, year, years",
    Sign.WHICH: "mana, manakah, which, what, apa, apakah, siapa",
    Sign.WITH: "dengan, with, memiliki, mempunyai, punya, yang memiliki, yang mempunyai, have, has,"
    " having, had, that have, that has",
    Sign.AND: "dan, and, serta, beserta, juga, atau, or",
    Sign.NOT: "selain, kecuali, bukan, except, excluding, other than, not, tidak, non, tanpa,"
    " di luar, selain dari, not in, bukan di, outside, apart from",
    Sign.COMPARE: "bandingkan, perbandingan, compare, comparison, versus, vs",
    Sign.LIST: "daftar, daftarkan, list, sebutkan, apa saja, siapa saja, mana saja, rincian",
    Sign.ABOVE: "di atas, diatas, lebih dari, lebih besar dari, lebih tinggi dari, above, over,"
    " more than, greater than, higher than, larger than, exceeding, melebihi, >",
    Sign.AT_LEAST: "minimal, sedikitnya, setidaknya, paling tidak, sekurang-kurangnya, at least,"
    " not less than, no less than, >=, ≥",
    Sign.BELOW: "di bawah, dibawah, kurang dari, lebih kecil dari, lebih rendah dari, below,"
    " under, less than, fewer than, lower than, smaller than, <",
    Sign.AT_MOST: "at most, no more than, not more than, tidak lebih dari, up to, <=, ≤",
    Sign.BETWEEN: "antara, between, berkisar",
    Sign.SINCE: "sejak, since, mulai, dari tahun, sejak tahun, mulai tahun, mulai dari, starting,"
    " as of, from, dari",
    Sign.AFTER: "setelah, sesudah, after, setelah tahun, later than",
    Sign.BEFORE: "sebelum, before, sebelum tahun, prior to, earlier than",
    Sign.UNTIL: "sampai, hingga, sampai dengan, sampai tahun, hingga tahun, s d, until, till, to,"
    " through, up until, -, –",
    Sign.PLACE: "di, in, pada, within, at",
    Sign.SCALE: "ratus, ribu, rb, juta, jt, miliar, milyar, triliun, hundred, thousand, million,"
    " billion, trillion",
    Sign.UNSUPPORTED: "persentase, presentase, persen, percentage, percent, share, proporsi,"
    " proportion, rasio, ratio, median, korelasi, correlation, prediksi, ramalan, ramalkan,"
    " forecast, predict, standar deviasi, standard deviation, pertumbuhan, growth, modus, kuartil,"
    " quartile, persentil, percentile, varians, variance, kenapa, mengapa, why, hubungan,"
    " relationship",
    Sign.WRITE: "hapus, hapuskan, delete, drop, update, ubah, perbarui, insert, tambahkan,"
    " sisipkan, truncate, alter, remove, kosongkan",
}

_LEXICON: dict[tuple[str, ...], Sign] = {
    tuple(phrase.split()): sign
    for sign, phrases in _PHRASES.items()
    for phrase in (each.strip() for each in phrases.split(","))
    if phrase
}
_LONGEST = max(len(phrase) for phrase in _LEXICON)

_ID_ONLY = (
    "yang dari untuk ke adalah ialah ini itu tersebut paling tampilkan tunjukkan berikan lihat"
    " lihatkan beri tolong coba saya kami kita ingin mau tahu ada terdapat semua seluruh"
    " keseluruhan saja data informasi nilai berupa oleh sebagai secara bagaimana cari carikan"
    " temukan agar supaya lebih sangat hanya telah sudah masih akan dapat bisa buatkan buat"
    " urutkan diurutkan dalam antar terhadap para sebuah suatu orang buah unit beserta"
    " nya lalu kemudian rupiah rp"
    " punya dimiliki merupakan indonesia nasional negara"
    " jika kalau maka sih dong ya mohon ketika saat grafik diagram tabel"
    " besarnya besar kecil tinggi rendah banyak sedikit baru lama urutan peringkat hasil usia"
)
_EN_ONLY = (
    "the a an of for to me us i we you is are was were be been do does did show display give get"
    " find tell please that those these this it its their there their all any some value values"
    " data information on as how want would like can could see know only then than one ones our"
    " my overall together whole who whose when where will name us into out amount rank ranking"
    " order sort sorted country national nationwide chart graph plot table make people persons"
)
FILLERS = frozenset(f"{_ID_ONLY} {_EN_ONLY}".split())
"""Words that carry no meaning of their own for an analysis."""

SIGN_WORDS = frozenset(word for phrase in _LEXICON for word in phrase)
"""Every word of a phrase that is a sign."""

LANGUAGE_WORDS = FILLERS | SIGN_WORDS
"""Every word with a fixed meaning: never read as a misspelled table or column."""

_MIN_MISTYPED = 6
_BY_LENGTH: dict[int, list[str]] = defaultdict(list)
for _word in LANGUAGE_WORDS:
    if len(_word) >= _MIN_MISTYPED:
        _BY_LENGTH[len(_word)].append(_word)

_ENGLISH = frozenset(
    f"{_EN_ONLY} average mean how many number count highest largest biggest lowest smallest most"
    " fewest least newest oldest each every by which what with have has having and except other"
    " not compare list above over more than greater at below under less fewer between since after"
    " before until in within year years yearly trend million billion thousand per delete drop"
    " insert truncate alter remove everything correlation forecast predict growth why"
    " hello hi hey good morning afternoon evening thanks thank help yes no".split()
) - {"data", "total", "per", "trend"}
_INDONESIAN = frozenset(
    f"{_ID_ONLY} rata-rata jumlah berapa tertinggi terbesar terendah terkecil terbanyak terbaru"
    " tertua setiap tiap menurut berdasarkan tren tahun mana apa dengan memiliki dan serta selain"
    " kecuali bukan bandingkan daftar sebutkan di atas bawah kurang minimal antara sejak setelah"
    " sebelum sampai hingga pada juta miliar ribu hapus hapuskan ubah perbarui tambahkan sisipkan"
    " kosongkan persentase korelasi kenapa mengapa"
    " halo hai selamat pagi siang sore malam terima kasih bantuan tidak".split()
) - {"data"}


_ENGLISH_ENDING = re.compile(
    r"(ed|[^aeiou]ies|[^aeiou]y|[lnrs]s|es|ts|ld|nd|rd|th|nt|rt|ht|ck|sh|ch)$"
)
_INDONESIAN_ENDING = re.compile(r"(nya|kan|an)$")


def detect(tokens: Sequence[Token]) -> Language:
    """The language of a question, by its small words; Indonesian when nothing tells."""
    english = sum(token.word in _ENGLISH for token in tokens)
    indonesian = sum(token.word in _INDONESIAN for token in tokens)
    if english == indonesian:  # the endings of the other words decide: weaker evidence
        english, indonesian = _ending(_ENGLISH_ENDING, tokens), _ending(_INDONESIAN_ENDING, tokens)
    return "en" if english > indonesian else "id"


def _ending(ending: re.Pattern[str], tokens: Sequence[Token]) -> int:
    """How many words have such an ending; names, which have a capital letter, do not count."""
    return sum(
        ending.search(token.word) is not None
        for at, token in enumerate(tokens)
        if at == 0 or not token.text[:1].isupper()
    )


@lru_cache(maxsize=10_000)
def corrected(word: str) -> str | None:
    """The word of analysis that a word misspells by one slip, if it has six letters or more."""
    if len(word) < _MIN_MISTYPED or word in LANGUAGE_WORDS:
        return None
    near = [
        known
        for length in (len(word) - 1, len(word), len(word) + 1)
        for known in _BY_LENGTH.get(length, ())
        if _mistyped(word, known)
    ]
    return min(near, default=None)


def _mistyped(word: str, known: str) -> bool:
    """Whether a letter is missing, doubled, swapped with the next, or the wrong vowel.

    A wrong consonant is not accepted, because it often makes another word: "nearly", "yearly".
    """
    if slips(word, known) > 1:
        return False
    differ = [at for at, pair in enumerate(zip(word, known, strict=False)) if pair[0] != pair[1]]
    if len(word) != len(known) or len(differ) != 1:
        return True
    return {word[differ[0]], known[differ[0]]} <= set("aeiou")


def read_signs(tokens: Sequence[Token], taken: set[int]) -> list[Word]:
    """The analysis words among the tokens that are not taken; the longest phrases come first."""
    found: list[Word] = []
    position = 0
    while position < len(tokens):
        word = _longest_at(tokens, position, taken)
        if word is None:
            position += 1
        else:
            found.append(word)
            position = word.end
    return found


def _longest_at(tokens: Sequence[Token], start: int, taken: set[int]) -> Word | None:
    """The longest phrase that begins at a token, if any."""
    for length in range(min(_LONGEST, len(tokens) - start), 0, -1):
        span = range(start, start + length)
        phrase = tuple(tokens[index].word for index in span)
        sign = _LEXICON.get(phrase)
        if sign is not None and not taken.intersection(span):
            return Word(sign, start, start + length)
    return None
