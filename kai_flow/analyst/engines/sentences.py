"""The engines' messages about databases: one can be used, or what is wrong and the remedy."""

from pathlib import Path

from kai_flow.analyst.engines.address import Address
from kai_flow.analyst.engines.contract import Probe
from kai_flow.analyst.errors import DatabaseUnavailable, QueryFailed

__all__ = [
    "broken",
    "file_held",
    "file_locked",
    "no_database",
    "no_entry",
    "no_file",
    "no_free_connection",
    "no_query",
    "no_server",
    "query_failed",
    "reads_file",
    "refused",
    "server_answers",
    "too_powerful",
    "unreadable_file",
    "untrusted",
    "wrong_login",
]


def reads_file(server: str, path: Path) -> Probe:
    """A file can be read."""
    return Probe(ok=True, message=f"{server} can read {path.name}.", server=server)


def server_answers(server: str, at: Address, *, may_write: bool) -> Probe:
    """A server accepts the connection; a role that may write is warned about."""
    message = f"{server} at {at.where} answers."
    if may_write:
        message += (
            " Warning: this role may write. KAI only reads, but use a role that has the right"
            " SELECT and no other."
        )
    return Probe(ok=True, message=message, may_write=may_write, server=server)


def query_failed(reason: str) -> QueryFailed:
    """The database reports an error."""
    return QueryFailed(
        f"The database could not run the query ({reason}); try again or rephrase the question."
    )


def no_query() -> QueryFailed:
    """The statement gives no rows."""
    return QueryFailed("The statement is not a query; send a single SELECT.")


# --- why a file cannot be read


def no_file(path: Path) -> DatabaseUnavailable:
    """There is no such database file."""
    return DatabaseUnavailable(
        f"The database file {path.name} does not exist; check the connection's URI."
    )


def file_locked(path: Path) -> DatabaseUnavailable:
    """Another program is writing at this moment (SQLite)."""
    return DatabaseUnavailable(
        f"The database file {path.name} is locked by another program that is writing to it;"
        " wait until it has finished, and try again."
    )


def file_held(path: Path) -> DatabaseUnavailable:
    """Another program has the file open for as long as it runs (DuckDB)."""
    return DatabaseUnavailable(
        f"The database file {path.name} is open in another program that may write to it; close"
        " that program, or use a copy of the file."
    )


def unreadable_file(path: Path, kind: str, reason: str = "") -> DatabaseUnavailable:
    """The file is not of this kind, or may not be read."""
    why = f" ({reason})" if reason else ""
    return DatabaseUnavailable(
        f"The database file {path.name} cannot be read{why}; check that it is {kind} and that"
        " this user may read it."
    )


# --- why a server cannot be used


def wrong_login(product: str) -> str:
    """User or password are wrong."""
    return f"{product} refuses this user or password; check both in the connection's URI."


def no_entry(product: str, rules: str) -> str:
    """The server's access rules do not admit this user from here."""
    return (
        f"{product} does not accept this user from this machine; check the user in the"
        f" connection's URI, and the server's {rules}."
    )


def no_database(product: str) -> str:
    """There is no such database, or none that this user may see."""
    return (
        f"{product} has no database of this name that this user may read; check the end of the"
        " connection's URI, and the user's grants."
    )


def too_powerful(product: str, at: Address) -> str:
    """The role may do anything, whatever is granted to it."""
    return (
        f"{product} at {at.where} lets this role do everything (it is a superuser, may become one,"
        " or may use the server's files); create a role that can only read (CREATE ROLE … LOGIN"
        " NOSUPERUSER, GRANT SELECT) and name it in the connection's URI."
    )


def no_free_connection(product: str, at: Address) -> str:
    """The server's limit of connections is reached."""
    return f"{product} at {at.where} has no free connection; try again in a while."


def untrusted(product: str, at: Address) -> str:
    """The server's certificate is not signed by an authority that is known here."""
    return (
        f"The certificate of {product} at {at.where} cannot be trusted; name its authority with"
        " sslrootcert in the connection's URI."
    )


def no_server(product: str, at: Address) -> str:
    """Nothing answers, or something that does not speak the server's protocol."""
    return (
        f"No {product} server answers at {at.where}; check host, port and sslmode in the"
        " connection's URI, and that the server runs and can be reached from here."
    )


def broken(product: str, at: Address) -> DatabaseUnavailable:
    """The connection was lost while it was used."""
    return DatabaseUnavailable(f"The connection to {product} at {at.where} was lost; try again.")


def refused(product: str, at: Address, reason: str) -> str:
    """Any other reason that the server gives."""
    return f"{product} at {at.where} refuses the connection ({reason}); ask its administrator."
