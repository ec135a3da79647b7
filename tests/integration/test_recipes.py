"""The agents of docs/how-to/stream-an-agent.md are cancelled and retried.

The page itself shows that each of them streams, and both of these for the OpenAI-style API. The
frameworks are imported by name: their types would double the time of mypy.
"""

import asyncio
import secrets
import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator
from importlib import import_module
from types import ModuleType
from typing import Any

import pytest
from temporalio import activity
from temporalio.client import Client
from temporalio.worker import Worker

from kai_flow.stream import StreamPlugin
from tests.docs.pages import ROOT, blocks_of
from tests.integration.subscriber import subscribed

PAGE = ROOT / "docs/how-to/stream-an-agent.md"

stopped: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)  # by workflow


async def words(question: str) -> AsyncIterator[str]:
    """A model that hangs in mid-answer, or breaks the first time."""
    yield "one "
    if question == "hang":
        try:
            await asyncio.Event().wait()
        finally:
            stopped[activity.info().workflow_id or ""].set()
    if activity.info().attempt == 1:
        raise RuntimeError("the model broke")
    yield "two"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory, bridge: str) -> Iterator[None]:
    """Makes the files of the page importable; their bridge is the one of the tests."""
    folder = tmp_path_factory.mktemp("recipes")
    files = [block for block in blocks_of(PAGE) if block.is_file]
    for block in files:
        code = block.text.replace("http://localhost:8092", bridge)
        (folder / block.attributes["file"]).write_text(code)
    sys.path.insert(0, str(folder))
    yield
    sys.path.remove(str(folder))
    for block in files:
        sys.modules.pop(block.attributes["file"].removesuffix(".py"), None)


def pydantic_agent(patch: pytest.MonkeyPatch) -> ModuleType:
    """The recipe for pydantic-ai, with `words` for a model."""
    recipe = import_module("pydantic_agent")

    async def stream(messages: Any, _: Any) -> AsyncIterator[str]:
        async for word in words(messages[0].parts[0].content):
            yield word

    function = import_module("pydantic_ai.models.function")
    patch.setattr(recipe.agent, "model", function.FunctionModel(stream_function=stream))
    return recipe


def graph_agent(patch: pytest.MonkeyPatch) -> ModuleType:
    """The recipe for LangGraph, with `words` for a model."""
    recipe = import_module("graph_agent")

    async def stream(_: Any, messages: Any, *__: Any, **___: Any) -> AsyncIterator[Any]:
        async for word in words(messages[0].text):
            chunk = recipe.AIMessageChunk(content=word)
            yield recipe.ChatGenerationChunk(message=chunk)

    patch.setattr(recipe.Scripted, "_astream", stream)
    return recipe


@pytest.mark.usefixtures("page")
@pytest.mark.parametrize("recipe", [pydantic_agent, graph_agent])
async def test_an_agent_is_cancelled_and_retried(
    recipe: Callable[[pytest.MonkeyPatch], ModuleType],
    client: Client,
    bridge: str,
    session_id: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A cancellation reaches the model; after a failure, readers see the new attempt begin."""
    queue, broken = f"recipes-{secrets.token_hex(4)}", f"{session_id}-broken"
    async with (
        Worker(
            client,
            task_queue=queue,
            workflows=[import_module("answering").Answering],
            activities=[recipe(monkeypatch).answer],
            plugins=[StreamPlugin()],
        ),
        subscribed(f"{bridge}/stream/{session_id}") as hanging,
        subscribed(f"{bridge}/stream/{broken}") as retried,
    ):
        handle = await client.start_workflow("Answering", "hang", id=session_id, task_queue=queue)
        await client.start_workflow("Answering", "break", id=broken, task_queue=queue)
        await hanging.saw("token")
        await handle.cancel()
        async with asyncio.timeout(30):
            await stopped[session_id].wait()
        assert (await hanging.saw("done")).event["status"] == "cancelled"
        assert (await retried.saw("done")).event["result"] == "one two"
    assert hanging.types == ["started", "token", "done"]
    assert retried.types == [
        "started", "token", "attempt_failed", "started", "token", "token", "done"
    ]  # fmt: skip
    assert "the model broke" in retried.seen[2].event["error"]
    assert retried.seen[3].event["attempt"] == 2
