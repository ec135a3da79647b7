"""The product's own demo database: Indonesian cooperatives, explained by comments of the DDL."""

import sqlite3
import tempfile
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from kai_flow.analyst.engines.threads import Stop
from kai_flow.connections.demo import create_demo_database
from tests.engines.loading import Spec, copied
from tests.engines.places import scan_file

NAMES = {
    "tentang_data": "about_data",
    "tentang_data.perihal": "subject",
    "tentang_data.keterangan": "remark",
    "provinsi": "region",
    "provinsi.provinsi_id": "region_id",
    "provinsi.nama_provinsi": "province_name",
    "provinsi.ibu_kota": "capital_city",
    "provinsi.pulau": "island",
    "koperasi": "cooperative",
    "koperasi.koperasi_id": "cooperative_id",
    "koperasi.nama_koperasi": "cooperative_name",
    "koperasi.provinsi_id": "region_id",
    "koperasi.jenis_koperasi": "type",
    "koperasi.status_koperasi": "status",
    "koperasi.tahun_berdiri": "founding_year",
    "koperasi.modal_awal": "founding_capital",
    "koperasi.total_aset": "total_assets",
    "koperasi.jumlah_anggota": "member_count",
    "laporan_tahunan": "annual_report",
    "laporan_tahunan.laporan_id": "report_id",
    "laporan_tahunan.koperasi_id": "cooperative_id",
    "laporan_tahunan.tahun_buku": "financial_year",
    "laporan_tahunan.pendapatan": "revenue",
    "laporan_tahunan.sisa_hasil_usaha": "surplus",
}


def tables() -> list[Spec]:
    """Every table of the demo database with its rows."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "demo.sqlite"
        create_demo_database(path)
        schema = scan_file(path, Stop(60))
        with closing(sqlite3.connect(path)) as db:
            rows: dict[str, Sequence[Sequence[object]]] = {
                name: db.execute(f'SELECT * FROM "{name}"').fetchall() for name in schema.tables
            }
    return copied(schema, rows)
