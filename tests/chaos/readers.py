"""Subscribers in a process of their own: each line of standard input, `FILE URL`, adds one.

It reads the stream at URL from its beginning to its end, as a browser does (see
`tests/integration/subscriber.py`), and writes what it sees to FILE, a line an event. When it sees
an id that does not rise, or anything after `done`, it says so in `FILE.failed`.
"""

import asyncio
import sys
import traceback
from pathlib import Path

from tests.integration.subscriber import Subscriber


async def read(file: Path, url: str) -> None:
    """One reader, to its end."""
    try:
        with file.open("w") as out:
            await Subscriber(url, file=out).run()
    except Exception:  # noqa: BLE001  (whatever it was, the test has to hear of it)
        file.with_name(f"{file.name}.failed").write_text(traceback.format_exc())


async def main() -> None:
    """Add readers until standard input ends."""
    async with asyncio.TaskGroup() as group:
        while line := await asyncio.to_thread(sys.stdin.readline):
            file, url = line.split()
            group.create_task(read(Path(file), url))


if __name__ == "__main__":
    asyncio.run(main())
