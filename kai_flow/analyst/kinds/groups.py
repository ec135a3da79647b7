"""Groups: one number for each value of a column or each unit of the calendar."""

from msgspec.structs import replace

from kai_flow.analyst.kinds.building import DIMENSION, table_of
from kai_flow.analyst.kinds.kind import Kind, Rule, Sample
from kai_flow.analyst.query.nodes import Grain
from kai_flow.analyst.reading.parts import (
    Bound,
    Calendar,
    Clock,
    Column,
    Dimension,
    Groups,
    Role,
    Rows,
    Sign,
)

GRAINS = (Grain.DAY, Grain.WEEK, Grain.MONTH, Grain.QUARTER, Grain.YEAR)


def _by(_sign: Sign, dimension: Dimension) -> Groups:
    return Groups((dimension,))


def _per(_sign: Sign, dimension: Dimension) -> Groups | None:
    """For each of something; something for each kilogram is a ratio."""
    adds = isinstance(dimension, Column) and dimension.adds
    return None if adds else Groups((dimension,))


def _in_each(_sign: Sign, dimension: Dimension) -> Groups | None:
    """In each of something, of whose own total a share is."""
    groups = _per(_sign, dimension)
    return None if groups is None else replace(groups, inside=True)


def _more(groups: Groups, _sign: Sign, dimension: Dimension) -> Groups | None:
    return None if dimension in groups.by else replace(groups, by=(*groups.by, dimension))


def _merged(groups: Groups, _sign: Sign, more: Groups) -> Groups | None:
    return None if set(groups.by) & set(more.by) else replace(groups, by=(*groups.by, *more.by))


def _of_time(clock: Clock, unit: Calendar) -> Calendar | None:
    """The words "Check-in month", "bulan check-in"."""
    return replace(unit, axis=clock.axis) if clock.axis and unit.axis is None else None


def _to_next(start: Bound, end: Bound) -> Groups | None:
    """The words "From fiscal year to fiscal year": each of them, one after the other."""
    return Groups((Calendar(None, start.axis),)) if start == end else None


def _of_role(role: Role, thing: Column | Rows) -> Column | None:
    """The words “Origin city”: the assembly checks that the join leads to the column."""
    if not isinstance(thing, Column) or thing.role not in {None, role.join}:
        return None  # "drivers whose boss" are not bosses
    return Column(thing.ref, role.join)


def _done_by(role: Role, groups: Groups) -> Groups | None:
    """The words "Referred by each doctor": the groups are those who did it."""
    if not role.done or role.label is None or groups.by != (Rows(role.label.table),):
        return None
    return replace(groups, by=(Column(role.label, role.join),))


def _of_rows(column: Column, rows: Rows) -> Column | None:
    """The words “The price of products” is the price."""
    return column if column.ref.table == rows.table else None


def _kind_of(*parts: Sign | Column) -> Column | None:
    """The words "Kind of content", "content type": each value of the column is one."""
    column = next(part for part in parts if isinstance(part, Column))
    return None if column.number else column


def _group_of(column: Column, _sign: Sign) -> Column | None:
    """The words "Island group": each island is one."""
    return None if column.number or column.role else column


KIND = Kind(
    "groups",
    "One number for each group: by province, per month, for each category.",
    english={
        "per": ("per", "each", "every", "grouped by", "broken down by"),
        "in each": (
            *("in each", "in every", "within each", "within every", "at each", "at every"),
            *("on each", "on every", "for each", "for every", "in each of the"),
        ),
        "by": (
            "by",
            *("split by", "split up by", "split out by", "down by", "divided by", "separated by"),
            *("for the different", "for the various", "across the different"),
            *("for the individual", "across the various", "among the different"),
            *("spread over", "spread across", "distributed across", "distributed over"),
            *("distributed among", "distributed by", "distributed between", "spread among"),
            *("group by", "segmented by", "sliced by", "itemised by", "itemized by"),
            "across",
            "according to",
            "by each",
            "per each",
            "of each",
        ),
        "kind of": (
            *("kind of", "kinds of", "type of", "types of", "sort of", "sorts of", "kind", "type"),
            *("kinds", "types"),
        ),
        "group of": ("group", "groups"),
        "day": ("day", "date", "days"),
        "week": ("week", "weeks"),
        "month": ("month", "months"),
        "quarter": ("quarter", "quarters"),
        "year": ("year", "years", "calendar year"),
        "daily": ("daily", "day by day", "per day", "day to day"),
        "weekly": ("weekly", "week by week", "week over week"),
        "monthly": ("monthly", "month by month"),
        "quarterly": ("quarterly", "quarter by quarter"),
        "yearly": ("yearly", "annual", "annually", "year by year"),
        "trend": (
            "trend",
            "over time",
            *("developed", "develop", "develops", "evolve", "evolved", "evolves"),
            "trend of",
            "development",
            "evolution",
            "how did",
        ),
        "history": ("history",),
        "weekday": ("weekday", "day of the week", "day of week", "weekdays"),
        "calendar month": ("month of the year", "calendar month"),
    },
    indonesian={
        "per": (
            *("per", "tiap", "setiap", "masing-masing", "tiap-tiap"),
            *("dari setiap", "setiap per", "masing masing"),
        ),
        "in each": (
            *("di setiap", "di tiap", "pada setiap", "pada tiap", "untuk setiap", "untuk tiap"),
            *("di masing-masing", "untuk masing-masing", "pada masing-masing", "dalam setiap"),
        ),
        "kind of": ("jenis", "tipe", "macam", "ragam", "jenis jenis"),
        "by": (
            *("menurut", "berdasarkan", "dikelompokkan menurut", "berdasar", "dikelompokkan per"),
            *("dikelompokkan berdasarkan", "dirinci menurut", "dirinci per", "dibagi menurut"),
            *("dirinci berdasarkan", "dibagi per", "dipecah per", "dipecah menurut"),
            *("dipisah per", "dipisahkan menurut", "dibagi berdasarkan", "kelompokkan per"),
            *("kelompokkan menurut", "kelompokkan berdasarkan", "diurai menurut"),
        ),
        "day": ("hari", "tanggal"),
        "week": ("minggu", "pekan"),
        "month": ("bulan", "bulannya"),
        "quarter": ("kuartal", "triwulan"),
        "year": ("tahun", "thn", "tahunnya"),
        "daily": ("harian", "hariannya"),
        "weekly": ("mingguan", "mingguannya"),
        "monthly": ("bulanan", "bulan ke bulan", "bulanannya"),
        "quarterly": ("kuartalan", "triwulanan", "kuartalannya", "triwulanannya"),
        "yearly": ("tahunan", "tahun ke tahun", "tahunannya"),
        "trend": ("tren", "trend", "perkembangan", "dari waktu ke waktu", "bagaimana tren"),
        "weekday": ("hari dalam seminggu", "hari dalam sepekan", "nama hari", "hari apa"),
        "calendar month": ("bulan dalam setahun",),
    },
    rules=(
        *(
            Rule(grain, (str(grain),), lambda _sign, grain=grain: Calendar(grain))
            for grain in GRAINS
        ),
        *(
            Rule(sign, (sign,), lambda _sign, grain=grain: Groups((Calendar(grain),)))
            for sign, grain in zip(
                ("daily", "weekly", "monthly", "quarterly", "yearly"), GRAINS, strict=True
            )
        ),
        Rule("unit of a time", (Clock, Calendar), _of_time, cost=0.02),
        Rule("unit of a time after", (Calendar, Clock), lambda c, k: _of_time(k, c), cost=0.05),
        Rule("trend", ("trend",), lambda _sign: Groups((Calendar(None),))),
        Rule("from one to the next", (Bound, Bound), _to_next),
        Rule("history", ("history",), lambda _sign: Groups((Calendar(None),)), cost=0.15),
        Rule("weekday", ("weekday",), lambda _sign: Calendar(Grain.DAY, recurring=True)),
        Rule(
            "calendar month", ("calendar month",), lambda _s: Calendar(Grain.MONTH, recurring=True)
        ),
        Rule("group of values", (Column, "group of"), _group_of, cost=0.2, tight=True),
        Rule("per", ("per", DIMENSION), _per),
        Rule("by", ("by", DIMENSION), _by),
        Rule("in each", ("in each", DIMENSION), _in_each, cost=-0.1),
        Rule("and by", (Groups, "and", DIMENSION), _more),
        Rule("and by groups", (Groups, "and", Groups), _merged),
        Rule("kind of", ("kind of", Column), _kind_of, cost=0.2, tight=True),
        Rule("kind after", (Column, "kind of"), _kind_of, cost=0.2, tight=True),
        Rule("role", (Role, Column), _of_role, tight=True),
        Rule("done by each", (Role, Groups), _done_by, cost=-0.1),
        Rule("role after", (Column, Role), lambda column, role: _of_role(role, column)),
        Rule("column of rows", (Column, Rows), _of_rows, same=table_of),
        Rule(
            "rows' column",
            (Rows, Column),
            lambda rows, column: _of_rows(column, rows),
            cost=0.12,
            tight=True,
            same=table_of,
        ),
    ),
    samples=(
        Sample(
            "en",
            "Number of cooperatives by type",
            "SELECT jenis_koperasi, COUNT(*) FROM koperasi GROUP BY 1",
        ),
        Sample(
            "id",
            "Jumlah koperasi per pulau",
            """SELECT pulau, COUNT(*) FROM koperasi k
            JOIN provinsi p ON p.provinsi_id = k.provinsi_id GROUP BY 1""",
        ),
    ),
)
