"""What a span says of a database: by the semantic conventions, and no data without being asked."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.semconv.attributes.db_attributes import (
    DB_OPERATION_NAME,
    DB_QUERY_TEXT,
    DB_SYSTEM_NAME,
    DbSystemNameValues,
)
from opentelemetry.trace import SpanKind

from kai_flow.analyst.engines import Engine, engine_for
from kai_flow.analyst.engines.traced import TracedEngine
from kai_flow.analyst.errors import EngineError
from kai_flow.connections.file_access import FileAccess
from kai_flow.traces import spans
from kai_flow.traces.open_telemetry import trace_with
from tests.unit.test_traces_open_telemetry import Kept

SQL = "SELECT name FROM town"


@pytest.fixture
def kept() -> Iterator[Kept]:
    """The spans of a test."""
    kept = Kept()
    yield kept
    spans.use(None)


def traced(kept: Kept, folder: Path, *, content: bool = False) -> Engine:
    """The engine of a small database, while spans are made."""
    with sqlite3.connect(folder / "towns.db") as db:
        db.execute("CREATE TABLE town (name TEXT)")
        db.execute("INSERT INTO town VALUES ('Bandung'), ('Medan')")
    db.close()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(kept))
    trace_with(provider, content=content)
    return engine_for(f"sqlite:///{folder}/towns.db", FileAccess(folders=(folder,)))


@pytest.mark.parametrize("content", [False, True])
async def test_a_query_has_a_span(kept: Kept, tmp_path: Path, content: bool) -> None:
    """With the system, the operation and the number of rows; with the statement if asked for."""
    engine = traced(kept, tmp_path, content=content)
    assert len((await engine.run(SQL, tables=["town"])).data) == 2
    span = kept.named("SELECT")
    assert span.kind is SpanKind.CLIENT
    assert span.attributes == {
        DB_SYSTEM_NAME: "sqlite",
        DB_OPERATION_NAME: "SELECT",
        "db.response.returned_rows": 2,
        **({DB_QUERY_TEXT: SQL} if content else {}),
    }


async def test_a_query_that_fails_says_so_without_data(kept: Kept, tmp_path: Path) -> None:
    """Of the error, the span has the type: its message may quote the statement or a value."""
    engine = traced(kept, tmp_path)
    with pytest.raises(EngineError):
        await engine.run("SELECT secret FROM town", tables=["town"])
    span = kept.named("SELECT")
    assert (span.attributes or {})["error.type"] == "QueryFailed"
    assert "secret" not in span.to_json()


async def test_a_scan_has_spans(kept: Kept, tmp_path: Path) -> None:
    """Each call of the engine has one of its own; none names a table or the file."""
    engine = traced(kept, tmp_path)
    assert (await engine.check()).ok
    await engine.fingerprint()
    await engine.scan()
    names = [span.name for span in kept.spans]
    assert names == ["check database", "fingerprint schema", "scan schema"]
    assert all("town" not in span.to_json() for span in kept.spans)


@pytest.mark.parametrize(
    ("dialect", "system"),
    [
        ("sqlite", "sqlite"),
        ("postgres", DbSystemNameValues.POSTGRESQL.value),
        ("mysql", DbSystemNameValues.MYSQL.value),
        ("duckdb", "duckdb"),
    ],
)
def test_a_system_is_called_as_the_conventions_call_it(dialect: str, system: str) -> None:
    """Where they have a name for it."""
    engine: Any = type("Engine", (), {"dialect": dialect})()
    assert TracedEngine(engine)._about() == {DB_SYSTEM_NAME: system}


def test_without_traces_an_engine_is_as_it_is(tmp_path: Path) -> None:
    """Nothing stands around it."""
    engine = engine_for(f"sqlite:///{tmp_path}/x.db", FileAccess(folders=(tmp_path,)))
    assert not isinstance(engine, TracedEngine)
