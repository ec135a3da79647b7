"""Encrypted sessions of the scripted agent, and what is stored and shown of them."""

import asyncio
import json
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from typing import Any, Final

from temporalio.client import Client, WorkflowHandle
from temporalio.converter import DataConverter

from kai_flow.stream import Followed

KEY: Final = b"k" * 32
OTHER: Final = b"o" * 32  # another key
CANARY: Final = "canary"  # what must not be stored in clear

Handle = WorkflowHandle[Any, Any]


def with_converter(client: Client, converter: DataConverter) -> Client:
    """The same client with another data converter."""
    config = client.config()
    config["data_converter"] = converter
    return Client(**config)


SAYS: Final = {"say": {"type": "token", "content": CANARY}}


async def ask(
    client: Client, queue: str, session_id: str, *steps: dict[str, Any], bridge: str | None = None
) -> Handle:
    """Start a session of the scripted agent; its events go to this bridge."""
    question = {
        "prompt": json.dumps(steps),
        "connection_id": "none",
        "callback_url": bridge and f"{bridge}/events/{session_id}",
    }
    return await client.start_workflow("KaiChatWorkflow", question, id=session_id, task_queue=queue)


async def stored(handle: Handle) -> bytes:
    """The whole history, as the server has it."""
    history = await handle.fetch_history()
    return b"".join(event.SerializeToString() for event in history.events)


async def read(source: AsyncGenerator[Followed, None]) -> list[tuple[str | None, dict[str, Any]]]:
    """Everything to the end of a session."""
    async with asyncio.timeout(60), aclosing(source) as events:
        return [(event_id, event) async for event_id, event in events]


def shown(events: Iterable[tuple[str | None, dict[str, Any]]]) -> list[str]:
    """The types of events, without those about the stream itself."""
    return [event["type"] for _, event in events if event["type"] != "status"]
