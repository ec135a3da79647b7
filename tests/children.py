"""The programs that tests start: each ends with the tests, also when those are killed."""

import shutil
from collections.abc import Iterable
from typing import Final

_SETPRIV: Final = shutil.which("setpriv")  # of util-linux; other systems have nothing like it


def bound(command: Iterable[object], dies_by: str = "KILL") -> list[str]:
    """`command` in a form in which the kernel sends it this signal when its parent has ended.

    It keeps its process id: `setpriv` becomes the command. A command that is started by a thread
    ends with that thread.
    """
    words = [str(word) for word in command]
    return words if _SETPRIV is None else [_SETPRIV, "--pdeathsig", dies_by, "--", *words]
