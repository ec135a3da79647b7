"""Two CSV files without any key, each opened as a connection of its own."""

import random
from datetime import date, timedelta

from tests.engines.loading import Spec

NAMES = {
    "sales": "penjualan",
    "sales.date": "tanggal",
    "sales.region": "wilayah",
    "sales.city": "kota",
    "sales.product": "produk",
    "sales.category": "kategori",
    "sales.channel": "kanal",
    "sales.salesperson": "penjual",
    "sales.quantity": "jumlah",
    "sales.unit_price": "harga_satuan",
    "targets": "sasaran",
    "targets.month": "bulan",
    "targets.region": "wilayah",
    "targets.target": "target",
}

_LAST = date(2025, 4, 16)

_REGIONS = {
    "Jawa Barat": ("Bandung", "Bogor", "Bekasi"),
    "Jawa Timur": ("Surabaya", "Malang"),
    "Bali": ("Denpasar",),
    "Sumatera Utara": ("Medan", "Binjai"),
    "Sulawesi Selatan": ("Makassar",),
}
_PRODUCTS = (
    ("Kopi Arabika", "Kopi", 85_000), ("Kopi Robusta", "Kopi", 62_000),
    ("Teh Hijau", "Teh", 38_000),
    ("Teh Melati", "Teh", 29_500), ("Cokelat Bubuk", "Cokelat", 54_000),
    ("Gula Aren", "Pemanis", 33_000), ("Madu Hutan", "Pemanis", 120_000),
)  # fmt: skip
_CHANNELS = ("Online", "Online", "Store", "Store", "Store", "Wholesale")
_PEOPLE = ("Ayu", "Bagus", "Candra", "Dian", "Erwin", "Fitri", "Galih", "Heni")


def tables() -> list[Spec]:
    """The rows of each file."""
    rng = random.Random(20250416)
    days = sorted(_LAST - timedelta(days=rng.randrange(830)) for _ in range(2_600))
    return [
        Spec(
            "sales",
            (
                ("date", "date", ""), ("region", "text", ""), ("city", "text", ""),
                ("product", "text", ""), ("category", "text", ""), ("channel", "text", ""),
                ("salesperson", "text", ""), ("quantity", "int", ""), ("unit_price", "int", ""),
            ),
            rows=[_sale(rng, day) for day in days],
        ),
        Spec(
            "targets",
            (("month", "text", ""), ("region", "text", ""), ("target", "int", "")),
            rows=[
                (f"{year}-{month:02}", region, (20 + rng.randrange(60)) * 500_000)
                for year in (2023, 2024, 2025)
                for month in range(1, 13)
                for region in _REGIONS
            ],
        ),
    ]  # fmt: skip


def _sale(rng: random.Random, day: date) -> tuple[object, ...]:
    region = rng.choice([name for name in _REGIONS for _ in range(len(_REGIONS[name]))])
    channel = rng.choice(_CHANNELS)
    product, category, price = rng.choice(_PRODUCTS)
    return (
        day.isoformat(),
        region,
        None if channel == "Online" and rng.randrange(3) == 0 else rng.choice(_REGIONS[region]),
        product,
        category,
        channel,
        rng.choice(_PEOPLE) if rng.randrange(10) else None,
        1 + rng.randrange(1 + rng.randrange(40)),
        price * rng.choice((90, 100, 100, 110)) // 100,
    )
