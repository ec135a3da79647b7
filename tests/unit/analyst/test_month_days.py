"""Days of the week beside days of the month, in a table of dates."""

from datetime import date

from kai_flow.analyst.query.printing import printed
from kai_flow.analyst.reading.reader import Understood, read
from kai_flow.analyst.semantics.index import Index
from tests.unit.analyst.scanned import model_of

DATES = model_of(
    """
    CREATE TABLE kalender (kunci_tanggal INTEGER PRIMARY KEY, tahun INTEGER, bulan INTEGER,
      hari INTEGER, nama_hari TEXT);
    CREATE TABLE penjualan (id INTEGER PRIMARY KEY,
      kunci_tanggal INTEGER REFERENCES kalender(kunci_tanggal), nilai_penjualan INTEGER);
    INSERT INTO kalender VALUES (20240105, 2024, 1, 5, 'Friday'), (20240112, 2024, 1, 12, 'Friday'),
      (20240128, 2024, 1, 28, 'Sunday');
    INSERT INTO penjualan VALUES (1, 20240105, 40), (2, 20240112, 4), (3, 20240128, 90);
    """
)


def test_days_of_the_month_are_no_days_of_the_week() -> None:
    """The day of the week with the most sales is one by its name, and not the 28th."""
    for question in (
        "Which day of the week brings in the highest total sales amount?",
        "which weekday has the highest total sales amount?",
    ):
        found = read(question, DATES, Index(DATES), date(2024, 12, 31))[0]

        assert isinstance(found, Understood), found
        assert "kalender.nama_hari top 1" in printed(found.query)
