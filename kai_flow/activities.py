"""The activities of KAI by their public name: `from kai_flow.activities import KaiActivities`."""

from kai_flow.worker.chat_activities import KaiActivities

__all__ = ["KaiActivities"]
