"""POSTs over HTTP: the one place that depends on what the HTTP client is (§6.1)."""

import asyncio
from typing import Final

import httpx

from kai_flow.stream.callback import read_retry_after
from kai_flow.stream.direct_http import network_errors
from kai_flow.stream.posts import Reply

POST_TIMEOUT_SECONDS: Final = 3.0
MAX_ANSWER_BYTES: Final = 64 * 1024

# An answer is read as it comes: a compressed one of a few KiB could fill the memory.
_HEADERS: Final = {"Content-Type": "application/json", "Accept-Encoding": "identity"}


class NoAnswer(Exception):
    """A POST was not answered in time, or not at all. The text is the reason."""


async def post_over(
    http: httpx.AsyncClient, url: str, body: bytes, *, most: int = MAX_ANSWER_BYTES
) -> Reply:
    """Make one POST; the answer, cut where it exceeds `most` bytes. Raises NoAnswer."""
    try:
        with network_errors():
            async with (
                asyncio.timeout(POST_TIMEOUT_SECONDS),
                http.stream("POST", url, content=body, headers=_HEADERS) as response,
            ):
                answer = await _read_limited(response, most)
    except (httpx.HTTPError, TimeoutError) as error:
        raise NoAnswer(f"{type(error).__name__} {error}".strip()) from error
    retry_after = read_retry_after(response.headers.get("Retry-After"))
    return Reply(response.status_code, answer, retry_after)


async def _read_limited(response: httpx.Response, most: int) -> bytes:
    """The body, cut where it exceeds `most`: no bridge answers with so much."""
    answer = b""
    async for chunk in response.aiter_raw():
        answer += chunk
        if len(answer) > most:
            break
    return answer
