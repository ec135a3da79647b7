"""A workflow that uses the library wrongly in many ways."""

from datetime import timedelta
from typing import Any

from temporalio import activity, workflow
from temporalio.exceptions import ApplicationError

from kai_flow.stream import EventProducer, InvalidEvent, InvalidId, WorkflowEventStream

NOTE = {"type": "note"}


@activity.defn
async def misuse() -> list[str]:
    """Make producers that cannot be, inside a real one; the sentences."""
    said = []
    async with EventProducer() as producer:
        await producer.send(NOTE)
        wrong: list[dict[str, Any]] = [
            {},
            {"producer": 7, "beside": ()},
            {"producer": 7, "beside": [7]},
            {"producer": 7, "beside": [8]},
            {"producer": 7},
        ]
        for options in wrong:
            try:
                async with EventProducer(**options):
                    pass
            except (ApplicationError, InvalidId) as error:
                said.append(str(error))
        await producer.send(NOTE)
    return said


@workflow.defn
class Clumsy:
    """Runs `misuse`, and publishes too much."""

    @workflow.run
    async def run(self) -> list[str]:
        """The sentences."""
        said = await workflow.execute_activity(misuse, start_to_close_timeout=timedelta(seconds=60))
        stream = WorkflowEventStream()
        large = {"type": "large", "text": "x" * 30_000}
        try:
            stream.publish(*[large] * 36)
        except InvalidEvent as error:
            said.append(str(error))
        stream.publish(NOTE)
        return said
