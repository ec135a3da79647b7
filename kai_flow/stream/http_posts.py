"""POSTs over HTTP: the one place that depends on what the HTTP client is (§6.1)."""

import asyncio
import secrets
import time
from typing import TYPE_CHECKING, Final

import httpx

from kai_flow.stream.callback import read_retry_after
from kai_flow.stream.direct_http import AS_IT_IS, network_errors, read_limited
from kai_flow.stream.posts import Reply
from kai_flow.traces.spans import NO_SPAN, Span

if TYPE_CHECKING:
    from kai_flow.stream.signing import SigningKeys

POST_TIMEOUT_SECONDS: Final = 3.0
MAX_ANSWER_BYTES: Final = 64 * 1024

_HEADERS: Final = {"Content-Type": "application/json", **AS_IT_IS}


class NoAnswer(Exception):
    """A POST was not answered in time, or not at all. The text is the reason."""


async def post_over(
    http: httpx.AsyncClient,
    url: str,
    body: bytes,
    *,
    most: int = MAX_ANSWER_BYTES,
    keys: "SigningKeys | None" = None,
    span: Span = NO_SPAN,
) -> Reply:
    """Make one POST; the answer, cut where it exceeds `most` bytes. Raises NoAnswer.

    With `keys` the POST is signed, and its answer has to be. `span` is that of the POST, of which
    the receiver is told.
    """
    message_id, headers = "", _HEADERS
    if keys is not None:
        message_id = f"msg_{secrets.token_hex(16)}"
        headers = _HEADERS | keys.sign_post(message_id, time.time(), body)
    traceparent = span.traceparent
    if traceparent is not None:
        headers = headers | {"traceparent": traceparent}
    try:
        with network_errors():
            async with (
                asyncio.timeout(POST_TIMEOUT_SECONDS),
                http.stream("POST", url, content=body, headers=headers) as response,
            ):
                answer = await read_limited(response, most)
    except (httpx.HTTPError, TimeoutError) as error:
        raise NoAnswer(f"{type(error).__name__} {error}".strip()) from error
    status, fields = response.status_code, response.headers
    authentic = keys is None or keys.is_answer(message_id, status, fields, time.time(), answer)
    return Reply(status, answer, read_retry_after(fields.get("Retry-After")), authentic)
