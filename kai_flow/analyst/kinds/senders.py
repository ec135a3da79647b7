"""What places, shops or people send and receive: cities that received more than 30 shipments."""

from collections.abc import Callable, Iterable

from msgspec.structs import replace

from kai_flow.analyst.kinds.building import count
from kai_flow.analyst.kinds.filters import equal
from kai_flow.analyst.kinds.kind import Kind, Rule, Sample
from kai_flow.analyst.query.nodes import Function
from kai_flow.analyst.reading.parts import (
    Amount,
    Beside,
    Column,
    Compared,
    Has,
    Having,
    Negated,
    Rank,
    Rows,
    Sign,
    Values,
    Where,
)

ENDS = {"sender": "~origin", "receiver": "~destination"}
"""Who does it, and the end of what is sent at which they are."""

ELSEWHERE = ("~!origin", "~!destination")
"""The ends of what is sent, where nothing else is meant."""


def _counted(amount: object, role: str) -> Amount | None:
    """A number of rows, counted at one of their ends."""
    if not isinstance(amount, Amount) or amount.function is not Function.COUNT:
        return None
    if amount.table is None:
        return None
    return replace(amount, where=(*amount.where, Has(amount.table, role)))


def _so_many(role: str) -> Callable[..., Having | None]:
    """The words “Received more than 30 shipments”."""

    def build(_sign: Sign, having: Having) -> Having | None:
        amount = _counted(having.amount, role)
        return None if amount is None else replace(having, amount=amount)

    return build


def _most(role: str) -> Callable[..., Rank | None]:
    """The words “Received the most shipments”."""

    def build(_sign: Sign, rank: Rank) -> Rank | None:
        amount = _counted(rank.by, role) if rank.of is None else None
        return None if amount is None else replace(rank, by=amount)

    return build


def _none(role: str) -> Callable[..., Where]:
    """The words “Received no shipments”."""

    def build(*parts: Sign | Rows) -> Where:
        rows = next(part for part in parts if isinstance(part, Rows))
        return Where(Negated(Has(rows.table, role)))

    return build


def _most_of(role: str, *, descending: bool) -> Callable[..., Rank | None]:
    """The words "Paling banyak menerima paket": the most stands before the verb."""

    def build(_most: Sign, _sign: Sign, rows: Rows) -> Rank | None:
        amount = _counted(count(rows), role)
        return None if amount is None else Rank(descending, by=amount)

    return build


def _at_end(role: str) -> Callable[..., Values | None]:
    """The words "How many shipments did Paris receive": the place is where they went."""

    def build(values: Values, _sign: Sign) -> Values | None:
        if values.column.role is not None:
            return None
        return replace(values, column=Column(values.column.ref, role))

    return build


def _elsewhere(role: str) -> Callable[..., Where | None]:
    """The words “To a city outside Java”: the end of what is sent is another place."""

    def build(_end: Sign, *parts: Sign | Rows | Column | Values) -> Where | None:
        values = next(part for part in parts if isinstance(part, Values))
        rows = [part.table for part in parts if isinstance(part, Rows)]
        rows += [part.ref.table for part in parts if isinstance(part, Column)]
        if values.column.role is not None or {*rows} - {values.column.ref.table}:
            return None
        there = replace(values, column=Column(values.column.ref, role))
        return Where(Negated(equal(there)))

    return build


def _verb_elsewhere(verb: Beside, where: Where) -> Where | None:
    """The words “Shipped | to a city other than York”: the verb says which column."""
    test = where.test.part if isinstance(where.test, Negated) else None
    if not isinstance(test, Compared) or not isinstance(test.of, Column):
        return None
    if test.of.ref != verb.column.ref or test.of.role not in ELSEWHERE:
        return None
    return Where(Negated(replace(test, of=verb.column)))


def _rules() -> Iterable[Rule]:
    yield Rule("verb, elsewhere", (Beside, Where), _verb_elsewhere, cost=-0.3)
    for end in ("origin", "destination"):
        for place in ((), (Rows,), (Column,)):
            pattern = (end, *place, "not", Values)
            name = " ".join([end, *(each.__name__ for each in place), "elsewhere"])
            yield Rule(name, pattern, _elsewhere(f"~!{end}"), cost=0.05, plain=True)
    for sign, role in ENDS.items():
        yield Rule(f"{sign}, so many", (sign, Having), _so_many(role), cost=-0.05)
        yield Rule(f"{sign}, most", (sign, Rank), _most(role), cost=-0.05)
        yield Rule(f"{sign}, no rows", (sign, "not", Rows), _none(role))
        yield Rule(f"not {sign}", ("not", sign, Rows), _none(role))
        yield Rule(f"{sign} at the end", (Values, sign), _at_end(role), tight=True)
        for most, descending in (("most", True), ("fewest", False)):
            build = _most_of(role, descending=descending)
            yield Rule(f"{most} that the {sign}", (most, sign, Rows), build)


KIND = Kind(
    "senders",
    "What is sent and received: cities that received more than 30 shipments.",
    rules=tuple(_rules()),
    samples=(
        Sample(
            "en",
            "Which cities received more than 30 shipments?",
            """SELECT k.nama_kota, COUNT(*) FROM pengiriman p
            JOIN kota k ON k.kota_id = p.kota_tujuan_id GROUP BY 1 HAVING COUNT(*) > 30""",
            schema="logistics",
        ),
        Sample(
            "id",
            "Kota mana yang mengirim lebih dari 30 pengiriman?",
            """SELECT k.nama_kota, COUNT(*) FROM pengiriman p
            JOIN kota k ON k.kota_id = p.kota_asal_id GROUP BY 1 HAVING COUNT(*) > 30""",
            schema="logistics",
        ),
    ),
)
