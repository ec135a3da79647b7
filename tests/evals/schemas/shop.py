"""A web shop with line items: what is summed over orders and over items differs."""

import random
from datetime import date, timedelta

from tests.engines.loading import Spec

NAMES = {
    "customers": "pelanggan",
    "customers.customer_id": "pelanggan_id",
    "customers.customer_name": "nama_pelanggan",
    "customers.email": "surel",
    "customers.city": "kota",
    "customers.segment": "segmen",
    "customers.joined_on": "tanggal_daftar",
    "categories": "kategori",
    "categories.category_id": "kategori_id",
    "categories.category_name": "nama_kategori",
    "products": "barang",
    "products.product_id": "barang_id",
    "products.product_name": "nama_barang",
    "products.category_id": "kategori_id",
    "products.price": "harga",
    "products.stock": "stok",
    "products.discontinued": "dihentikan",
    "orders": "pesanan",
    "orders.order_id": "pesanan_id",
    "orders.customer_id": "pelanggan_id",
    "orders.order_date": "tanggal_pesanan",
    "orders.status": "status_pesanan",
    "orders.ship_city": "kota_kirim",
    "orders.payment_method": "metode_pembayaran",
    "orders.shipping_fee": "ongkos_kirim",
    "order_items": "rincian_pesanan",
    "order_items.order_id": "pesanan_id",
    "order_items.line_no": "nomor_baris",
    "order_items.product_id": "barang_id",
    "order_items.quantity": "jumlah",
    "order_items.unit_price": "harga_satuan",
    "order_items.discount": "diskon",
    "returns": "pengembalian",
    "returns.return_id": "pengembalian_id",
    "returns.order_id": "pesanan_id",
    "returns.product_id": "barang_id",
    "returns.return_date": "tanggal_pengembalian",
    "returns.quantity": "jumlah",
    "returns.reason": "alasan",
}

GLOSSARY = {
    "revenue": "order_items.quantity * order_items.unit_price * (1 - order_items.discount)",
    "omzet": "order_items.quantity * order_items.unit_price * (1 - order_items.discount)",
}

_LAST = date(2025, 5, 20)

_CATEGORIES = ("Books", "Toys", "Garden", "Kitchen", "Clothing", "Music")  # no product is Music

_PRODUCTS = (
    ("Atlas of the World", 1, 39.5), ("Cooking for Two", 1, 18.0), ("Pocket Dictionary", 1, 9.9),
    ("Mystery Novel", 1, 12.5), ("Wooden Train", 2, 34.0), ("Puzzle 1000", 2, 14.9),
    ("Teddy Bear", 2, 22.0), ("Kite", 2, 17.5), ("Garden Hose", 3, 27.9), ("Rose Seeds", 3, 3.2),
    ("Lawn Mower", 3, 249.0), ("Watering Can", 3, 15.5), ("Frying Pan", 4, 32.0),
    ("Tea Kettle", 4, 41.0), ("Chef Knife", 4, 58.0), ("Bread Basket", 4, 12.9),
    ("Wool Scarf", 5, 24.0), ("Rain Jacket", 5, 89.0), ("Cotton Shirt", 5, 29.0),
    ("Winter Gloves", 5, 19.0), ("Silk Tie", 5, 45.0),
)  # fmt: skip

_CITIES = ("London", "Leeds", "Bristol", "Glasgow", "Cardiff", "York", "Oxford")
_GIVEN = ("Alice", "Ben", "Clara", "David", "Emma", "Frank", "Grace", "Harry", "Isla", "Jack")
_FAMILY = ("Smith", "Jones", "Brown", "Taylor", "Evans", "Walker", "Wright", "Hall", "Green")
_STATUSES = ("delivered",) * 7 + ("cancelled", "pending", "shipped")
_PAYMENTS = ("card", "card", "card", "paypal", "paypal", "invoice", None)
_REASONS = ("damaged", "wrong item", "too late", "not needed", None)

_Row = tuple[object, ...]


def tables() -> list[Spec]:
    """Every table with its rows."""
    rng = random.Random(20250520)
    customers = _customers(rng)
    orders = _orders(rng, len(customers))
    items = _items(rng, orders)
    return [
        Spec(
            "customers",
            (
                ("customer_id", "int", ""), ("customer_name", "text", ""), ("email", "text", ""),
                ("city", "text", ""), ("segment", "text", ""), ("joined_on", "date", ""),
            ),
            ("customer_id",),
            rows=customers,
        ),
        Spec(
            "categories",
            (("category_id", "int", ""), ("category_name", "text", "")),
            ("category_id",),
            rows=list(enumerate(_CATEGORIES, start=1)),
        ),
        Spec(
            "products",
            (
                ("product_id", "int", ""), ("product_name", "text", ""),
                ("category_id", "int", ""), ("price", "real", ""), ("stock", "int", ""),
                ("discontinued", "bool", ""),
            ),
            ("product_id",),
            (("category_id", "categories", "category_id"),),
            [
                (number, name, category, price, rng.randrange(200), number % 7 == 0)
                for number, (name, category, price) in enumerate(_PRODUCTS, start=1)
            ],
        ),
        Spec(
            "orders",
            (
                ("order_id", "int", ""), ("customer_id", "int", ""), ("order_date", "date", ""),
                ("status", "text", ""), ("ship_city", "text", ""), ("payment_method", "text", ""),
                ("shipping_fee", "real", ""),
            ),
            ("order_id",),
            (("customer_id", "customers", "customer_id"),),
            orders,
        ),
        Spec(
            "order_items",
            (
                ("order_id", "int", ""), ("line_no", "int", ""), ("product_id", "int", ""),
                ("quantity", "int", ""), ("unit_price", "real", ""), ("discount", "real", ""),
            ),
            ("order_id", "line_no"),
            (("order_id", "orders", "order_id"), ("product_id", "products", "product_id")),
            items,
        ),
        Spec(
            "returns",
            (
                ("return_id", "int", ""), ("order_id", "int", ""), ("product_id", "int", ""),
                ("return_date", "date", ""), ("quantity", "int", ""), ("reason", "text", ""),
            ),
            ("return_id",),
            (("order_id", "orders", "order_id"), ("product_id", "products", "product_id")),
            _returns(rng, orders, items),
        ),
    ]  # fmt: skip


def _customers(rng: random.Random) -> list[_Row]:
    names = [f"{given} {family}" for given in _GIVEN for family in _FAMILY]
    return [
        (
            number,
            name,
            f"{name.lower().replace(' ', '.')}@example.org" if number % 9 else None,
            rng.choice(_CITIES),
            rng.choice(("consumer", "consumer", "business", None)),
            (date(2021, 6, 1) + timedelta(days=rng.randrange(1_300))).isoformat(),
        )
        for number, name in enumerate(names, start=1)
    ]


def _orders(rng: random.Random, customers: int) -> list[_Row]:
    """Orders of all but the last eight customers; some are sent to another city."""
    days = sorted(
        _LAST - timedelta(days=min(rng.randrange(1_200), rng.randrange(1_200)))
        for _ in range(1_400)
    )
    return [
        (
            number,
            1 + min(rng.randrange(customers - 8), rng.randrange(customers - 8)),
            day.isoformat(),
            rng.choice(_STATUSES),
            rng.choice(_CITIES[:6]),
            rng.choice(_PAYMENTS),
            rng.choice((0.0, 2.5, 4.9, 7.5)),
        )
        for number, day in enumerate(days, start=1)
    ]


def _items(rng: random.Random, orders: list[_Row]) -> list[tuple[int, int, int, int, float, float]]:
    """One to five lines an order, each of another product; the last product is never ordered."""
    rows = []
    for number in range(1, len(orders) + 1):
        products = rng.sample(range(1, len(_PRODUCTS)), 1 + rng.randrange(1 + rng.randrange(5)))
        for line, product in enumerate(products, start=1):
            price = round(_PRODUCTS[product - 1][2] * rng.choice((90, 95, 100, 100)) / 100, 2)
            discount = rng.choice((0.0, 0.0, 0.0, 0.05, 0.1, 0.25))
            quantity = 1 + rng.randrange(1 + rng.randrange(8))
            rows.append((number, line, product, quantity, price, discount))
    return rows


def _returns(
    rng: random.Random, orders: list[_Row], items: list[tuple[int, int, int, int, float, float]]
) -> list[_Row]:
    rows: list[_Row] = []
    for number, _, product, quantity, _, _ in sorted(rng.sample(items, 190)):
        if orders[number - 1][3] == "delivered":
            day = date.fromisoformat(str(orders[number - 1][2])) + timedelta(rng.randrange(3, 30))
            back = 1 + rng.randrange(quantity)
            if day <= _LAST:
                number_of = len(rows) + 1
                rows.append(
                    (number_of, number, product, day.isoformat(), back, rng.choice(_REASONS))
                )
    return rows
