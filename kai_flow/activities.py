"""The public name of KAI's activities: `from kai_flow.activities import KaiActivities`."""

from kai_flow.worker.chat_activities import KaiActivities

__all__ = ["KaiActivities"]
