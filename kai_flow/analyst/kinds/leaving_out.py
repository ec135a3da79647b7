"""What is left out beside other things: leaving out cancelled orders and those from Bali."""

from kai_flow.analyst.kinds.kind import Kind, Rule, Sample
from kai_flow.analyst.query.nodes import Operator
from kai_flow.analyst.reading.parts import Compared, Joined, Negated, Rows, Sign, Where, Within


def _not(where: Where) -> Where | None:
    test = where.test
    if isinstance(test, Negated) or (isinstance(test, Joined) and not test.either):
        return None
    return Where(Negated(test))


def _apart(_sign: Sign, where: Where, *_rest: Sign | Rows) -> Where | None:
    """The words "Leaving the cancelled orders out"."""
    return _not(where)


def _those(_sign: Sign, _rows: Rows, where: Where) -> Where | None:
    """The words "Excluding orders on a weekend": the noun says only what is left out."""
    return Where(Negated(where.test)) if isinstance(where.test, Within | Compared) else None


def _both(*parts: Sign | Where | Rows) -> Where | None:
    """The words "Excluding the online shop and sales without a customer": neither is meant."""
    first, second = (part.test for part in parts if isinstance(part, Where))
    if isinstance(first, Within | Negated) or isinstance(second, Within | Negated):
        return None  # "excluding Bali and in 2024", "excluding Bali and not in 2024"
    return Where(Negated(Joined((first, second), either=True)))


def _at_once(_sign: Sign, first: Where, second: Where) -> Where | None:
    """The words "Excluding Jakarta retail": those that are both."""
    parts = first.test, second.test
    columns = {
        part.of for part in parts if isinstance(part, Compared) and part.operator is Operator.EQUAL
    }
    return Where(Negated(Joined(parts, either=False))) if len(columns) > 1 else None


KIND = Kind(
    "leaving_out",
    "Rows but for some that are left out, of one kind or of two.",
    english={
        "leaving": ("leaving", "leave", "taking", "take", "setting", "set"),
        "out of it": ("out", "aside", "out of it", "out of account", "out of this"),
        "excluding": (
            *("excluding", "exclude", "not counting", "not including", "leaving out", "leave out"),
            *("ignoring", "ignore", "omitting", "omit", "skipping", "skip", "disregarding"),
            *("disregard", "without counting", "apart from", "other than", "except", "except for"),
        ),
        "and those": ("and those", "and the ones", "or those", "and anything", "and everything"),
        "as well": ("and", "and every", "and all", "and any", "or", "as well as", "and also"),
    },
    indonesian={
        "excluding": (
            *("kecuali", "selain", "di luar", "tidak termasuk", "mengecualikan", "kecualikan"),
            *("tidak menghitung", "tanpa menghitung", "abaikan", "mengabaikan", "selain yang"),
            *("tidak termasuk yang", "kecuali yang", "di luar yang", "semua selain"),
        ),
        "and those": ("dan yang", "maupun yang", "serta yang", "dan juga yang", "atau yang"),
        "as well": ("dan", "dan semua", "dan setiap", "serta", "atau", "maupun", "dan juga"),
    },
    rules=(
        Rule("leaving out", ("leaving", Where, "out of it"), _apart, cost=0.05, makes=Where),
        Rule(
            "leaving those out",
            ("leaving", Where, Rows, "out of it"),
            _apart,
            cost=0.05,
            makes=Where,
        ),
        Rule("excluding those", ("excluding", Rows, Where), _those, cost=0.12, makes=Where),
        Rule("both", ("excluding", Where, "as well", Where), _both, cost=0.35, makes=Where),
        Rule("both at once", ("excluding", Where, Where), _at_once, 0.1, tight=True, makes=Where),
        Rule("both alike", ("excluding", Where, "and those", Where), _both, 0.05, makes=Where),
        *(
            Rule(f"both of {len(those)}", those, _both, cost=0.3, makes=Where)
            for those in (
                ("excluding", Where, "as well", Rows, Where),
                ("excluding", Where, Rows, "as well", Rows, Where),
            )
        ),
    ),
    samples=(
        Sample(
            "en",
            "Leaving the suspended cooperatives out, how many cooperatives are there per type?",
            """SELECT jenis_koperasi, COUNT(*) FROM koperasi
            WHERE status_koperasi <> 'Dibekukan' GROUP BY 1""",
        ),
        Sample(
            "id",
            "Jumlah koperasi per jenis, kecuali yang aktif dan yang di Bali",
            """SELECT k.jenis_koperasi, COUNT(*) FROM koperasi k
            JOIN provinsi p ON p.provinsi_id = k.provinsi_id
            WHERE NOT (k.status_koperasi = 'Aktif' OR p.nama_provinsi = 'Bali') GROUP BY 1""",
        ),
    ),
)
