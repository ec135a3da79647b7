"""The commands about connections and their help. What a command does is imported when it runs."""

from typing import Annotated

from cyclopts import App, Group, Parameter

from kai_flow.cli.running import run

OPTIONS = Group("Options")  # their heading in the help
NO_EPILOGUE = ""  # exit codes and settings are in `kai --help` alone

connection = App(
    name="connection",
    sort_key=4,
    help_epilogue=NO_EPILOGUE,
    group_parameters=OPTIONS,
    help=(
        "Manage the databases that KAI may ask.\n\n"
        "Connections are kept in KAI_HOME (default ~/.kai). Their passwords are encrypted there,"
        " and never shown."
    ),
)
schema = App(
    name="schema",
    sort_key=5,
    help_epilogue=NO_EPILOGUE,
    group_parameters=OPTIONS,
    help="Show which tables and columns a database has.",
)

Name = Annotated[str, Parameter(help="Alias or id of the connection.")]
Json = Annotated[
    bool,
    Parameter(name="--json", negative="", show_default=False, help="Print JSON."),
]
Uri = Annotated[str, Parameter(allow_leading_hyphen=True)]
Tables = Annotated[
    list[str] | None,
    Parameter(
        name=["--table", "-t"],
        negative="",
        metavar="TABLE",
        help="Only this table. Repeat the option for more tables. Default: all tables.",
    ),
]


@connection.command(sort_key=0)
def create(
    uri: Uri,
    /,
    *,
    alias: Annotated[str, Parameter(name=["--alias", "-a"], metavar="ALIAS")],
    connection_id: Annotated[str | None, Parameter(name="--id", metavar="ID")] = None,
    json: Json = False,
) -> int:
    """Store a connection to a database.

    For example:

    - `kai connection create postgresql://kai:secret@db.example:5432/shop -a shop`
    - `kai connection create sqlite:///home/me/shop.db -a shop`
    - `kai connection create - -a shop < uri.txt`

    Parameters
    ----------
    uri
        Where the database is: postgresql://, mysql://, mariadb://, sqlite:///, duckdb:///, csv:///
        or parquet:///, or the output of `kai connection encrypt`. Use - to read it from standard
        input, so that the password stays out of the shell's history. A file must be in the current
        folder or, when KAI_FILE_FOLDERS is set, in one of those folders.
    alias
        The name by which you will use the connection.
    connection_id
        The connection's id. Default: a new id.
    """
    from kai_flow.cli import connection as work

    return run(work.create(work.read_uri(uri), alias, connection_id, as_json=json))


@connection.command(name="list", sort_key=1)
def list_(*, json: Json = False) -> int:
    """List the stored connections and the demo database.

    For example:

    - `kai connection list`
    """
    from kai_flow.cli import connection as work

    return run(work.list_all(as_json=json))


@connection.command(sort_key=2)
def show(name: Name, /, *, json: Json = False) -> int:
    """Show a connection, without its password, and what KAI knows about it.

    For example:

    - `kai connection show shop`
    """
    from kai_flow.cli import connection as work

    return run(work.show(name, as_json=json))


@connection.command(name="test", sort_key=3)
def check(name: Name, /, *, json: Json = False) -> int:
    """Connect to the database, and say whether KAI can use it.

    The exit code is 0 when KAI can use the database, and 1 when it cannot.

    For example:

    - `kai connection test shop`
    """
    from kai_flow.cli import connection as work

    return run(work.test(name, as_json=json))


@connection.command(sort_key=4)
def delete(name: Name, /) -> int:
    """Delete a connection and what KAI knows about it. The database itself is not changed.

    For example:

    - `kai connection delete shop`
    """
    from kai_flow.cli import connection as work

    return run(work.delete(name))


@connection.command(sort_key=5)
def key() -> int:
    """Print the public key that encrypts connections for this KAI_HOME.

    The key is not secret: what it encrypts can be decrypted only where the worker runs. Give it to
    `kai connection encrypt --key`.

    For example:

    - `kai connection key`
    """
    from kai_flow.cli import connection as work

    return run(work.key())


@connection.command(sort_key=6, usage="Usage: kai connection encrypt [OPTIONS] [URI]")
def encrypt(
    uri: Uri = "-",
    /,
    *,
    public_key: Annotated[str | None, Parameter(name=["--key", "-k"], metavar="KEY")] = None,
) -> int:
    """Encrypt a database URI so that only the worker can read it, and print the result.

    Use the result in place of the URI: in `kai connection create`, and in the activity
    store_connection, whose arguments Temporal keeps in its history.

    For example:

    - `kai connection encrypt --key kai-public1:… < uri.txt`

    Parameters
    ----------
    uri
        The URI; - reads it from standard input.
    public_key
        The output of `kai connection key` where the worker runs. Default: the key of this KAI_HOME.
    """
    from kai_flow.cli import connection as work

    return run(work.encrypt(work.read_uri(uri), public_key))


@schema.command
def scan(name: Name, /, *, table: Tables = None, json: Json = False) -> int:
    """Read the tables, columns, types and keys of a database, store them, and print them.

    No rows are stored.

    For example:

    - `kai schema scan shop`
    - `kai schema scan shop -t orders -t customers`
    """
    from kai_flow.cli import schema as work

    return run(work.scan(name, table, as_json=json))


@schema.command(name="show")
def show_schema(name: Name, /, *, table: Tables = None, json: Json = False) -> int:
    """Print what the last `kai schema scan` found, without connecting to the database.

    For example:

    - `kai schema show shop`
    - `kai schema show shop -t orders`
    """
    from kai_flow.cli import schema as work

    return run(work.show(name, table, as_json=json))


def mdl(
    name: Name,
    /,
    *,
    table: Tables = None,
    sync: Annotated[
        str | None, Parameter(name="--sync", metavar="FILE", allow_leading_hyphen=True)
    ] = None,
) -> int:
    """Print the data model of a database as Markdown, or store an edited one.

    The data model lists tables, columns, types and relationships. Add synonyms to it after
    "Also called:" and in the column Notes, as `name, other name (unit); value = meaning`. Below
    "# Glossary", add terms and formulas, as `- revenue = quantity * unit_price`; below
    "# Instructions" and "# Skills", what docs/reference/knowledge.md describes. Store the file
    with --sync, and questions may use these words.

    A line that cannot be read is named, and nothing is stored. What has no effect on the database,
    such as a column that does not exist, is listed.

    For example:

    - `kai mdl shop > shop.md`
    - `kai mdl shop --sync shop.md`

    Parameters
    ----------
    sync
        Store what is in this file for the connection, instead of printing the data model; - reads
        standard input. A part that is not in the file stays as it is.
    """
    from kai_flow.cli import schema as work

    return run(work.mdl(name, table, None if sync is None else work.read_model(sync)))
