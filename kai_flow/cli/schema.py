"""`kai schema …` and `kai mdl`: what is in a database."""

import shlex
import sys
from pathlib import Path
from typing import Any, Final

from rich import box
from rich.table import Table
from rich.text import Text

from kai_flow.cli import EXIT_FAILED, EXIT_OK, text
from kai_flow.cli.connection import data_of_home, known_of, print_json, say, working
from kai_flow.cli.consoles import console_for
from kai_flow.settings import StartError

TABLES_SHOWN: Final = 200  # for a person; `--json` has them all


async def scan(name: str, tables: list[str] | None, *, as_json: bool) -> int:
    """Scan the database, store what was found, and print it."""
    async with data_of_home() as data:
        with working(f"scanning {name}"):
            outcome = await data.scan_schema(name, tables)
        if as_json:
            print_json(outcome)
        elif outcome["status"] == "ok":
            _print_tables(outcome["tables"], in_full=tables is not None)
    return _exit_code(outcome, told=as_json)


async def show(name: str, tables: list[str] | None, *, as_json: bool) -> int:
    """Print what the last scan found."""
    async with data_of_home() as data:
        connection = await data.resolve(name)
        last = data.store.last_scan(connection)
        if last is None:
            raise StartError(
                f"the schema of {text.line(name, 60)!a} has not been scanned yet: run"
                f" `kai schema scan {shlex.quote(text.line(name, 60))}` first"
            )
        found = [each for each in last["tables"] if not tables or each["name"] in tables]
        missing = set(tables or ()) - {each["name"] for each in found}
        if missing:
            raise StartError(
                f"the last scan found no table {text.line(min(missing), 60)!a}: run"
                " `kai schema show` without --table to list the tables, or scan again"
            )
        if as_json:
            print_json({"tables": found})
        else:
            _print_tables(found, in_full=bool(tables))
    return EXIT_OK


async def mdl(name: str, tables: list[str] | None, sync: str | None) -> int:
    """Print the data model, or store an edited one."""
    async with data_of_home() as data:
        if sync is not None:
            with working(f"checking against {name}"):
                kept = await data.sync_config(name, mdl=sync)
            say(f"{name} has {known_of(kept['synced'])}")
            if kept["problems"]:
                say("Without effect:")
            for problem in kept["problems"]:
                say(f"- {problem}")
            return EXIT_OK
        with working(f"scanning {name}"):
            outcome = await data.generate_mdl(name, tables)
        sys.stdout.write(text.block(outcome["mdl"]))
    return _exit_code(outcome, told=False)


def _exit_code(outcome: dict[str, Any], *, told: bool) -> int:
    if outcome["status"] == "ok":
        return EXIT_OK
    if not told:
        print(f"kai: {text.line(outcome['message'], 2_000)}", file=sys.stderr)
    return EXIT_FAILED


def read_model(path: str) -> str:
    """The data model in a file, or on standard input for `-`; call it outside the event loop."""
    try:
        return sys.stdin.read() if path == "-" else Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as wrong:
        reason = getattr(wrong, "strerror", None) or "it is not UTF-8"
        raise StartError(
            f"{text.line(path, 100)!a} cannot be read ({reason}): check the path"
        ) from None


def _print_tables(tables: list[dict[str, Any]], *, in_full: bool) -> None:
    """Print one line for each table, or the columns of the tables that were named."""
    console = console_for(plain=False)
    if in_full:
        for table in tables:
            _print_columns(table)
        return
    grid = Table(box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False)
    for header, justify in (("table", "left"), ("rows", "right"), ("columns", "left")):
        grid.add_column(header, justify="right" if justify == "right" else "left", overflow="fold")
    for table in tables[:TABLES_SHOWN]:
        columns = ", ".join(column["name"] for column in table.get("columns", ()))
        cells = (table["name"], _rows(table), columns)
        grid.add_row(*(Text(text.line(cell)) for cell in cells))
    console.print(grid)
    if len(tables) > TABLES_SHOWN:
        say(f"… and {len(tables) - TABLES_SHOWN:,} more tables: name those you need with --table")


def _print_columns(table: dict[str, Any]) -> None:
    say(f"{table['name']} ({_rows(table)} rows)")
    targets = {
        column: f"→ {key['target']}.{target}"
        for key in table.get("foreign_keys", ())
        for column, target in zip(key["columns"], key["target_columns"], strict=True)
    }
    grid = Table.grid(padding=(0, 2))
    for column in table.get("columns", ()):
        name, key = column["name"], "primary key" if column["name"] in table["primary_key"] else ""
        cells = (f"  {name}", column["type"], "  ".join(filter(None, (key, targets.get(name)))))
        grid.add_row(*(Text(text.line(cell)) for cell in cells))
    console_for(plain=False).print(grid)


def _rows(table: dict[str, Any]) -> str:
    return f"{'about ' if table.get('sampled') else ''}{table.get('row_count', 0):,}"
