"""A star: facts that hold keys and measures only, and a date dimension of whole numbers."""

import random
from datetime import date, timedelta

from tests.engines.loading import Spec

NAMES = {
    "dim_date": "kalender",
    "dim_date.date_key": "kunci_tanggal",
    "dim_date.year": "tahun",
    "dim_date.quarter": "kuartal",
    "dim_date.month": "bulan",
    "dim_date.day": "hari",
    "dim_date.day_name": "nama_hari",
    "dim_date.is_weekend": "akhir_pekan",
    "dim_product": "produk",
    "dim_product.product_key": "kunci_produk",
    "dim_product.product_name": "nama_produk",
    "dim_product.brand": "merek",
    "dim_product.category": "kategori",
    "dim_product.list_price": "harga",
    "dim_store": "toko",
    "dim_store.store_key": "kunci_toko",
    "dim_store.store_name": "nama_toko",
    "dim_store.city": "kota",
    "dim_store.province": "provinsi",
    "dim_store.store_type": "tipe_toko",
    "dim_store.floor_area": "luas_lantai",
    "dim_customer": "pelanggan",
    "dim_customer.customer_key": "kunci_pelanggan",
    "dim_customer.customer_name": "nama_pelanggan",
    "dim_customer.gender": "jenis_kelamin",
    "dim_customer.segment": "segmen",
    "dim_customer.city": "kota",
    "dim_customer.birth_year": "tahun_lahir",
    "fact_sales": "penjualan",
    "fact_sales.sale_key": "kunci_penjualan",
    "fact_sales.date_key": "kunci_tanggal",
    "fact_sales.product_key": "kunci_produk",
    "fact_sales.store_key": "kunci_toko",
    "fact_sales.customer_key": "kunci_pelanggan",
    "fact_sales.quantity": "jumlah_unit",
    "fact_sales.sales_amount": "nilai_penjualan",
    "fact_sales.cost_amount": "biaya",
    "fact_sales.discount_amount": "potongan",
    "fact_returns": "retur",
    "fact_returns.return_key": "kunci_retur",
    "fact_returns.date_key": "kunci_tanggal",
    "fact_returns.product_key": "kunci_produk",
    "fact_returns.store_key": "kunci_toko",
    "fact_returns.quantity": "jumlah_unit",
    "fact_returns.refund_amount": "nilai_pengembalian",
}

GLOSSARY = {
    "gross profit": "fact_sales.sales_amount - fact_sales.cost_amount",
    "laba kotor": "fact_sales.sales_amount - fact_sales.cost_amount",
}

_FIRST, _LAST = date(2023, 1, 1), date(2025, 6, 18)

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

_PRODUCTS = (
    ("Espresso Machine", "Kopindo", "Kitchen", 2_450_000),
    ("Rice Cooker", "Maspion", "Kitchen", 425_000),
    ("Blender", "Maspion", "Kitchen", 310_000),
    ("Air Fryer", "Nordik", "Kitchen", 899_000),
    ("Knife Set", "Nordik", "Kitchen", 275_000),
    ("LED Television", "Polytek", "Electronics", 3_999_000),
    ("Bluetooth Speaker", "Polytek", "Electronics", 349_000),
    ("Headphones", "Sonara", "Electronics", 599_000),
    ("Power Bank", "Sonara", "Electronics", 199_000),
    ("Laptop", "Axio", "Electronics", 8_250_000),
    ("Office Chair", "Nordik", "Furniture", 1_150_000),
    ("Desk Lamp", "Cahya", "Furniture", 149_000),
    ("Bookshelf", "Jatiku", "Furniture", 780_000),
    ("Dining Table", "Jatiku", "Furniture", 2_900_000),
    ("Football", "Garuda", "Sports", 225_000),
    ("Yoga Mat", "Garuda", "Sports", 135_000),
    ("Badminton Racket", "Garuda", "Sports", 465_000),
    ("Running Shoes", "Langkah", "Sports", 715_000),
    ("Tent", "Langkah", "Sports", 1_320_000),  # never sold
    ("Water Bottle", "Langkah", "Sports", 89_000),
    ("Ceiling Fan", "Cahya", "Electronics", 520_000),  # never sold
)

_STORES = (
    ("Menteng", "Jakarta", "DKI Jakarta", "Mall", 850),
    ("Kelapa Gading", "Jakarta", "DKI Jakarta", "Mall", 1_200),
    ("Dago", "Bandung", "Jawa Barat", "Street", 420),
    ("Braga", "Bandung", "Jawa Barat", "Street", 380),
    ("Bogor Trade", "Bogor", "Jawa Barat", "Mall", 640),
    ("Tunjungan", "Surabaya", "Jawa Timur", "Mall", 990),
    ("Ijen", "Malang", "Jawa Timur", "Street", 310),
    ("Simpang Lima", "Semarang", "Jawa Tengah", "Mall", 700),
    ("Malioboro", "Yogyakarta", "DI Yogyakarta", "Street", 260),
    ("Kuta", "Denpasar", "Bali", "Mall", 560),
    ("Outlet Serang", "Serang", "Banten", "Outlet", None),
    ("Outlet Medan", "Medan", "Sumatera Utara", "Outlet", 450),  # opened too late to sell
)

_GIVEN = ("Adi", "Bunga", "Citra", "Dewi", "Eko", "Farah", "Gilang", "Hana", "Indra", "Joko")
_FAMILY = (
    "Santoso", "Wijaya", "Lestari", "Pratama", "Siregar", "Hidayat", "Nasution", "Kusuma",
    "Halim", "Putri", "Saputra", "Rahman",
)  # fmt: skip
_CITIES = ("Jakarta", "Bandung", "Surabaya", "Semarang", "Denpasar", "Bekasi", "Depok")
_SEGMENTS = ("Retail", "Retail", "Retail", "Corporate", "Corporate", "Government", None)


def tables() -> list[Spec]:
    """Every table with its rows."""
    rng = random.Random(20250618)
    days = [_FIRST + timedelta(days=n) for n in range((_LAST - _FIRST).days + 1)]
    customers = list(_customers(rng))
    sales = list(_sales(rng, days, len(customers)))
    return [
        Spec(
            "dim_date",
            (
                ("date_key", "int", ""), ("year", "int", ""), ("quarter", "int", ""),
                ("month", "int", ""), ("day", "int", ""), ("day_name", "text", ""),
                ("is_weekend", "int", ""),
            ),
            ("date_key",),
            rows=[
                (
                    _key(day), day.year, (day.month + 2) // 3, day.month, day.day,
                    _DAYS[day.weekday()], int(day.weekday() > 4),
                )
                for day in days
            ],
        ),
        Spec(
            "dim_product",
            (
                ("product_key", "int", ""), ("product_name", "text", ""), ("brand", "text", ""),
                ("category", "text", ""), ("list_price", "int", ""),
            ),
            ("product_key",),
            rows=[(number, *row) for number, row in enumerate(_PRODUCTS, start=1)],
        ),
        Spec(
            "dim_store",
            (
                ("store_key", "int", ""), ("store_name", "text", ""), ("city", "text", ""),
                ("province", "text", ""), ("store_type", "text", ""), ("floor_area", "int", "(m2)"),
            ),
            ("store_key",),
            rows=[(number, *row) for number, row in enumerate(_STORES, start=1)],
        ),
        Spec(
            "dim_customer",
            (
                ("customer_key", "int", ""), ("customer_name", "text", ""), ("gender", "text", ""),
                ("segment", "text", ""), ("city", "text", ""), ("birth_year", "int", ""),
            ),
            ("customer_key",),
            rows=customers,
        ),
        Spec(
            "fact_sales",
            (
                ("sale_key", "int", ""), ("date_key", "int", ""), ("product_key", "int", ""),
                ("store_key", "int", ""), ("customer_key", "int", ""), ("quantity", "int", ""),
                ("sales_amount", "int", ""), ("cost_amount", "int", ""),
                ("discount_amount", "int", ""),
            ),
            ("sale_key",),
            (
                ("date_key", "dim_date", "date_key"), ("product_key", "dim_product", "product_key"),
                ("store_key", "dim_store", "store_key"),
                ("customer_key", "dim_customer", "customer_key"),
            ),
            sales,
        ),
        Spec(
            "fact_returns",
            (
                ("return_key", "int", ""), ("date_key", "int", ""), ("product_key", "int", ""),
                ("store_key", "int", ""), ("quantity", "int", ""), ("refund_amount", "int", ""),
            ),
            ("return_key",),
            (
                ("date_key", "dim_date", "date_key"), ("product_key", "dim_product", "product_key"),
                ("store_key", "dim_store", "store_key"),
            ),
            list(_returns(rng, sales)),
        ),
    ]  # fmt: skip


_Row = tuple[object, ...]


def _key(day: date) -> int:
    return day.year * 10_000 + day.month * 100 + day.day


def _customers(rng: random.Random) -> list[_Row]:
    names = [f"{given} {family}" for given in _GIVEN for family in _FAMILY]
    return [
        (
            number,
            name,
            rng.choice("FM"),
            rng.choice(_SEGMENTS),
            rng.choice(_CITIES),
            rng.choice((None, *range(1960, 2006))),
        )
        for number, name in enumerate(names, start=1)
    ]


def _sales(rng: random.Random, days: list[date], customers: int) -> list[tuple[int | None, ...]]:
    """Sales that grow with the years and peak in December; every fifth is without a customer."""
    weights = [(6 + day.year - 2023) * (2 if day.month == 12 else 1) for day in days]
    unsold = {
        number for number, row in enumerate(_PRODUCTS, 1) if row[0] in {"Tent", "Ceiling Fan"}
    }
    products = [number for number in range(1, len(_PRODUCTS) + 1) if number not in unsold]
    popular = [number for number in products for _ in range(1 + number % 5)]
    stores = [number for number in range(1, len(_STORES)) for _ in range(1 + number * 7 % 6)]
    rows: list[tuple[int | None, ...]] = []
    for number, day in enumerate(sorted(rng.choices(days, weights, k=4_200)), start=1):
        product = rng.choice(popular)
        price = _PRODUCTS[product - 1][3]
        quantity = 1 + rng.randrange(1 + rng.randrange(6))
        discount = price * quantity * rng.choice((0, 0, 0, 5, 10, 20)) // 100
        amount = price * quantity - discount
        cost = price * quantity * (55 + rng.randrange(25)) // 100
        buyer = None if rng.randrange(5) == 0 else 1 + rng.randrange(customers - 6)
        store = rng.choice(stores)
        rows.append((number, _key(day), product, store, buyer, quantity, amount, cost, discount))
    return rows


def _returns(rng: random.Random, sales: list[tuple[int | None, ...]]) -> list[_Row]:
    rows: list[_Row] = []
    for sale in sorted(rng.sample(sales, 260)):
        _, day, product, store, _, quantity, amount, *_ = sale
        assert quantity is not None
        assert amount is not None
        back = 1 + rng.randrange(quantity)
        rows.append((len(rows) + 1, day, product, store, back, amount * back // quantity))
    return rows
