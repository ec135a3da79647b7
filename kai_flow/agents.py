"""Bring your own agent: the two methods of an agent, and how ``KAI_AGENT`` names one."""

import inspect
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, cast

from kai_flow.runtime.named import BadName, named, on_one_line

__all__ = ["Agent", "BadAgent", "BadTask", "Task", "load_agent"]


class BadTask(ValueError):
    """A task that no retry can mend, such as an unknown connection or an empty prompt.

    The message is one sentence with the remedy, which may be shown to users.
    """


class BadAgent(ValueError):
    """``KAI_AGENT`` does not name a usable agent; the message says what to change."""


@dataclass(frozen=True)
class Task:
    """One question for an agent."""

    id: str
    session_id: str
    prompt: str
    db_connection_id: str
    """Id or alias of the database connection."""
    mode: str = "chat"
    context: Mapping[str, Any] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)
    attempt: int = 1
    """Counts from 1; a retry asks the same question again."""

    @property
    def conversation_id(self) -> str | None:
        """The conversation that the question belongs to; None: it stands alone."""
        given = self.context.get("conversation_id")
        return given if isinstance(given, str) else None


class Agent(Protocol):
    """An agent that the worker runs. Events and results are JSON objects."""

    async def execute(self, task: Task) -> dict[str, Any]:
        """Answer without streaming; return the agent's part of the session's result."""
        ...

    def stream_execute(self, task: Task) -> AsyncIterator[dict[str, Any]]:
        """Yield events in order; the last one, ``done``, has the result."""
        ...


def load_agent(spec: str | None, default: Callable[[], Agent]) -> Agent:
    """The agent that ``spec`` (``"package.module:factory"``) makes, or else ``default()``.

    ``BadAgent`` when the spec has another form, the module or the factory does not exist, the
    factory fails, or its result lacks one of the two methods or has one of the wrong kind.
    """
    if spec is None or not spec.strip():
        return default()
    try:
        factory = named("KAI_AGENT", spec)
    except BadName as wrong:
        raise BadAgent(str(wrong)) from wrong.__cause__
    path = spec.strip().partition(":")[2]
    if not callable(factory):
        raise BadAgent(f"KAI_AGENT={spec!r}: {path} is not callable; name a factory function.")
    try:
        agent = factory()
    except Exception as error:
        raise BadAgent(f"KAI_AGENT={spec!r}: {path}() failed: {on_one_line(error)}.") from error
    _check_methods(spec, agent)
    return cast("Agent", agent)


def _check_methods(spec: str, agent: object) -> None:
    """``BadAgent`` unless there are both methods, one that can be awaited and one that yields."""
    for name in ("execute", "stream_execute"):
        if not callable(getattr(agent, name, None)):
            raise BadAgent(
                f"KAI_AGENT={spec!r}: a {type(agent).__name__} has no method {name}(task)."
            )
    if not inspect.iscoroutinefunction(agent.execute):  # type: ignore[attr-defined]
        raise BadAgent(f"KAI_AGENT={spec!r}: execute must be an async def method.")
    if inspect.iscoroutinefunction(agent.stream_execute):  # type: ignore[attr-defined]
        raise BadAgent(
            f"KAI_AGENT={spec!r}: stream_execute must yield its events; it has no `yield`."
        )
