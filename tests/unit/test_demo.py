import sqlite3
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from kai_flow.connections.demo import COOPERATIVES, create_demo_database


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("demo") / "demo.sqlite"
    create_demo_database(path)
    return path


def _one(path: Path, sql: str) -> object:
    with closing(sqlite3.connect(path)) as db:
        return db.execute(sql).fetchone()[0]


def test_every_call_writes_the_same_bytes(demo: Path, tmp_path: Path) -> None:
    """The demo database depends on nothing but its generator."""
    create_demo_database(tmp_path / "again.sqlite")
    assert (tmp_path / "again.sqlite").read_bytes() == demo.read_bytes()


def test_it_says_that_it_is_synthetic(demo: Path) -> None:
    """Whoever opens the file reads in it that the data is made up."""
    with closing(sqlite3.connect(demo)) as db:
        text = " ".join(row[0] for row in db.execute("SELECT keterangan FROM tentang_data"))
    assert "SYNTHETIC DATA" in text
    assert "DATA SINTETIS" in text


def test_it_holds_all_provinces_and_a_few_thousand_rows(demo: Path) -> None:
    """All 38 provinces have cooperatives, and reports lie two joins away from them."""
    assert _one(demo, "SELECT COUNT(*) FROM provinsi") == 38
    assert _one(demo, "SELECT COUNT(DISTINCT provinsi_id) FROM koperasi") == 38
    assert _one(demo, "SELECT COUNT(*) FROM koperasi") == COOPERATIVES
    assert _one(demo, "SELECT COUNT(DISTINCT koperasi_id) FROM laporan_tahunan") == _one(
        demo,
        "SELECT COUNT(*) FROM koperasi WHERE koperasi_id IN"
        " (SELECT koperasi_id FROM laporan_tahunan)",
    )


def test_its_foreign_keys_hold(demo: Path) -> None:
    """No row points to a row that does not exist."""
    with closing(sqlite3.connect(demo)) as db:
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []


def test_its_figures_are_plausible(demo: Path) -> None:
    """Capital, assets and members are positive, and years lie in the past."""
    assert _one(demo, "SELECT MIN(modal_awal) > 0 AND MIN(jumlah_anggota) >= 20 FROM koperasi")
    assert _one(demo, "SELECT MIN(total_aset >= modal_awal) FROM koperasi")
    assert _one(
        demo, "SELECT MIN(tahun_berdiri) >= 1965 AND MAX(tahun_berdiri) < 2025 FROM koperasi"
    )


def test_two_processes_at_once_leave_one_whole_file(demo: Path, tmp_path: Path) -> None:
    """Processes that create it at the same time do not spoil each other's file."""
    path = tmp_path / "shared.sqlite"
    with ProcessPoolExecutor(2) as pool:
        list(pool.map(create_demo_database, [path] * 4))
    assert path.read_bytes() == demo.read_bytes()
    assert [entry.name for entry in tmp_path.iterdir()] == ["shared.sqlite"]


def test_a_folder_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    """It does not make folders nobody asked for."""
    with pytest.raises(OSError):  # noqa: PT011 -- the operating system words it
        create_demo_database(tmp_path / "missing" / "demo.sqlite")
