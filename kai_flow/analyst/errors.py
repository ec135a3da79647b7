"""What can go wrong in an analysis. Each message is one sentence, fit to be shown, with a remedy.

AnalysisError
├── UnclearQuestion       the question cannot be turned into a query
├── RefusedSql            the guard does not let a statement through
├── QueryFailed           the database reports an error
├── QueryTimeout          the query ran longer than its deadline
└── DatabaseUnavailable   the database cannot be opened or read
"""

__all__ = [
    "AnalysisError",
    "DatabaseUnavailable",
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


class QueryFailed(AnalysisError):
    """The database refused or could not finish the query."""


class QueryTimeout(AnalysisError):
    """The query was stopped at its deadline."""


class DatabaseUnavailable(AnalysisError):
    """The database cannot be opened or read."""
