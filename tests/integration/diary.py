"""Sessions of many short runs, each of which continues the one before as new."""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from temporalio import activity, workflow
from temporalio.client import Client, WorkflowHandle
from temporalio.worker import Worker

from kai_flow.stream import EventProducer, StreamPlugin, WorkflowEventStream

TIMEOUT = timedelta(seconds=60)


@activity.defn
async def write(text: str) -> str:
    """Stream one note."""
    async with EventProducer() as producer:
        await producer.send({"type": "note", "text": text})
    return text


@workflow.defn
class Diary:
    """Each day is a run."""

    def __init__(self) -> None:
        self.closing = False

    @workflow.run
    async def run(self, day: int, days: int, waits: bool) -> str:
        """Go on to the last day, and until that is closed if it `waits`."""
        WorkflowEventStream().publish({"type": "day", "day": day})
        await workflow.execute_activity(write, f"day {day}", start_to_close_timeout=TIMEOUT)
        if day < days:
            workflow.continue_as_new(args=[day + 1, days, waits])
        await workflow.wait_condition(lambda: self.closing or not waits)
        return "over"

    @workflow.signal
    def close(self) -> None:
        """End the last day."""
        self.closing = True


@dataclass
class Talk:
    """What one run of a chat hands to the next."""

    waiting: list[str] = field(default_factory=list)
    answered: list[str] = field(default_factory=list)
    expected: int = 0


@workflow.defn
class Chat:
    """Answers questions, each in a run of its own, as docs/how-to/keep-a-chat-for-days.md does."""

    @workflow.init
    def __init__(self, talk: Talk) -> None:
        self.talk = talk
        self.stream = WorkflowEventStream()

    @workflow.signal
    def ask(self, question: str) -> None:
        """Show the question, and answer it later."""
        self.talk.waiting.append(question)
        self.stream.publish({"type": "question", "text": question})

    @workflow.run
    async def run(self, talk: Talk) -> list[str]:
        """The answers, once all expected questions have been answered."""
        await workflow.wait_condition(lambda: bool(self.talk.waiting))
        question = self.talk.waiting.pop(0)
        answer = await workflow.execute_activity(write, question, start_to_close_timeout=TIMEOUT)
        self.talk.answered.append(answer)
        if len(self.talk.answered) < self.talk.expected:
            workflow.continue_as_new(self.talk)
        return self.talk.answered


@asynccontextmanager
async def diary_worker(client: Client, queue: str, bridge: str | None) -> AsyncIterator[None]:
    """A worker for diaries and chats."""
    async with Worker(
        client,
        task_queue=queue,
        workflows=[Diary, Chat],
        activities=[write],
        plugins=[StreamPlugin(bridge=bridge)],
    ):
        yield


async def begin(
    client: Client, queue: str, session_id: str, days: int, *, waits: bool = True
) -> WorkflowHandle[Any, Any]:
    """Start a diary; with `waits` it has to be closed."""
    args = [1, days, waits]
    return await client.start_workflow(Diary.run, args=args, id=session_id, task_queue=queue)


def expected_ids(days: int, after: int = 0) -> list[str]:
    """The ids of all events, in their order, of the days after this one."""
    return [
        own
        for day in range(after + 1, days + 1)
        for own in (f"0.1.{day}", f"{day}.1.1", f"{day}.1.2")
    ]


class Calls:
    """Counts the calls that a client makes, by their names."""

    def __init__(self, client: Client) -> None:
        self.made: Counter[str] = Counter()
        service: Any = client.service_client
        call = service._rpc_call

        async def counted(rpc: str, *args: Any, **options: Any) -> Any:
            self.made[rpc] += 1
            return await call(rpc, *args, **options)

        service._rpc_call = counted
