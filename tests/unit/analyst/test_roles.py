"""What columns are for, by name, type and what is in them."""

import pytest

from kai_flow.analyst.schema import Column, Kind, Schema, Table
from kai_flow.analyst.semantics.build import build
from kai_flow.analyst.semantics.model import Role
from tests.unit.analyst.scanned import attribute, column_of, model_of

NUMBERS = "INTEGER", "12, 340, 7, 12"


@pytest.mark.parametrize(
    "name",
    [
        *("quantity", "qty", "amount", "jumlah_anggota", "berat_kg", "total_price", "line_total"),
        *("salary", "gaji", "revenue", "cost", "biaya_kirim", "stock", "unitsSold", "Total Amt"),
        *("jumlah_unit", "total_units"),
        *("number_of_rooms", "jumlah", "passengers", "distance_km", "anggaran", "sales_amount"),
        *("jumlah_unit", "unit_sales", "units_sold", "satuan_terjual"),
    ],
)
def test_quantities_and_amounts_add_up(name: str) -> None:
    """What is counted or paid is summed."""
    assert column_of(name, *NUMBERS).role is Role.ADDITIVE


@pytest.mark.parametrize(
    "name",
    [
        *("unit_price", "price", "harga", "harga_satuan", "rating", "persentase", "age", "umur"),
        *("discount_pct", "interest_rate", "avg_score", "suhu", "temperature", "unit_cost"),
        *("cost_per_km", "tinggi_badan", "conversion_rate", "hrg_sat", "exchangeRate", "ipk"),
    ],
)
def test_rates_and_prices_do_not_add_up(name: str) -> None:
    """What is one thing's own measure is averaged, never summed."""
    assert column_of(name, *NUMBERS).role is Role.RATE


@pytest.mark.parametrize(
    "name",
    [
        *("kode_pos", "nik", "phone", "zip_code", "postcode", "no_telp", "nomor_faktur"),
        *("invoice_no", "npwp", "account_number", "telepon", "kd_cab"),
    ],
)
def test_numbers_that_are_names_are_codes(name: str) -> None:
    """A postcode or phone number is compared and counted, never added."""
    assert column_of(name, *NUMBERS).role is Role.CODE


@pytest.mark.parametrize(
    ("name", "declared", "values", "yes", "no"),
    [
        ("active", "INTEGER", "0, 1, 1", 1.0, 0.0),
        ("is_rush", "INTEGER", "0, 1, 0", 1.0, 0.0),
        ("urgent", "INTEGER", "0, 1, 0", 1.0, 0.0),
        ("returned", "BOOLEAN", "0, 1, 0", True, False),
        ("lunas", "TEXT", "'Y', 'N', 'Y'", "Y", "N"),
        ("paid", "TEXT", "'yes', 'no', 'no'", "yes", "no"),
        ("aktif", "TEXT", "'Ya', 'Tidak', 'Ya'", "Ya", "Tidak"),
        ("member", "TEXT", "'T', 'T', 'T'", "T", "F"),
    ],
)
def test_flags_have_two_values(
    name: str, declared: str, values: str, yes: object, no: object
) -> None:
    """Yes and no are recognised in every form, with the value that the database has for each."""
    found = column_of(name, declared, values)
    assert found.role is Role.FLAG
    assert [value.value for value in found.values] == [yes, no]


def test_a_small_count_is_no_flag() -> None:
    """Zero or one child is a number of children."""
    assert column_of("jumlah_anak", "INTEGER", "0, 1, 1").role is Role.ADDITIVE


@pytest.mark.parametrize(
    ("name", "values", "part"),
    [
        ("year", "2022, 2023", "year"),
        ("tahun_buku", "2022, 2023", "year"),
        ("quarter", "1, 4", "quarter"),
        ("triwulan", "1, 2", "quarter"),
        ("month", "1, 12", "month"),
        ("bulan", "3, 4", "month"),
        ("week", "1, 52", "week"),
        ("day", "1, 31", "day"),
        ("day_of_week", "1, 7", "weekday"),
        ("weekday", "1, 7", "weekday"),
    ],
)
def test_parts_of_dates_are_recognised(name: str, values: str, part: str) -> None:
    """Years, quarters, months, weeks and days as whole numbers are times."""
    found = column_of(name, "INTEGER", values)
    assert (found.role, found.part) == (Role.TIME_PART, part)


@pytest.mark.parametrize(
    ("name", "values"),
    [("month", "15, 40"), ("price", "1999, 2005"), ("quantity", "1950, 2010"), ("day", "0, 400")],
)
def test_numbers_outside_the_calendar_are_no_times(name: str, values: str) -> None:
    """A price of 1999 is no year, and there is no 40th month."""
    assert column_of(name, "INTEGER", values).role in {Role.ADDITIVE, Role.RATE}


@pytest.mark.parametrize(
    ("name", "declared", "values"),
    [
        ("order_date", "DATE", "'2024-01-31'"),
        ("tanggal", "TEXT", "'2024-01-31', '2024-02-01'"),
        ("date_key", "INTEGER", "20240131, 20240201"),
        ("periode", "INTEGER", "202401, 202412"),
    ],
)
def test_dates_are_times_however_they_are_written(name: str, declared: str, values: str) -> None:
    """Dates as dates, as text and as integers."""
    model = model_of(
        f"CREATE TABLE things ({name} {declared}, n INT);"
        f"INSERT INTO things ({name}) VALUES {', '.join(f'({v})' for v in values.split(','))};"
    )
    assert [axis.columns for axis in model.axes_of("things")] == [(name,)]


PEOPLE = """
CREATE TABLE pelanggan (
    id INTEGER PRIMARY KEY, kode TEXT NOT NULL UNIQUE, nama TEXT NOT NULL, email TEXT UNIQUE,
    kota TEXT, alamat TEXT, "group" TEXT, hari TEXT, negara_id INTEGER
);
INSERT INTO pelanggan VALUES
    (1, 'P-1', 'Ani', 'a@x', 'Palu', 'Jl. A 1', 'A', 'Senin', 5),
    (2, 'P-2', 'Budi', 'b@x', 'Palu', 'Jl. B 2', 'B', 'Selasa', 6),
    (3, 'P-3', 'Cici', 'c@x', 'Poso', 'Jl. C 3', 'A', 'Senin', 5);
CREATE TABLE cabang (kd TEXT PRIMARY KEY, cabang TEXT NOT NULL, ket TEXT);
INSERT INTO cabang VALUES ('A', 'Pusat', NULL), ('B', 'Timur', NULL);
"""


def test_texts_are_names_codes_categories_or_texts() -> None:
    """What names a row, what groups rows, and what does neither."""
    model = model_of(PEOPLE)
    roles = {each.column: each.role for each in model.of("pelanggan")}
    assert roles == {
        "id": Role.KEY, "kode": Role.CODE, "nama": Role.NAME, "email": Role.TEXT,
        "kota": Role.CATEGORY, "alamat": Role.TEXT, "group": Role.CATEGORY,
        "hari": Role.TIME_PART, "negara_id": Role.KEY,
    }  # fmt: skip
    assert model.entities["pelanggan"].label == "nama"
    assert model.entities["cabang"].label == "cabang"
    assert attribute(model, "cabang.cabang").role is Role.NAME
    assert [value.value for value in attribute(model, "pelanggan.kota").values] == ["Palu", "Poso"]


def test_units_come_from_comments_and_names() -> None:
    """The unit in a comment, or a word of the name."""
    model = model_of(
        """CREATE TABLE t (
            a INT, -- price (USD)
            berat_kg REAL, growth_pct REAL, n INT)"""
    )
    assert [each.unit for each in model.of("t")] == ["USD", "kg", "%", ""]
    assert attribute(model, "t.a").role is Role.RATE


def test_a_column_of_which_nothing_was_seen_has_a_role_by_its_name() -> None:
    """A scan that ran out of time still tells a price from a quantity."""
    names = ("price", "quantity", "month", "is_paid", "phone", "x")
    columns = tuple(Column(name, Kind.NUMBER, type="INTEGER") for name in names)
    model = build(Schema({"t": Table("t", columns, studied=False)}))
    assert [each.role for each in model.of("t")] == [
        Role.RATE, Role.ADDITIVE, Role.TIME_PART, Role.FLAG, Role.CODE, Role.ADDITIVE,
    ]  # fmt: skip
