"""What the agent reports of one question: events for each step, and the result at the end."""

from dataclasses import dataclass, field
from typing import Any

from kai_flow.analyst.schema import Schema
from kai_flow.connections.turns import Choice

__all__ = ["Event", "Report", "overview", "tool_end", "tool_start"]

Event = dict[str, Any]


@dataclass
class Report:
    """The agent's part of the result, filled step by step."""

    status: str = "completed"
    answer: list[str] = field(default_factory=list)
    sql_queries: list[str] = field(default_factory=list)
    charts: list[Event] = field(default_factory=list)
    insights: list[str] = field(default_factory=list)
    suggested_questions: list[str] = field(default_factory=list)
    error: str | None = None
    reading: str = ""
    """How the question was read, in words."""
    query: str = ""
    """The query that was run, as JSON."""
    choices: tuple[Choice, ...] = ()
    """What was asked back."""
    language: str = ""

    def result(self) -> dict[str, Any]:
        """As a JSON object."""
        return {
            "status": self.status,
            "final_answer": "".join(self.answer).strip(),
            "sql_queries": self.sql_queries,
            "charts": self.charts,
            "insights": self.insights,
            "suggested_questions": self.suggested_questions,
            "error": self.error,
        }


def overview(schema: Schema) -> dict[str, Any]:
    """A summary of the scan, small enough for an event."""
    return {
        "table_count": len(schema.tables),
        "tables": [
            {
                "name": table.name,
                "columns": len(table.columns),
                "rows": table.row_count,
                **({"sampled": True} if table.sampled else {}),
                **({} if table.studied else {"studied": False}),
            }
            for table in list(schema.tables.values())[:50]
        ],
    }


def tool_start(tool: str, given: dict[str, Any]) -> Event:
    """The event that a step begins."""
    return {"type": "tool_start", "tool": tool, "input": given}


def tool_end(tool: str, output: dict[str, Any]) -> Event:
    """The event that a step is done."""
    return {"type": "tool_end", "tool": tool, "output": output}
