"""Shares: what percentage of the whole a group has, or meets a condition."""

from collections.abc import Sequence

from msgspec.structs import replace

from kai_flow.analyst.kinds.building import NUMBER, amount, count
from kai_flow.analyst.kinds.kind import Kind, Rule, Sample
from kai_flow.analyst.query.nodes import Function, Operator
from kai_flow.analyst.reading.parts import (
    Amount,
    Column,
    Compared,
    Computed,
    Groups,
    Measured,
    Part,
    Portion,
    Quotient,
    Rows,
    Sign,
    Where,
)

SIDE = (*NUMBER, Rows)


def _amounts(parts: Sequence[Part]) -> list[Amount]:
    """The numbers among some parts; rows are counted."""
    sides = [part for part in parts if not isinstance(part, Sign | Where)]
    found = [count(part) if isinstance(part, Rows) else amount(part) for part in sides]  # type: ignore[arg-type]
    return [each for each in found if isinstance(each, Amount)]


def _share(*parts: "Sign | Column | Computed | Measured | Rows") -> Portion | None:
    found = _amounts(parts)
    return Portion(found[0]) if found else None


def _that_meets(*parts: "Sign | Column | Computed | Measured | Rows | Where") -> Quotient | None:
    """What percentage of the orders was cancelled: of those of each group, if there are groups."""
    found = _amounts(parts)
    tests = tuple(part.test for part in parts if isinstance(part, Where))
    if not found:
        return None
    part = replace(found[0], where=(*found[0].where, *tests))
    return Quotient(part, found[0], percent=True)


def _where_in_rows(*parts: Sign | Where | Rows) -> Quotient | None:
    """Girls as a share of all students."""
    rows = next(part for part in parts if isinstance(part, Rows))
    test = next(part.test for part in parts if isinstance(part, Where))
    if not isinstance(test, Compared) or not isinstance(test.of, Column):
        return None
    whole = count(rows)
    return Quotient(replace(whole, where=(test,)), whole, percent=True)


def _one_in_other(part: Amount, whole: Amount) -> Quotient | None:
    rows = {part.of is None, whole.of is None}  # no number of returns is a percentage of revenue
    return None if part == whole or len(rows) > 1 else Quotient(part, whole, percent=True)


def _whole_first(*parts: "Sign | Column | Computed | Measured | Rows") -> Quotient | None:
    """What percentage of revenue the surplus amounted to."""
    found = _amounts(parts)
    return _one_in_other(found[1], found[0]) if len(found) == 2 else None


def _part_first(*parts: "Sign | Column | Computed | Measured | Rows") -> Quotient | None:
    """The percentage of the surplus in relation to revenue; the surplus in percent of revenue."""
    found = _amounts(parts)
    return _one_in_other(found[0], found[1]) if len(found) == 2 else None


def _rate(*parts: Sign | Where | Rows) -> Quotient | None:
    """The cancellation rate: the orders that were cancelled in percent of all."""
    test = next(part.test for part in parts if isinstance(part, Where))
    rows = next((part for part in parts if isinstance(part, Rows)), None)
    if not isinstance(test, Compared) or not isinstance(test.of, Column) or test.of.role:
        return None
    if test.operator is not Operator.EQUAL or (rows and rows.table != test.of.ref.table):
        return None
    whole = Amount(Function.COUNT, None, test.of.ref.table)
    return Quotient(replace(whole, where=(test,)), whole, percent=True)


KIND = Kind(
    "share",
    "Shares in percent: the share of each province, what percentage of orders is cancelled.",
    english={
        "share": (
            *("share of", "share", "percentage of", "percent of", "percentage", "percent", "%"),
            *("proportion of", "proportion", "contribution of", "contribution", "portion of"),
            *("what percentage of", "in percent", "as a percentage", "as percentage", "% of"),
            *("how many percent of", "how many percent", "fraction of", "fraction"),
            *(
                "by how many percent",
                "by what percent",
                "by what percentage",
                "by how much percent",
            ),
            *("what part of", "what part", "percentages", "in percentages", "as percentages"),
            *("what fraction of", "what share of", "what proportion of", "what portion of"),
        ),
        "being": (
            *("is", "are", "was", "were", "got", "get", "has been", "have been", "that is"),
            *("goes to", "went to", "is spent on", "was spent on", "spent on", "used for"),
            *("that are", "which is", "which are", "that was", "that were", "went", "did"),
            *("have we", "did we", "do we", "have been", "has been", "had been"),
            *(f"{verb} {left} as" for verb in ("is", "was", "were") for left in ("left", "kept")),
            *("remained as", "remains as", "ended up as", "was left over as", "turned out to be"),
        ),
        "rate": ("rate", "rates"),
        "making up": (
            *("amount to", "amounts to", "make up", "makes up", "account for", "accounts for"),
            *("get", "have", "take", "take up", "takes up", "constitute", "constitutes"),
            *("represent", "represents", "come to", "correspond to", "contribute", "contributes"),
        ),
    },
    indonesian={
        "share": (
            *("persentase", "persen", "proporsi", "porsi", "kontribusi", "pangsa", "bagian"),
            *("berapa persen", "dalam persen", "dalam persentase", "berapa persentase", "%"),
            *("persentase jumlah", "berapa persen dari", "prosentase"),
        ),
        "being": (
            *("yang", "itu yang", "dipakai untuk", "digunakan untuk", "habis untuk"),
            *("yang tersisa sebagai", "tersisa sebagai", "yang tersisa menjadi"),
        ),
        "rate": ("tingkat", "angka"),
    },
    rules=(
        Rule("share", ("share",), lambda _sign: Portion(None)),
        Rule("share of a number", ("share", NUMBER), _share),
        Rule("share of rows", ("share", Rows), _share),
        Rule("number, as a share", (NUMBER, "share"), _share, cost=0.05),
        Rule("share that meets", ("share", SIDE, "being", Where), _that_meets, cost=-0.15),
        Rule("share of what is", ("share", SIDE, "being", SIDE), _whole_first),
        Rule("share that it is", ("share", SIDE, "being", SIDE, "making up"), _whole_first),
        Rule("share in relation", ("share", SIDE, "divided by", SIDE), _part_first),
        Rule("that, in percent of rows", (Where, "in percent of", Rows), _where_in_rows),
        Rule("each makes up", (Groups, "making up"), lambda groups, _sign: groups, cost=0.02),
        Rule("rate", (Where, "rate"), _rate, cost=-0.1),
        Rule("share that", ("share", Where), _rate, cost=0.45),
        Rule("rate of rows", (Where, "rate", Rows), _rate, cost=-0.15),
        Rule("rows' rate", (Rows, Where, "rate"), _rate, cost=-0.15),
        Rule("rate that", ("rate", Where), _rate, cost=-0.1),
        Rule("rate that, of rows", ("rate", Where, Rows), _rate, cost=-0.15),
        Rule("how many percent", (SIDE, "share", SIDE), _part_first, cost=0.1),
    ),
    samples=(
        Sample(
            "en",
            "What percentage of cooperatives is active?",
            "SELECT 100.0 * SUM(status_koperasi = 'Aktif') / COUNT(*) FROM koperasi",
        ),
        Sample(
            "id",
            "Berapa persen koperasi yang aktif?",
            "SELECT 100.0 * SUM(status_koperasi = 'Aktif') / COUNT(*) FROM koperasi",
        ),
    ),
)
