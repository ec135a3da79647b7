from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kai_flow.analyst import linking
from kai_flow.analyst.language import corrected, detect
from kai_flow.analyst.numbers import format_number, number_at
from kai_flow.analyst.schema import Column, Kind, Schema, Table
from kai_flow.analyst.words import likeness, likeness_keys, split_name, tokenize


@pytest.mark.parametrize(
    ("asked", "known"),
    [
        ("quality", "kualitas"),
        ("category", "kategori"),
        ("production", "produksi"),
        ("cities", "city"),
        ("sales", "sale"),
        ("pelanggannya", "pelanggan"),
        ("penjualan", "jual"),
        ("pembelian", "beli"),
        ("custmer", "customer"),
        ("pelangagn", "pelanggan"),
    ],
)
def test_forms_loans_and_slips_of_a_word_are_alike(asked: str, known: str) -> None:
    """Affixes, plurals, loan spellings and one slip do not hide a word."""
    assert 0.7 < likeness(asked, known) < 1


@pytest.mark.parametrize(
    ("asked", "known"),
    [("kota", "kotak"), ("price", "prize"), ("bulan", "wulan"), ("id", "ib"), ("2020", "2021")],
)
def test_other_words_are_not_alike(asked: str, known: str) -> None:
    """Short words, other first letters and numbers must match exactly (prize is five letters)."""
    if (asked, known) == ("price", "prize"):
        assert likeness(asked, known) < 0.9
    else:
        assert likeness(asked, known) == 0


@pytest.mark.parametrize(
    ("asked", "known"),
    [
        ("penjual", "penjualan"),
        ("penjual", "jual"),
        ("seller", "selling"),
        ("shipped", "shipping"),
        ("customer", "custom"),
        ("kontak", "kontrak"),
    ],
)
def test_words_that_only_share_a_root_are_not_alike(asked: str, known: str) -> None:
    """Who sells, what is sold and the sale are three things."""
    assert likeness(asked, known) == 0


LETTERS = st.text("abeinrsty", min_size=3, max_size=9)
FORMS = st.tuples(
    st.sampled_from(["", "pe", "meng", "ber", "di"]),
    LETTERS,
    st.sampled_from(["", "nya", "an", "s", "ing", "ty", "ies"]),
).map("".join)


@given(st.lists(FORMS, min_size=2, max_size=12))
def test_words_that_are_alike_share_a_key(words: list[str]) -> None:
    """Looking only at words with a common key overlooks no word that is meant."""
    for asked, known in product(words, words):
        if likeness(asked, known) > 0:
            assert likeness_keys(asked) & likeness_keys(known), (asked, known)


def test_a_question_is_compared_with_few_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each word of a question is compared with names that may be meant, not with all of them."""
    names = ["".join(each) for each in product("bdgkl", "aeiou", "mnprs", "aeiou", "tvwyz")]
    columns = tuple(Column(f"{name}{name[::-1]}", Kind.NUMBER) for name in names)
    values = tuple(names)
    table = Table("things", (*columns, Column("kind", Kind.TEXT, values=values)))
    calls = 0

    def counted(asked: str, known: str) -> float:
        nonlocal calls
        calls += asked.startswith("x")  # the rest compares names with one another
        return likeness(asked, known)

    monkeypatch.setattr(linking, "likeness", counted)
    asked = tokenize(" ".join(f"x{name}" for name in names[:200]))
    linking.link(asked, Schema({"things": table}))
    assert len(columns) == 3125
    assert calls < len(asked)


def test_identifiers_are_split_into_words() -> None:
    """snake_case, camelCase, spaces and capitals give the same words."""
    assert split_name("unit_price") == split_name("unitPrice") == split_name("Unit Price")
    assert split_name("ID") == ("id",)
    assert [token.word for token in tokenize("unit_price unitPrice toko-toko rata-rata")] == [
        *("unit", "price", "unit", "price", "toko", "rata-rata")
    ]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1.000.000", 1e6),
        ("1,000,000", 1e6),
        ("1,5 miliar", 1.5e9),
        ("2.5 million", 2.5e6),
        ("dua belas", 12),
        ("tiga puluh", 30),
        ("seven", 7),
        ("Rp 5 juta", 5e6),
        ("100 ribu", 1e5),
    ],
)
def test_numbers_are_read_in_both_languages(text: str, value: float) -> None:
    """Digits, words and scales of either language give the number they mean."""
    found = number_at(tokenize(text), 0)
    assert found is not None
    assert found[0] == value
    assert found[1] == len(tokenize(text))


@pytest.mark.parametrize(
    ("value", "indonesian", "english"),
    [
        (1234.5, "1.234,5", "1,234.5"),
        (1234567.89, "1.234.568", "1,234,568"),
        (0.0, "0", "0"),
        (-0.001, "0", "0"),
        (1000, "1.000", "1,000"),
        (-12.25, "-12,25", "-12.25"),
        (3.0, "3", "3"),
    ],
)
def test_numbers_are_written_as_each_language_does(
    value: float, indonesian: str, english: str
) -> None:
    """Separators follow the language; fractions stay short; there is no minus zero."""
    assert format_number(value, "id") == indonesian
    assert format_number(value, "en") == english


@pytest.mark.parametrize(
    ("question", "language"),
    [
        ("Berapa jumlah toko per kota?", "id"),
        ("How many shops are there per city?", "en"),
        ("top 5 toko dengan laba tertinggi", "id"),
        ("average profit by city", "en"),
        ("toko", "id"),
        ("Total sold per city", "en"),
        ("delete everything", "en"),
        ("Total penjualan di West Java", "id"),
        ("hapus semua", "id"),
        ("hello", "en"),
        ("Good morning", "en"),
        ("help", "en"),
        ("halo", "id"),
        ("selamat pagi", "id"),
    ],
)
def test_the_question_tells_its_language(question: str, language: str) -> None:
    """The language is that of the question's small words, else of the endings of the others."""
    assert detect(tokenize(question)) == language


def test_a_slip_in_a_word_of_analysis_is_mended() -> None:
    """One slip in a long word is mended; short and unknown words are left alone."""
    assert corrected("tertingi") == "tertinggi"
    assert corrected("avrage") == "average"
    assert corrected("avarage") == "average"
    assert corrected("shop") is None
    assert corrected("nearly") is None
    assert corrected("sampah") is None
    assert corrected("warehouse") is None
