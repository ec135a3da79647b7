"""Refusals call tables, columns and dates what a person calls them."""

import pytest

from kai_flow.analyst.answer.outcomes import reason
from kai_flow.analyst.query.refusals import Reason
from kai_flow.analyst.reading.choices import Note
from tests.unit.analyst.answer_models import SHOP


def follow_up(why: Reason, *names: str) -> Note:
    """A change that cannot be made, as the reader notes it."""
    return Note("follow_up", (("reason", why.value), ("names", "\n".join(names))))


@pytest.mark.parametrize(
    ("why", "english", "indonesian"),
    [
        (
            follow_up(Reason.NO_TIME, "customers"),
            "The rows of customers have no date.",
            "Baris pelanggan tidak punya tanggal.",
        ),
        (
            follow_up(Reason.AMBIGUOUS_TIME, "orders.order_date", "orders.ship_date"),
            "The data has several dates (order date, ship date); say which one is meant.",
            (
                "Data ini punya beberapa tanggal (tanggal pesan, tanggal kirim); sebutkan yang"
                " dimaksud."
            ),
        ),
        (
            follow_up(Reason.GONE, "orders.colour"),
            (
                "The question before used orders.colour, which the database no longer has; ask a"
                " whole question."
            ),
            (
                "Pertanyaan sebelumnya memakai orders.colour yang tidak ada lagi di basis data;"
                " ajukan pertanyaan lengkap."
            ),
        ),
        (
            Note("rate_summed", (("column", "list_price"), ("table", "products"))),
            (
                "Adding up list price has no meaning: it is no quantity, but a price, a percentage"
                " or a year, for example. Ask for the average, the lowest or the highest."
            ),
            (
                "Menjumlahkan harga tidak bermakna: itu bukan banyaknya sesuatu, melainkan misalnya"
                " harga, persentase, atau tahun. Tanyakan rata-rata, nilai terendah, atau nilai"
                " tertinggi."
            ),
        ),
    ],
)
def test_a_refusal_is_in_words_of_its_language(why: Note, english: str, indonesian: str) -> None:
    """A refusal translates the names that it mentions; what is gone keeps its own."""
    assert reason(why, SHOP, "en") == english
    assert reason(why, SHOP, "id") == indonesian
