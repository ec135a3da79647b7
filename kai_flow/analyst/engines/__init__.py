"""The databases that can be asked: one engine each, all with the same three promises.

``check`` says whether it can be reached, ``scan`` what is in it, ``run`` gives a query's rows: read
only for certain, within a deadline, cut at limits, and stopped when the task is cancelled.
"""

from kai_flow.analyst.engines.contract import Cell, Engine, Limits, Probe, Rows
from kai_flow.analyst.engines.registry import engine_for
from kai_flow.analyst.errors import EngineError

__all__ = ["Cell", "Engine", "EngineError", "Limits", "Probe", "Rows", "engine_for"]
