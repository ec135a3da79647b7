"""The agents of docs/how-to/stream-an-agent.md are cancelled and retried.

The page itself shows that each of them streams, and both of these for the OpenAI-style API.
"""

import asyncio
import secrets
import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from importlib import import_module
from types import ModuleType
from typing import Any

import pytest
from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGenerationChunk
from pydantic_ai.messages import ModelMessage, ModelRequest, UserPromptPart
from pydantic_ai.models.function import AgentInfo, FunctionModel
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


async def pydantic_words(messages: list[ModelMessage], _: AgentInfo) -> AsyncIterator[str]:
    """The same, for pydantic-ai."""
    assert isinstance(messages[0], ModelRequest)
    prompt = messages[0].parts[0]
    assert isinstance(prompt, UserPromptPart)
    async for word in words(str(prompt.content)):
        yield word


class LangChainWords(GenericFakeChatModel):
    """The same, for LangGraph."""

    async def _astream(
        self, messages: list[BaseMessage], *_: Any, **__: Any
    ) -> AsyncIterator[ChatGenerationChunk]:
        async for word in words(str(messages[0].text)):
            yield ChatGenerationChunk(message=AIMessageChunk(content=word))


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


def with_model_of_ours(recipe: str, patch: pytest.MonkeyPatch) -> ModuleType:
    """The recipe's module, with one of the models above in place of the page's."""
    module = import_module(recipe)
    if recipe == "pydantic_agent":
        patch.setattr(module.agent, "model", FunctionModel(stream_function=pydantic_words))
    else:
        patch.setattr(module, "model", LangChainWords(messages=iter(())))
    return module


@pytest.mark.usefixtures("page")
@pytest.mark.parametrize("recipe", ["pydantic_agent", "graph_agent"])
async def test_an_agent_is_cancelled_and_retried(
    recipe: str, client: Client, bridge: str, session_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cancellation reaches the model; after a failure, readers see the new attempt begin."""
    module = with_model_of_ours(recipe, monkeypatch)
    queue, broken = f"recipes-{secrets.token_hex(4)}", f"{session_id}-broken"
    async with (
        Worker(
            client,
            task_queue=queue,
            workflows=[import_module("answering").Answering],
            activities=[module.answer],
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
