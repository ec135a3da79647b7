"""What was asked before in a conversation, so that "and by year?" has something to change.

One file of JSON for each conversation about a connection, in ``conversations`` in the home: any
process with the home can continue it, and a damaged file costs one conversation. A file is replaced
as a whole, and two processes take turns.

The rule: an attempt is answered from the same base as the first attempt of its session. `begin`
pins the base under the session and its question before anything is answered, so a retry does not
change the query a second time.
"""

import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from kai_flow.connections.database import StoreUnavailable
from kai_flow.connections.turns import Begun, Turn, check_conversation, shortened
from kai_flow.runtime.locks import FileLock
from kai_flow.settings import StartError

__all__ = ["Conversations"]

FOLDER: Final = "conversations"
VERSION: Final = 1

MAX_CONVERSATIONS: Final = 1_000
"""In a home; the ones that were continued longest ago are deleted."""
MAX_AGE_S: Final = 30 * 24 * 3600.0
"""A conversation that was not continued for so long is deleted."""
MAX_TURNS: Final = 50
"""Of a conversation; older ones are forgotten."""
MAX_PINS: Final = 20
"""Sessions that may be retried; more of them never run in one conversation at once."""
LOCK_WAIT_S: Final = 10.0

T = TypeVar("T")


class _Pin(msgspec.Struct, frozen=True):
    """What a session began with."""

    key: str
    begun: Begun


class _Kept(msgspec.Struct, frozen=True, kw_only=True):
    """The content of a file."""

    version: int = VERSION
    conversation: str = ""
    connection: str = ""
    turns: tuple[Turn, ...] = ()
    pins: tuple[_Pin, ...] = ()


class Conversations:
    """The conversations in a home; ``now`` is the time in seconds since 1970.

    A folder or file that cannot be used raises `StoreUnavailable`; another try may succeed.
    """

    def __init__(self, home: Path, now: Callable[[], float] = time.time) -> None:
        self._root = home / FOLDER
        self._now = now

    def begin(
        self, conversation_id: str, connection_id: str, session_id: str, question: str
    ) -> Begun:
        """What this question builds on; the same for every attempt of the session.

        A session id that is used again with another question is a new question.
        """
        check_conversation(conversation_id)
        key = _digest(session_id, question)

        def pin(kept: _Kept, damaged: bool) -> tuple[_Kept, Begun]:
            for known in kept.pins:
                if known.key == key:
                    return kept, known.begun
            with_query = [turn for turn in kept.turns if turn.query]
            begun = Begun(
                base=with_query[-1] if with_query else None,
                last=kept.turns[-1] if kept.turns else None,
                damaged=damaged,
            )
            pins = (*kept.pins, _Pin(key, begun))[-MAX_PINS:]
            return msgspec.structs.replace(kept, pins=pins), begun

        return self._change(conversation_id, connection_id, pin)

    def record(self, conversation_id: str, connection_id: str, turn: Turn) -> None:
        """Keep a turn; one of the same session and question is replaced."""
        check_conversation(conversation_id)
        short = shortened(turn)

        def add(kept: _Kept, _damaged: bool) -> tuple[_Kept, None]:
            same = (short.session_id, short.question)
            others = [each for each in kept.turns if (each.session_id, each.question) != same]
            turns = (*others, short)[-MAX_TURNS:]
            return msgspec.structs.replace(kept, turns=turns), None

        self._change(conversation_id, connection_id, add)

    def history(self, conversation_id: str, connection_id: str) -> tuple[Turn, ...]:
        """The turns that are kept, the oldest first; none for an unknown or damaged one."""
        check_conversation(conversation_id)
        with _available(self._root):
            return self._read(self._file(conversation_id, connection_id))[0].turns

    def forget(self, connection_id: str) -> None:
        """Delete every conversation about a connection."""
        with _available(self._root):
            shutil.rmtree(self._root / _digest(connection_id), ignore_errors=True)

    def _file(self, conversation_id: str, connection_id: str) -> Path:
        """Digests: an id may have any character, and be longer than a file's name."""
        return self._root / _digest(connection_id) / f"{_digest(conversation_id)}.json"

    def _change(
        self,
        conversation_id: str,
        connection_id: str,
        change: Callable[[_Kept, bool], tuple[_Kept, T]],
    ) -> T:
        """Read, change and replace a file, while no other process does."""
        file = self._file(conversation_id, connection_id)
        with _available(self._root), self._turn():
            kept, damaged = self._read(file)
            changed, answer = change(kept, damaged)
            if changed != kept:
                if not file.exists():
                    self._make_room()
                named = msgspec.structs.replace(
                    changed, conversation=conversation_id, connection=connection_id
                )
                _replace(file, msgspec.json.encode(named))
        return answer

    def _read(self, file: Path) -> tuple[_Kept, bool]:
        """What a file holds, and whether it is damaged; a damaged one is set aside."""
        try:
            if self._now() - file.stat().st_mtime > MAX_AGE_S:
                return _Kept(), False
            kept = msgspec.json.decode(file.read_bytes(), type=_Kept)
        except FileNotFoundError:
            return _Kept(), False
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            file.replace(file.with_suffix(".damaged"))
            return _Kept(), True
        if kept.version > VERSION:
            raise StoreUnavailable(
                f"The conversation in {file} was written by a newer version of KAI; update KAI."
            )
        return kept, False

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Exclude other processes and threads; their changes take milliseconds."""
        self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
        deadline = time.monotonic() + LOCK_WAIT_S
        with FileLock(self._root / "lock") as lock:
            while not lock.try_acquire():
                if time.monotonic() >= deadline:
                    raise StoreUnavailable(
                        f"The conversations in {self._root} have been locked by process"
                        f" {lock.holder()} for {LOCK_WAIT_S:g} s; try again."
                    )
                time.sleep(0.005)
            yield

    def _make_room(self) -> None:
        """Delete what is too old, and the oldest of too many."""
        files = [*self._root.glob("*/*.json"), *self._root.glob("*/*.damaged")]
        ages = sorted((self._now() - _changed(file), file) for file in files)
        for number, (age, file) in enumerate(ages):
            if age > MAX_AGE_S or number >= MAX_CONVERSATIONS - 1:
                file.unlink(missing_ok=True)
                with suppress(OSError):  # not empty
                    file.parent.rmdir()


def _digest(*names: str) -> str:
    text = "\0".join(names).encode("utf-8", "surrogatepass")
    return hashlib.sha256(text).hexdigest()[:32]


def _changed(file: Path) -> float:
    try:
        return file.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _replace(file: Path, content: bytes) -> None:
    """Write a file as a whole: a reader sees the old content or the new one."""
    file.parent.mkdir(mode=0o700, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=file.parent)  # readable only for its owner
    try:
        with os.fdopen(descriptor, "wb") as fresh:
            fresh.write(content)
            fresh.flush()
            os.fsync(descriptor)
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


@contextmanager
def _available(root: Path) -> Iterator[None]:
    try:
        yield
    except StartError as wrong:
        raise StoreUnavailable(str(wrong)) from None
    except OSError as wrong:
        raise StoreUnavailable(
            f"The conversations in {root} cannot be used: {wrong.strerror}; make the folder"
            " writable, or set KAI_HOME to another one."
        ) from None
