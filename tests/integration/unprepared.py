"""A library user's file as one writes it first: plain imports, and no passthrough."""

from datetime import timedelta
from typing import assert_type

import msgspec
from temporalio import activity, workflow

from kai_flow.stream.buffer import Limits
from kai_flow.stream.follower import follow
from kai_flow.stream.plugin import StreamPlugin
from kai_flow.stream.producer import EventProducer
from kai_flow.stream.reader import EventReader
from kai_flow.stream.workflow import WorkflowEventStream

USED = (follow, StreamPlugin, EventReader)  # by the program in the same file


class Word(msgspec.Struct):
    """What is said."""

    text: str


@activity.defn
async def speak(text: str) -> str:
    """Say one word."""
    async with EventProducer() as producer:
        await producer.send({"type": "token", "content": Word(text).text})
    return str(producer.last_event_id)


@workflow.defn
class Unprepared:
    """Two streaming activities."""

    @workflow.init
    def __init__(self) -> None:
        self.stream = WorkflowEventStream(Limits())

    @workflow.run
    async def run(self) -> list[str]:
        """The last event of each."""
        last = []
        for text in ("a", "b"):
            said = await workflow.execute_activity(
                speak, text, start_to_close_timeout=timedelta(seconds=30)
            )
            last.append(assert_type(said, str))  # a type checker infers the activity's result
        self.stream.publish({"type": "note", "text": "both"})
        return last
