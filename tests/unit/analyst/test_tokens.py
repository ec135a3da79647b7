"""Tokens: a question is cut into words, numbers and operators, and nothing gets lost."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kai_flow.analyst.lexicon.tokens import tokenize


def words(question: str) -> list[str]:
    """The words of a question; quoted texts in angle brackets."""
    return [token.word or f"<{token.text}>" for token in tokenize(question)]


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("Berapa produk?", "berapa produk"),
        ("rata-rata harga", "rata-rata harga"),
        ("rata2 harga", "rata-rata harga"),
        ("provinsi-provinsi di Jawa", "provinsi di jawa"),
        ("produk-produknya", "produk"),
        ("laki-laki", "laki-laki"),
        ("e-commerce", "e commerce"),
        ("year-over-year", "year over year"),
        ("non-aktif", "non aktif"),
        ("unit_price", "unit price"),
        ("OrderDate", "order date"),
        ("customerID", "customer id"),
        ("What's the customers' total?", "what the customers total"),
        ("customer’s", "customer"),
        ("haven't", "have not"),
        ("can't", "can not"),
        ("brp pelanggan yg aktif", "berapa pelanggan yang aktif"),
        ("diatas 5, dibawah 10", "di atas 5 , di bawah 10"),
        ("dont", "do not"),
        ("price >= 10, < 20", "price >= 10 , < 20"),
        ("≥ 5 ≤ 6 ≠ 7", ">= 5 <= 6 != 7"),
        ("10% - 20%", "10 % - 20 %"),
        ("2019–2021", "2019 - 2021"),
        ("Jan-Mar", "jan - mar"),
        ("Q1-Q3", "q1 - q3"),
        ("COVID-19", "covid 19"),
        ("2025-03-15", "2025 - 03 - 15"),
        ("15.03.2025", "15.03.2025"),
        ("top10", "top 10"),
        ("10rb", "10 rb"),
        ("15th", "15 th"),
        ("3D", "3d"),
        ("1990-an", "1990 an"),
        ("ke-3", "ke 3"),
        ("2020,2021", "2020 , 2021"),
        ("Rp2.000", "rp 2.000"),
        ("$5", "$ 5"),
        ('in "New York"', "in <New York>"),
        ("di “Jawa Barat”", "di <Jawa Barat>"),
        ("'Budi Santoso'", "<Budi Santoso>"),
        ("(2023) [a] {b}", "2023 a b"),
        ("hello 😊 world", "hello world"),
        ("a\x00b", "a b"),
        ("", ""),
    ],
)
def test_a_question_is_cut_into_its_words(question: str, expected: str) -> None:
    """Words, numbers and operators come one by one, each in one spelling."""
    assert " ".join(words(question)) == expected


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1000", 1000),
        ("1.000", 1000),
        ("1,000", 1000),
        ("1.000,5", 1000.5),
        ("1,000.5", 1000.5),
        ("1.234.567,89", 1234567.89),
        ("0.125", 0.125),
        ("0,5", 0.5),
        ("12,5", 12.5),
        ("1.2.3", None),
        ("9" * 400, None),
    ],
)
def test_digits_have_their_value(text: str, value: float | None) -> None:
    """Digits are read in Indonesian and in English writing; what is no number has no value."""
    (token,) = tokenize(text)
    assert token.number == value


@given(st.text(max_size=120))
def test_nothing_is_lost_and_places_are_right(question: str) -> None:
    """Tokens stand where they say, in order; between them is only what carries no meaning."""
    at = 0
    for token in tokenize(question):
        assert at <= token.start < token.end <= len(question)
        assert not any(map(_counts, question[at : token.start]))
        assert token.text in question[token.start : token.end]
        at = token.end
    assert not any(map(_counts, question[at:]))


def _counts(letter: str) -> bool:
    """Whether a character must be part of a token."""
    return unicodedata.category(letter) in {"Nd", "Lu", "Ll", "Lt", "Lo", "Lm", "Sc", "Sm"}


def test_ten_thousand_words_are_no_problem() -> None:
    """A question of any length is cut in one pass, also with quotes that never close."""
    assert len(tokenize("kata “" * 10_000)) == 10_000
