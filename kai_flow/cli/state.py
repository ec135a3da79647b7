"""The addresses that a running `kai up` publishes to the other commands of the same KAI_HOME.

`up.lock` is held exactly as long as the process lives, so the lock alone tells whether it runs.
`up.json` has the addresses, and counts only while the lock is held.
"""

import asyncio
import contextlib
import time
from pathlib import Path
from typing import Final

import msgspec

from kai_flow.runtime.locks import FileLock, held_elsewhere
from kai_flow.settings import StartError

STARTING_SECONDS: Final = 20.0  # how long a `kai up` may hold the lock before it publishes


class UpState(msgspec.Struct, frozen=True, kw_only=True):
    """Where the parts of a running stack are."""

    pid: int
    temporal: str  # host:port
    namespace: str
    embedded: bool  # False: a Temporal server that was started elsewhere
    task_queue: str
    bridge: str  # base URLs without a slash at their end
    health: str
    ui: str | None
    data_converter: str | None = None  # that of worker and bridge; None: Temporal's own


def lock_path(home: Path) -> Path:
    """The lock that `kai up` holds."""
    return home / "up.lock"


def state_path(home: Path) -> Path:
    """The file in which it says where everything is."""
    return home / "up.json"


def is_up(home: Path) -> bool:
    """Whether a `kai up` of this home runs (or is just starting)."""
    return held_elsewhere(lock_path(home))


def write(home: Path, state: UpState) -> None:
    """Publish the state atomically."""
    fresh = state_path(home).with_suffix(".json.new")
    fresh.write_bytes(msgspec.json.format(msgspec.json.encode(state), indent=2) + b"\n")
    fresh.chmod(0o600)
    fresh.replace(state_path(home))


def forget(home: Path) -> None:
    """Remove the published state."""
    state_path(home).unlink(missing_ok=True)


def read(home: Path) -> UpState | None:
    """The published state; None when there is none, or this version cannot read it."""
    with contextlib.suppress(OSError, msgspec.DecodeError):
        return msgspec.json.decode(state_path(home).read_bytes(), type=UpState)
    return None


async def find(home: Path) -> UpState | None:
    """The state of the stack that runs for this home, or None when none runs.

    Waits for one that is just starting; raises `StartError` when it does not publish in time.
    """
    deadline = time.monotonic() + STARTING_SECONDS
    while is_up(home):
        state = read(home)
        # a killed process leaves its file behind: only the holder of the lock counts
        if state is not None and state.pid == FileLock(lock_path(home)).holder():
            return state
        if time.monotonic() >= deadline:
            raise StartError(
                f"a `kai up` holds {lock_path(home)} but has not published its addresses within "
                f"{STARTING_SECONDS:.0f} s: stop it, or set KAI_HOME to another folder"
            )
        await asyncio.sleep(0.1)
    return None
