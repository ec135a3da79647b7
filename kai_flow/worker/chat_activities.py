"""`KaiActivities`: what the worker does for `KaiChatWorkflow`.

An agent yields events, and the producer numbers and delivers them. The activity's result is one
JSON object.
"""

import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from typing import Any, Final

import msgspec
from temporalio import activity

from kai_flow.agents import Agent, Task
from kai_flow.connections.store import ConnectionStore
from kai_flow.stream.events import encode_json
from kai_flow.stream.producer import EventProducer
from kai_flow.temporal.search_attributes import ATTEMPTS, EVENTS, STATUS
from kai_flow.traces import spans
from kai_flow.worker.callbacks import Callbacks
from kai_flow.worker.connection_activities import DataActivities
from kai_flow.worker.failures import activity_failures
from kai_flow.worker.heartbeats import heartbeats
from kai_flow.workflows import FOUND_BY

MAX_RESULT_BYTES: Final = 512 * 1024
MAX_ERROR_CHARS: Final = 10_000
STATUSES: Final = ("completed", "failed", "partial", "cancelled", "needs_clarification")


class KaiActivities(DataActivities):
    """The activities of one worker, which has one agent and one store.

    `callbacks` has the clients for the callback URLs that may be called. `registered` tells which
    search attributes may be set now, without raising anything.
    """

    def __init__(
        self,
        agent: Agent,
        callbacks: Callbacks,
        store: ConnectionStore,
        *,
        signal_interval: float,
        registered: Callable[[], Awaitable[frozenset[str]]],
    ) -> None:
        super().__init__(store)
        self._agent = agent
        self._callbacks = callbacks
        self._signal_interval = signal_interval
        self._registered = registered

    @activity.defn
    async def chat_streaming(
        self,
        prompt: str,
        connection_id: str,
        conversation_id: str | None = None,
        callback_url: str | None = None,
    ) -> dict[str, Any]:
        """Answer a question and stream events; without `callback_url`, only its start and end.

        The result says under FOUND_BY which search attributes the workflow is to set: of those that
        are registered. So the workflow does not look at anything that is not in its history.
        """
        task = _task(prompt, connection_id, conversation_id, "chat")
        began = time.monotonic()
        with activity_failures():
            async with self._producer(callback_url) as producer:
                if callback_url is None:
                    own = await self._agent.execute(task)
                else:
                    own = await self._stream(task, producer)
                with spans.step("finish stream"):
                    await producer.settle()
                    result = _result(task, own, began, producer)
                    found_by = _found_by(result, producer, await self._registered())
                    await producer.finish(result)
        return {**result, FOUND_BY: found_by} if found_by else result

    @activity.defn
    async def chat(
        self, prompt_text: str, connection_id: str, conversation_id: str | None = None
    ) -> dict[str, Any]:
        """Answer a question without streaming."""
        return await self._execute(_task(prompt_text, connection_id, conversation_id, "chat"))

    @activity.defn
    async def autonomous_chat(
        self, prompt_text: str, connection_id: str, conversation_id: str | None = None
    ) -> dict[str, Any]:
        """Answer a question without streaming, then the questions that the answer suggests."""
        return await self._execute(_task(prompt_text, connection_id, conversation_id, "autonomous"))

    def all(self) -> list[Callable[..., Any]]:
        """Every activity, for the worker."""
        return [
            self.chat_streaming,
            self.chat,
            self.autonomous_chat,
            self.store_connection,
            self.test_connection,
            self.scan_schema,
            self.generate_mdl,
            self.sync_config,
        ]

    async def _execute(self, task: Task) -> dict[str, Any]:
        """Run the agent to its result."""
        began = time.monotonic()
        with activity_failures():
            async with heartbeats():
                return _result(task, await self._agent.execute(task), began, None)

    @asynccontextmanager
    async def _producer(self, callback_url: str | None) -> AsyncIterator[EventProducer]:
        """The producer of an attempt."""
        async with AsyncExitStack() as stack:
            http = None
            if callback_url is not None:
                http = await stack.enter_async_context(self._callbacks.client_for(callback_url))
            yield await stack.enter_async_context(
                EventProducer(
                    callback_url=callback_url, http=http, signal_interval=self._signal_interval
                )
            )

    async def _stream(self, task: Task, producer: EventProducer) -> dict[str, Any]:
        """Send the agent's events; return the agent's part of the result."""
        tokens: list[str] = []
        failure: str | None = None
        async with aclosing(_closable(self._agent.stream_execute(task))) as events:
            async for event in events:
                kind = event.get("type") if isinstance(event, Mapping) else None
                if kind == "done":
                    own = event.get("result")
                    return dict(own) if isinstance(own, Mapping) else _from_tokens(tokens, None)
                await producer.send(event)
                failure = str(event.get("error") or "unknown error") if kind == "error" else None
                if kind == "token":
                    tokens.append(str(event.get("content", "")))
        return _from_tokens(tokens, failure)


def _task(prompt: str, connection_id: str, conversation_id: str | None, mode: str) -> Task:
    info = activity.info()
    session_id = info.workflow_id or ""
    return Task(
        id=f"{session_id}/{info.activity_id}",
        session_id=session_id,
        prompt=prompt,
        db_connection_id=connection_id,
        mode=mode,
        context={} if conversation_id is None else {"conversation_id": conversation_id},
        attempt=info.attempt,
    )


async def _closable(events: AsyncIterator[Any]) -> AsyncGenerator[Any, None]:
    """The agent's iterator as a generator that closes the agent's iterator, if it can be closed."""
    try:
        async for event in events:
            yield event
    finally:
        close = getattr(events, "aclose", None)
        if close is not None:
            await close()


def _from_tokens(tokens: list[str], failure: str | None) -> dict[str, Any]:
    status = "completed" if failure is None else "failed"
    return {"status": status, "final_answer": "".join(tokens), "error": failure}


def _result(
    task: Task, own: Mapping[str, Any], began: float, producer: EventProducer | None
) -> dict[str, Any]:
    """The session's result: the agent's part in the documented form, and the counted events."""
    status, error = own.get("status", "completed"), own.get("error")
    result: dict[str, Any] = {
        "task_id": task.id,
        "status": status if status in STATUSES else "completed",
        "final_answer": str(own.get("final_answer") or ""),
        **{key: list(own.get(key) or []) for key in _LISTS},
        "execution_time_ms": round((time.monotonic() - began) * 1000),
        "error": None if error is None else str(error)[:MAX_ERROR_CHARS],
        "events_sent": producer.events_sent if producer else 0,
        "events_failed": producer.events_failed if producer else 0,
        "last_event_id": str(producer.last_event_id) if producer else None,
    }
    return _cut(result)


def _found_by(
    result: Mapping[str, Any], producer: EventProducer, registered: frozenset[str]
) -> dict[str, str | int]:
    """The search attributes of a session that ends now."""
    last = producer.last_event_id
    values = {STATUS: result["status"], ATTEMPTS: last.attempt, EVENTS: last.seq}
    return {name: value for name, value in values.items() if name in registered}


_LISTS: Final = ("sql_queries", "charts", "insights", "suggested_questions")


def _cut(result: dict[str, Any]) -> dict[str, Any]:
    """The result, shortened to MAX_RESULT_BYTES and then marked as truncated."""
    result = msgspec.json.decode(encode_json(result))
    for key in ("charts", "sql_queries", "insights", "suggested_questions"):
        while result[key] and _size(result) > MAX_RESULT_BYTES:
            result[key].pop()
            result["truncated"] = True
    excess = _size(result) - MAX_RESULT_BYTES
    if excess > 0:
        answer = result["final_answer"].encode()
        kept = answer[: max(0, len(answer) - 2 * excess - 100)].decode(errors="ignore")
        result["final_answer"] = f"{kept}… [cut: the answer was longer than a result may be]"
        result["truncated"] = True
    return result


def _size(value: object) -> int:
    return len(msgspec.json.encode(value))
