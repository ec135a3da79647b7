"""The demo database: a synthetic register of Indonesian cooperatives in one SQLite file.

The provinces, capitals and island groups are real; every cooperative and every figure is made up,
and a table of the database says so (``tentang_data``). Only this module contains the
names of the demo schema: the analyst reads them from the database, like those of any other.

The English words for English questions are where a database administrator would put them, in
comments of the DDL: ``-- name (unit); value = meaning``.
"""

import os
import random
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

__all__ = ["COOPERATIVES", "SEED", "create_demo_database"]

SEED = 19470712
"""Seed of every figure: Indonesia's first cooperative congress was on 12 July 1947."""

COOPERATIVES = 2_400
"""Number of cooperatives."""

FIRST_REPORT, LAST_REPORT = 2020, 2024
"""Years (inclusive) for which a cooperative may have handed in an annual report."""

_SCHEMA = """
CREATE TABLE tentang_data ( -- about this data
    perihal TEXT PRIMARY KEY,
    keterangan TEXT NOT NULL
);
CREATE TABLE provinsi ( -- province
    provinsi_id INTEGER PRIMARY KEY,
    nama_provinsi TEXT NOT NULL UNIQUE, -- province name; {provinces}
    ibu_kota TEXT NOT NULL, -- provincial capital city
    pulau TEXT NOT NULL -- island group, island; Jawa = Java, Bali dan Nusa Tenggara = Lesser Sunda Islands
);
CREATE TABLE koperasi ( -- cooperative
    koperasi_id INTEGER PRIMARY KEY,
    nama_koperasi TEXT NOT NULL UNIQUE, -- cooperative name
    provinsi_id INTEGER NOT NULL REFERENCES provinsi (provinsi_id),
    jenis_koperasi TEXT NOT NULL, -- type; Simpan Pinjam = savings and loan, Konsumen = consumer, Produsen = producer, Jasa = service, Pemasaran = marketing
    status_koperasi TEXT NOT NULL, -- status; Aktif = active, Tidak Aktif = inactive, Dibekukan = suspended
    tahun_berdiri INTEGER NOT NULL, -- founding year, founded
    modal_awal INTEGER NOT NULL, -- founding capital, initial capital (Rp)
    total_aset INTEGER NOT NULL, -- total assets (Rp)
    jumlah_anggota INTEGER NOT NULL -- number of members
);
CREATE TABLE laporan_tahunan ( -- annual report
    laporan_id INTEGER PRIMARY KEY,
    koperasi_id INTEGER NOT NULL REFERENCES koperasi (koperasi_id),
    tahun_buku INTEGER NOT NULL, -- financial year, reporting year
    pendapatan INTEGER NOT NULL, -- revenue, income (Rp)
    sisa_hasil_usaha INTEGER NOT NULL, -- surplus (Rp)
    UNIQUE (koperasi_id, tahun_buku)
);
CREATE INDEX koperasi_per_provinsi ON koperasi (provinsi_id);
"""  # noqa: E501 -- a column and its comment belong on one line: that is how they are found

_ABOUT = (
    ("sifat", "DATA SINTETIS untuk demonstrasi: semua koperasi dan angkanya dibuat oleh program."),
    ("notice", "SYNTHETIC DATA for demonstration: every cooperative and figure is generated."),
    ("asal", "kai_flow.connections.demo.create_demo_database"),
)

# name, capital, island group
_PROVINCES = (
    ("Aceh", "Banda Aceh", "Sumatra"),
    ("Sumatera Utara", "Medan", "Sumatra"),
    ("Sumatera Barat", "Padang", "Sumatra"),
    ("Riau", "Pekanbaru", "Sumatra"),
    ("Kepulauan Riau", "Tanjungpinang", "Sumatra"),
    ("Jambi", "Jambi", "Sumatra"),
    ("Sumatera Selatan", "Palembang", "Sumatra"),
    ("Kepulauan Bangka Belitung", "Pangkalpinang", "Sumatra"),
    ("Bengkulu", "Bengkulu", "Sumatra"),
    ("Lampung", "Bandar Lampung", "Sumatra"),
    ("DKI Jakarta", "Jakarta", "Jawa"),
    ("Banten", "Serang", "Jawa"),
    ("Jawa Barat", "Bandung", "Jawa"),
    ("Jawa Tengah", "Semarang", "Jawa"),
    ("DI Yogyakarta", "Yogyakarta", "Jawa"),
    ("Jawa Timur", "Surabaya", "Jawa"),
    ("Bali", "Denpasar", "Bali dan Nusa Tenggara"),
    ("Nusa Tenggara Barat", "Mataram", "Bali dan Nusa Tenggara"),
    ("Nusa Tenggara Timur", "Kupang", "Bali dan Nusa Tenggara"),
    ("Kalimantan Barat", "Pontianak", "Kalimantan"),
    ("Kalimantan Tengah", "Palangka Raya", "Kalimantan"),
    ("Kalimantan Selatan", "Banjarbaru", "Kalimantan"),
    ("Kalimantan Timur", "Samarinda", "Kalimantan"),
    ("Kalimantan Utara", "Tanjung Selor", "Kalimantan"),
    ("Sulawesi Utara", "Manado", "Sulawesi"),
    ("Gorontalo", "Gorontalo", "Sulawesi"),
    ("Sulawesi Tengah", "Palu", "Sulawesi"),
    ("Sulawesi Barat", "Mamuju", "Sulawesi"),
    ("Sulawesi Selatan", "Makassar", "Sulawesi"),
    ("Sulawesi Tenggara", "Kendari", "Sulawesi"),
    ("Maluku", "Ambon", "Maluku"),
    ("Maluku Utara", "Sofifi", "Maluku"),
    ("Papua", "Jayapura", "Papua"),
    ("Papua Barat", "Manokwari", "Papua"),
    ("Papua Barat Daya", "Sorong", "Papua"),
    ("Papua Tengah", "Nabire", "Papua"),
    ("Papua Pegunungan", "Wamena", "Papua"),
    ("Papua Selatan", "Merauke", "Papua"),
)

# Indonesian puts the direction after the name: "Jawa Barat" is West Java.
_DIRECTIONS = {
    "Barat Daya": "Southwest",
    "Utara": "North",
    "Selatan": "South",
    "Barat": "West",
    "Timur": "East",
    "Tengah": "Central",
    "Tenggara": "Southeast",  # Nusa Tenggara itself always has a direction after it
    "Pegunungan": "Highland",
}
_NAMES = {"Jawa": "Java", "Sumatera": "Sumatra", "Kepulauan Riau": "Riau Islands"}

# value and weight
_TYPES = {"Simpan Pinjam": 40, "Konsumen": 25, "Produsen": 17, "Jasa": 12, "Pemasaran": 6}
_STATES = {"Aktif": 74, "Tidak Aktif": 20, "Dibekukan": 6}

_FIRST = (
    "Maju",
    "Karya",
    "Sumber",
    "Mitra",
    "Bina",
    "Citra",
    "Tunas",
    "Harapan",
    "Usaha",
    "Cahaya",
)
_SECOND = ("Jaya", "Bersama", "Sejahtera", "Makmur", "Mandiri", "Lestari", "Abadi", "Sentosa")

_JAVA_FOLD = 4  # Java holds more than half of all Indonesians: its provinces get more entries


def create_demo_database(path: Path) -> None:
    """Write the demo database to ``path``, replacing what is there.

    The content depends only on this module. The file appears in one step (written beside
    its place, then renamed), so two processes that create it at once both leave a whole one.
    The folder must exist; ``OSError`` when it cannot be written.
    """
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".new", dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        with closing(sqlite3.connect(temporary)) as db, db:
            _fill(db)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _fill(db: sqlite3.Connection) -> None:
    """Create the tables and insert every row."""
    english = ", ".join(f"{name} = {_english(name)}" for name, _, _ in _PROVINCES if _english(name))
    db.executescript(_SCHEMA.replace("{provinces}", english))
    db.executemany("INSERT INTO tentang_data VALUES (?, ?)", _ABOUT)
    db.executemany(
        "INSERT INTO provinsi VALUES (?, ?, ?, ?)",
        [(number, *row) for number, row in enumerate(_PROVINCES, start=1)],
    )
    # Integers from `randrange` only: floats from a platform's math library could differ.
    rng = random.Random(SEED)
    cooperatives = list(_cooperatives(rng))
    db.executemany("INSERT INTO koperasi VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", cooperatives)
    db.executemany(
        "INSERT INTO laporan_tahunan VALUES (?, ?, ?, ?, ?)",
        [(number, *row) for number, row in enumerate(_reports(rng, cooperatives), start=1)],
    )


def _english(name: str) -> str:
    """The English name of a province; empty when it is the same."""
    for indonesian, english in _DIRECTIONS.items():
        stem = name.removesuffix(f" {indonesian}")
        if stem != name:
            return f"{english} {_NAMES.get(stem, stem)}"
    return _NAMES.get(name, "")


_Cooperative = tuple[int, str, int, str, str, int, int, int, int]


def _cooperatives(rng: random.Random) -> Iterator[_Cooperative]:
    """Every cooperative as a row of its table."""
    homes = [
        number
        for number, (_, _, island) in enumerate(_PROVINCES, start=1)
        for _ in range(_JAVA_FOLD if island == "Jawa" else 1)
    ]
    wealth = [60 + rng.randrange(80) for _ in _PROVINCES]  # per cent of the national level
    taken: dict[str, int] = {}
    for number in range(1, COOPERATIVES + 1):
        home = number if number <= len(_PROVINCES) else rng.choice(homes)  # none stays empty
        kind = _weighted(rng, _TYPES)
        capital = (15 + _skewed(rng, 480)) * wealth[home - 1] * 10_000
        members = 20 + _skewed(rng, 900)
        assets = capital * (105 + _skewed(rng, 700)) // 100
        founded = 1965 + max(rng.randrange(60), rng.randrange(60))
        name = f"Koperasi {rng.choice(_FIRST)} {rng.choice(_SECOND)} {_PROVINCES[home - 1][1]}"
        taken[name] = taken.get(name, 0) + 1
        if taken[name] > 1:
            name = f"{name} {taken[name]}"
        state = _weighted(rng, _STATES)
        yield number, name, home, kind, state, founded, capital, assets, members


def _reports(
    rng: random.Random, cooperatives: list[_Cooperative]
) -> Iterator[tuple[int, int, int, int]]:
    """Annual reports: (cooperative, year, revenue, surplus); a few surpluses are losses."""
    for number, _, _, _, state, founded, _, assets, _ in cooperatives:
        last = LAST_REPORT if state == "Aktif" else LAST_REPORT - 1 - rng.randrange(3)
        revenue = assets * (15 + rng.randrange(45)) // 100
        for year in range(max(FIRST_REPORT, founded), last + 1):
            revenue = revenue * (92 + rng.randrange(24)) // 100
            yield number, year, revenue, revenue * (rng.randrange(22) - 4) // 100


def _weighted(rng: random.Random, weights: dict[str, int]) -> str:
    """One of the keys, chosen by weight."""
    return rng.choice([value for value, weight in weights.items() for _ in range(weight)])


def _skewed(rng: random.Random, top: int) -> int:
    """An integer in [0, top), small ones far more often, like the sizes of firms."""
    return rng.randrange(1 + rng.randrange(1 + rng.randrange(top)))
