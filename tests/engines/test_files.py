"""CSV and Parquet files are databases of one table."""

from pathlib import Path

import duckdb
import pytest

from kai_flow.analyst.engines import engine_for
from kai_flow.analyst.errors import QueryFailed
from kai_flow.analyst.schema import Kind
from tests.engines.hostile import HOSTILE
from tests.engines.places import EVERYWHERE, names
from tests.engines.test_questions import ask

ROWS = "city,sold,day\nPalu,5,2023-01-31\nMedan,8,2024-02-29\nPalu,2,2024-03-01\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "sales.csv").write_text(ROWS)
    with duckdb.connect() as db:
        for year in (2023, 2024):
            db.execute(
                f"COPY (FROM read_csv('{tmp_path}/sales.csv') WHERE year(day) = {year})"
                f" TO '{tmp_path}/sales-{year}.parquet'"
            )
    return tmp_path


@pytest.mark.parametrize("uri", ["csv://{}/sales.csv", "parquet://{}/sales-*.parquet"])
async def test_a_question_is_answered_from_files(folder: Path, tmp_path: Path, uri: str) -> None:
    """One file, or all that match a pattern, are scanned and asked like any table."""
    uri = uri.format(folder)
    engine = engine_for(uri, EVERYWHERE)
    table = (await engine.scan()).tables["sales"]
    assert [column.kind for column in table.columns] == [Kind.TEXT, Kind.NUMBER, Kind.DATE]
    assert table.column("city").values == ("Medan", "Palu")
    assert (
        await engine.check()
    ).message == f"{(await engine.check()).server} can read {uri.split('/')[-1]}."
    for question, rows in (
        ("total sold per city", [["Medan", 8], ["Palu", 7]]),
        ("total sold per year", [[2023, 5], [2024, 10]]),
    ):
        found = await ask(uri, question, tmp_path / "home")
        assert found["sql_result"]["data"] == rows


async def test_a_loaded_file_is_locked_in(folder: Path) -> None:
    """What was loaded reaches no other file, nor the file that it came from."""
    engine = engine_for(f"csv://{folder}/sales.csv", EVERYWHERE)
    before = names(folder)
    hostile = [sql for sql in HOSTILE["duckdb"] if "'" in sql]
    assert len(hostile) >= 25
    harmful: dict[str, str] = {}
    for sql in hostile:
        try:
            shown = repr(await engine.run(sql.replace("{folder}", str(folder))))
        except QueryFailed as refused:  # most are; some give nothing
            shown = str(refused)
            assert "\n" not in shown, sql
        if "root:" in shown or names(folder) != before:
            harmful[sql] = shown
        assert (folder / "sales.csv").read_text() == ROWS, sql
    assert not harmful
