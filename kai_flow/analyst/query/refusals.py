"""Why a query cannot be changed as asked, as a sentence in the language of the question."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, Literal

__all__ = ["CannotChange", "Reason", "sentence"]


class Reason(StrEnum):
    """Why a change is refused. Every reason has a sentence in both languages."""

    AMBIGUOUS_TIME = "ambiguous time"
    """The table has several dates, and neither the change nor the query before names one."""
    BAD_LIMIT = "bad limit"
    COMPARES_PERIODS = "compares periods"
    """The query before compares periods side by side: one new period can replace neither."""
    COMPOSED = "composed"
    """A measure made of two numbers has no function of its own."""
    CONTRADICTS = "contradicts"
    """Two changes exclude each other, or the filters leave no value."""
    ENTANGLED = "entangled"
    """The filter belongs to an "or" or to a measure, and cannot be changed alone."""
    GONE = "gone"
    """The stored query names something that the database no longer has."""
    LISTING = "listing"
    """The query before lists rows: it has no measure to group, rank or divide."""
    LOST = "lost"
    """What was asked before was kept, but cannot be read any more."""
    NEEDS_GROUP = "needs group"
    NEEDS_TIME = "needs time"
    NO_NUMBER = "no number"
    """The query before counts rows: there is no column to sum or average."""
    NOT_DIVISIBLE = "not divisible"
    """A share of an average, a median or a distinct count has no meaning."""
    NO_BASE = "no base"
    """Nothing was asked before that a follow-up could change."""
    NO_FILTER = "no filter"
    """There is no filter, or no period, to remove."""
    NO_SUCH_FILTER = "no such filter"
    NO_TIME = "no time"
    """The table has no date."""
    OF_WHAT = "of what"
    """A percentage of what: there is neither a group nor exactly one filter."""
    RANKED = "ranked"
    """A ranking with a limit cannot get another group."""
    TOO_MANY_GROUPS = "too many groups"
    UNREACHABLE = "unreachable"
    """What is kept of the query before does not belong to the rows of the new measure."""
    WHICH_GROUP = "which group"
    """A ranking of two groups must say which one is ranked."""
    WHICH_MEASURE = "which measure"
    """A ranking of several measures must say by which."""


class CannotChange(ValueError):
    """The query before cannot be changed as asked; it stays as it was."""

    def __init__(self, reason: Reason, *about: str) -> None:
        super().__init__(sentence("en", reason, *about))
        self.reason = reason
        self.about = about
        """Names of tables, columns or values that the sentence mentions."""


def sentence(language: Literal["id", "en"], reason: Reason, *about: str) -> str:
    """The refusal as a sentence; ``about`` are the names that it mentions."""
    return _SENTENCES[reason][language].format(names=", ".join(about))


def _both(en: str, id_: str) -> Mapping[Literal["id", "en"], str]:
    return {"en": en, "id": id_}


_SENTENCES: Final[Mapping[Reason, Mapping[Literal["id", "en"], str]]] = {
    Reason.AMBIGUOUS_TIME: _both(
        "The data has several dates ({names}); say which one is meant.",
        "Data ini punya beberapa tanggal ({names}); sebutkan yang dimaksud.",
    ),
    Reason.BAD_LIMIT: _both(
        "The number of rows must be at least 1.",
        "Jumlah baris harus paling sedikit 1.",
    ),
    Reason.COMPARES_PERIODS: _both(
        "The question before compares periods; name all periods to compare in one question.",
        "Pertanyaan sebelumnya membandingkan periode; sebutkan semua periode sekaligus.",
    ),
    Reason.COMPOSED: _both(
        "The question before puts two numbers together; ask a whole question.",
        "Pertanyaan sebelumnya menggabungkan dua angka; ajukan pertanyaan lengkap.",
    ),
    Reason.CONTRADICTS: _both(
        "These changes exclude each other; ask a whole question.",
        "Perubahan ini saling bertentangan; ajukan pertanyaan lengkap.",
    ),
    Reason.ENTANGLED: _both(
        "The condition on {names} is part of a larger one; ask the whole question again.",
        "Syarat pada {names} adalah bagian dari syarat lain; ajukan pertanyaan lengkapnya.",
    ),
    Reason.GONE: _both(
        "The question before used {names}, which the database no longer has; ask a whole question.",
        "Pertanyaan sebelumnya memakai {names} yang tidak ada lagi di basis data; ajukan"
        " pertanyaan lengkap.",
    ),
    Reason.LISTING: _both(
        "The question before lists rows; say what is to be counted or added up.",
        "Pertanyaan sebelumnya menampilkan baris; sebutkan apa yang dihitung atau dijumlahkan.",
    ),
    Reason.LOST: _both(
        "What was asked before can no longer be read; ask a whole question.",
        "Pertanyaan sebelumnya tidak dapat dibaca lagi; ajukan pertanyaan lengkap.",
    ),
    Reason.NEEDS_GROUP: _both(
        "This needs groups; say by what, for example per city.",
        "Ini memerlukan kelompok; sebutkan menurut apa, misalnya per kota.",
    ),
    Reason.NEEDS_TIME: _both(
        "Growth needs a period to compare; say per month or per year.",
        "Pertumbuhan memerlukan periode; sebutkan per bulan atau per tahun.",
    ),
    Reason.NO_NUMBER: _both(
        "The question before counts rows; say which number is meant.",
        "Pertanyaan sebelumnya menghitung baris; sebutkan angka mana yang dimaksud.",
    ),
    Reason.NO_BASE: _both(
        "There is no answer before that this could change; ask a whole question.",
        "Belum ada jawaban yang dapat diubah; ajukan pertanyaan lengkap.",
    ),
    Reason.NO_FILTER: _both(
        "The question before has no such condition to remove.",
        "Pertanyaan sebelumnya tidak punya syarat seperti itu.",
    ),
    Reason.NOT_DIVISIBLE: _both(
        "Only counts and sums can be shown in percent of a total.",
        "Hanya jumlah yang dapat ditampilkan sebagai persentase dari total.",
    ),
    Reason.NO_SUCH_FILTER: _both(
        "The question before has no condition on {names}.",
        "Pertanyaan sebelumnya tidak punya syarat pada {names}.",
    ),
    Reason.NO_TIME: _both(
        "The rows of {names} have no date.",
        "Baris {names} tidak punya tanggal.",
    ),
    Reason.OF_WHAT: _both(
        "It is not clear which total is meant by 100 percent; say the share of what.",
        "Tidak jelas apa yang menjadi 100 persen; sebutkan persentase dari apa.",
    ),
    Reason.RANKED: _both(
        "The question before is a ranking; remove its limit first, or group by one thing only.",
        "Pertanyaan sebelumnya adalah peringkat; hapus batasnya dahulu, atau kelompokkan menurut"
        " satu hal saja.",
    ),
    Reason.TOO_MANY_GROUPS: _both(
        "A question can be grouped by at most two things.",
        "Pertanyaan dapat dikelompokkan menurut paling banyak dua hal.",
    ),
    Reason.UNREACHABLE: _both(
        "What the question before said about {names} does not apply here; ask a whole question.",
        "Syarat sebelumnya tentang {names} tidak berlaku di sini; ajukan pertanyaan lengkap.",
    ),
    Reason.WHICH_GROUP: _both(
        "There are two groups; ask a whole question that says which one to rank.",
        "Ada dua kelompok; ajukan pertanyaan lengkap yang menyebut mana yang diperingkat.",
    ),
    Reason.WHICH_MEASURE: _both(
        "There are several numbers; say by which one to rank.",
        "Ada beberapa angka; sebutkan yang menjadi dasar peringkat.",
    ),
}
