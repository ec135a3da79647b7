"""What the words of a question may mean in a database."""

import string
import time

from hypothesis import given, settings
from hypothesis import strategies as st

from kai_flow.analyst.lexicon.tokens import tokenize
from kai_flow.analyst.schema import Column, ColumnRef, Kind, Note, Schema, Table
from kai_flow.analyst.semantics.build import build
from kai_flow.analyst.semantics.index import MAX_TOKENS, Index
from kai_flow.analyst.semantics.model import SemanticModel
from kai_flow.analyst.semantics.targets import (
    AttributeTarget,
    AxisTarget,
    DerivedTarget,
    EntityTarget,
    JoinTarget,
    Target,
    ValueTarget,
)
from tests.unit.analyst.scanned import model_of

SHOP = """
CREATE TABLE pelanggan ( -- customer
    pelanggan_id INTEGER PRIMARY KEY, nama_pelanggan TEXT, kota TEXT,
    "status" TEXT, -- state; A = active
    jumlah_anggota INTEGER -- number of members
);
INSERT INTO pelanggan VALUES
    (1, 'Ani Sari', 'Kota Palu', 'A', 3), (2, 'Budi', 'Poso', 'B', 4),
    (3, 'Ani Dewi', 'Poso', 'A', 5);
CREATE TABLE pegawai (
    pegawai_id INTEGER PRIMARY KEY, nama TEXT, atasan_id INTEGER REFERENCES pegawai, aktif INTEGER,
    gender TEXT
);
INSERT INTO pegawai VALUES (1, 'Citra', NULL, 1, 'Pria'), (2, 'Dewa', 1, 0, 'Wanita'),
    (3, 'Eka', 1, 1, 'Pria');
CREATE TABLE orders (
    order_id INTEGER PRIMARY KEY, pelanggan_id INTEGER REFERENCES pelanggan, order_date DATE,
    qty INTEGER, unit_price INTEGER, "order" TEXT
);
INSERT INTO orders VALUES (1, 1, '2024-01-01', 2, 5, 'x'), (2, 2, '2024-02-01', 3, 5, 'y'),
    (3, 2, '2024-02-01', 3, 5, 'y');
"""
MODEL = model_of(SHOP)
INDEX = Index(MODEL)


def said(target: Target) -> str:
    """A target in short."""
    match target:
        case EntityTarget(table):
            return table
        case AttributeTarget(ref):
            return f"{ref.table}.{ref.column}"
        case ValueTarget(ref, value):
            return f"{ref.table}.{ref.column} = {value.value}"
        case DerivedTarget(name, table):
            return f"{table}: {name}"
        case AxisTarget(each) | JoinTarget(each):
            return each


def meant(question: str, index: Index = INDEX) -> dict[str, tuple[float, str]]:
    """What the whole question may mean, with score and how."""
    tokens = tokenize(question)
    return {
        said(each.target): (each.score, each.how)
        for each in index.mentions(tokens)
        if (each.first, each.last) == (0, len(tokens))
    }


def test_a_name_is_found_exactly_in_any_inflection() -> None:
    """The own name, its plural, its parts joined or apart, and its name in the comment."""
    assert meant("pelanggan")["pelanggan"] == (1.0, "exact")
    assert meant("customers")["pelanggan"] == (1.0, "exact")
    assert meant("orders")["orders"] == (1.0, "exact")
    for text in ("unit price", "unit_price", "UnitPrice", "unit prices", "unitprice"):
        assert meant(text)["orders.unit_price"] == (1.0, "exact"), text
    assert meant("number of members")["pelanggan.jumlah_anggota"] == (1.0, "exact")


def test_a_table_and_a_column_of_one_name_are_both_found() -> None:
    """The reader decides between them."""
    assert {"orders", "orders.order"} <= meant("order").keys()


def test_a_name_is_found_in_the_other_language() -> None:
    """By concepts, in the order of either language, as a synonym, or written in full."""
    assert meant("city")["pelanggan.kota"] == (0.9, "concept")
    assert meant("employees")["pegawai"] == (0.9, "concept")
    assert meant("tanggal pesanan")["orders.order_date"] == (0.9, "concept")
    assert meant("quantity")["orders.qty"][0] >= 0.9
    assert meant("harga satuan")["orders.unit_price"][0] >= 0.9
    assert meant("town of the customer")["pelanggan.kota"][1] == "concept"


def test_a_table_may_stand_before_or_after_its_column() -> None:
    """Both "customer city" and "kota pelanggan" mean the city of customers."""
    assert meant("kota pelanggan")["pelanggan.kota"] == (0.97, "exact")
    assert meant("pelanggan kota")["pelanggan.kota"] == (0.97, "exact")
    assert meant("customer name")["pelanggan.nama_pelanggan"][0] >= 0.87


def test_a_number_of_rows_is_no_column() -> None:
    """A column of quantities is not found by "jumlah" with the table's name: that counts rows."""
    index = Index(model_of("CREATE TABLE retur (jumlah INT); CREATE TABLE sales (quantity INT);"))
    assert "retur.jumlah" not in meant("jumlah retur", index)
    assert "sales.quantity" not in meant("jumlah penjualan", index)
    assert meant("sales quantity", index)["sales.quantity"] == (0.97, "exact")


def test_a_table_may_be_named_with_what_points_to_it() -> None:
    """A "customer group" is a group, in the order of words of its language."""
    model = model_of(
        """CREATE TABLE groups (group_id INTEGER PRIMARY KEY, name TEXT);
        CREATE TABLE customers (id INTEGER PRIMARY KEY, group_id INTEGER REFERENCES groups);
        CREATE TABLE grup (grup_id INTEGER PRIMARY KEY);
        CREATE TABLE pelanggan (id INTEGER PRIMARY KEY, grup_id INTEGER REFERENCES grup);"""
    )
    index = Index(model)
    assert meant("customer group", index)["groups"] == (0.97, "exact")
    assert meant("grup pelanggan", index)["grup"] == (0.97, "exact")
    assert "customers" not in meant("customer group", index)
    assert "groups" not in meant("group customers", index)


def test_a_head_noun_is_a_part_of_a_name() -> None:
    """A part counts less than the whole, and a modifier alone is no name."""
    assert meant("anggota")["pelanggan.jumlah_anggota"][0] >= 0.9
    assert meant("date")["orders.order_date"] == (0.7, "part")
    assert "orders.unit_price" not in meant("unit")


def test_values_are_found_whatever_their_case_and_language() -> None:
    """As written, by the comment's word, by a part that only one value has, and as a concept."""
    assert meant("kota palu")["pelanggan.kota = Kota Palu"] == (1.0, "exact")
    assert meant("POSO")["pelanggan.kota = Poso"] == (1.0, "exact")
    assert meant("active")["pelanggan.status = A"] == (1.0, "exact")
    assert meant("palu")["pelanggan.kota = Kota Palu"] == (0.6, "part")
    assert meant("sari")["pelanggan.nama_pelanggan = Ani Sari"] == (0.6, "part")
    assert "pelanggan.nama_pelanggan = Ani Sari" not in meant("ani")
    assert meant("male")["pegawai.gender = Pria"] == (0.9, "concept")


def test_a_flag_is_found_by_its_adjective() -> None:
    """Both the column and its value for yes, and its negation."""
    assert meant("aktif")["pegawai.aktif"] == (1.0, "exact")
    assert meant("aktif")["pegawai.aktif = 1.0"][0] == 0.95
    assert meant("tidak aktif")["pegawai.aktif = 0.0"][0] == 0.95
    assert meant("active")["pegawai.aktif = 1.0"][1] == "concept"


def test_quoted_words_mean_values_only() -> None:
    """What is quoted is taken literally."""
    assert meant('"Kota Palu"') == {"pelanggan.kota = Kota Palu": (1.0, "exact")}
    assert meant('"pelanggan"') == {}
    assert meant('"palu"') == {}


def test_roles_of_joins_times_and_derived_measures_are_found() -> None:
    """A manager is an employee by a join; revenue is derived; a date is also a time."""
    assert meant("atasan")["pegawai.atasan_id>pegawai"] == (1.0, "exact")
    assert meant("manager")["pegawai.atasan_id>pegawai"] == (0.9, "concept")
    assert meant("omzet")["orders: revenue"][0] == 0.9
    assert meant("order date")["orders.order_date"] == (1.0, "exact")


def test_a_misspelled_word_is_corrected_but_never_a_known_one() -> None:
    """A slip in an unknown word; "prize" is a word of its own, and no price."""
    assert meant("pelangan")["pelanggan"] == (0.6, "spelling")
    assert meant("unit prcie")["orders.unit_price"] == (0.6, "spelling")
    assert "orders.unit_price" not in meant("unit prize")


def test_mentions_have_one_order() -> None:
    """In the order of the question, the longest and likeliest first; the same every time."""
    tokens = tokenize("number of active customers per city and order date")
    found = INDEX.mentions(tokens)
    assert list(found) == sorted(found, key=lambda m: (m.first, -m.last, -m.score))
    assert found == Index(model_of(SHOP)).mentions(tokens)
    assert len({(m.first, m.last, m.target) for m in found}) == len(found)


def wide() -> SemanticModel:
    """100 tables of 20 columns, with 5,000 values."""
    things = ("order", "customer", "product", "branch", "employee", "invoice", "ticket", "visit")
    what = ("amount", "city", "status", "category", "unit_price", "created_at", "kode_pos", "name")

    def column(table: int, at: int) -> Column:
        name = f"{what[at % len(what)]}_{at}" if at >= len(what) else what[at]
        if at in {1, 2}:
            values = tuple(f"{name} {table} {n}" for n in range(25))
            return Column(name, Kind.TEXT, values=values, type="TEXT", distinct=25)
        kind = Kind.DATE if "_at" in name else Kind.NUMBER
        return Column(name, kind, type="INTEGER")

    tables = {}
    for n in range(100):
        name = f"{things[n % len(things)]}_{what[n % 7]}_{n}"
        tables[name] = Table(name, tuple(column(n, at) for at in range(20)), row_count=99)
    return build(Schema(tables))


def test_a_wide_schema_is_indexed_and_searched_within_its_bounds() -> None:
    """The bounds are those of the design, times five for a busy machine."""
    model = wide()
    began = time.process_time()
    index = Index(model)
    assert time.process_time() - began < 5 * 0.3
    tokens = tokenize(
        "total amount of orders per customer city and product category in city 7 3 for active"
        " employees since the last visit with unit prices above"
    )
    index.mentions(tokens)  # fills the lexicon's own caches
    began = time.process_time()
    found = index.mentions(tokens)
    assert time.process_time() - began < 5 * 0.005
    assert any(isinstance(mention.target, ValueTarget) for mention in found)


WORDS = st.text(string.ascii_letters + string.digits, min_size=1, max_size=10)
NAMES = st.one_of(
    st.lists(WORDS, min_size=1, max_size=4).flatmap(
        lambda words: st.sampled_from(["_", " ", "-", ""]).map(lambda by: by.join(words))
    ),
    st.sampled_from(
        ["order", "group", "select", "date", "Tgl Lahir", "no", "id", "total", "naïve"]
    ),
).filter(lambda name: len(tokenize(name)) <= MAX_TOKENS)


@st.composite
def schemas(draw: st.DrawFn) -> Schema:
    """Any schema."""
    tables = {}
    for name in draw(st.lists(NAMES, min_size=1, max_size=4, unique_by=str.casefold)):
        columns = []
        for column in draw(st.lists(NAMES, max_size=6, unique_by=str.casefold)):
            kind = draw(st.sampled_from(Kind))
            numbers = kind in {Kind.NUMBER, Kind.KEY, Kind.YEAR}
            bounds = st.none() | st.integers(-5, 20300000)
            low, high = sorted([draw(bounds), draw(bounds)], key=lambda each: each or 0)
            values = st.lists(st.text(max_size=8), max_size=3, unique=True)
            columns.append(
                Column(
                    column,
                    kind,
                    Note(tuple(draw(st.lists(NAMES, max_size=2)))),
                    unique=draw(st.booleans()),
                    values=tuple(draw(values)) if kind is Kind.TEXT else (),
                    type=draw(st.sampled_from(["", "INTEGER", "TEXT", "BOOLEAN", "REAL"])),
                    low=low if numbers else None,
                    high=high if numbers else None,
                    distinct=draw(st.none() | st.integers(0, 9)),
                    nulls=draw(st.booleans()),
                )
            )
        tables[name] = Table(name, tuple(columns), row_count=draw(st.integers(0, 9)))
    return Schema(tables)


@settings(max_examples=40, deadline=None)
@given(schemas())
def test_whatever_the_schema_each_thing_is_found_by_its_own_name(schema: Schema) -> None:
    """Any schema is understood without an error, and its exact names score 1."""
    model = build(schema)
    index = Index(model)
    for table in schema.tables.values():
        assert meant(table.name, index)[table.name][0] == 1, table.name
        for column in table.columns:
            ref = ColumnRef(table.name, column.name)
            tokens = tokenize(column.name)
            whole = [
                mention.score
                for mention in index.mentions(tokens)
                if (mention.target, mention.first, mention.last)
                == (AttributeTarget(ref), 0, len(tokens))
            ]
            assert whole == [1], ref
