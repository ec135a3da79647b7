"""What the engines over one file share: the file is judged, opened, and judged again."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Protocol, TypeVar
from urllib.parse import SplitResult

from kai_flow.analyst.engines import sentences
from kai_flow.analyst.engines.contract import CONNECT_TIMEOUT_S, Probe
from kai_flow.analyst.engines.definitions import digest
from kai_flow.analyst.engines.threads import query_in_thread
from kai_flow.analyst.errors import DatabaseUnavailable, EngineError
from kai_flow.connections.file_access import FileAccess, FileRefused
from kai_flow.connections.uris import path_of

__all__ = ["DatabaseFile", "judging", "state"]


class _Closes(Protocol):
    def close(self) -> object: ...


C = TypeVar("C", bound=_Closes)


class DatabaseFile(ABC):
    """An engine over the file that a URI names."""

    _server: str
    """Name and version of the library that reads the file."""

    def __init__(self, uri: SplitResult, files: FileAccess) -> None:
        self._path = path_of(uri)
        self._files = files

    async def check(self) -> Probe:
        """Open the file and read what it holds."""
        try:
            await self._peek()
        except EngineError as error:
            return Probe(ok=False, message=str(error))
        return sentences.reads_file(self._server, self._path)

    async def fingerprint(self) -> str:
        """Size, time of the last change and identity of the file, and of its write-ahead log."""
        return await query_in_thread(lambda _stop: self._fingerprint(), CONNECT_TIMEOUT_S)

    def _fingerprint(self) -> str:
        with judging():
            found = self._files.locate(self._path)
        if found.identity is None:
            raise sentences.no_file(self._path)
        logs = [found.path.with_name(found.path.name + end) for end in ("-wal", ".wal")]
        return digest([found.identity, *(state(path) for path in (found.path, *logs))])

    @abstractmethod
    async def _peek(self) -> None:
        """Raise ``EngineError`` unless the file can be read."""

    @contextmanager
    def _judged(self, connect: Callable[[Path], C]) -> Iterator[C]:
        """A connection to the file as it was judged; ``DatabaseUnavailable`` when there is none.

        The path given to ``connect`` has no link in it, so the driver follows none.
        """
        with judging():
            found = self._files.locate(self._path)
        if found.identity is None:
            raise sentences.no_file(self._path)
        with closing(connect(found.path)) as db:
            with judging():
                self._files.confirm(found)
            yield db


def state(path: Path) -> tuple[int, int]:
    """Size and time of the last change; zeros when there is no such file."""
    try:
        found = path.stat()
    except OSError:
        return 0, 0
    return found.st_size, found.st_mtime_ns


@contextmanager
def judging() -> Iterator[None]:
    """A file that may not be read becomes ``DatabaseUnavailable``."""
    try:
        yield
    except FileRefused as refused:
        raise DatabaseUnavailable(str(refused)) from None
