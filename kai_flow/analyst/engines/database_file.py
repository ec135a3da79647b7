"""What the engines over one file share: the file is judged, opened, and judged again."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Protocol, TypeVar
from urllib.parse import SplitResult

from kai_flow.analyst.engines import sentences
from kai_flow.analyst.engines.contract import Probe
from kai_flow.analyst.errors import DatabaseUnavailable, EngineError
from kai_flow.connections.file_access import FileAccess, FileRefused
from kai_flow.connections.uris import path_of

__all__ = ["DatabaseFile", "judging"]


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


@contextmanager
def judging() -> Iterator[None]:
    """A file that may not be read becomes ``DatabaseUnavailable``."""
    try:
        yield
    except FileRefused as refused:
        raise DatabaseUnavailable(str(refused)) from None
