"""Which engine a connection's URI asks for."""

import importlib
from urllib.parse import urlsplit

from kai_flow.analyst.engines.contract import Engine
from kai_flow.analyst.engines.traced import TracedEngine
from kai_flow.analyst.errors import EngineError
from kai_flow.connections.file_access import NO_FILES, FileAccess
from kai_flow.connections.uris import FILES, SYNONYMS, BadUri, check_uri
from kai_flow.runtime.extras import installing
from kai_flow.traces import spans

__all__ = ["engine_for"]

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

    ``EngineError`` when the URI is not understood (it is never repeated) or the driver is missing.
    """
    try:
        parts = urlsplit(check_uri(uri))
    except BadUri as error:
        raise EngineError(str(error)) from None
    parts = parts._replace(scheme=SYNONYMS.get(parts.scheme, parts.scheme))
    module, name, extra = _MODULES[parts.scheme]
    try:
        found = importlib.import_module(f"kai_flow.analyst.engines.{module}")
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("kai_flow"):
            raise
        raise EngineError(
            f"The driver for {parts.scheme} is not installed: {installing(extra)}."
        ) from None
    make = getattr(found, name)
    engine: Engine = make(parts, files) if parts.scheme in FILES else make(parts)
    return TracedEngine(engine) if spans.are_made() else engine
