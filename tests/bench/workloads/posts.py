"""One POST with one event, one after the other, by a client that does as little as possible."""

import asyncio
import statistics
import time
from typing import Final

from tests.bench.figures import Record, Workload
from tests.bench.stack import BROADCAST, CALLBACK, KAI, NCHAN, Stack, new_id
from tests.bench.streaming import measured

POSTS: Final = 2_000
EVENT: Final = '{"type": "token", "content": "a word "}'


async def run(stack: Stack, record: Record, quick: bool) -> None:
    """Every system, in turn."""
    for _ in range(1 if quick else 3):
        for system in (KAI, CALLBACK, NCHAN, BROADCAST):
            await measured(record, "a POST", system, lambda system=system: post(stack, system))  # type: ignore[misc]


async def post(stack: Stack, system: str) -> tuple[dict[str, float], list[str]]:
    """POST to a session that nobody reads."""
    target, session_id = await stack.target(system), new_id()
    body = f'{{"session_id": "{session_id}", "event": {EVENT}}}' if system == KAI else EVENT
    request = (
        f"POST /events/{session_id} HTTP/1.1\r\nHost: localhost\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    ).encode()
    reader, writer = await asyncio.open_connection("127.0.0.1", target.port)
    before = stack.use(target)
    took, wrong = [], []
    for _ in range(POSTS):
        began = time.perf_counter()
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = head.lower().partition(b"content-length: ")[2].split(b"\r\n", 1)[0]
        await reader.readexactly(int(length or 0))
        took.append(time.perf_counter() - began)
        if not head.startswith(b"HTTP/1.1 2"):
            wrong = [head.split(b"\r\n")[0].decode()]
    use = stack.use(target) - before
    writer.close()
    cuts = statistics.quantiles(took, n=100)
    figures = {
        "post_p50_ms": cuts[49] * 1_000,
        "post_p99_ms": cuts[98] * 1_000,
        "post_cpu_us": use.serving * 1e6 / POSTS,
    }
    return figures, wrong


WORKLOAD: Final = Workload(
    "posts",
    "2,000 POSTs of one event each over one connection, one after the other, without a reader.",
    ("post_p50_ms", "post_p99_ms", "post_cpu_us"),
    run,
    ratio="post_p50_ms",
)
