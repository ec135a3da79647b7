"""The supported databases: one engine for each, all with the same three methods.

``check`` tells whether the database can be used, ``scan`` finds what is in it, and ``run`` returns
the rows of a query. A query is always read-only, has a deadline and limits, and is stopped when its
task is cancelled.
"""

from kai_flow.analyst.engines.contract import Cell, Engine, Limits, Probe, Rows
from kai_flow.analyst.engines.registry import engine_for
from kai_flow.analyst.errors import EngineError

__all__ = ["Cell", "Engine", "EngineError", "Limits", "Probe", "Rows", "engine_for"]
