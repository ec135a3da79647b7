"""Words as people type them on a phone are read as what they stand for."""

import pytest

from kai_flow.analyst.lexicon import data
from kai_flow.analyst.lexicon.tokens import tokenize


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("brp org yg blm byr", "berapa orang yang belum byr"),
        ("w/o discount, w/more", "without discount , with more"),
        ("u/cabang", "untuk cabang"),
        ("tglnya hargany", "tanggalnya harganya"),
        ("org2 brg2 tiap2 rata2nya", "orang barang tiap rata-rata"),
        ("perbulan perproduk", "per bulan per produk"),
        ("urutin bandingin", "urutkan bandingkan"),
        ("yaaa pleaseee", "ya please"),
        ("maret'24 jan2024 2k24", "maret '24 jan 2024 2024"),
        ("sampe tmrw", "sampai tomorrow"),
    ],
)
def test_typed_words_are_written_out(typed: str, meant: str) -> None:
    """A word cut short, run together or drawn out is read as the words that it stands for."""
    assert [token.word for token in tokenize(typed)] == meant.split()


@pytest.mark.parametrize(
    "text",
    ["permata perusahaan pertama person", "kasian main login", "m2 q2 co2", "company germany"],
)
def test_whole_words_stay(text: str) -> None:
    """What only looks like a word run together stays as it is."""
    assert [token.word for token in tokenize(text)] == text.split()


def test_what_is_written_out_needs_no_more_writing_out() -> None:
    """What a typed word stands for is no typed word itself."""
    assert not {t for t, words in data.TYPED.items() if not data.TYPED.keys().isdisjoint(words)}
