"""Parts of a connection's URI as the engines need them; refusals never repeat them."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, parse_qsl, unquote

from kai_flow.analyst.engines.registry import SCHEMES
from kai_flow.analyst.errors import DatabaseUnavailable, EngineError
from kai_flow.connections.file_access import FileRefused

__all__ = ["Address", "file_path", "judging", "tls_context"]


@dataclass(frozen=True)
class Address:
    """Where a server is, and who asks. Its ``repr`` holds no secret."""

    host: str
    port: int
    database: str
    user: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    options: dict[str, str] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, uri: SplitResult, port: int, options: frozenset[str]) -> "Address":
        """Read a server's URI; ``EngineError`` without host or database or for other options."""
        given = dict(parse_qsl(uri.query, keep_blank_values=True))
        if unknown := sorted(given.keys() - options):
            raise EngineError(
                f"The connection URI has the unknown option {unknown[0][:50]!r}; possible are"
                f" {', '.join(sorted(options))}."
            )
        database = unquote(uri.path.removeprefix("/"))
        host = uri.hostname or given.pop("host", "")
        if not host or not database or "/" in database or uri.fragment:
            raise EngineError(
                f"The connection URI is incomplete or malformed; write {SCHEMES[uri.scheme]},"
                " with special characters in user and password percent-encoded."
            )
        user = unquote(uri.username) if uri.username else None
        password = unquote(uri.password) if uri.password else None
        return cls(unquote(host), uri.port or port, database, user, password, given)

    @property
    def where(self) -> str:
        """Host and port, fit to be shown."""
        return self.host if self.host.startswith("/") else f"{self.host}:{self.port}"


def file_path(uri: SplitResult) -> Path:
    """The file behind a URI with three slashes; ``EngineError`` for any other form."""
    if uri.netloc or not uri.path.startswith("/") or uri.path == "/" or uri.query or uri.fragment:
        raise EngineError(
            f"The connection URI is malformed; write {SCHEMES[uri.scheme]}, with three slashes,"
            " and special characters in the path percent-encoded."
        )
    path = unquote(uri.path)
    if "\0" in path:
        raise EngineError("The connection URI holds a NUL character; remove it.")
    return Path(path)


@contextmanager
def judging() -> Iterator[None]:
    """A file that may not be read becomes ``DatabaseUnavailable``."""
    try:
        yield
    except FileRefused as refused:
        raise DatabaseUnavailable(str(refused)) from None


def tls_context(mode: str, ca: str | None) -> ssl.SSLContext | None:
    """TLS by PostgreSQL's ``sslmode`` words; None for ``disable``. ``EngineError`` for others."""
    if mode not in {"disable", "require", "verify-ca", "verify-full"}:
        raise EngineError(
            "The option sslmode must be disable, require, verify-ca or verify-full; change it in"
            " the connection's URI."
        )
    if mode == "disable":
        return None
    try:
        if ca and not Path(ca).is_file():  # a device or pipe would be read for ever
            raise OSError
        context = ssl.create_default_context(cafile=ca)
    except (OSError, ValueError):
        raise EngineError(
            "The file named by sslrootcert cannot be read; check its path in the connection's URI."
        ) from None
    context.check_hostname = mode == "verify-full"
    if mode == "require":
        context.verify_mode = ssl.CERT_NONE
    return context
