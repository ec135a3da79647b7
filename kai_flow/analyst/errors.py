"""The errors of an analysis. Each message is one sentence for the user, with a remedy.

AnalysisError
├── UnclearQuestion           the question cannot be turned into a query
├── RefusedSql                the guard refuses a statement
└── EngineError               the database cannot be used; the message never holds a secret
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
    """Root of the errors that end an analysis with status ``failed``."""


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
