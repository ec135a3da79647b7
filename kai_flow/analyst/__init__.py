"""Question → SQL → answer, without Temporal, HTTP, or a schema other than the scanned one."""

from kai_flow.analyst.agent import Analyst

__all__ = ["Analyst"]
