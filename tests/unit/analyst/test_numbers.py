"""Numbers in questions: digits of both writings, words, scales, units, percentages, ordinals."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kai_flow.analyst.lexicon.data import Language
from kai_flow.analyst.lexicon.numbers import NumberSpan, find_numbers
from kai_flow.analyst.lexicon.tokens import tokenize

WORDS: dict[Language, dict[str, float]] = {
    "id": {
        "5": 5,
        "1.000": 1000,
        "1.234.567": 1234567,
        "1.234,5": 1234.5,
        "0,25": 0.25,
        "1,5 juta": 1.5e6,
        "5 M": 5e9,
        "2 miliar": 2e9,
        "2 milyar": 2e9,
        "1 triliun": 1e12,
        "10rb": 10e3,
        "10 ribu": 10e3,
        "50k": 50e3,
        "2 juta 500 ribu": 2.5e6,
        "satu": 1,
        "sepuluh": 10,
        "sebelas": 11,
        "dua belas": 12,
        "sembilan belas": 19,
        "dua puluh": 20,
        "dua puluh lima": 25,
        "seratus": 100,
        "seratus dua": 102,
        "seratus dua belas": 112,
        "lima ratus": 500,
        "lima ratus ribu": 500e3,
        "seribu": 1000,
        "seribu lima ratus": 1500,
        "dua ribu dua puluh empat": 2024,
        "sejuta dua ratus ribu": 1.2e6,
        "tiga ratus dua puluh satu ribu lima": 321005,
        "setengah juta": 5e5,
        "satu setengah juta": 1.5e6,
        "dua lusin": 24,
        "selusin": 12,
        "minus 5": -5,
    },
    "en": {
        "5": 5,
        "1,000": 1000,
        "1,234,567": 1234567,
        "1,234.5": 1234.5,
        "0.25": 0.25,
        "1.5k": 1500,
        "1.5 million": 1.5e6,
        "5m": 5e6,
        "2bn": 2e9,
        "3 trillion": 3e12,
        "one": 1,
        "twelve": 12,
        "twenty-five": 25,
        "ninety nine": 99,
        "a hundred": 100,
        "one hundred and five": 105,
        "three hundred forty two": 342,
        "fifteen hundred": 1500,
        "five thousand": 5000,
        "two thousand and twenty four": 2024,
        "one hundred and fifty thousand three hundred": 150300,
        "a million": 1e6,
        "half a million": 5e5,
        "a dozen": 12,
        "two dozen": 24,
        "2 million 500 thousand": 2.5e6,
        "-5": -5,
        "-1.5": -1.5,
        "negative 3": -3,
    },
}


def whole(text: str, language: Language) -> list[NumberSpan]:
    """The numbers that all words of a text are."""
    tokens = tokenize(text)
    return [
        span
        for span in find_numbers(tokens, language)
        if (span.first, span.last) == (0, len(tokens))
    ]


@pytest.mark.parametrize(
    ("language", "text", "value"),
    [(language, text, value) for language, rows in WORDS.items() for text, value in rows.items()],
)
def test_a_number_has_its_value(language: Language, text: str, value: float) -> None:
    """Digits, words and scales make exactly one number."""
    assert [span.value for span in whole(text, language)] == [pytest.approx(value)]


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("id", "Rp 2 jt", NumberSpan(0, 3, 2e6, unit="Rp")),
        ("id", "Rp2.000.000", NumberSpan(0, 2, 2e6, unit="Rp")),
        ("id", "Rp. 500 ribu", NumberSpan(0, 3, 5e5, unit="Rp")),
        ("id", "lima ribu rupiah", NumberSpan(0, 3, 5000, unit="Rp")),
        ("en", "$5", NumberSpan(0, 2, 5, unit="USD")),
        ("en", "US$5m", NumberSpan(0, 4, 5e6, unit="USD")),
        ("en", "20 dollars", NumberSpan(0, 2, 20, unit="USD")),
        ("id", "10 kg", NumberSpan(0, 2, 10, unit="kg")),
        ("id", "10kg", NumberSpan(0, 2, 10, unit="kg")),
        ("en", "3 hectares", NumberSpan(0, 2, 3, unit="ha")),
        ("en", "10%", NumberSpan(0, 2, 10, percent=True)),
        ("id", "10 persen", NumberSpan(0, 2, 10, percent=True)),
        ("en", "10 per cent", NumberSpan(0, 3, 10, percent=True)),
        ("en", "first", NumberSpan(0, 1, 1, ordinal=True)),
        ("en", "15th", NumberSpan(0, 2, 15, ordinal=True)),
        ("en", "twenty-first", NumberSpan(0, 2, 21, ordinal=True)),
        ("id", "pertama", NumberSpan(0, 1, 1, ordinal=True)),
        ("id", "ke-3", NumberSpan(0, 2, 3, ordinal=True)),
        ("id", "ke tiga", NumberSpan(0, 2, 3, ordinal=True)),
        ("id", "kedua belas", NumberSpan(0, 2, 12, ordinal=True)),
    ],
)
def test_units_percentages_and_ordinals_are_told_apart(
    language: Language, text: str, expected: NumberSpan
) -> None:
    """A number knows its currency, unit or percent sign, and whether it is an ordinal."""
    assert expected in whole(text, language)


@pytest.mark.parametrize(
    ("language", "text", "values"),
    [
        ("en", "1.500", {1500, 1.5}),
        ("id", "1,500", {1500, 1.5}),
        ("id", "1.500", {1500}),
        ("en", "1,500", {1500}),
        ("en", "0.125", {0.125}),
    ],
)
def test_digits_of_the_other_writing_have_both_values(
    language: Language, text: str, values: set[float]
) -> None:
    """The digits "1.500" in English may be 1.5 or 1,500: both are found, so nobody is misled."""
    assert {span.value for span in whole(text, language)} == values


@pytest.mark.parametrize("text", ["tiga empat", "two three", "twenty eleven", "juta", "thousand"])
def test_words_that_make_no_number_together_are_none(text: str) -> None:
    """Two numbers side by side are not added, and a scale alone is no number."""
    assert not whole(text, "id")
    assert not whole(text, "en")


NUMBERS = st.decimals(0, 10**12, places=2, allow_nan=False)


@given(NUMBERS, st.booleans())
def test_formatted_numbers_are_read_back(number: float, grouped: bool) -> None:
    """A number written in either language is read as that number."""
    english = f"{number:,.2f}" if grouped else f"{number:.2f}"
    indonesian = english.translate(str.maketrans(",.", ".,"))
    assert [span.value for span in whole(english, "en")] == [float(number)]
    assert [span.value for span in whole(indonesian, "id")] == [float(number)]


@given(st.integers(1, 10**12))
def test_whole_numbers_are_read_back(number: int) -> None:
    """Groups of three digits are thousands in both languages."""
    assert whole(f"{number:,}", "en")[0].value == number
    assert whole(f"{number:,}".replace(",", "."), "id")[0].value == number


PIECES = (
    "satu dua belas puluh ratus ribu juta seribu setengah one two twenty hundred and a half million"
    " 5 1.5 2.000 10 - minus % persen rp $ kg ke first kedua th k m dozen"
)


@given(st.lists(st.sampled_from(PIECES.split()), max_size=12), st.sampled_from(["id", "en"]))
def test_spans_lie_within_the_question(pieces: list[str], language: Language) -> None:
    """Whatever the words are, a number covers at least one of them and none beyond."""
    tokens = tokenize(" ".join(pieces))
    for span in find_numbers(tokens, language):
        assert 0 <= span.first < span.last <= len(tokens)
