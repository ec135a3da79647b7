"""What all engines say alike: that a database answers, or what stands in the way, with a remedy."""

from pathlib import Path

from kai_flow.analyst.engines.address import Address
from kai_flow.analyst.engines.contract import Probe
from kai_flow.analyst.errors import DatabaseUnavailable, QueryFailed

__all__ = [
    "no_file",
    "no_free_connection",
    "no_server",
    "query_failed",
    "reads_file",
    "refused",
    "server_answers",
    "too_powerful",
    "wrong_login",
]


def reads_file(server: str, path: Path) -> Probe:
    """A file can be read."""
    return Probe(ok=True, message=f"{server} reads {path.name}.", server=server)


def server_answers(server: str, at: Address, *, may_write: bool) -> Probe:
    """A server lets us in; a role that may write is warned about."""
    message = f"{server} at {at.where} answers."
    if may_write:
        message += (
            " Warning: this role may write. KAI only reads, but use a role that can do nothing"
            " else: GRANT SELECT, and no other right."
        )
    return Probe(ok=True, message=message, may_write=may_write, server=server)


def query_failed(reason: str) -> QueryFailed:
    """The database reports an error."""
    return QueryFailed(
        f"The database could not run the query ({reason}); try again or rephrase the question."
    )


def no_file(path: Path) -> DatabaseUnavailable:
    """There is no such database file."""
    return DatabaseUnavailable(
        f"The database file {path.name} does not exist; check the connection's URI."
    )


# --- why a server lets nobody in


def wrong_login(product: str) -> str:
    """User or password are not right."""
    return f"{product} refuses this user or password; check both in the connection's URI."


def too_powerful(product: str, at: Address) -> str:
    """The role could do anything, whatever is granted."""
    return (
        f"{product} at {at.where} lets this role do everything (it is a superuser, may become one,"
        " or may use the server's files); make a role that can do nothing but read (CREATE ROLE …"
        " LOGIN NOSUPERUSER, GRANT SELECT) and name it in the connection's URI."
    )


def no_free_connection(product: str, at: Address) -> str:
    """Too many are connected already."""
    return f"{product} at {at.where} has no free connection; try again in a while."


def no_server(product: str, at: Address) -> str:
    """Nobody answers, or not in the server's language."""
    return (
        f"No {product} server answers at {at.where}; check host, port and sslmode in the"
        " connection's URI, and that the server runs and can be reached from here."
    )


def refused(product: str, at: Address, reason: str) -> str:
    """Any other reason that the server gives."""
    return f"{product} at {at.where} refuses the connection ({reason}); ask its administrator."
