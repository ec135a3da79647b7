"""The HTTP side of a producer: makes POSTs to the callback URL, and reads the answers (§6.1)."""

import asyncio
import logging
import random
from typing import Final

import httpx
from temporalio import activity

from kai_flow.stream.anomalies import Anomaly, in_conflict, in_success
from kai_flow.stream.callback import (
    Origin,
    encode_post,
    is_bridge,
    read_answer,
    read_detail,
    read_expected,
    read_retry_after,
)
from kai_flow.stream.clock import now
from kai_flow.stream.delivery import Delivery
from kai_flow.stream.direct_http import network_errors
from kai_flow.stream.events import NumberedEvent
from kai_flow.stream.posts import Post

POST_TIMEOUT_SECONDS: Final = 3.0
MAX_ANSWER_BYTES: Final = 64 * 1024

# An answer is read as it comes: a compressed one of a few KiB could fill the memory.
_HEADERS: Final = {"Content-Type": "application/json", "Accept-Encoding": "identity"}


class CallbackClient:
    """POSTs for one attempt to `url`, and reports to its delivery what came of each POST.

    The log gets a line when the reason of a failure changes, not with every POST to a receiver that
    is down, and one line in an attempt for each anomaly.
    """

    def __init__(
        self, url: str, http: httpx.AsyncClient, origin: Origin, delivery: Delivery
    ) -> None:
        self._url = url
        self._http = http
        self._origin = origin
        self._delivery = delivery
        self._failing: str | None = None  # why the last POST failed, if it did
        self._noted: set[Anomaly] = set()  # anomalies that were logged

    async def post(self, post: Post, done: NumberedEvent) -> None:
        """Make one POST. `done` is the event of the final POST, used if `post` is that one."""
        age = int(self._delivery.age(now()))
        body = encode_post(post, self._origin, self._delivery.signaller, done, age)
        try:
            with network_errors():
                async with (
                    asyncio.timeout(POST_TIMEOUT_SECONDS),
                    self._http.stream(
                        "POST", self._url, content=body, headers=_HEADERS
                    ) as response,
                ):
                    answer = await _read_limited(response)
        except (httpx.HTTPError, TimeoutError) as error:
            self._failed(post, f"{type(error).__name__} {error}".strip())
        else:
            # Outside of the `try`: no answer raises in there. An exception is our own mistake, and
            # has to fail the attempt instead of counting as a failed POST.
            self._report(post, response, answer)

    def _report(self, post: Post, response: httpx.Response, answer: bytes) -> None:
        moment, delivery = now(), self._delivery
        if response.is_success:
            acknowledged = read_answer(answer)
            self._note(in_success(delivery, answer, acknowledged), post)
            if acknowledged is not None:
                delivery.acknowledged(post, acknowledged, moment)
            else:
                delivery.post_succeeded(post, moment)
            self._failing = None
        elif response.status_code == httpx.codes.CONFLICT and (expected := read_expected(answer)):
            self._note(in_conflict(delivery, expected), post)
            delivery.gap_reported(expected, moment)
            self._failing = None
        elif response.status_code == httpx.codes.GONE and is_bridge(answer):
            delivery.refused_as_superseded()
        else:
            pause = read_retry_after(response.headers.get("Retry-After"))
            why = f"HTTP {response.status_code}"
            self._failed(post, why, read_detail(answer), retry_after=pause)

    def _failed(self, post: Post, why: str, detail: str = "", retry_after: float = 0.0) -> None:
        if why != self._failing:  # the detail does not count: it can be another one each time
            self._failing = why
            reason = f"{why}: {detail}" if detail else why
            self._log(
                logging.WARNING,
                f"callback failed, events still go to the workflow: {reason}",
                post,
            )
        jitter = random.random()
        self._delivery.post_failed(post, now(), jitter=jitter, retry_after=retry_after)

    def _note(self, anomaly: Anomaly | None, post: Post) -> None:
        if anomaly is None or anomaly in self._noted:
            return
        if anomaly is Anomaly.PLAIN and self._noted:
            return  # the line about a worse anomaly implies this one
        self._noted.add(anomaly)
        level = logging.INFO if anomaly is Anomaly.PLAIN else logging.WARNING
        self._log(level, f"callback: {anomaly.value}", post)

    def _log(self, level: int, what: str, post: Post) -> None:
        about = str(post.events[0].id if post.events else post.base)
        if not post.events:
            about += " (done)" if post.done else " (probe)"
        activity.logger.log(
            level, "%s (session %s, event %s, %s)",
            what, self._origin.workflow_id, about, self._url,
        )  # fmt: skip


async def _read_limited(response: httpx.Response) -> bytes:
    """The body, cut where it exceeds MAX_ANSWER_BYTES: no bridge answers with so much."""
    answer = b""
    async for chunk in response.aiter_raw():
        answer += chunk
        if len(answer) > MAX_ANSWER_BYTES:
            break
    return answer
