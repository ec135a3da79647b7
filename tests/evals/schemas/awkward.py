"""Awkward names: reserved words, spaces, abbreviations, codes, and two languages in one schema."""

import random
from datetime import date, timedelta

from tests.engines.loading import Spec

NAMES = {
    "cabang": "branch",
    "cabang.kd_cab": "branch_code",
    "cabang.cabang": "branch_name",
    "cabang.Wilayah": "region",
    "group": "kelompok",
    "group.grp_id": "kelompok_id",
    "group.group": "nama_kelompok",
    "group.disc_pct": "persen_diskon",
    "cust": "pelanggan",
    "cust.cust_id": "pelanggan_id",
    "cust.cust_nm": "nama_pelanggan",
    "cust.grp_id": "kelompok_id",
    "cust.Kota": "city",
    "cust.aktif": "is_active",
    "cust.Tgl Daftar": "registered_on",
    "brg": "products",
    "brg.brg_id": "product_id",
    "brg.nm_brg": "product_name",
    "brg.kat": "category",
    "brg.hrg": "price",
    "brg.limit": "minimum_stock",
    "brg.sts": "status",
    "ref_bayar": "payment_method",
    "ref_bayar.kd_bayar": "payment_code",
    "ref_bayar.ket": "description",
    "order": "pesanan",
    "order.id": "pesanan_id",
    "order.No Order": "nomor_pesanan",
    "order.tgl_trx": "tanggal_pesanan",
    "order.cust_id": "pelanggan_id",
    "order.kd_cab": "branch_code",
    "order.kd_bayar": "payment_code",
    "order.sts": "status",
    "order.Total Amt": "nilai_total",
    "order.lunas": "paid",
    "order.is_rush": "urgent",
    "Order Line": "rincian_pesanan",
    "Order Line.order_id": "pesanan_id",
    "Order Line.line": "nomor_baris",
    "Order Line.brg_id": "product_id",
    "Order Line.qty": "jumlah",
    "Order Line.hrg_sat": "harga_satuan",
}

GLOSSARY = {
    "nilai barang": '"Order Line".qty * "Order Line".hrg_sat',
    "goods value": '"Order Line".qty * "Order Line".hrg_sat',
}

_LAST = date(2025, 4, 27)

_BRANCHES = (
    ("JKT", "Jakarta Pusat", "Barat"),
    ("BDG", "Bandung", "Barat"),
    ("SMG", "Semarang", "Tengah"),
    ("SBY", "Surabaya", "Timur"),
    ("DPS", "Denpasar", "Timur"),
    ("MDN", "Medan", "Barat"),  # no order yet
)
_GROUPS = ((1, "Umum", 0.0), (2, "Silver", 2.5), (3, "Gold", 5.0), (4, "Platinum", 7.5))

_ITEMS = (
    ("Beras 5 kg", "Sembako", 68_000, 50, "A"), ("Minyak Goreng 2 L", "Sembako", 36_500, 40, "A"),
    ("Gula Pasir 1 kg", "Sembako", 17_500, 60, "A"),
    ("Tepung Terigu", "Sembako", 12_800, None, "A"),
    ("Kopi Bubuk", "Minuman", 24_000, 30, "A"), ("Teh Celup", "Minuman", 9_500, 30, "A"),
    ("Susu UHT", "Minuman", 18_900, 45, "A"), ("Sirup Jeruk", "Minuman", 21_000, None, "I"),
    ("Sabun Mandi", "Kebersihan", 4_900, 80, "A"), ("Deterjen", "Kebersihan", 27_000, 35, "A"),
    ("Sampo", "Kebersihan", 31_500, 25, "A"), ("Pasta Gigi", "Kebersihan", 13_200, 40, "I"),
    ("Biskuit", "Makanan Ringan", 11_000, 70, "A"),
    ("Keripik Singkong", "Makanan Ringan", 15_500, 50, "A"),
    ("Cokelat", "Makanan Ringan", 22_500, None, "A"),
    ("Kacang Garing", "Makanan Ringan", 13_900, 20, "I"),
    ("Kecap Manis", "Sembako", 19_900, 30, "A"),
)  # fmt: skip

_PAYMENTS = (("T", "Tunai"), ("K", "Kartu Kredit"), ("Q", "QRIS"), ("B", "Transfer Bank"))
_TOWNS = ("Bandung", "Bekasi", "Surabaya", "Semarang", "Denpasar", "Malang", "Solo", None)
_KINDS = ("Toko", "Warung", "Kios", "Depot", "UD", "CV")
_NAMES_OF = (
    "Makmur", "Barokah", "Sinar Jaya", "Sumber Rejeki", "Maju Terus", "Bu Tini", "Pak Darto",
    "Anugerah", "Sederhana", "Lancar", "Berkah Abadi", "Murah Hati",
)  # fmt: skip

_Row = tuple[object, ...]


def tables() -> list[Spec]:
    """Every table with its rows."""
    rng = random.Random(20250427)
    customers = _customers(rng)
    orders, lines = _orders(rng, len(customers))
    return [
        Spec(
            "cabang",
            (("kd_cab", "text", ""), ("cabang", "text", ""), ("Wilayah", "text", "")),
            ("kd_cab",),
            rows=_BRANCHES,
        ),
        Spec(
            "group",
            (("grp_id", "int", ""), ("group", "text", ""), ("disc_pct", "real", "(%)")),
            ("grp_id",),
            rows=_GROUPS,
        ),
        Spec(
            "cust",
            (
                ("cust_id", "int", ""), ("cust_nm", "text", ""), ("grp_id", "int", ""),
                ("Kota", "text", ""), ("aktif", "int", ""), ("Tgl Daftar", "text", ""),
            ),
            ("cust_id",),
            (("grp_id", "group", "grp_id"),),
            customers,
        ),
        Spec(
            "brg",
            (
                ("brg_id", "int", ""), ("nm_brg", "text", ""), ("kat", "text", ""),
                ("hrg", "int", "(Rp)"), ("limit", "int", "stok minimum, minimum stock"),
                ("sts", "text", "status; A = aktif, I = tidak aktif"),
            ),
            ("brg_id",),
            rows=[(number, *row) for number, row in enumerate(_ITEMS, start=1)],
            comment="barang, item",
        ),
        Spec(
            "ref_bayar",
            (("kd_bayar", "text", ""), ("ket", "text", "")),
            ("kd_bayar",),
            rows=_PAYMENTS,
            comment="cara bayar, payment method",
        ),
        Spec(
            "order",
            (
                ("id", "int", ""), ("No Order", "text", ""), ("tgl_trx", "text", ""),
                ("cust_id", "int", ""), ("kd_cab", "text", ""), ("kd_bayar", "text", ""),
                ("sts", "text", "status; A = approved, P = pending, X = cancelled"),
                ("Total Amt", "int", "(Rp)"), ("lunas", "text", "Y/N"), ("is_rush", "int", ""),
            ),
            ("id",),
            (
                ("cust_id", "cust", "cust_id"), ("kd_cab", "cabang", "kd_cab"),
                ("kd_bayar", "ref_bayar", "kd_bayar"),
            ),
            orders,
        ),
        Spec(
            "Order Line",
            (
                ("order_id", "int", ""), ("line", "int", ""), ("brg_id", "int", ""),
                ("qty", "int", ""), ("hrg_sat", "int", "(Rp)"),
            ),
            ("order_id", "line"),
            (("order_id", "order", "id"), ("brg_id", "brg", "brg_id")),
            lines,
        ),
    ]  # fmt: skip


def _customers(rng: random.Random) -> list[_Row]:
    names = [f"{kind} {name}" for name in _NAMES_OF for kind in _KINDS]
    return [
        (
            number,
            name,
            rng.choice((1, 1, 1, 2, 2, 3, 4)),
            rng.choice(_TOWNS),
            int(rng.randrange(5) > 0),
            (date(2022, 1, 1) + timedelta(days=rng.randrange(1_100))).isoformat(),
        )
        for number, name in enumerate(names, start=1)
    ]


def _orders(rng: random.Random, customers: int) -> tuple[list[_Row], list[_Row]]:
    """Orders with their total, and their lines; the last five customers never order."""
    orders: list[_Row] = []
    lines: list[_Row] = []
    days = sorted(_LAST - timedelta(days=rng.randrange(850)) for _ in range(1_100))
    for number, day in enumerate(days, start=1):
        total = 0
        items = rng.sample(range(1, len(_ITEMS)), 1 + rng.randrange(1 + rng.randrange(5)))
        for line, item in enumerate(items, start=1):
            quantity = 1 + rng.randrange(1 + rng.randrange(24))
            price = _ITEMS[item - 1][2] * rng.choice((95, 100, 100, 105)) // 100
            total += quantity * price
            lines.append((number, line, item, quantity, price))
        orders.append(
            (
                number,
                f"SO-{day.year}-{number:05}",
                day.isoformat(),
                1 + min(rng.randrange(customers - 5), rng.randrange(customers - 5)),
                rng.choice(("JKT", "JKT", "JKT", "BDG", "BDG", "SMG", "SBY", "SBY", "DPS")),
                rng.choice(("T", "T", "T", "K", "Q", "Q", "B", None)),
                rng.choice("AAAAAAPX"),
                total,
                rng.choice("YYYN"),
                int(rng.randrange(8) == 0),
            )
        )
    return orders, lines
