"""The agents of the recipes in docs/how-to are cancelled and retried, and stream at the same time.

The pages themselves show that each of them streams, and both of these for the OpenAI-style API. The
frameworks are imported by name: their types would double the time of mypy.
"""

import asyncio
import json
import secrets
import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator
from importlib import import_module
from types import ModuleType
from typing import Any, NamedTuple

import pytest
from temporalio import activity
from temporalio.client import Client
from temporalio.worker import Worker

from kai_flow.stream import EventId, EventProducer, StreamPlugin
from tests.docs.pages import ROOT, blocks_of
from tests.integration.subscriber import subscribed

HOW_TO = ROOT / "docs/how-to"
PAGES = (HOW_TO / "stream-an-agent.md", HOW_TO / "stream-a-durable-agent.md")

stopped: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)  # by workflow


class Recipe(NamedTuple):
    """What a worker needs to run a recipe."""

    workflow: type
    activities: tuple[Callable[..., Any], ...] = ()
    plugin: Any = None
    """The framework's own, for the client."""

    def client(self, client: Client) -> Client:
        """`client`, with the framework's plugin."""
        config = client.config()
        config["plugins"] = [self.plugin] if self.plugin else []
        return Client(**config)


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
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Makes the files of the pages importable."""
    folder = tmp_path_factory.mktemp("recipes")
    files = [block for page in PAGES for block in blocks_of(page) if block.is_file]
    for block in files:
        (folder / block.attributes["file"]).write_text(block.text)
    sys.path.insert(0, str(folder))
    yield
    sys.path.remove(str(folder))
    for block in files:
        sys.modules.pop(block.attributes["file"].removesuffix(".py"), None)


def with_function(
    recipe: ModuleType, stream: Callable[..., Any], patch: pytest.MonkeyPatch
) -> None:
    """Give the agent of a recipe for pydantic-ai this function for a model."""
    function = import_module("pydantic_ai.models.function")
    model = function.FunctionModel(stream_function=stream)
    durability = getattr(recipe, "durable", None)
    if durability is None:
        patch.setattr(recipe.agent, "model", model)
    else:
        patch.setitem(durability.from_agent(recipe.agent)._models_by_id, "default", model)


async def pydantic_words(messages: Any, _: Any) -> AsyncIterator[str]:
    """`words`, as a model of pydantic-ai."""
    async for word in words(messages[0].parts[0].content):
        yield word


def pydantic_agent(patch: pytest.MonkeyPatch) -> Recipe:
    """The recipe for pydantic-ai, with `words` for a model."""
    recipe = import_module("pydantic_agent")
    with_function(recipe, pydantic_words, patch)
    return Recipe(import_module("answering").Answering, (recipe.answer,))


def graph_agent(patch: pytest.MonkeyPatch) -> Recipe:
    """The recipe for LangGraph, with `words` for a model."""
    recipe = import_module("graph_agent")

    async def stream(_: Any, messages: Any, *__: Any, **___: Any) -> AsyncIterator[Any]:
        async for word in words(messages[0].text):
            chunk = recipe.AIMessageChunk(content=word)
            yield recipe.ChatGenerationChunk(message=chunk)

    patch.setattr(recipe.Scripted, "_astream", stream)
    return Recipe(import_module("answering").Answering, (recipe.answer,))


def durable_pydantic(patch: pytest.MonkeyPatch) -> Recipe:
    """The recipe for pydantic-ai's Temporal integration, with `words` for a model."""
    recipe = import_module("durable_pydantic")
    with_function(recipe, pydantic_words, patch)
    return Recipe(recipe.DurableAnswering, plugin=recipe.PydanticAIPlugin())


def durable_openai(patch: pytest.MonkeyPatch) -> Recipe:
    """The recipe for the OpenAI Agents SDK's Temporal integration, with `words` for a model."""
    recipe = import_module("durable_openai")
    builders = import_module("temporalio.openai_agents.testing").ResponseBuilders
    responses = import_module("openai.types.responses")
    patch.setenv("OPENAI_AGENTS_DISABLE_TRACING", "1")

    class Words:
        async def stream_response(self, **request: Any) -> AsyncIterator[Any]:
            async for word in words(request["input"][0]["content"]):
                yield responses.ResponseTextDeltaEvent.model_construct(delta=word)
            output = builders.output_message("one two").output
            answer = responses.Response.model_construct(id="answer", output=output, usage=None)
            yield responses.ResponseCompletedEvent.model_construct(response=answer)

    class Provider(recipe.ModelProvider):  # type: ignore[misc, name-defined]  # imported by name
        def get_model(self, _: str | None) -> Any:
            return recipe.Streaming(Words())

    return Recipe(
        recipe.DurableAnswering, (recipe.weather,), plugin=recipe.openai_plugin(Provider())
    )


@pytest.mark.usefixtures("page")
@pytest.mark.parametrize("prepare", [pydantic_agent, graph_agent, durable_pydantic, durable_openai])
async def test_an_agent_is_cancelled_and_retried(
    prepare: Callable[[pytest.MonkeyPatch], Recipe],
    client: Client,
    bridge: str,
    session_id: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A cancellation reaches the model; after a failure, readers see the new attempt begin."""
    queue, broken = f"recipes-{secrets.token_hex(4)}", f"{session_id}-broken"
    recipe = prepare(monkeypatch)
    name = recipe.workflow.__name__
    async with (
        Worker(
            recipe.client(client),
            task_queue=queue,
            workflows=[recipe.workflow],
            activities=recipe.activities,
            plugins=[StreamPlugin(bridge=bridge)],
        ),
        subscribed(f"{bridge}/stream/{session_id}") as hanging,
        subscribed(f"{bridge}/stream/{broken}") as retried,
    ):
        handle = await client.start_workflow(name, "hang", id=session_id, task_queue=queue)
        await client.start_workflow(name, "break", id=broken, task_queue=queue)
        await hanging.saw("token")
        await handle.cancel()
        async with asyncio.timeout(30):
            await stopped[session_id].wait()
        assert (await hanging.saw("done")).event["status"] == "cancelled"
        assert (await retried.saw("done")).event["result"] == "one two"
    assert hanging.types == ["started", "token", "ended", "done"]
    assert retried.types == [
        "started", "token", "attempt_failed", "started", "token", "token", "ended", "done"
    ]  # fmt: skip
    assert "the model broke" in retried.seen[2].event["error"]
    assert retried.seen[3].event["attempt"] == 2


@pytest.mark.usefixtures("page")
async def test_tools_that_a_framework_calls_at_once_stream_at_once(
    client: Client, bridge: str, session_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When a model calls two tools in one answer, readers get the events of both activities."""
    recipe = import_module("durable_pydantic")
    function = import_module("pydantic_ai.models.function")
    both, cities = asyncio.Barrier(2), ("Paris", "Rome")

    async def stream(messages: Any, _: Any) -> AsyncIterator[Any]:
        if len(messages) > 1:
            yield "Sunny in both."
            return
        yield {
            n: function.DeltaToolCall("weather", json.dumps({"city": city}), tool_call_id=city)
            for n, city in enumerate(cities)
        }

    class Together(EventProducer):
        """Sends what the tools have to say when both have begun."""

        async def send(self, event: Any) -> EventId:
            if event["type"] == "thinking":
                await both.wait()
            return await super().send(event)

    with_function(recipe, stream, monkeypatch)
    monkeypatch.setattr(recipe, "EventProducer", Together)
    prepared = Recipe(recipe.DurableAnswering, plugin=recipe.PydanticAIPlugin())
    queue = f"recipes-{secrets.token_hex(4)}"
    async with (
        Worker(
            prepared.client(client),
            task_queue=queue,
            workflows=[prepared.workflow],
            plugins=[StreamPlugin(bridge=bridge)],
        ),
        subscribed(f"{bridge}/stream/{session_id}") as reader,
    ):
        await client.start_workflow("DurableAnswering", "?", id=session_id, task_queue=queue)
        assert (await reader.saw("done")).event["result"] == "Sunny in both."
    events = [seen.event for seen in reader.seen]
    begun = {e["producer"]: e["beside"] for e in events if e["type"] == "started"}
    tools = [e["producer"] for e in events if "call_tool" in e.get("activity", "")]
    assert begun[max(tools)] == [min(tools)]
    thoughts = {e["content"] for e in events if e["type"] == "thinking"}
    assert thoughts == {f"looking at the sky of {city}" for city in cities}
    outputs = [e["output"] for e in events if e["type"] == "tool_end"]
    assert sorted(outputs) == [f"sunny in {city}" for city in cities]
