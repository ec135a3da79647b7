"""Which engine a connection's URI asks for."""

import importlib
from urllib.parse import urlsplit

from kai_flow.analyst.engines.contract import Engine
from kai_flow.analyst.errors import EngineError
from kai_flow.connections.file_access import NO_FILES, FileAccess
from kai_flow.connections.uris import FILES
from kai_flow.runtime.extras import installing

__all__ = ["SCHEMES", "engine_for"]

SCHEMES = {
    "sqlite": "sqlite:///absolute/path/to/file.db",
    "postgresql": "postgresql://user:password@host:5432/database",
    "mysql": "mysql://user:password@host:3306/database",
    "duckdb": "duckdb:///absolute/path/to/file.duckdb",
    "csv": "csv:///absolute/path/to/file.csv",
    "parquet": "parquet:///absolute/path/to/file.parquet",
}
"""The form of a URI, by its scheme."""

_SAME = {"postgres": "postgresql", "mariadb": "mysql"}  # other words for the same
_MODULES = {
    "sqlite": ("sqlite", "SqliteEngine", ""),
    "postgresql": ("postgres", "PostgresEngine", "postgres"),
    "mysql": ("mysql", "MySqlEngine", "mysql"),
    "duckdb": ("duck", "DuckDbEngine", "duckdb"),
    "csv": ("files", "FileEngine", "duckdb"),
    "parquet": ("files", "FileEngine", "duckdb"),
}  # module here, class, extra that brings its driver


def engine_for(uri: str, files: FileAccess = NO_FILES) -> Engine:
    """The engine for a URI, which may read these ``files``; nothing is opened yet.

    ``EngineError`` when the URI is none of ours (it is never repeated), or the driver is missing.
    """
    scheme = uri.partition(":")[0].lower()
    scheme = _SAME.get(scheme, scheme)
    if scheme not in _MODULES:
        raise EngineError(
            "The connection URI is not understood; write one of these: "
            + ", ".join(SCHEMES.values())
            + "."
        )
    module, name, extra = _MODULES[scheme]
    try:
        found = importlib.import_module(f"kai_flow.analyst.engines.{module}")
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("kai_flow"):
            raise
        raise EngineError(
            f"The driver for {scheme} is not installed: {installing(extra)}."
        ) from None
    try:
        parts = urlsplit(uri)
        # looked at here: a password with an unescaped "/", "#" or "@" ends up in the port
        _ = parts.port
    except ValueError:
        raise EngineError(
            f"The connection URI is malformed; write {SCHEMES[scheme]}, with special characters in"
            " user and password percent-encoded (@ as %40, / as %2F, # as %23, : as %3A)."
        ) from None
    parts = parts._replace(scheme=scheme)
    make = getattr(found, name)
    engine: Engine = make(parts, files) if scheme in FILES else make(parts)
    return engine
