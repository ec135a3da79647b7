"""Which of the two languages a name is in."""

from typing import Final

from kai_flow.analyst.language import Language

__all__ = ["language_of", "translated"]

_INDONESIAN: Final = """
koperasi provinsi kota pelanggan pesanan produk tanggal bulan tahun jumlah harga nama jenis tempat
wilayah cabang karyawan gaji pegawai barang penjualan pendapatan modal awal anggota laporan tahunan
berdiri ibu pulau nilai toko kategori asal tujuan
"""
_ENGLISH: Final = """
cooperative province city customer customers order orders product products date month year number
price name type region branch employee employees salary amount quantity report annual founding
capital members revenue of island category
"""
_WORDS: Final[dict[Language, frozenset[str]]] = {
    "id": frozenset(_INDONESIAN.split()),
    "en": frozenset(_ENGLISH.split()),
}


def language_of(phrase: str) -> Language | None:
    """The language of most words that only one of them has; None when they do not tell."""
    words = phrase.split()
    english, indonesian = (
        sum(word in _WORDS[language] for word in words) for language in ("en", "id")
    )
    if english == indonesian:
        return None
    return "en" if english > indonesian else "id"


def translated(_phrase: str, _language: Language) -> str:
    """What a phrase that is one concept is called in this language; empty when it is none."""
    return ""
