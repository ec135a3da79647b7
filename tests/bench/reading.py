"""Measure how long the analyst takes to read a question: `just bench-reading`.

The database has 100 tables, each with a few columns of its own and two to four foreign keys to
others: more ways between tables than most databases have. Each question is read twice, because a
database's join paths are kept once they are found. Only this process's CPU time counts. No
figure makes it fail.
"""

import asyncio
import gc
import random
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date
from pathlib import Path

from kai_flow.analyst.engines import engine_for
from kai_flow.analyst.reading.reader import read
from kai_flow.analyst.schema import Schema
from kai_flow.analyst.semantics.build import build
from kai_flow.analyst.semantics.index import Index
from kai_flow.connections.file_access import FileAccess
from kai_flow.connections.knowledge import Knowledge


def words(text: str) -> list[str]:
    """The words of a text."""
    return text.split()


TABLES = words("""
customers suppliers products categories brands warehouses stores employees departments positions
orders order_items invoices invoice_lines payments refunds shipments carriers routes vehicles
drivers trips fuel_logs tickets agents teams projects tasks timesheets contracts leases tenants
buildings rooms assets depreciations maintenance_jobs parts work_orders machines batches recipes
ingredients inspections defects complaints surveys responses campaigns channels leads
opportunities quotes quote_lines discounts coupons loyalty_cards points_ledger subscriptions plans
usage_records devices firmwares alerts incidents policies claims premiums beneficiaries banks
accounts transactions transfers budgets cost_centers journals journal_lines tax_rates currencies
exchange_rates countries provinces cities districts branches regions territories visits
appointments doctors patients treatments prescriptions medicines rooms_bookings trainings trainers
certificates candidates interviews
""")

NUMBERS = words("""
quantity unit_price amount discount weight_kg distance_km duration_minutes score rating capacity
balance salary cost fee budget_total tax area_m2 temperature age stock
""")

CATEGORIES = {
    "status": ("open", "paid", "cancelled", "shipped", "draft", "approved", "rejected", "late"),
    "type": ("retail", "wholesale", "online", "export", "internal"),
    "priority": ("low", "normal", "high", "urgent"),
    "gender": ("male", "female"),
    "city_name": (
        "Bandung",
        "Jakarta",
        "Surabaya",
        "Medan",
        "Makassar",
        "Semarang",
        "Denpasar",
        "Padang",
        "Malang",
        "Bogor",
    ),
    "segment": ("consumer", "corporate", "government", "sme"),
    "payment_method": ("cash", "transfer", "card", "wallet"),
    "level": ("junior", "senior", "lead"),
}

DATES = words("""
created_at order_date due_date hired_on birth_date closed_at start_date end_date paid_on
""")

ROWS = 40  # of each table

TODAY = date(2026, 11, 29)

QUESTIONS = (
    "how many orders are there",
    "total amount of payments by city name",
    "average weight of shipments per carrier in 2025",
    "top 5 customers by total amount of invoices",
    "how many employees per department",
    "list invoices that are late in Bandung",
    "number of tickets per month in 2025",
    "which driver has the most trips",
    "share of cancelled orders by segment in percent",
    "compare the number of payments in Jakarta and Surabaya",
    "berapa jumlah pesanan per kota",
    "total biaya per bulan tahun 2025",
    "rata-rata gaji karyawan per departemen",
    "5 produk dengan stok terbesar",
    "daftar karyawan yang aktif di Jakarta dan Medan",
    "growth of invoices by month",
    "claims with amount over 500 that are not paid",
    "customers in Bandung, Jakarta, Surabaya, Medan, Malang, Semarang or Padang with over 3 orders",
    "how many contracts are open",
    "total fee of treatments by doctor name",
    "average cost of work orders by machine and month in 2025",
    "customers who have no invoices",
    "median balance of accounts by bank",
    "which month had the highest number of incidents",
    "difference between total amount of payments and refunds",
    "total quantity of order items by product and month in 2025",
    "employees hired in 2024 in Jakarta or Bandung with salary over 500",
    "share of open tickets by priority in each city",
    "orders with more than 3 order items that are cancelled or late",
    "top 10 employees by salary per department",
    "berapa pelanggan yang memesan pada Maret 2025",
    "rata-rata nilai pesanan per pelanggan per bulan tahun 2025",
    "pelanggan di Bandung, Jakarta, Surabaya dan Medan yang belum membayar",
)

HARD = (
    f"orders in {', '.join(CATEGORIES['city_name'])} that are {', '.join(CATEGORIES['status'])}",
    f"orders with {' and '.join(f'{number} over 5' for number in NUMBERS[:12])}".replace("_", " "),
    " ".join(table.replace("_", " ") for table in TABLES[:60]),
    "orders " * 79,
    "loyalty cards " * 39,
    "Jakarta and " * 39,
    "amount over 5 and " * 19,
    "average of the total of the " * 13,
    "1 2 3 4 5 6 7 8 9 10 " * 7 + "orders",
    "top 5 orders by amount per city and month in 2025 " * 7,
)
"""Questions that nobody asks, close to the limit of 80 words: what reading one costs at worst."""


def statements(chance: random.Random) -> Iterator[tuple[str, list[tuple[object, ...]]]]:
    """For each table, what creates it, and its rows."""
    for at, table in enumerate(TABLES):
        parents = chance.sample(TABLES[:at], min(at, chance.randint(2, 4)))
        numbers, dates = chance.sample(NUMBERS, 4), chance.sample(DATES, 2)
        categories = chance.sample(sorted(CATEGORIES), 2)
        columns = [
            "id integer primary key",
            "name text",
            *(f"{number} real" for number in numbers),
            *(f"{category} text" for category in categories),
            *(f"{day} date" for day in dates),
            "is_active boolean",
            *(f"{parent.rstrip('s')}_id integer references {parent}(id)" for parent in parents),
        ]
        rows = [
            (
                number + 1,
                f"{table.rstrip('s').title()} {number}",
                *(chance.randint(1, 9000) / 10 for _ in numbers),
                *(chance.choice(CATEGORIES[category]) for category in categories),
                *(f"2025-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}" for _ in dates),
                chance.randint(0, 1),
                *(chance.randint(1, ROWS) for _ in parents),
            )
            for number in range(ROWS)
        ]
        yield f"CREATE TABLE {table} ({', '.join(columns)})", rows


def schema(folder: Path) -> Schema:
    """The scan of the database."""
    path = folder / "wide.db"
    with closing(sqlite3.connect(path)) as db, db:
        for create, rows in statements(random.Random(5)):
            db.execute(create)
            table = create.split()[2]
            db.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(rows[0]))})", rows)
    return asyncio.run(engine_for(f"sqlite:///{path}", FileAccess((folder,))).scan())


def milliseconds(work: Callable[[], object]) -> float:
    """The CPU time that something takes."""
    began = time.process_time()
    work()
    return (time.process_time() - began) * 1000


def main() -> None:
    """Print the time of each question, and the medians of those that somebody may ask."""
    with tempfile.TemporaryDirectory() as folder:
        scanned = schema(Path(folder))
    began = time.process_time()
    model = build(scanned, Knowledge())
    index = Index(model)
    gc.collect()  # what building it has left is not charged to a question
    print(f"semantic layer of {len(TABLES)} tables: {time.process_time() - began:.1f} s")
    print(f"{'first':>9} {'again':>9}  milliseconds of CPU time")
    first: list[float] = []
    again: list[float] = []
    for number, question in enumerate((*QUESTIONS, *HARD), 1):
        for times in first, again:
            times.append(milliseconds(lambda: read(question, model, index, TODAY)))  # noqa: B023 -- called at once
        print(f"{first[-1]:9.1f} {again[-1]:9.1f}  {question[:100]}")
        if number == len(QUESTIONS):
            print(f"{statistics.median(first):9.1f} {statistics.median(again):9.1f}  median")
            print("questions that nobody asks:")


if __name__ == "__main__":
    main()
