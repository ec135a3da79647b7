"""A server's address and TLS options, read from a connection's URI, which no refusal repeats."""

import ssl
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, parse_qsl, unquote

from kai_flow.analyst.errors import EngineError
from kai_flow.connections.uris import malformed

__all__ = ["Address", "tls_context"]


@dataclass(frozen=True)
class Address:
    """A server, and the user that connects to it. Its ``repr`` holds no secret."""

    host: str
    port: int
    database: str
    user: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    options: dict[str, str] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, uri: SplitResult, port: int, options: frozenset[str]) -> "Address":
        """Read a server's URI; ``EngineError`` when a part is missing or an option unknown."""
        given = dict(parse_qsl(uri.query, keep_blank_values=True))
        if unknown := sorted(given.keys() - options):
            raise EngineError(
                f"The connection URI has the unknown option {unknown[0][:50]!r}; use only"
                f" {', '.join(sorted(options))}."
            )
        database = unquote(uri.path.removeprefix("/"))
        host = uri.hostname or given.pop("host", "")
        if not host or not database or "/" in database or uri.fragment:
            raise EngineError(malformed(uri.scheme))
        user = unquote(uri.username) if uri.username else None
        password = unquote(uri.password) if uri.password else None
        return cls(unquote(host), uri.port or port, database, user, password, given)

    @property
    def where(self) -> str:
        """Host and port, which may be shown."""
        return self.host if self.host.startswith("/") else f"{self.host}:{self.port}"


def tls_context(mode: str, ca: str | None) -> ssl.SSLContext | None:
    """TLS for a value of ``sslmode``; None for ``disable``. ``EngineError`` for unknown values."""
    if mode not in {"disable", "require", "verify-ca", "verify-full"}:
        raise EngineError(
            "The option sslmode must be disable, require, verify-ca or verify-full; change it in"
            " the connection's URI."
        )
    if mode == "disable":
        return None
    try:
        if ca and not Path(ca).is_file():  # reading a device or pipe may never end
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
