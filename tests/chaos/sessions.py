"""The sessions of a world, what their readers have seen so far, and what they must see in the end.

A session of KAI has one agent, whose last attempt counts. `tests.chaos.choir` has sessions with
many producers.
"""

import asyncio
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Final

from temporalio.client import Client, WorkflowHandle

from tests.integration.subscriber import Seen, Subscriber

TAIL: Final = 10  # events after a chat was told to end
PROCESSES: Final = 2  # of subscribers, each with readers of every session
NOTICES: Final = ("status", "ended")
"""Control events that may come at any time, also again: of the liveness, and of an end."""

_NUMBERED: Final = re.compile(rb'^\[[0-9.]+, "', re.MULTILINE)  # a line of an event with an id


@dataclass
class Session:
    """One session and who reads it."""

    handle: WorkflowHandle[Any, Any]
    folder: Path
    late: list[tuple[Subscriber, asyncio.Task[None]]] = field(default_factory=list)

    readers: ClassVar[int] = PROCESSES
    """How many there are in other processes: a multiple of PROCESSES."""
    lively: ClassVar[int] = 3
    """How many new events each of them has to see after a fault."""

    @property
    def id(self) -> str:
        """The session id."""
        return self.handle.id

    @property
    def incarnation(self) -> str:
        """What follows `@` in its ids."""
        return (self.handle.first_execution_run_id or "")[-8:]

    def counts(self) -> list[int]:
        """How many events of the session each reader has seen."""
        seen = [file.read_bytes() if file.exists() else b"" for file in self.files()]
        return [len(_NUMBERED.findall(text)) for text in seen]

    def files(self) -> list[Path]:
        """What its readers in other processes write."""
        return [self.folder / f"{self.id}.seen.{number}" for number in range(self.readers)]

    def ended(self) -> bool:
        """Whether those readers have their last event; fails when one of them did."""
        for file in self.files():
            failed = file.with_name(f"{file.name}.failed")
            assert not failed.exists(), f"{self.id}: {failed.read_text()}"
        return all(b', "done", ' in file.read_bytes()[-400_000:] for file in self.files())

    def report(self) -> str:
        """Where it is."""
        return f"{self.id} seen {self.counts()}"

    async def stop(self) -> None:
        """Let it end."""
        raise NotImplementedError

    async def look_up(self) -> None:
        """Ask for what `check` needs, once it has ended."""

    def check_attempts(self, allowed: int) -> None:
        """Fails when it has taken more attempts than the faults can have cost."""

    def figures(self, result: Any) -> dict[str, int]:
        """What there was of it."""
        raise NotImplementedError

    def check(self, seen: Sequence[Seen], result: Any) -> None:
        """Fails when a reader has not seen what it must, or anything else."""
        raise NotImplementedError


class Chat(Session):
    """A session of KAI."""

    def attempt(self) -> int:
        """The latest attempt whose agent has begun; 0 for none.

        A killed worker can take an attempt with it before its agent begins: that one has no log.
        """
        logs = self.folder.glob(f"{self.id}.*.log")
        return max((int(log.name.split(".")[-2]) for log in logs), default=0)

    def oracle(self, attempt: int) -> list[Any]:
        """The events of that attempt, as far as the agent got."""
        log = (self.folder / f"{self.id}.{attempt}.log").read_text().split("\n")[:-1]
        return [
            {
                "type": "started", "producer": 1, "attempt": attempt,
                "activity": "chat_streaming", "activity_id": "1", "beside": [],
            },
            *map(json.loads, log),
        ]  # fmt: skip

    def report(self) -> str:
        return f"{super().report()} attempt {self.attempt()}"

    async def stop(self) -> None:
        (self.folder / f"{self.id}.stop").touch()

    def check_attempts(self, allowed: int) -> None:
        assert self.attempt() <= allowed, f"{self.id}: an attempt failed for nothing"

    def figures(self, result: Any) -> dict[str, int]:
        return {"attempts": self.attempt()}

    def check(self, seen: Sequence[Seen], result: Any) -> None:
        """The last attempt, whole, perhaps beginnings of those before it, and `done`."""
        last, count = map(int, result["last_event_id"].removeprefix("1.").split("."))
        assert last == self.attempt()
        assert result["status"] == "completed"
        *told, done = (one for one in seen if one.id is not None or one.type not in NOTICES)
        assert (done.id, done.event) == (
            f"end@{self.incarnation}",
            {"type": "done", "result": result},
        )
        attempts: dict[int, list[Seen]] = {}
        for one in told:
            assert one.id is not None, f"{self.id}: {one.event}"
            assert one.id.endswith(f"@{self.incarnation}")
            attempts.setdefault(one.place[1], []).append(one)
        assert list(attempts) == sorted(attempts)
        assert [one for part in attempts.values() for one in part] == told  # nothing comes back
        for attempt, part in attempts.items():
            made = self.oracle(attempt)
            if attempt < last and part[-1].type == "attempt_failed":
                made.append(part[-1].event)
            assert [one.place for one in part] == [(1, attempt, n + 1) for n in range(len(part))]
            assert [one.event for one in part] == made[: len(part)]
        assert len(attempts[last]) == count == len(self.oracle(last))


async def begin_chat(
    client: Client, queue: str, folder: Path, session_id: str, callback_url: str, seed: int
) -> Chat:
    """Start a session of KAI with the agent of `tests.chaos.agent`."""
    question = {
        "prompt": json.dumps({"seed": seed, "tail": TAIL}),
        "connection_id": "none",
        "callback_url": callback_url,
    }
    handle = await client.start_workflow(
        "KaiChatWorkflow", question, id=session_id, task_queue=queue
    )
    return Chat(handle, folder)
