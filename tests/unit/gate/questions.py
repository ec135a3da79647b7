"""What was asked of which schema, and the query that says the same; None: refuse."""

from pathlib import Path

import msgspec

CO = "FROM orders o JOIN customers c USING (customer_id)"
IT = (
    "FROM order_items i JOIN orders o USING (order_id) JOIN customers c USING (customer_id)"
    " JOIN products p ON p.product_id = i.product_id"
)
ST = "FROM fact_sales f JOIN dim_date d USING (date_id) JOIN dim_store s USING (store_id)"
PJ = "FROM penjualan"
K = "FROM koperasi k JOIN provinsi p USING (provinsi_id)"

ANSWERED: list[tuple[str, str, str]] = [
    ("shop", "How many orders are there?", "SELECT COUNT(*) FROM orders"),
    ("shop", "How many orders per status?", "SELECT status, COUNT(*) FROM orders GROUP BY 1"),
    ("shop", "number of orders in 2024", f"SELECT COUNT(*) {CO} WHERE order_date LIKE '2024%'"),
    (
        "shop",
        "number of shipped orders per city",
        f"SELECT city, COUNT(*) {CO} WHERE status = 'Shipped' GROUP BY 1",
    ),
    ("shop", "total line total per category", f"SELECT category, SUM(line_total) {IT} GROUP BY 1"),
    (
        "shop",
        "top 2 products by total quantity",
        f"SELECT product_name, SUM(quantity) {IT} GROUP BY 1 ORDER BY 2 DESC LIMIT 2",
    ),
    (
        "shop",
        "average shipping fee per city since 2023",
        f"SELECT city, AVG(shipping_fee) {CO} WHERE order_date >= '2023' GROUP BY 1",
    ),
    (
        "shop",
        "How many orders have a shipping fee above 5?",
        "SELECT COUNT(*) FROM orders WHERE shipping_fee > 5",
    ),
    (
        "shop",
        "total quantity of Red Chair",
        f"SELECT SUM(quantity) {IT} WHERE product_name = 'Red Chair'",
    ),
    ("shop", "highest unit price", "SELECT MAX(unit_price) FROM products"),
    (
        "star",
        "total revenue per region",
        f"SELECT region, SUM(revenue) {ST} GROUP BY 1",
    ),
    ("star", "total revenue in 2023", f"SELECT SUM(revenue) {ST} WHERE year = 2023"),
    (
        "star",
        "Compare the total revenue of North and South",
        f"SELECT region, SUM(revenue) {ST} WHERE region IN ('North', 'South') GROUP BY 1",
    ),
    ("star", "total revenue per year", f"SELECT year, SUM(revenue) {ST} GROUP BY 1"),
    (
        "star",
        "average discount between 2022 and 2023",
        f"SELECT AVG(discount) {ST} WHERE year BETWEEN 2022 AND 2023",
    ),
    ("penjualan", "total omzet per kota", f"SELECT kota, SUM(omzet) {PJ} GROUP BY 1"),
    (
        "penjualan",
        "3 toko dengan total omzet tertinggi",
        f"SELECT toko, SUM(omzet) {PJ} GROUP BY 1 ORDER BY 2 DESC LIMIT 3",
    ),
    (
        "penjualan",
        "total omzet Toko 5 tahun 2025",
        f"SELECT SUM(omzet) {PJ} WHERE toko = 'Toko 5' AND tanggal LIKE '2025%'",
    ),
    (
        "penjualan",
        "rata-rata harga satuan selain Minuman",
        f"SELECT AVG(harga_satuan) {PJ} WHERE kategori <> 'Minuman'",
    ),
]
"""What the gate must let through."""


class Tempting(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A question that can be misread."""

    schema: str
    ask: str
    sql: str | None = None
    """Written by hand; None: there is no right answer, so none may be given."""
    open: str = ""
    """What is answered wrongly today; empty: nothing."""


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    question: tuple[Tempting, ...]


def tempting() -> tuple[Tempting, ...]:
    """All of them."""
    path = Path(__file__).with_name("tempting.toml")
    return msgspec.toml.decode(path.read_bytes(), type=_File).question
