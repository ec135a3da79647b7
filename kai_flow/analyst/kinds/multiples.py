"""How many times as much one number is as another: "how many times as many as in Banten"."""

from collections.abc import Iterator

from msgspec.structs import replace

from kai_flow.analyst.kinds.building import NUMBER, SIDE, mixed
from kai_flow.analyst.kinds.comparing import Side, base, number_of
from kai_flow.analyst.kinds.kind import Kind, Rule, Sample
from kai_flow.analyst.reading.parts import Amount, Quotient, Sign, Where
from kai_flow.analyst.reading.sides import contrast

_HIGHER = ("higher", "larger", "greater", "bigger", "more")
_LEBIH = ("banyak", "besar", "tinggi", "gede")


def _times(*parts: Sign | Side | Where) -> Quotient | None:
    """One number over another; the second side may name only what tells it apart."""
    left, right = (part for part in parts if not isinstance(part, Sign))
    mine = None if isinstance(left, Where) else number_of(left)
    if mine is None:
        return None
    if isinstance(right, Where):
        return _apart(mine, replace(mine, where=(right.test,)), short=True)
    theirs = number_of(right)
    if theirs is None or mine == theirs or mixed(mine, theirs):
        return None
    if base(mine, theirs) is not None:
        return _apart(mine, theirs, short=base(mine, theirs) != replace(theirs, where=()))
    return Quotient(mine, theirs) if mine.function and theirs.function else None


def _apart(mine: Amount, theirs: Amount, *, short: bool) -> Quotient | None:
    found = contrast(mine.where, theirs.where, short=short)
    if found is None:
        return None
    (top, bottom), shared = found
    return Quotient(
        replace(mine, where=(*shared, top)),
        replace(mine, where=(*shared, bottom)),
    )


def _rules() -> Iterator[Rule]:
    """Only "as many" counts rows that are merely named: "sales" are also what they bring."""
    for sign, one in (("so many times", SIDE), ("how many times", NUMBER)):
        for other in (SIDE, Where):
            patterns = ((one, sign, other), (one, sign, "as against", other))
            for pattern in (*patterns, (sign, one, "as against", other)):
                yield Rule(f"{sign} as another", pattern, _times, scoped=True)


KIND = Kind(
    "multiples",
    "How many times as much one number is as another: orders in Bali against those in Banten.",
    english={
        "how many times": (
            *("how many times as much", "how many times as high", "how many times the"),
            *("how many times as large", "how many times as big"),
            *("how many times that of", "how many times that for", "how many times those of"),
            *(f"how many times {higher}" for higher in _HIGHER),
            *(f"how many times {higher} than" for higher in _HIGHER),
        ),
        "so many times": ("how many times as many",),
        "as against": ("as", "than", "compared to", "compared with", "relative to"),
    },
    indonesian={
        "how many times": (
            *("berapa kali lipat", "berapa kali lipatnya", "berapa kali lipat dari"),
            *("berapa kali lipat dibanding", "berapa kali lipat dibandingkan"),
            *("berapa kali lipat dibanding dengan", "berapa kali lipat dibandingkan dengan"),
            *("berapa kali lipatnya dari", "berapa kali lipat daripada", "berapa kali dari"),
            *(f"berapa kali lebih {much}" for much in _LEBIH),
            *(f"berapa kali lipat lebih {much}" for much in _LEBIH),
            *(
                f"berapa kali lebih {much} {than}"
                for much in _LEBIH
                for than in ("dari", "daripada")
            ),
        ),
        "as against": ("dibanding", "dibandingkan", "dibandingkan dengan", "daripada", "dari"),
    },
    rules=(
        *_rules(),
        Rule("ratio of one number", ("ratio", NUMBER, "to", Where), _times, cost=0.05, scoped=True),
    ),
    samples=(
        Sample(
            "en",
            "How many times as many cooperatives are there in Banten as in Bali?",
            """SELECT 1.0 * SUM(nama_provinsi = 'Banten') / SUM(nama_provinsi = 'Bali')
            FROM koperasi k JOIN provinsi p ON p.provinsi_id = k.provinsi_id""",
        ),
        Sample(
            "id",
            "Jumlah koperasi di Banten berapa kali lipat dari yang di Bali?",
            """SELECT 1.0 * SUM(nama_provinsi = 'Banten') / SUM(nama_provinsi = 'Bali')
            FROM koperasi k JOIN provinsi p ON p.provinsi_id = k.provinsi_id""",
        ),
    ),
)
