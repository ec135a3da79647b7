"""The lexicons: concepts join the words of two languages, and keep different things apart."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kai_flow.analyst.lexicon import data
from kai_flow.analyst.lexicon.lexicon import (
    LONGEST_PHRASE,
    Language,
    concepts,
    detect,
    expand,
    fillers,
    known,
    meanings,
    stem,
    unknown_language,
)
from kai_flow.analyst.lexicon.spelling import Spelling
from kai_flow.analyst.lexicon.tokens import tokenize


def meant(phrase: str) -> frozenset[str]:
    """The concepts of a phrase."""
    return concepts(tuple(phrase.split()))


@pytest.mark.parametrize(
    "phrases",
    [
        "customer, customers, client, pelanggan, pelanggannya, konsumen, cust",
        "product, barang, produk, item",
        "revenue, omzet, omset, pendapatan, penjualan, turnover",
        "quantity, qty, kuantitas, jumlah, jml",
        "unit price, harga satuan, harga",
        "date, tanggal, tgl",
        "order date, tanggal pesan, tgl pesan",
        "birth date, date of birth, tanggal lahir, tgl lahir",
        "employee, employees, karyawan, pegawai, staff",
        "salary, wages, gaji",
        "supplier, vendors, pemasok",
        "branch, cabang, branches",
        "city, kota, cities",
        "province, provinsi, prov, propinsi",
        "invoice, faktur, tagihan",
        "payment method, metode pembayaran, cara bayar",
        "shipping cost, ongkir, freight",
        "gender, jenis kelamin, jk",
        "male, pria, laki-laki, men",
        "active, aktif",
        "cancelled, dibatalkan, batal",
        "patient, patients, pasien",
        "teacher, guru, teachers",
        "warehouse, gudang",
        "member, anggota, members",
        "cooperative, koperasi",
        "category, kategori, categories",
        "stock, stok, persediaan",
        "founding capital, modal awal",
        "savings and loan, simpan pinjam",
    ],
)
def test_names_of_one_thing_share_a_concept(phrases: str) -> None:
    """Inflections, abbreviations and both languages' words for one thing express one concept."""
    one, *others = (meant(phrase.strip()) for phrase in phrases.split(","))
    assert all(one & other for other in others), [sorted(one), *map(sorted, others)]


@pytest.mark.parametrize(
    "pair",
    [
        "price / prize",
        "price / cost",
        "customer / member",
        "customer / supplier",
        "province / city",
        "city / village",
        "provinsi / kota",
        "revenue / profit",
        "pendapatan / laba",
        "discount / tax",
        "order / invoice",
        "sale / revenue",
        "product / category",
        "weight / height",
        "teacher / student",
        "doctor / patient",
        "nurse / doctor",
        "order date / ship date",
        "start date / end date",
        "salary / bonus",
        "year / month",
        "active / inactive",
        "aktif / tidak aktif",
        "paid / unpaid",
        "lunas / belum lunas",
        "male / female",
        "stock / sale",
        "origin / destination",
        "warehouse / store",
        "latitude / longitude",
    ],
)
def test_different_things_have_no_concept_in_common(pair: str) -> None:
    """Concepts are tight: what an analyst keeps apart, they keep apart."""
    one, other = (meant(phrase) for phrase in pair.split(" / "))
    assert not one & other


def test_a_word_with_two_meanings_expresses_both() -> None:
    """Sales are revenue and the rows of a table of sales; one sale is such a row alone."""
    assert {"revenue", "sale"} <= meant("sales")
    assert {"revenue", "sale"} <= meant("penjualan")
    assert "revenue" not in meant("sale")


def test_both_lexicons_have_the_same_concepts() -> None:
    """Every concept has phrases in both languages, of a length that is looked up."""
    assert data.CONCEPTS["en"].keys() == data.CONCEPTS["id"].keys()
    assert len(data.CONCEPTS["en"]) >= 300
    for table in data.CONCEPTS.values():
        for phrases in table.values():
            assert phrases
            assert all(1 <= len(phrase) <= LONGEST_PHRASE for phrase in phrases)


def test_phrases_come_out_of_questions_as_they_are_written() -> None:
    """A phrase in a lexicon is spelled as the tokens of a question are, or it is never found."""
    odd = {
        " ".join(phrase)
        for table in data.CONCEPTS.values()
        for phrases in table.values()
        for phrase in phrases
        if tuple(token.word for token in tokenize(" ".join(phrase))) != phrase
    }
    assert not odd


@pytest.mark.parametrize(
    ("word", "language", "expected"),
    [
        ("cities", "en", "city"),
        ("boxes", "en", "box"),
        ("classes", "en", "class"),
        ("orders", "en", "order"),
        ("ordered", "en", "order"),
        ("shipping", "en", "ship"),
        ("people", "en", "person"),
        ("status", "en", "status"),
        ("diagnoses", "en", "diagnosis"),
        ("paid", "en", "pay"),
        ("harganya", "id", "harga"),
        ("berapakah", "id", "berapa"),
        ("hitunglah", "id", "hitung"),
        ("jumlah", "id", "jumlah"),
        ("sekolah", "id", "sekolah"),
        ("buku", "id", "buku"),
        ("hanya", "id", "hanya"),
        ("produk2", "id", "produk"),
        ("penjualan", "id", "penjualan"),
        ("beras", None, "beras"),
        ("kelas", None, "kelas"),
        ("products", None, "product"),
    ],
)
def test_a_stem_keeps_the_meaning(word: str, language: Language | None, expected: str) -> None:
    """Inflection is removed; a derivation such as penjualan is another word and stays."""
    assert stem(word, language) == expected


@given(
    st.sampled_from(
        sorted({w for t in data.CONCEPTS.values() for ps in t.values() for p in ps for w in p})
    )
)
def test_a_stem_has_no_further_stem(word: str) -> None:
    """The stem of a stem is itself: names and questions meet whatever form each has."""
    assert stem(stem(word)) == stem(word)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("customer name", "nama pelanggan"),
        ("name of the customer", "customer name"),
        ("number of members", "jumlah anggota"),
        ("supplier city", "kota pemasok"),
        ("average price", "average price"),
        ("product category name", "nama kategori produk"),
        ("order total", "total order"),
    ],
)
def test_composed_names_mean_the_same_in_either_order(one: str, other: str) -> None:
    """English puts the head last and Indonesian first: the meaning does not depend on it."""
    assert meanings(tuple(one.split())) & meanings(tuple(other.split()))


@pytest.mark.parametrize(
    ("question", "language"),
    [
        ("Berapa total penjualan per provinsi?", "id"),
        ("penjualan per kota", "id"),
        ("customer di Bandung berapa", "id"),
        ("tren omzet bulanan", "id"),
        ("How many customers per city?", "en"),
        ("total sales by city", "en"),
        ("top 5 products", "en"),
        ("revenue 2024", "en"),
        ("omzet 2024", "id"),
        ("", "id"),
    ],
)
def test_the_language_of_a_question_is_told_by_its_words(question: str, language: str) -> None:
    """Small words decide; where there are none, the others do."""
    assert detect(tokenize(question)) == language


@pytest.mark.parametrize(
    "question",
    [
        "Quel est le nombre de clients par ville ?",
        "Wie viele Kunden gibt es pro Stadt?",
        "¿Cuántos clientes hay por ciudad?",
        "Quantos clientes por cidade há?",
        "Hoeveel klanten zijn er per stad?",
        "Pira cacahe pelanggan ing saben kutha?",
        "顧客は何人いますか",
        "Сколько клиентов в каждом городе?",
    ],
)
def test_other_languages_are_noticed(question: str) -> None:
    """A question in neither language is known as such."""
    assert unknown_language(tokenize(question))


@pytest.mark.parametrize(
    "question",
    [
        "Berapa jumlah pelanggan di tiap kota?",
        "How many customers are there in each city?",
        "Total penjualan Alexandre di Le Havre",
        "xyzzy",
        "",
        "2023",
    ],
)
def test_the_two_languages_are_not_taken_for_others(question: str) -> None:
    """Names and unknown words do not make a question foreign."""
    assert not unknown_language(tokenize(question))


def test_a_question_in_another_language_is_answered_in_english() -> None:
    """The refusal is in English, but in Indonesian for a speaker of a language of Indonesia."""
    assert detect(tokenize("Quel est le nombre de clients par ville ?")) == "en"
    assert detect(tokenize("顧客は何人いますか")) == "en"
    assert detect(tokenize("Pira cacahe pelanggan ing saben kutha?")) == "id"


def test_fillers_are_no_names() -> None:
    """A word that is stepped over is never the name of something."""
    both = fillers("en") | fillers("id")
    named = {p[0] for t in data.CONCEPTS.values() for ps in t.values() for p in ps if len(p) == 1}
    assert not both & named - {"ya"}


def test_abbreviations_are_written_in_full() -> None:
    """An abbreviation in a name stands for its word; other words stay."""
    assert expand("tgl") == ("tanggal",)
    assert expand("jk") == ("jenis", "kelamin")
    assert expand("tanggal") == ("tanggal",)


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("custmer", "customer"),
        ("provnisi", "provinsi"),
        ("kategory", "kategori"),
        ("revenu", "revenue"),
        ("pelangan", "pelanggan"),
    ],
)
def test_a_slip_is_corrected(wrong: str, right: str) -> None:
    """A missing, wrong or swapped letter in a word is one slip."""
    known_words = ["customer", "provinsi", "kategori", "revenue", "pelanggan"]
    assert Spelling(known_words).corrected([wrong]) == [(0, right)]


@pytest.mark.parametrize(
    ("word", "near"),
    [("prize", "price"), ("contact", "contract"), ("bulan", "wulan"), ("modal", "model")],
)
def test_a_known_word_is_never_corrected_to_another(word: str, near: str) -> None:
    """A price is not a prize."""
    assert not Spelling([near]).corrected([word])


def test_every_sample_of_words_is_known() -> None:
    """The words of the lexicons, and their inflections, are no misspellings."""
    assert all(map(known, ["price", "prices", "harganya", "tgl", "march", "senin", "berapa"]))
    assert not any(map(known, ["prcie", "xyzzy"]))


def test_months_have_their_numbers_in_both_languages() -> None:
    """Every month and day of the week has a name in each lexicon."""
    for language in data.LANGUAGES:
        for table, size in (("months", 12), ("weekdays", 7)):
            numbers = sorted(map(int, data.LEXICONS[language][table]))
            assert numbers == list(range(1, size + 1))
            assert all(b - a == 1 for a, b in pairwise(numbers))
