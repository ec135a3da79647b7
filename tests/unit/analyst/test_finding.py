"""The answer in words: one sentence that states the finding, then a table."""

import pytest

from kai_flow.analyst.answer.finding import MAX_TABLE_ROWS, answer, finding
from kai_flow.analyst.lexicon.data import Language
from kai_flow.analyst.query.nodes import (
    Aggregate,
    During,
    Field,
    Function,
    Having,
    Operator,
    Order,
    Query,
)
from tests.unit.analyst.filter_sentences import PAID
from tests.unit.analyst.stories import (
    AMOUNT,
    AVERAGE,
    BY_CITY,
    BY_STATUS,
    COUNT,
    LARGEST,
    STATUS,
    by_time,
    orders,
    story,
)

NAME = Field(table="products", column="product_name")
PRICE = Field(table="products", column="list_price")
CHEAPEST = Query(fact="products", columns=(NAME, PRICE), order=(Order(by=PRICE),), limit=1)
LOWEST = Aggregate(function=Function.MINIMUM, of=AMOUNT)
MANY = Having(measure=COUNT, operator=Operator.ABOVE, values=(5.0,))


@pytest.mark.parametrize(
    ("query", "rows", "english", "indonesian"),
    [
        (
            orders(of=(COUNT,)),
            [(1234,)],
            "The number of orders is **1,234**.",
            "Jumlah pesanan adalah **1.234**.",
        ),
        (
            orders(where=PAID),
            [(99.5,)],
            "The total amount of orders where the status is “P” (paid) is **USD 99.50**.",
            (
                "Total nominal dari pesanan dengan syarat status adalah “P” (paid) adalah"
                " **USD 99,50**."
            ),
        ),
        (
            orders(of=(COUNT, AVERAGE)),
            [(2, 10.0)],
            "The number of orders is **2** and the average amount is **USD 10**.",
            "Jumlah pesanan adalah **2** dan rata-rata nominal adalah **USD 10**.",
        ),
        (
            orders(where=PAID),
            [(None,)],
            "There are no orders where the status is “P” (paid); change or leave out a condition.",
            "Tidak ada pesanan dengan syarat status adalah “P” (paid); longgarkan syaratnya.",
        ),
        (
            orders(where=During(axis="orders.order_date", start="2026-01-01", end="2027-01-01")),
            [(None,)],
            (
                "There are no orders where the order date is in 2026. The order date in the data"
                " only covers 2 January 2023 to 15 June 2025."
            ),
            (
                "Tidak ada pesanan dengan syarat tanggal pesan pada tahun 2026. Tanggal pesan dalam"
                " data hanya mencakup 2 Januari 2023 sampai 15 Juni 2025."
            ),
        ),
        (
            orders(of=(COUNT,), where=During(axis="orders.order_date", end="2020-01-01")),
            [(0,)],
            (
                "The number of orders where the order date is before 1 January 2020 is **0**. The"
                " order date in the data only covers 2 January 2023 to 15 June 2025."
            ),
            (
                "Jumlah pesanan dengan syarat tanggal pesan sebelum 1 Januari 2020 adalah **0**."
                " Tanggal pesan dalam data hanya mencakup 2 Januari 2023 sampai 15 Juni 2025."
            ),
        ),
        (orders(), [(None,)], "There is no data about orders.", "Belum ada data untuk pesanan."),
        (
            orders(BY_CITY, order=(LARGEST,)),
            [("Solo", 3.0), ("Palu", 2.0)],
            "**Solo** has the highest total amount: **USD 3**.",
            "**Solo** memiliki total nominal tertinggi: **USD 3**.",
        ),
        (
            orders(BY_CITY, order=(LARGEST,)),
            [("Solo", 3.0), ("Palu", 3.0), ("Medan", 1.0)],
            "**Solo** and **Palu** share the highest total amount: **USD 3**.",
            "**Solo** dan **Palu** sama-sama memiliki total nominal tertinggi: **USD 3**.",
        ),
        (
            orders(BY_CITY, order=(LARGEST,), limit=4),
            [(city, 3.0) for city in ("Solo", "Palu", "Medan", "Depok")],
            "4 rows share the highest total amount: **USD 3**.",
            "4 baris memiliki total nominal tertinggi yang sama: **USD 3**.",
        ),
        (
            orders(BY_CITY, of=(LOWEST,), order=(Order(by=LOWEST),)),
            [("Solo", 3.0), ("Palu", 4.0)],
            "**Solo**: lowest amount **USD 3**.",
            "**Solo**: nominal terendah **USD 3**.",
        ),
        (
            orders(BY_CITY, of=(LOWEST,), order=(Order(by=LOWEST),), limit=4),
            [(city, 3.0) for city in ("Solo", "Palu", "Medan", "Depok")],
            "4 rows share the lowest amount: **USD 3**.",
            "4 baris memiliki nominal terendah yang sama: **USD 3**.",
        ),
        (
            orders(BY_CITY, having=(MANY,), order=(LARGEST,)),
            [("Solo", 3.0), ("Palu", 2.0)],
            "**2** groups meet the condition. **Solo** has the highest total amount: **USD 3**.",
            "**2** kelompok memenuhi syarat. **Solo** memiliki total nominal tertinggi: **USD 3**.",
        ),
        (
            orders(BY_CITY, having=(MANY,)),
            [],
            "No group meets this condition; change its limit.",
            "Tidak ada kelompok yang memenuhi syarat ini; ubah batasnya.",
        ),
        (
            orders(by_time()),
            [("2025-01", 3.0), ("2025-02", 4.0)],
            "Here is the total amount of orders by month (order date):",
            "Berikut total nominal dari pesanan per bulan (tanggal pesan):",
        ),
        (
            orders(BY_STATUS, BY_CITY, order=(LARGEST,), each=1),
            [("P", "Solo", 3.0), ("X", "Palu", 2.0)],
            "Here is the total amount of orders by status and customer’s city:",
            "Berikut total nominal dari pesanan per status dan kota pelanggan:",
        ),
        (
            CHEAPEST,
            [("Tea", 2.5)],
            "**Tea** has the lowest list price: **USD 2.50**.",
            "**Tea** memiliki harga terendah: **USD 2,50**.",
        ),
        (
            Query(fact="orders", columns=(STATUS, AMOUNT)),
            [("P", 2.5)],
            "Found 1 order:",
            "Ditemukan 1 pesanan:",
        ),
        (
            Query(fact="orders", columns=(STATUS, AMOUNT), limit=2),
            [("P", 2.5), ("X", 2.0)],
            "Here are the first 2 orders:",
            "Berikut 2 pesanan pertama:",
        ),
        (
            Query(fact="orders", columns=(STATUS, AMOUNT), limit=1),
            [("P", 2.5)],
            "Here is the first order:",
            "Berikut pesanan pertama:",
        ),
        (
            Query(fact="orders", columns=(STATUS,), distinct=True),
            [("P",), ("X",)],
            "Found 2 different rows:",
            "Ditemukan 2 baris yang berbeda:",
        ),
    ],
)
def test_the_finding(
    query: Query, rows: list[tuple[str | float | None, ...]], english: str, indonesian: str
) -> None:
    """The first sentence states what was found, with its unit and what it is restricted to."""
    assert finding(story(query, *rows)) == english
    assert finding(story(query, *rows, language="id")) == indonesian


def test_an_answer_is_a_sentence_a_table_and_what_stands_out() -> None:
    """The pieces of an answer are its Markdown text, numbers to the right."""
    told = story(orders(BY_CITY, order=(LARGEST,)), ("So|lo", 3_000.0), (None, None))
    assert "".join(answer(told, ("One.", "Two."))) == (
        "**So\\|lo** has the highest total amount: **USD 3,000**.\n\n"
        "| Customer’s city | Total amount |\n"
        "|---|---:|\n"
        "| So\\|lo | USD 3,000 |\n"
        "| (none) | – |\n"
        "\nOne.\nTwo."
    )


@pytest.mark.parametrize(
    ("language", "truncated", "says"),
    [
        ("en", False, "Showing 20 of 30 rows."),
        ("en", True, "Showing 20 rows; there are more than the 30 that were read."),
        ("id", False, "Ditampilkan 20 dari 30 baris."),
        ("id", True, "Ditampilkan 20 baris; hasilnya lebih banyak daripada 30 baris yang dibaca."),
    ],
)
def test_rows_that_are_left_out_are_mentioned(
    language: Language, truncated: bool, says: str
) -> None:
    """A long table ends with how many rows there are, or that not all were read."""
    rows = [(f"city {at}", float(at)) for at in range(30)]
    told = story(orders(BY_CITY), *rows, language=language, truncated=truncated)
    text = "".join(answer(told))
    assert says in text
    assert text.count("| city ") == MAX_TABLE_ROWS


def test_the_pieces_of_an_answer_are_words() -> None:
    """An answer is streamed word by word: joined, the words are the sentence again."""
    assert list(answer(story(orders(of=(COUNT,)), (5,)))) == [
        "The ", "number ", "of ", "orders ", "is ", "**5**.",
    ]  # fmt: skip
