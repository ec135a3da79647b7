"""A workflow as another language would have it: its worker knows nothing of streams."""

import asyncio
from datetime import timedelta

from temporalio import workflow

TIMEOUT = timedelta(seconds=60)


@workflow.defn
class Foreign:
    """Numbers its activities by itself, and tells each of them which others are under way."""

    @workflow.run
    async def run(self) -> str:
        """Two at once, one of which fails, and then one more."""
        two = [self._call("one", 1, []), self._call("two fails", 2, [1])]
        await asyncio.gather(*two, return_exceptions=True)
        await self._call("three", 3, [])
        return "over"

    def _call(
        self, name: str, producer: int, beside: list[int]
    ) -> "workflow.ActivityHandle[object]":
        return workflow.start_activity(
            "numbered",
            args=[name, producer, beside],
            task_queue=f"{workflow.info().task_queue}-activities",
            start_to_close_timeout=TIMEOUT,
        )
