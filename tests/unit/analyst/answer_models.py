"""Two small semantic models, written by hand, for the tests of answers."""

from collections.abc import Iterable

from kai_flow.analyst.query.nodes import Field, Formula
from kai_flow.analyst.schema import Column, ColumnRef, Kind, Note, Schema, Table
from kai_flow.analyst.semantics.model import (
    Attribute,
    Axis,
    AxisForm,
    Derived,
    Entity,
    Join,
    Name,
    Role,
    SemanticModel,
    Value,
)

Columns = dict[str, tuple[Role, str, str]]
"""Column → its role, its comment's name and its unit."""


_KINDS = {
    Role.ADDITIVE: Kind.NUMBER,
    Role.RATE: Kind.NUMBER,
    Role.KEY: Kind.KEY,
    Role.TIME: Kind.DATE,
    Role.TIME_PART: Kind.YEAR,
    Role.FLAG: Kind.NUMBER,
}


def _name(text: str) -> Name:
    return Name(tuple(text.split("_")))


def _join(source: str, column: str, target: str, key: str, role: str = "") -> Iterable[Join]:
    names = (Name(tuple(role.split())),) if role else ()
    yield Join(f"{source}.{column}>{target}", source, target, ((column, key),), False, names)
    yield Join(f"{target}<{source}.{column}", target, source, ((key, column),), True, names)


def build(
    tables: dict[str, tuple[str, str | None, str, Columns]],
    joins: Iterable[Join],
    axes: Iterable[Axis] = (),
    derived: tuple[Derived, ...] = (),
    values: dict[tuple[str, str], tuple[Value, ...]] | None = None,
) -> SemanticModel:
    """A model of tables: key, label, the comment's name, and columns."""
    schema = {}
    entities, attributes = {}, {}
    for table, (key, label, note, columns) in tables.items():
        schema[table] = Table(
            table,
            tuple(
                Column(c, _KINDS.get(role, Kind.TEXT), Note((taught,) if taught else (), unit))
                for c, (role, taught, unit) in columns.items()
            ),
            (key,),
            note=Note((note,) if note else ()),
        )
        entities[table] = Entity(table, (_name(table),), (key,), label, 100)
        for column, (role, _, unit) in columns.items():
            ref = ColumnRef(table, column)
            known = (values or {}).get((table, column), ())
            part = "year" if role is Role.TIME_PART else ""
            attributes[ref] = Attribute(table, column, role, (_name(column),), unit, known, part)
    return SemanticModel(
        Schema(schema),
        entities,
        attributes,
        {axis.id: axis for axis in axes},
        {join.id: join for join in joins},
        derived,
    )


def _axis(table: str, column: str, form: AxisForm = AxisForm.DATE) -> Axis:
    return Axis(
        f"{table}.{column}", table, (column,), form, (_name(column),), "2023-01-02", "2025-06-15"
    )


REVENUE = Formula(
    operator="*",
    left=Field(table="order_items", column="quantity"),
    right=Field(table="order_items", column="unit_price"),
)

SHOP = build(
    {
        "customers": (
            "customer_id",
            "name",
            "",
            {
                "customer_id": (Role.KEY, "", ""),
                "name": (Role.NAME, "", ""),
                "city": (Role.CATEGORY, "", ""),
                "active": (Role.FLAG, "", ""),
                "signup_date": (Role.TIME, "", ""),
            },
        ),
        "products": (
            "product_id",
            "product_name",
            "",
            {
                "product_id": (Role.KEY, "", ""),
                "product_name": (Role.NAME, "", ""),
                "category": (Role.CATEGORY, "", ""),
                "list_price": (Role.RATE, "", "USD"),
            },
        ),
        "orders": (
            "order_id",
            None,
            "",
            {
                "order_id": (Role.KEY, "", ""),
                "customer_id": (Role.KEY, "", ""),
                "origin_city_id": (Role.KEY, "", ""),
                "destination_city_id": (Role.KEY, "", ""),
                "order_date": (Role.TIME, "", ""),
                "ship_date": (Role.TIME, "", ""),
                "status": (Role.CATEGORY, "", ""),
                "weight": (Role.ADDITIVE, "", "kg"),
                "amount": (Role.ADDITIVE, "", "USD"),
                "discount": (Role.RATE, "", "%"),
            },
        ),
        "order_items": (
            "item_id",
            None,
            "",
            {
                "item_id": (Role.KEY, "", ""),
                "order_id": (Role.KEY, "", ""),
                "product_id": (Role.KEY, "", ""),
                "quantity": (Role.ADDITIVE, "", ""),
                "unit_price": (Role.RATE, "", "USD"),
            },
        ),
        "cities": (
            "city_id",
            "city_name",
            "",
            {
                "city_id": (Role.KEY, "", ""),
                "city_name": (Role.NAME, "", ""),
                "population": (Role.ADDITIVE, "", ""),
            },
        ),
        "employees": (
            "employee_id",
            "name",
            "",
            {
                "employee_id": (Role.KEY, "", ""),
                "name": (Role.NAME, "", ""),
                "manager_id": (Role.KEY, "", ""),
                "salary": (Role.RATE, "", "USD"),
            },
        ),
    },
    [
        *_join("orders", "customer_id", "customers", "customer_id"),
        *_join("orders", "origin_city_id", "cities", "city_id", "origin"),
        *_join("orders", "destination_city_id", "cities", "city_id", "destination"),
        *_join("order_items", "order_id", "orders", "order_id"),
        *_join("order_items", "product_id", "products", "product_id"),
        *_join("employees", "manager_id", "employees", "employee_id", "manager"),
    ],
    [
        _axis("orders", "order_date"),
        _axis("orders", "ship_date"),
        _axis("customers", "signup_date"),
    ],
    (Derived("revenue", "order_items", REVENUE, (Name(("revenue",)),), unit="USD", taught=True),),
    {
        ("orders", "status"): (
            Value("P", (Name(("p",)), Name(("paid",)))),
            Value("X", (Name(("x",)), Name(("cancelled",)))),
        )
    },
)
"""An English shop: orders between two cities, with line items; employees with managers."""

KOPERASI = build(
    {
        "provinsi": (
            "provinsi_id",
            "nama_provinsi",
            "province",
            {
                "provinsi_id": (Role.KEY, "", ""),
                "nama_provinsi": (Role.NAME, "province name", ""),
                "pulau": (Role.CATEGORY, "island", ""),
            },
        ),
        "koperasi": (
            "koperasi_id",
            "nama_koperasi",
            "cooperative",
            {
                "koperasi_id": (Role.KEY, "", ""),
                "nama_koperasi": (Role.NAME, "cooperative name", ""),
                "provinsi_id": (Role.KEY, "", ""),
                "jenis_koperasi": (Role.CATEGORY, "type", ""),
                "tahun_berdiri": (Role.TIME_PART, "founding year", ""),
                "total_aset": (Role.ADDITIVE, "total assets", "Rp"),
                "jumlah_anggota": (Role.ADDITIVE, "number of members", ""),
            },
        ),
        "laporan_tahunan": (
            "laporan_id",
            None,
            "annual report",
            {
                "laporan_id": (Role.KEY, "", ""),
                "koperasi_id": (Role.KEY, "", ""),
                "tahun_buku": (Role.TIME_PART, "financial year", ""),
                "pendapatan": (Role.ADDITIVE, "revenue", "Rp"),
            },
        ),
    },
    [
        *_join("koperasi", "provinsi_id", "provinsi", "provinsi_id"),
        *_join("laporan_tahunan", "koperasi_id", "koperasi", "koperasi_id"),
    ],
    [
        _axis("koperasi", "tahun_berdiri", AxisForm.YEAR),
        _axis("laporan_tahunan", "tahun_buku", AxisForm.YEAR),
    ],
)
"""An Indonesian register whose comments are English."""
