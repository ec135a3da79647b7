"""Question → SQL → answer. Knows nothing of Temporal or HTTP, and no schema but the scanned one."""

from kai_flow.analyst.agent import Analyst

__all__ = ["Analyst"]
