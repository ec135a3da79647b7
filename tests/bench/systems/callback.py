"""The plain callback receiver that most people write first: a queue for each reader of a session.

    python -m tests.bench.systems.callback

It keeps nothing: what comes while a reader is away, or while this process is down, is lost.
"""

import asyncio
import json
import socket
from collections import defaultdict
from collections.abc import AsyncIterator
from typing import Any

import uvicorn
from fastapi import FastAPI
from fastapi.responses import StreamingResponse

app = FastAPI()
queues: defaultdict[str, set[asyncio.Queue[dict[str, Any]]]] = defaultdict(set)


@app.post("/events/{session_id}")
async def receive(session_id: str, event: dict[str, Any]) -> dict[str, bool]:
    """Take one event."""
    for queue in queues[session_id]:
        queue.put_nowait(event)
    return {"ok": True}


@app.get("/stream/{session_id}")
async def stream(session_id: str) -> StreamingResponse:
    """Serve one reader."""
    return StreamingResponse(frames(session_id), media_type="text/event-stream")


async def frames(session_id: str) -> AsyncIterator[str]:
    """The events of a session from now on."""
    queue: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    queues[session_id].add(queue)
    try:
        yield ": connected\n\n"
        while True:
            event = await queue.get()
            yield f"event: {event['type']}\ndata: {json.dumps(event)}\n\n"
    finally:
        queues[session_id].discard(queue)


if __name__ == "__main__":
    listener = socket.create_server(("127.0.0.1", 0), backlog=2_048)
    print(f"callback: ready at http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    config = uvicorn.Config(app, access_log=False, log_level="warning")  # uvloop and httptools
    uvicorn.Server(config).run(sockets=[listener])
