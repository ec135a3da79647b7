"""The models of connections are kept while nothing has changed."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import pytest

from kai_flow.analyst.engines.contract import DEFAULT_LIMITS, SCAN_DEADLINE_S, Limits, Probe, Rows
from kai_flow.analyst.errors import DatabaseUnavailable
from kai_flow.analyst.schema import Column, Kind, Schema, Table
from kai_flow.analyst.semantics.cache import MAX_AGE_S, Models
from kai_flow.connections.knowledge import Knowledge, Term

NOTHING = Knowledge()


@dataclass
class Scanned:
    """An engine that counts its scans."""

    dialect: str = "sqlite"
    print: str = "first"
    studied: bool = True
    scans: int = 0
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    fails: bool = False

    def __post_init__(self) -> None:
        self.gate.set()

    async def check(self) -> Probe:
        raise NotImplementedError

    async def fingerprint(self) -> str:
        return self.print

    async def scan(
        self, tables: Sequence[str] | None = None, deadline_s: float = SCAN_DEADLINE_S
    ) -> Schema:
        self.scans += 1
        await self.gate.wait()
        if self.fails:
            raise DatabaseUnavailable("gone")
        table = Table("orders", (Column("amount", Kind.NUMBER),), studied=self.studied)
        return Schema({"orders": table}, self.dialect)

    async def run(
        self, sql: str, limits: Limits = DEFAULT_LIMITS, *, tables: Collection[str] | None = None
    ) -> Rows:
        raise NotImplementedError


async def test_a_model_is_built_once_and_used_again() -> None:
    """Two questions after one another cost one scan."""
    models, engine = Models(), Scanned()
    first = await models.get("a", engine, NOTHING)
    assert await models.get("a", engine, NOTHING) is first
    assert engine.scans == 1


async def test_a_changed_database_is_scanned_again() -> None:
    """Another fingerprint is another database."""
    models, engine = Models(), Scanned()
    await models.get("a", engine, NOTHING)
    engine.print = "second"
    await models.get("a", engine, NOTHING)
    assert engine.scans == 2


async def test_new_knowledge_needs_no_new_scan() -> None:
    """What is taught counts for the next question, and the scan is used again."""
    models, engine = Models(), Scanned()
    before = await models.get("a", engine, NOTHING)
    after = await models.get("a", engine, Knowledge(glossary=(Term("omzet", "amount"),)))
    assert after is not before
    assert engine.scans == 1


@pytest.mark.parametrize(
    ("dialect", "studied", "scans"),
    [("sqlite", True, 1), ("postgres", True, 2), ("mysql", True, 2), ("sqlite", False, 2)],
)
async def test_old_values_of_servers_are_scanned_again(
    dialect: str, studied: bool, scans: int
) -> None:
    """A server's rows change unseen, and an incomplete scan is tried again; a file is as it was."""
    now = [0.0]
    models, engine = Models(clock=lambda: now[0]), Scanned(dialect, studied=studied)
    await models.get("a", engine, NOTHING)
    now[0] = MAX_AGE_S - 1
    await models.get("a", engine, NOTHING)
    assert engine.scans == 1
    now[0] = MAX_AGE_S
    await models.get("a", engine, NOTHING)
    assert engine.scans == scans


async def test_sessions_at_once_share_one_scan() -> None:
    """Those who ask while a scan is under way wait for it."""
    models, engine = Models(), Scanned()
    engine.gate.clear()
    asked = [asyncio.create_task(models.get("a", engine, NOTHING)) for _ in range(5)]
    await asyncio.sleep(0)
    engine.gate.set()
    found = await asyncio.gather(*asked)
    assert engine.scans == 1
    assert all(each is found[0] for each in found)


async def test_a_failed_or_cancelled_scan_holds_up_nobody() -> None:
    """The next question scans afresh."""
    models, engine = Models(), Scanned(fails=True)
    with pytest.raises(DatabaseUnavailable):
        await models.get("a", engine, NOTHING)
    engine.fails = False
    engine.gate.clear()
    cancelled = asyncio.create_task(models.get("a", engine, NOTHING))
    while engine.scans < 2:  # noqa: ASYNC110 -- the scan itself is what is waited for
        await asyncio.sleep(0)
    cancelled.cancel()
    with pytest.raises(asyncio.CancelledError):
        await cancelled
    engine.gate.set()
    await models.get("a", engine, NOTHING)
    assert engine.scans == 3


async def test_only_the_most_recent_models_are_kept() -> None:
    """The connection that was not asked for longest is dropped."""
    models = Models(most=2)
    engines = {name: Scanned() for name in "abc"}
    for name in "abac":
        await models.get(name, engines[name], NOTHING)
    await models.get("a", engines["a"], NOTHING)
    await models.get("b", engines["b"], NOTHING)
    assert {name: engine.scans for name, engine in engines.items()} == {"a": 1, "b": 2, "c": 1}
