"""`kai connection …`: the connections of this home.

Of a URI, only what `safe_uri` shows is printed, except by `encrypt`.
"""

import getpass
import json
import os
import secrets
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext
from typing import Any, Final

from rich import box
from rich.table import Table
from rich.text import Text

from kai_flow.cli import EXIT_FAILED, EXIT_OK, text
from kai_flow.cli.consoles import console_for, print_words
from kai_flow.cli.typed import interruptible
from kai_flow.connections.model import StoreError
from kai_flow.connections.sealing import SecretError, seal
from kai_flow.connections.service import BadInput, Data, shown
from kai_flow.connections.store import ConnectionStore, StoreUnavailable
from kai_flow.connections.uris import BadUri, check_uri
from kai_flow.runtime.locks import prepare_home
from kai_flow.runtime.logs import log_to_stderr
from kai_flow.settings import StartError, load_settings

STDIN_LIMIT: Final = 64 * 1024  # characters; a URI has at most 4,096


async def create(uri: str, alias: str, connection_id: str | None, *, as_json: bool) -> int:
    """Store a connection."""
    async with data_of_home() as data:
        name = connection_id or f"conn-{secrets.token_hex(4)}"
        stored = await data.store_connection(name, uri, alias, replace=False)
        if as_json:
            print_json(stored)
        else:
            say(f"stored {stored['alias']} ({stored['uri']})")
            say(f"try it: kai connection test {stored['alias']}")
        if data.store.lacks_file(await data.resolve(name)):
            notes = console_for(plain=False, stderr=True)
            words = f"there is no file {stored['uri'].partition('://')[2]} yet"
            print_words(notes, text.line(f"warning: {words}; put one there", 2_000))
    return EXIT_OK


async def list_all(*, as_json: bool) -> int:
    """Print every connection."""
    async with data_of_home() as data:
        entries = data.store.entries()
        if as_json:
            print_json(
                [
                    {"connection_id": each.id, "alias": each.alias, "uri": each.shown}
                    for each in entries
                ]
            )
            return EXIT_OK
        table = Table(box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False)
        for header in ("alias", "id", "database"):
            table.add_column(header, overflow="fold")
        for each in entries:
            table.add_row(*(Text(text.line(cell)) for cell in (each.alias, each.id, each.shown)))
        console_for(plain=False).print(table)
    return EXIT_OK


async def show(name: str, *, as_json: bool) -> int:
    """Print one connection and what is known about it."""
    async with data_of_home() as data:
        connection = await data.resolve(name)
        scan = data.store.last_scan(connection)
        known = data.store.knowledge(connection).counts()
        if as_json:
            count = None if scan is None else len(scan["tables"])
            print_json({**shown(connection), "tables": count, "synced": known})
            return EXIT_OK
        say(f"alias     {connection.alias}")
        say(f"id        {connection.id}")
        say(f"database  {connection.safe_uri}")
        tables = "not scanned yet" if scan is None else _counted(len(scan["tables"]), "table")
        say(f"schema    {tables}")
        say(f"known     {known_of(known)}")
    return EXIT_OK


def known_of(counts: dict[str, int]) -> str:
    """What an administrator has added to a connection, without the parts that are empty."""
    names = {"instructions": "instruction", "skills": "skill", "glossary": "glossary term"}
    parts = [_counted(counts[key], name) for key, name in names.items() if counts[key]]
    if counts["mdl"]:
        parts.append(f"a data model of {_counted(counts['mdl'], 'byte')}")
    return ", ".join(parts) or "nothing beyond the schema"


def _counted(number: int, name: str) -> str:
    return f"{number:,} {name}" if number == 1 else f"{number:,} {name}s"


async def test(name: str, *, as_json: bool) -> int:
    """Connect, and print whether the database can be used."""
    async with data_of_home() as data:
        with working(f"connecting to {name}"):
            outcome = await data.test_connection(name)
        if as_json:
            print_json(outcome)
        else:
            say(f"{'✔' if outcome['status'] == 'ok' else '✘'} {outcome['message']}")
    return EXIT_OK if outcome["status"] == "ok" else EXIT_FAILED


async def delete(name: str) -> int:
    """Forget a connection."""
    async with data_of_home() as data:
        say(f"deleted {data.store.delete(name)}; the database itself was not changed")
    return EXIT_OK


async def key() -> int:
    """Print the public key of this home."""
    async with data_of_home() as data:
        print(data.store.public_key())
    return EXIT_OK


async def encrypt(uri: str, public_key: str | None) -> int:
    """Print a URI encrypted for the holder of a key."""
    try:
        clear = check_uri(uri)
        if public_key is None:
            async with data_of_home() as data:
                public_key = data.store.public_key()
        print(seal(clear, public_key))
    except (BadUri, SecretError) as wrong:
        raise StartError(str(wrong)) from None
    return EXIT_OK


@asynccontextmanager
async def data_of_home() -> AsyncIterator[Data]:
    """The operations on this home's store; their refusals become a `StartError`."""
    settings = load_settings(os.environ)
    level = settings.log_level if os.environ.get("KAI_LOG_LEVEL") else None
    log_to_stderr(level, settings.log_format)
    prepare_home(settings.home)
    try:
        yield Data(ConnectionStore.at_the_terminal(settings))
    except (BadInput, StoreError, StoreUnavailable) as wrong:
        raise StartError(str(wrong)) from None


def read_uri(given: str) -> str:
    """The given URI; for `-`, the one on standard input, which a terminal does not echo.

    Call it outside the event loop, which would hold back a Ctrl-C until the input ends.
    """
    if given != "-":
        return given
    if sys.stdin.isatty():
        try:
            with interruptible():  # also by a Ctrl-C that comes just before it waits
                return getpass.getpass("URI (not shown): ").strip()
        except EOFError:  # Ctrl-D
            return ""
    return sys.stdin.read(STDIN_LIMIT).strip()


def say(words: str) -> None:
    """Print one line for a person, harmless for the terminal."""
    print_words(console_for(plain=False), text.line(words, 2_000))


@contextmanager
def working(words: str) -> Iterator[None]:
    """Show on a terminal that work is going on, until the block ends."""
    notes = console_for(plain=False, stderr=True)
    shown = Text(text.line(words, 100), style="dim")
    with notes.status(shown) if notes.is_terminal else nullcontext():
        yield


def print_json(value: Any) -> None:
    """Print one JSON value in ASCII, which is harmless for every terminal."""
    print(json.dumps(value, indent=2))
