"""A stand-in for an OpenAI-style API: streams of chat completions, without a key or a model.

    python docs/cookbook/fake_openai.py [PORT]

It listens on http://localhost:8000/v1, or on another port. What it answers depends on the last
message:

- the result of a tool: the answer, word by word;
- a question with the word "count": the numbers from 1 on, ten a second, for a minute;
- a question with the word "stumble": three words, then the connection breaks. The next time this
  question gets its answer;
- any other question: a call of the tool `weather`, with the last word of the question as the city.

It prints a line when a client goes away before the end of its answer.

Needs litestar and uvicorn, which the extra `bridge` brings.
"""

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

import uvicorn
from litestar import Litestar, post
from litestar.params import Body
from litestar.response import Stream

COUNT_TO = 600
PAUSE_SECONDS = 0.1  # between two numbers

_stumbled: set[str] = set()  # questions whose first answer broke off


class Stumbled(Exception):
    """The answer breaks off, as that of a real API does when its server dies."""


@post("/v1/chat/completions", status_code=200)
async def complete(data: Annotated[dict[str, Any], Body()]) -> Stream:
    """Answer the last message with a stream of chunks."""
    chunks = chunks_for(data["messages"][-1])
    return Stream(_as_sse(chunks, data["model"]), media_type="text/event-stream")


async def chunks_for(message: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
    """The deltas of the answer to this message."""
    text = str(message["content"])
    if message["role"] == "tool":
        for word in _words(f"It is {text}."):
            yield {"content": word}
    elif "count" in text.lower():
        for number in range(1, COUNT_TO + 1):
            yield {"content": f"{number} "}
            await asyncio.sleep(PAUSE_SECONDS)
    elif "stumble" in text.lower():
        for word in _words("This answer is whole."):
            yield {"content": word}
            if text not in _stumbled and word.strip() == "is":
                _stumbled.add(text)
                raise Stumbled
    else:
        city = json.dumps({"city": text.rsplit(maxsplit=1)[-1].strip("?.! ")})
        for call in (
            {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": ""}},
            {"function": {"arguments": city[:5]}},
            {"function": {"arguments": city[5:]}},
        ):
            yield {"tool_calls": [{"index": 0, **call}]}


def _words(text: str) -> Iterator[str]:
    yield from text.replace(" ", " \n").split("\n")


async def _as_sse(deltas: AsyncIterator[dict[str, Any]], model: str) -> AsyncIterator[bytes]:
    """The wire format: a `data:` line for each chunk, and `[DONE]` at the end."""
    delta: dict[str, Any] = {}
    async with _noticing_who_leaves():
        yield _line(model, {"role": "assistant", "content": ""})
        async for delta in deltas:
            yield _line(model, delta)
        yield _line(model, {}, finish="tool_calls" if "tool_calls" in delta else "stop")
        yield b"data: [DONE]\n\n"


def _line(model: str, delta: dict[str, Any], *, finish: str | None = None) -> bytes:
    chunk = {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": int(time.time()),
        "model": model,
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
    }
    return b"data: " + json.dumps(chunk).encode() + b"\n\n"


@asynccontextmanager
async def _noticing_who_leaves() -> AsyncIterator[None]:
    try:
        yield
    except asyncio.CancelledError:
        print("the client has gone", flush=True)
        raise


app = Litestar([complete], openapi_config=None)

if __name__ == "__main__":
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8000
    print(f"listening on http://localhost:{port}/v1", flush=True)
    uvicorn.run(app, port=port, log_level="critical")  # a broken answer is meant to break
