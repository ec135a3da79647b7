"""Shipments between two cities, people with managers, timestamps and units; Indonesian names."""

import random
from datetime import datetime, timedelta

from tests.engines.loading import Spec

NAMES = {
    "kota": "cities",
    "kota.kota_id": "city_id",
    "kota.nama_kota": "city_name",
    "kota.provinsi": "province",
    "kota.pulau": "island",
    "pegawai": "employees",
    "pegawai.pegawai_id": "employee_id",
    "pegawai.nama_pegawai": "employee_name",
    "pegawai.jabatan": "position",
    "pegawai.atasan_id": "manager_id",
    "pegawai.kota_id": "city_id",
    "pegawai.gaji": "salary",
    "pegawai.tanggal_masuk": "hired_on",
    "kendaraan": "vehicles",
    "kendaraan.kendaraan_id": "vehicle_id",
    "kendaraan.nomor_polisi": "plate_number",
    "kendaraan.jenis": "vehicle_type",
    "kendaraan.kapasitas": "capacity",
    "pengiriman": "shipments",
    "pengiriman.pengiriman_id": "shipment_id",
    "pengiriman.nomor_resi": "tracking_number",
    "pengiriman.kota_asal_id": "origin_city_id",
    "pengiriman.kota_tujuan_id": "destination_city_id",
    "pengiriman.sopir_id": "driver_id",
    "pengiriman.kendaraan_id": "vehicle_id",
    "pengiriman.waktu_kirim": "sent_at",
    "pengiriman.waktu_tiba": "arrived_at",
    "pengiriman.layanan": "service",
    "pengiriman.status": "state",
    "pengiriman.berat": "weight",
    "pengiriman.jarak": "distance",
    "pengiriman.ongkos": "cost",
    "paket": "parcels",
    "paket.paket_id": "parcel_id",
    "paket.pengiriman_id": "shipment_id",
    "paket.isi": "content",
    "paket.berat": "weight",
    "paket.nilai_barang": "declared_value",
    "paket.rusak": "damaged",
}

_LAST = datetime(2025, 3, 21, 17, 30)  # noqa: DTZ001 -- databases keep local times without a zone

_CITIES = (
    ("Jakarta", "DKI Jakarta", "Jawa"), ("Bandung", "Jawa Barat", "Jawa"),
    ("Cirebon", "Jawa Barat", "Jawa"), ("Semarang", "Jawa Tengah", "Jawa"),
    ("Surabaya", "Jawa Timur", "Jawa"), ("Malang", "Jawa Timur", "Jawa"),
    ("Medan", "Sumatera Utara", "Sumatera"), ("Padang", "Sumatera Barat", "Sumatera"),
    ("Palembang", "Sumatera Selatan", "Sumatera"), ("Makassar", "Sulawesi Selatan", "Sulawesi"),
    ("Manado", "Sulawesi Utara", "Sulawesi"), ("Denpasar", "Bali", "Bali"),  # 2 receive only
)  # fmt: skip

_PEOPLE = (
    "Agus Setiawan", "Bambang Irawan", "Cahyo Nugroho", "Desi Ratnasari", "Endang Suryani",
    "Fajar Ramadhan", "Gunawan Susilo", "Hesti Wulandari", "Iwan Kurnia", "Jamal Fauzi",
    "Kartika Sari", "Lukman Hakim", "Mulyono", "Nurul Aini", "Oki Firmansyah", "Panji Asmoro",
    "Ratna Dewanti", "Slamet Riyadi", "Teguh Prakoso", "Umar Bakri", "Vina Melati", "Wahyu Aji",
    "Yanto Subroto", "Zaenal Arifin", "Rina Oktavia", "Bagas Wicaksono",
)  # fmt: skip

_TYPES = (("Truk", 8_000), ("Truk", 5_000), ("Pikap", 1_200), ("Van", 900), ("Motor", 40))
_CONTENTS = ("elektronik", "pakaian", "makanan", "buku", "suku cadang", None)

_Row = tuple[object, ...]


def tables() -> list[Spec]:
    """Every table with its rows."""
    rng = random.Random(20250321)
    vehicles = [
        (number, f"B {1100 + number * 37} KX", *_TYPES[number % 5]) for number in range(1, 19)
    ]
    shipments, parcels = _shipments(rng)
    return [
        Spec(
            "kota",
            (
                ("kota_id", "int", ""), ("nama_kota", "text", ""), ("provinsi", "text", ""),
                ("pulau", "text", ""),
            ),
            ("kota_id",),
            rows=[(number, *row) for number, row in enumerate(_CITIES, start=1)],
        ),
        Spec(
            "pegawai",
            (
                ("pegawai_id", "int", ""), ("nama_pegawai", "text", ""), ("jabatan", "text", ""),
                ("atasan_id", "int", ""), ("kota_id", "int", ""), ("gaji", "int", "(Rp)"),
                ("tanggal_masuk", "date", ""),
            ),
            ("pegawai_id",),
            (("atasan_id", "pegawai", "pegawai_id"), ("kota_id", "kota", "kota_id")),
            _people(rng),
        ),
        Spec(
            "kendaraan",
            (
                ("kendaraan_id", "int", ""), ("nomor_polisi", "text", ""), ("jenis", "text", ""),
                ("kapasitas", "int", "(kg)"),
            ),
            ("kendaraan_id",),
            rows=vehicles,
        ),
        Spec(
            "pengiriman",
            (
                ("pengiriman_id", "int", ""), ("nomor_resi", "text", ""),
                ("kota_asal_id", "int", ""), ("kota_tujuan_id", "int", ""),
                ("sopir_id", "int", ""), ("kendaraan_id", "int", ""),
                ("waktu_kirim", "time", ""), ("waktu_tiba", "time", ""), ("layanan", "text", ""),
                ("status", "text", ""), ("berat", "real", "(kg)"), ("jarak", "int", "(km)"),
                ("ongkos", "int", "(Rp)"),
            ),
            ("pengiriman_id",),
            (
                ("kota_asal_id", "kota", "kota_id"), ("kota_tujuan_id", "kota", "kota_id"),
                ("sopir_id", "pegawai", "pegawai_id"),
                ("kendaraan_id", "kendaraan", "kendaraan_id"),
            ),
            shipments,
        ),
        Spec(
            "paket",
            (
                ("paket_id", "int", ""), ("pengiriman_id", "int", ""), ("isi", "text", ""),
                ("berat", "real", "(kg)"), ("nilai_barang", "int", "(Rp)"), ("rusak", "int", ""),
            ),
            ("paket_id",),
            (("pengiriman_id", "pengiriman", "pengiriman_id"),),
            parcels,
        ),
    ]  # fmt: skip


def _people(rng: random.Random) -> list[_Row]:
    """One director, four managers under the director, and drivers under the managers."""
    rows: list[_Row] = []
    for number, name in enumerate(_PEOPLE, start=1):
        position = "Direktur" if number == 1 else "Manajer" if number < 6 else "Sopir"
        manager = None if number == 1 else 1 if number < 6 else 2 + number % 4
        pay = {"Direktur": 42_000_000, "Manajer": 17_000_000, "Sopir": 5_200_000}[position]
        day = datetime(2015, 2, 1) + timedelta(days=rng.randrange(3_500))  # noqa: DTZ001 -- a day
        rows.append(
            (
                number, name, position, manager, 1 + rng.randrange(len(_CITIES)),
                pay + rng.randrange(30) * 75_000, day.date().isoformat(),
            )
        )  # fmt: skip
    return rows


def _shipments(rng: random.Random) -> tuple[list[_Row], list[_Row]]:
    """Shipments with their weight, and their parcels; the last three drivers have none."""
    shipments: list[_Row] = []
    parcels: list[_Row] = []
    times = sorted(_LAST - timedelta(minutes=rng.randrange(60 * 24 * 800)) for _ in range(1_500))
    for number, sent in enumerate(times, start=1):
        origin = 1 + min(rng.randrange(12), rng.randrange(12), 9)
        target = rng.choice([city for city in range(1, 13) if city != origin])
        late = sent > _LAST - timedelta(days=4)
        status = rng.choice(("dalam perjalanan",) if late else ("tiba",) * 9 + ("batal", "hilang"))
        arrived = sent + timedelta(minutes=300 + rng.randrange(6_000)) if status == "tiba" else None
        weight = 0
        for _ in range(1 + rng.randrange(1 + rng.randrange(4))):
            grams = 200 + rng.randrange(1 + rng.randrange(40_000))
            weight += grams
            parcels.append(
                (
                    len(parcels) + 1, number, rng.choice(_CONTENTS), grams / 1000,
                    (1 + rng.randrange(80)) * 25_000, int(rng.randrange(14) == 0),
                )
            )  # fmt: skip
        distance = 60 + abs(origin - target) * 170 + rng.randrange(90)
        shipments.append(
            (
                number, f"KRM{number:06}", origin, target, 6 + rng.randrange(len(_PEOPLE) - 8),
                1 + rng.randrange(17), _text(sent), _text(arrived),
                rng.choice(("Reguler", "Reguler", "Ekspres", "Kargo")), status, weight / 1000,
                distance, 9_000 + distance * 25 + weight // 100 * 60,
            )
        )  # fmt: skip
    return shipments, parcels


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat(sep=" ", timespec="seconds") if moment else None
