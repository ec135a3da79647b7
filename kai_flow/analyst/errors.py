"""What can go wrong in an analysis. Each message is one sentence, fit to be shown, with a remedy.

AnalysisError
├── UnclearQuestion           the question cannot be turned into a query
├── RefusedSql                the guard does not let a statement through
└── EngineError               what the database, or the way to it, does not do; never with a secret
    ├── QueryFailed           the database reports an error
    ├── QueryTimeout          the query ran longer than its deadline
    └── DatabaseUnavailable   the database cannot be reached, opened or read
"""

__all__ = [
    "AnalysisError",
    "DatabaseUnavailable",
    "EngineError",
    "QueryFailed",
    "QueryTimeout",
    "RefusedSql",
    "UnclearQuestion",
]


class AnalysisError(Exception):
    """Root of everything that ends an analysis with status ``failed``."""


class UnclearQuestion(AnalysisError):
    """The question cannot be understood well enough to be answered honestly."""


class RefusedSql(AnalysisError):
    """The statement is not a plain read of scanned tables."""


class EngineError(AnalysisError):
    """The database cannot be used as asked; the message holds no user, password or parameter."""


class QueryFailed(EngineError):
    """The database refused or could not finish the query."""


class QueryTimeout(EngineError):
    """The query was stopped at its deadline."""

    def __init__(self, deadline_s: float) -> None:
        super().__init__(
            f"The query was stopped after {deadline_s:g} s; ask for less, for example"
            " one year or one group."
        )


class DatabaseUnavailable(EngineError):
    """The database cannot be reached, opened or read."""
