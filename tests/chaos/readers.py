"""Subscribers in a process of their own: each line of standard input, `FILE URL`, adds one.

It reads the stream at URL to its end, as a browser does (see `tests/integration/subscriber.py`),
and writes what it sees to FILE, a line an event. It begins behind the last id that FILE shows: what
a process that was killed has read, the next one goes on from. When it sees an id that does not
rise, or anything after `done`, it says so in `FILE.failed`.
"""

import asyncio
import json
import sys
import traceback
from pathlib import Path
from typing import TextIO

from tests.integration.subscriber import Subscriber


async def read(file: Path, url: str) -> None:
    """One reader, to its end."""
    try:
        with file.open("a+") as out:
            await Subscriber(url, cursor=resume(out), file=out).run()
    except Exception:  # noqa: BLE001  (whatever it was, the test has to hear of it)
        file.with_name(f"{file.name}.failed").write_text(traceback.format_exc())


def resume(out: TextIO) -> str | None:
    """The last id in the file; what a killed process has half written is cut off."""
    out.seek(0)
    whole, _, _ = out.read().rpartition("\n")
    out.truncate(len(whole.encode()) + 1 if whole else 0)
    ids = (json.loads(line)[1] for line in reversed(whole.split("\n")) if line)
    return next((last for last in ids if last is not None), None)


async def main() -> None:
    """Add readers until standard input ends."""
    async with asyncio.TaskGroup() as group:
        while line := await asyncio.to_thread(sys.stdin.readline):
            file, url = line.split()
            group.create_task(read(Path(file), url))


if __name__ == "__main__":
    asyncio.run(main())
