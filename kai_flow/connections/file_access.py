"""Which files a connection may name: files in allowed folders, and none in the home folder.

KAI's answers show what is in such a file. So a path is judged by where it leads after all links
are followed, and the path that was judged is the one that is opened. It is judged when the
connection is stored, and again each time it is opened, because a link may have changed meanwhile.
"""

import glob
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

__all__ = ["NO_FILES", "PATTERN", "FileAccess", "FileRefused", "Located", "literal"]

MAX_FILES: Final = 10_000
"""Files that one pattern may match."""

PATTERN: Final = re.compile(r"[*?\[]")
"""What makes a path a pattern."""

_NO_DISKS: Final = ("/proc", "/sys")  # /proc/self/environ may hold the root key

_OUTSIDE: Final = (
    "The file is not in a folder that connections may read: run `kai connection create` in the"
    " file's folder on the worker's machine, or add that folder to KAI_FILE_FOLDERS there."
)
_PRIVATE: Final = (
    "A connection may not name a file in KAI_HOME, where the keys and the stored connections are:"
    " keep data in another folder."
)
_NO_DISK: Final = (
    "The path does not lead to a file on a disk: name a database, a CSV or a Parquet file."
)
_CHANGED: Final = "The file was replaced by another one while it was opened: try again."


class FileRefused(ValueError):
    """A file that no connection may read; one sentence that says what to do, without the path."""


@dataclass(frozen=True)
class Located:
    """A file where it really is, and which one it was when it was judged."""

    path: Path
    identity: tuple[int, int] | None
    """Device and inode; None when there was no plain file there (a folder or a pipe is none)."""


@dataclass(frozen=True)
class FileAccess:
    """The folders whose files connections may name; of the home, only the demo is allowed."""

    folders: tuple[Path, ...] = ()
    home: Path | None = None
    demo: Path | None = None
    """The one file of the home that may be read."""
    remembered: Path | None = None
    """One more folder, as it was when it was allowed: links in it are not followed again."""

    def also(self, remembered: Path | None) -> "FileAccess":
        """The same, with the folder that was allowed when a connection was stored."""
        return replace(self, remembered=remembered)

    def allowing(self, path: Path, *, pattern: bool) -> Path | None:
        """The folder that allows a path, all links in both followed; None for the demo.

        ``pattern``: whether ``*``, ``?`` and ``[…]`` in the path stand for other characters.
        ``FileRefused`` when none does.
        """
        return self._judge(_real(_fixed_part(path)[0] if pattern else path))

    def locate(self, path: Path) -> Located:
        """Where a file really is; ``FileRefused`` when it may not be read. It may be missing."""
        real = _real(path)
        self._judge(real)
        found = _stat(real)
        plain = found is not None and stat.S_ISREG(found.st_mode)
        return Located(real, _identity(real) if plain else None)

    def match(self, path: Path) -> Iterator[Located]:
        """The files that match a pattern, or the one file with exactly that name.

        ``FileRefused`` when one of them may not be read: leaving it out silently would change the
        answer.
        """
        fixed, rest = _fixed_part(path)
        root = _real(fixed)
        self._judge(root)
        one = root / rest
        found = _glob(root, rest) if rest and not os.path.lexists(one) else iter([one])
        for number, each in enumerate(found):
            if number >= MAX_FILES:
                raise FileRefused(
                    f"The pattern matches more than {MAX_FILES:,} names: narrow it, or put the"
                    " files into a DuckDB database."
                )
            located = self.locate(each)
            if located.identity is not None:
                yield located

    def confirm(self, found: Located) -> None:
        """``FileRefused`` unless the path still leads to the file that was judged.

        Called once the file is open and before anything of it is shown: a folder on the way may
        have been replaced by a link since. (Not by holding the file open ourselves: to close it
        would drop the locks that SQLite holds on it in this process.)
        """
        same = found.identity is not None and found.identity == _identity(found.path)
        if not same or _real(found.path) != found.path:
            raise FileRefused(_CHANGED)

    def _judge(self, real: Path) -> Path | None:
        """The folder that allows this path without links in it."""
        if self.home is not None:
            home = _real(self.home)
            if self.demo is not None and real == home / self.demo.name:
                return None
            if _within(real, home) or _named_in(real, home):
                raise FileRefused(_PRIVATE)
        if any(real.is_relative_to(each) for each in _NO_DISKS):
            raise FileRefused(_NO_DISK)
        for folder in (*map(_real, self.folders), self.remembered):
            if folder is not None and real.is_relative_to(folder):
                return folder
        raise FileRefused(_OUTSIDE)


NO_FILES: Final = FileAccess()
"""No file at all: an engine's default."""


def _real(path: Path) -> Path:
    """An absolute path without links and `..`, whether or not the file exists."""
    text = os.fspath(path)
    if "\0" in text:
        raise FileRefused("The connection URI holds a NUL character; remove it.")
    try:
        return Path(os.path.realpath("/" + text.lstrip("/") if text.startswith("/") else text))
    except OSError:  # such a name cannot exist
        raise FileRefused(_OUTSIDE) from None


def _fixed_part(path: Path) -> tuple[Path, str]:
    """A pattern's part before the first folder with a `*`, and the rest, which may not go up."""
    parts = path.parts
    first = next((n for n, part in enumerate(parts) if PATTERN.search(part)), len(parts))
    if ".." in parts[first:]:
        raise FileRefused("A pattern may not have .. after its first *: write the folder's name.")
    return Path(*parts[:first]), str(Path(*parts[first:])) if parts[first:] else ""


def _glob(root: Path, pattern: str) -> Iterator[Path]:
    """All matching paths; `**` matches any number of folders, and at the end all they contain."""
    if pattern.rsplit(os.sep, maxsplit=1)[-1] == "**":
        pattern += os.sep + "*"
    try:
        yield from root.glob(pattern)
    except ValueError:  # a pattern that cannot match anything, such as `a**`
        return
    except OSError as wrong:
        raise FileRefused(
            f"A folder cannot be read ({wrong.strerror}): check the connection's URI."
        ) from None


def _identity(path: Path) -> tuple[int, int] | None:
    found = _stat(path)
    return (found.st_dev, found.st_ino) if found else None


def _stat(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except OSError:
        return None


def _within(real: Path, folder: Path) -> bool:
    """Whether a path is that folder or is inside it, in any spelling and by any mount."""
    inside = _identity(folder)
    return real.is_relative_to(folder) or (
        inside is not None and any(_identity(each) == inside for each in (real, *real.parents))
    )


def _named_in(real: Path, home: Path) -> bool:
    """Whether a file also has a name in the home: a hard link, or a symbolic link there.

    A key file is often a symbolic link to a mounted secret.
    """
    found = _stat(real)
    if found is None or not stat.S_ISREG(found.st_mode):
        return False
    for folder, _, files in os.walk(home):
        if any(_identity(Path(folder, name)) == (found.st_dev, found.st_ino) for name in files):
            return True
        if found.st_nlink == 1:  # then only links matter, and ours are at the top
            return False
    return False


def literal(path: Path) -> str:
    """A path for a reader of patterns, in which every character stands for itself."""
    return glob.escape(os.fspath(path))
