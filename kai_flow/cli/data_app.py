"""The commands about connections and their help. What they do is imported when they run."""

from typing import Annotated

from cyclopts import App, Parameter

from kai_flow.cli.running import run

connection = App(
    name="connection",
    help="Tell KAI which databases there are. Passwords are stored encrypted and never shown.",
)
schema = App(name="schema", help="Look at what is in a database.")

Name = Annotated[str, Parameter(help="Alias or id of the connection.")]
Json = Annotated[bool, Parameter(name="--json", negative="", help="Print one JSON object.")]
Uri = Annotated[str, Parameter(allow_leading_hyphen=True)]
Tables = Annotated[
    list[str] | None,
    Parameter(name=["--table", "-t"], negative="", help="Only this table; may be repeated."),
]


@connection.command
def create(
    uri: Uri,
    *,
    alias: Annotated[str, Parameter(name=["--alias", "-a"])],
    connection_id: Annotated[str | None, Parameter(name="--id")] = None,
    json: Json = False,
) -> int:
    """Store a connection under an alias.

    Examples:

        kai connection create postgresql://kai:secret@db.example:5432/shop -a shop

        kai connection create - -a shop < uri.txt

    Parameters
    ----------
    uri
        postgresql://, mysql://, mariadb://, sqlite:///, duckdb:///, csv:/// or parquet:///; what
        `kai connection encrypt` printed; or - to read either from standard input, so that it does
        not stay in the shell's history. A file must lie in the current folder, or in one of
        KAI_FILE_FOLDERS when that is set.
    alias
        What the connection is called from now on.
    connection_id
        Its id; default: a new one.
    """
    from kai_flow.cli import connection as work  # noqa: PLC0415

    return run(work.create(uri, alias, connection_id, as_json=json))


@connection.command(name="list")
def list_(*, json: Json = False) -> int:
    """List the connections, the demo among them."""
    from kai_flow.cli import connection as work  # noqa: PLC0415

    return run(work.list_all(as_json=json))


@connection.command
def show(name: Name, *, json: Json = False) -> int:
    """Show a connection and what is known about it."""
    from kai_flow.cli import connection as work  # noqa: PLC0415

    return run(work.show(name, as_json=json))


@connection.command(name="test")
def check(name: Name, *, json: Json = False) -> int:
    """Connect to the database and say whether KAI can use it. Exit code 1 when it cannot."""
    from kai_flow.cli import connection as work  # noqa: PLC0415

    return run(work.test(name, as_json=json))


@connection.command
def delete(name: Name) -> int:
    """Forget a connection and what is known about it. The database is not touched."""
    from kai_flow.cli import connection as work  # noqa: PLC0415

    return run(work.delete(name))


@connection.command
def key() -> int:
    """Print the public key with which others encrypt connections for this KAI_HOME.

    It is no secret: what is encrypted with it can only be read where the worker runs.
    """
    from kai_flow.cli import connection as work  # noqa: PLC0415

    return run(work.key())


@connection.command
def encrypt(
    uri: Uri = "-", *, public_key: Annotated[str | None, Parameter(name=["--key", "-k"])] = None
) -> int:
    """Encrypt a URI so that only the worker can read it, and print the outcome.

    The outcome stands wherever a URI is taken: in `kai connection create` and in the activity
    store_connection, whose arguments Temporal keeps in its history.

    Examples:

        kai connection encrypt --key kai-public1:… < uri.txt

    Parameters
    ----------
    uri
        The URI; - (the default) reads it from standard input.
    public_key
        What `kai connection key` prints where the worker runs; default: the key of this KAI_HOME.
    """
    from kai_flow.cli import connection as work  # noqa: PLC0415

    return run(work.encrypt(uri, public_key))


@schema.command
def scan(name: Name, *, table: Tables = None, json: Json = False) -> int:
    """Scan a database and remember what was found: tables, columns, types, keys; no rows."""
    from kai_flow.cli import schema as work  # noqa: PLC0415

    return run(work.scan(name, table, as_json=json))


@schema.command(name="show")
def show_schema(name: Name, *, table: Tables = None, json: Json = False) -> int:
    """Show what the last scan found, without asking the database."""
    from kai_flow.cli import schema as work  # noqa: PLC0415

    return run(work.show(name, table, as_json=json))


def mdl(
    name: Name,
    *,
    table: Tables = None,
    sync: Annotated[str | None, Parameter(name="--sync", allow_leading_hyphen=True)] = None,
) -> int:
    """Print the data model of a database as Markdown: tables, columns, types, relationships.

    Write synonyms behind "Also called:" and into the column Notes, as
    `name, other name (unit); value = meaning`, and give the file back with --sync: from then on
    questions may use these words.

    Examples:

        kai mdl shop > shop.md

        kai mdl shop --sync shop.md

    Parameters
    ----------
    sync
        A file with the data model to keep for this connection; - reads standard input.
    """
    from kai_flow.cli import schema as work  # noqa: PLC0415

    return run(work.mdl(name, table, sync))
