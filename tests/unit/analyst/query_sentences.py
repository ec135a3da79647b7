"""Every kind of measure, grouping, order and list, with its sentence in both languages."""

from typing import Final

from kai_flow.analyst.kinds.differences import Difference
from kai_flow.analyst.kinds.growth import Growth
from kai_flow.analyst.query.nodes import (
    Aggregate,
    Expression,
    Field,
    FieldGroup,
    Formula,
    Function,
    Grain,
    Having,
    Operator,
    Order,
    PeriodGroup,
    Query,
)
from kai_flow.analyst.query.ratio import Ratio
from kai_flow.analyst.query.share import Share
from tests.unit.analyst.answer_models import REVENUE
from tests.unit.analyst.filter_sentences import DESTINATION, DISCOUNT, ORDERED, PAID, SHIPPED, city
from tests.unit.analyst.stories import (
    AMOUNT,
    AVERAGE,
    BY_CITY,
    BY_STATUS,
    COUNT,
    STATUS,
    TOTAL,
    by_time,
    orders,
)

PAID_ORDERS = Aggregate(function=Function.COUNT, where=PAID)


def aggregate(function: Function, of: Expression) -> Aggregate:
    """One number of a column or formula."""
    return Aggregate(function=function, of=of)


QUERIES: Final[dict[str, tuple[Query, str, str]]] = {
    "different rows": (
        orders(
            BY_STATUS,
            of=(aggregate(Function.DISTINCT, Field(table="orders", column="customer_id")),),
        ),
        "number of different customers of orders by status",
        "banyaknya pelanggan yang berbeda dari pesanan per status",
    ),
    "different values": (
        orders(BY_CITY, of=(aggregate(Function.DISTINCT, STATUS),)),
        "number of different values of status of orders by customer’s city",
        "banyaknya status yang berbeda dari pesanan per kota pelanggan",
    ),
    "average": (
        orders(BY_STATUS, of=(AVERAGE,)),
        "average amount of orders by status",
        "rata-rata nominal dari pesanan per status",
    ),
    "median": (
        orders(BY_STATUS, of=(aggregate(Function.MEDIAN, AMOUNT),)),
        "median amount of orders by status",
        "median nominal dari pesanan per status",
    ),
    "lowest": (
        orders(BY_STATUS, of=(aggregate(Function.MINIMUM, AMOUNT),)),
        "lowest amount of orders by status",
        "nominal terendah dari pesanan per status",
    ),
    "latest": (
        orders(BY_STATUS, of=(aggregate(Function.MAXIMUM, SHIPPED),)),
        "latest ship date of orders by status",
        "tanggal kirim paling akhir dari pesanan per status",
    ),
    "only some": (
        orders(BY_CITY, of=(PAID_ORDERS,)),
        "number of orders (only where the status is “P” (paid)) by customer’s city",
        "jumlah pesanan (hanya jika status adalah “P” (paid)) per kota pelanggan",
    ),
    "formula": (
        orders(
            BY_STATUS,
            of=(aggregate(Function.SUM, Formula(operator="*", left=AMOUNT, right=DISCOUNT)),),
        ),
        "total (amount × discount) of orders by status",
        "total (nominal × diskon) dari pesanan per status",
    ),
    "elsewhere": (
        orders(BY_STATUS, of=(aggregate(Function.AVERAGE, city(DESTINATION, "population")),)),
        "average destination city’s population over all orders by status",
        "rata-rata populasi kota tujuan dari pesanan per status",
    ),
    "ratio": (
        orders(BY_STATUS, of=(Ratio(top=TOTAL, bottom=COUNT),)),
        "ratio of total amount to number of orders by status",
        "rasio total nominal terhadap jumlah pesanan per status",
    ),
    "percentage": (
        orders(BY_CITY, of=(Ratio(top=PAID_ORDERS, bottom=COUNT, percent=True),)),
        (
            "number of orders (only where the status is “P” (paid)) as a percentage of the "
            "number of orders by customer’s city"
        ),
        (
            "persentase jumlah pesanan (hanya jika status adalah “P” (paid)) terhadap jumlah "
            "pesanan per kota pelanggan"
        ),
    ),
    "difference": (
        orders(BY_CITY, of=(Difference(left=COUNT, right=PAID_ORDERS),)),
        (
            "number of orders minus number of orders (only where the status is “P” (paid)) "
            "by customer’s city"
        ),
        (
            "jumlah pesanan dikurangi jumlah pesanan (hanya jika status adalah “P” (paid)) "
            "per kota pelanggan"
        ),
    ),
    "share": (
        orders(BY_STATUS, of=(Share(of=TOTAL),)),
        "percentage of the overall total amount of orders by status",
        "persentase dari seluruh total nominal dari pesanan per status",
    ),
    "share within": (
        orders(BY_CITY, of=(Share(of=COUNT, within=True),)),
        "percentage of the number of orders within each customer’s city by customer’s city",
        "persentase dari jumlah pesanan dalam setiap kota pelanggan per kota pelanggan",
    ),
    "growth": (
        orders(by_time(Grain.QUARTER), of=(Growth(of=TOTAL),)),
        (
            "change in total amount compared with the quarter before (in percent) of orders "
            "by quarter (order date)"
        ),
        (
            "perubahan total nominal dibandingkan kuartal sebelumnya (dalam persen) dari "
            "pesanan per kuartal (tanggal pesan)"
        ),
    ),
    "change": (
        orders(by_time(), of=(Growth(of=COUNT, absolute=True),)),
        "change in number of orders compared with the month before by month (order date)",
        "selisih jumlah pesanan dibandingkan bulan sebelumnya per bulan (tanggal pesan)",
    ),
    "month of the year": (
        orders(by_time(recurring=True), of=(COUNT,)),
        "number of orders by month of the year (order date)",
        "jumlah pesanan per bulan dalam setahun (tanggal pesan)",
    ),
    "weekday": (
        orders(by_time(Grain.DAY, recurring=True), of=(COUNT,)),
        "number of orders by day of the week (order date)",
        "jumlah pesanan per hari dalam seminggu (tanggal pesan)",
    ),
    "periods": (
        orders(
            PeriodGroup(
                axis=ORDERED,
                periods=(
                    ("2023", "2023-01-01", "2024-01-01"),
                    ("before", "2022-01-01", "2023-01-01"),
                ),
            ),
            of=(COUNT,),
        ),
        "number of orders by order date (2023, “before”: 2022)",
        "jumlah pesanan per tanggal pesan (2023, “before”: 2022)",
    ),
    "role": (
        orders(FieldGroup(field=city(DESTINATION, "city_name")), of=(COUNT,)),
        "number of orders by destination city",
        "jumlah pesanan per kota tujuan",
    ),
    "having, order, each": (
        orders(
            FieldGroup(field=city(DESTINATION, "city_name")),
            BY_STATUS,
            of=(COUNT,),
            having=(Having(measure=TOTAL, operator=Operator.AT_LEAST, values=(1e6,)),),
            order=(Order(by=COUNT, descending=True), Order(by=BY_STATUS)),
            each=3,
        ),
        (
            "number of orders by destination city and status, only groups where the total "
            "amount is at least USD 1,000,000, sorted by number of orders (largest first), "
            "then by status (from A to Z), at most 3 rows for each destination city"
        ),
        (
            "jumlah pesanan per kota tujuan dan status, hanya kelompok dengan total nominal "
            "paling sedikit USD 1.000.000, diurutkan menurut jumlah pesanan (dari yang "
            "terbesar), lalu menurut status (dari A ke Z), paling banyak 3 baris untuk "
            "setiap kota tujuan"
        ),
    ),
    "limit": (
        orders(by_time(), order=(Order(by=by_time(), descending=True),), limit=12),
        (
            "total amount of orders by month (order date), sorted by month (order date) "
            "(newest first), only the first 12 rows"
        ),
        (
            "total nominal dari pesanan per bulan (tanggal pesan), diurutkan menurut bulan "
            "(tanggal pesan) (dari yang terbaru), hanya 12 baris pertama"
        ),
    ),
    "list": (
        Query(
            fact="employees",
            columns=(
                Field(table="employees", column="name"),
                Field(table="employees", column="name", path=("employees.manager_id>employees",)),
            ),
            order=(Order(by=Field(table="employees", column="salary"), descending=True),),
            limit=1,
        ),
        (
            "a list of employees: name and manager, sorted by salary (largest first), only "
            "the first row"
        ),
        (
            "daftar karyawan: nama dan manajer, diurutkan menurut gaji (dari yang terbesar), "
            "hanya baris pertama"
        ),
    ),
    "different rows of a list": (
        Query(fact="customers", columns=(Field(table="customers", column="city"),), distinct=True),
        "the different values of city of customers",
        "nilai kota yang berbeda-beda dari pelanggan",
    ),
    "two measures": (
        orders(of=(COUNT, TOTAL)),
        "number of orders and total amount",
        "jumlah pesanan dan total nominal",
    ),
    "derived": (
        Query(
            fact="order_items",
            measures=(Aggregate(function=Function.SUM, of=REVENUE, derived="revenue"),),
        ),
        "total revenue (quantity × unit price) of order items",
        "total revenue (kuantitas × harga) dari detail pesanan",
    ),
}
"""A query, and what it is read as."""
