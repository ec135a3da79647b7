"""A workflow whose worker is replaced between its steps."""

from datetime import timedelta
from typing import Any

from temporalio import activity, workflow

with workflow.unsafe.imports_passed_through():
    from kai_flow.stream import EventProducer


@activity.defn
async def speak(word: str) -> str:
    """Send one event; the id of the last one."""
    async with EventProducer() as producer:
        await producer.send({"type": "token", "content": word})
        await producer.settle()
        return str(producer.last_event_id)


@workflow.defn
class Steps:
    """One activity for each word that is signalled, until there is none."""

    def __init__(self) -> None:
        self.words: list[str] = []
        self.done: list[str] = []

    @workflow.signal
    def say(self, word: str) -> None:
        """The next word."""
        self.words.append(word)

    @workflow.run
    async def run(self) -> list[Any]:
        """The ids of the last events."""
        while True:
            await workflow.wait_condition(lambda: len(self.words) > len(self.done))
            word = self.words[len(self.done)]
            if not word:
                return [*self.done, workflow.random().random()]
            await workflow.sleep(timedelta(milliseconds=1))
            self.done.append(
                await workflow.execute_activity(
                    speak, word, start_to_close_timeout=timedelta(seconds=30)
                )
            )

    @workflow.query
    def count(self) -> int:
        """How many are done."""
        return len(self.done)
