"""Every kind of filter, with its clause in both languages."""

from typing import Final

from kai_flow.analyst.query.nodes import (
    All,
    Condition,
    During,
    Either,
    Field,
    Filter,
    Not,
    Operator,
    Recurring,
    Related,
)
from tests.unit.analyst.stories import (
    AMOUNT,
    STATUS,
)

ORDERED = "orders.order_date"
ORIGIN, DESTINATION = "orders.origin_city_id>cities", "orders.destination_city_id>cities"
ITEMS = ("orders<order_items.order_id",)
WEIGHT = Field(table="orders", column="weight")
DISCOUNT = Field(table="orders", column="discount")
SHIPPED = Field(table="orders", column="ship_date")
QUANTITY = Field(table="order_items", column="quantity", path=ITEMS)
CATEGORY = Field(table="products", column="category", path=("order_items.product_id>products",))


def customer(column: str) -> Field:
    """A column of the customer of an order."""
    return Field(table="customers", column=column, path=("orders.customer_id>customers",))


def city(role: str, column: str) -> Field:
    """A column of one of the two cities of an order."""
    return Field(table="cities", column=column, path=(role,))


def compared(of: Field, operator: Operator, *values: str | float | bool) -> Condition:
    """A condition."""
    return Condition(of=of, operator=operator, values=values)


def status(operator: Operator, *values: str) -> Condition:
    """A condition on the status."""
    return compared(STATUS, operator, *values)


PAID = status(Operator.EQUAL, "P")

FILTERS: Final[dict[str, tuple[Filter, str, str]]] = {
    "equal": (
        status(Operator.EQUAL, "P"),
        "the status is “P” (paid)",
        "status adalah “P” (paid)",
    ),
    "one of": (
        status(Operator.EQUAL, "P", "X"),
        "the status is “P” (paid) or “X” (cancelled)",
        "status adalah “P” (paid) atau “X” (cancelled)",
    ),
    "other than": (
        status(Operator.NOT_EQUAL, "P"),
        "the status is not “P” (paid)",
        "status bukan “P” (paid)",
    ),
    "neither": (
        status(Operator.NOT_EQUAL, "P", "X"),
        "the status is neither “P” (paid) nor “X” (cancelled)",
        "status bukan “P” (paid) atau “X” (cancelled)",
    ),
    "above": (
        compared(AMOUNT, Operator.ABOVE, 1_500_000.0),
        "the amount is more than USD 1,500,000",
        "nominal lebih dari USD 1.500.000",
    ),
    "at least": (
        compared(WEIGHT, Operator.AT_LEAST, 2.5),
        "the weight is at least 2.5 kg",
        "berat paling sedikit 2,5 kg",
    ),
    "below": (
        compared(DISCOUNT, Operator.BELOW, 10),
        "the discount is less than 10%",
        "diskon kurang dari 10%",
    ),
    "at most": (
        compared(DISCOUNT, Operator.AT_MOST, 10),
        "the discount is at most 10%",
        "diskon paling banyak 10%",
    ),
    "between": (
        compared(AMOUNT, Operator.BETWEEN, 10, 20),
        "the amount is between USD 10 and USD 20",
        "nominal antara USD 10 dan USD 20",
    ),
    "contains": (
        compared(customer("name"), Operator.CONTAINS, "Jaya"),
        "the customer contains “Jaya”",
        "pelanggan mengandung “Jaya”",
    ),
    "empty": (
        compared(SHIPPED, Operator.EMPTY),
        "the ship date is empty",
        "tanggal kirim kosong",
    ),
    "present": (
        compared(SHIPPED, Operator.PRESENT),
        "the ship date is filled in",
        "tanggal kirim terisi",
    ),
    "flag": (
        compared(customer("active"), Operator.EQUAL, True),
        "the customer’s active is yes",
        "aktif pelanggan adalah ya",
    ),
    "role": (
        compared(city(ORIGIN, "city_name"), Operator.EQUAL, "Solo"),
        "the origin city is “Solo”",
        "kota asal adalah “Solo”",
    ),
    "month": (
        During(axis=ORDERED, start="2025-03-01", end="2025-04-01"),
        "the order date is in March 2025",
        "tanggal pesan pada Maret 2025",
    ),
    "since": (
        During(axis=ORDERED, start="2024-06-01"),
        "the order date is from 1 June 2024 on",
        "tanggal pesan sejak 1 Juni 2024",
    ),
    "months of any year": (
        Recurring(axis=ORDERED, part="month", values=(3, 4)),
        "the order date is in March or April of any year",
        "tanggal pesan pada bulan Maret atau April, tahun berapa pun",
    ),
    "quarter of any year": (
        Recurring(axis=ORDERED, part="quarter", values=(2,)),
        "the order date is in Q2 of any year",
        "tanggal pesan pada kuartal II, tahun berapa pun",
    ),
    "weekdays": (
        Recurring(axis=ORDERED, part="weekday", values=(6, 7)),
        "the order date is on a Saturday or Sunday",
        "tanggal pesan pada hari Sabtu atau Minggu",
    ),
    "day of a month": (
        Recurring(axis=ORDERED, part="day", values=(1,)),
        "the order date is on day 1 of a month",
        "tanggal pesan pada tanggal 1 setiap bulan",
    ),
    "one of several rows": (
        compared(QUANTITY, Operator.ABOVE, 5),
        "at least one order item’s quantity is more than 5",
        "paling sedikit satu kuantitas detail pesanan lebih dari 5",
    ),
    "related": (
        Related(path=ITEMS),
        "there is at least one order item",
        "ada detail pesanan",
    ),
    "unrelated": (
        Not(part=Related(path=ITEMS, where=compared(CATEGORY, Operator.EQUAL, "Toys"))),
        "there is no order item (for which the product’s category is “Toys”)",
        "tidak ada detail pesanan (yang kategori produk adalah “Toys”)",
    ),
    "and": (
        All(parts=(PAID, During(axis="orders.ship_date", start="2025-01-01", end="2026-01-01"))),
        "the status is “P” (paid) and the ship date is in 2025",
        "status adalah “P” (paid) dan tanggal kirim pada tahun 2025",
    ),
    "or": (
        Either(parts=(PAID, compared(AMOUNT, Operator.ABOVE, 100))),
        "the status is “P” (paid) or the amount is more than USD 100",
        "status adalah “P” (paid) atau nominal lebih dari USD 100",
    ),
    "or within and": (
        All(
            parts=(
                PAID,
                Either(
                    parts=(
                        compared(AMOUNT, Operator.ABOVE, 100),
                        compared(SHIPPED, Operator.EMPTY),
                    )
                ),
            )
        ),
        (
            "the status is “P” (paid) and (the amount is more than USD 100 or the ship date "
            "is empty)"
        ),
        "status adalah “P” (paid) dan (nominal lebih dari USD 100 atau tanggal kirim kosong)",
    ),
    "not": (
        Not(part=status(Operator.CONTAINS, "P")),
        "it is not true that (the status contains “P”)",
        "tidak benar bahwa (status mengandung “P”)",
    ),
    "not equal": (
        Not(part=PAID),
        "the status is not “P” (paid)",
        "status bukan “P” (paid)",
    ),
}
"""A filter, and its clause in English and in Indonesian."""
