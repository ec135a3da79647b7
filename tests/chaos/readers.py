"""Subscribers in a process of their own: `python readers.py FILE URL COUNT`.

They read the stream at URL, all of them from its beginning to its end, as a browser does (see
`tests/integration/subscriber.py`): each writes to its own FILE.n, a line an event. One that sees an
id that does not rise, or anything after `done`, fails the process.
"""

import asyncio
import sys
from pathlib import Path

from tests.integration.subscriber import Subscriber


async def main(file: str, url: str, count: str) -> None:
    """Read until all are done."""
    async with asyncio.TaskGroup() as group:
        for number in range(int(count)):
            out = Path(f"{file}.{number}").open("w")  # noqa: ASYNC230, SIM115  (closed with the process)
            group.create_task(Subscriber(url, file=out).run())


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
