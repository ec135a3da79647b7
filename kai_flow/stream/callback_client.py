"""The HTTP side of a producer: makes POSTs to the callback URL, and reads the answers (§6.1)."""

import logging
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

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
)
from kai_flow.stream.clock import now
from kai_flow.stream.delivery import Delivery
from kai_flow.stream.direct_http import direct_http
from kai_flow.stream.events import NumberedEvent
from kai_flow.stream.http_posts import POST_TIMEOUT_SECONDS, NoAnswer, post_over
from kai_flow.stream.ids import EventId
from kai_flow.stream.list_form import MAX_DOCUMENT_BYTES
from kai_flow.stream.log_fields import about, cut
from kai_flow.stream.post_spans import PostSpan, PostSpans
from kai_flow.stream.posts import Post, Reply
from kai_flow.stream.producer_counts import PRODUCERS
from kai_flow.stream.sharing import Document
from kai_flow.stream.uplink import Uplink, uplink_of

if TYPE_CHECKING:
    from kai_flow.stream.signing import SigningKeys


@asynccontextmanager
async def callback_to(
    url: str,
    http: httpx.AsyncClient | None,
    origin: Origin,
    delivery: Delivery,
    keys: "SigningKeys | None" = None,
) -> AsyncIterator["CallbackClient"]:
    """The client for one attempt. Without `http` it has one of its own, which is closed with it.

    With `keys` its POSTs are signed, and an answer that is not counts as delivery only.
    """
    async with AsyncExitStack() as stack:
        uplink = await stack.enter_async_context(uplink_of(url, origin.workflow_id, http, keys))
        if http is None:
            http = direct_http(POST_TIMEOUT_SECONDS)
            stack.push_async_callback(http.aclose)
        yield CallbackClient(url, http, origin, delivery, uplink, keys)


class CallbackClient:
    """POSTs for one attempt to `url`, and reports to its delivery what came of each POST.

    The log gets a line when the reason of a failure changes, not with every POST to a receiver that
    is down, and one line in an attempt for each anomaly.
    """

    def __init__(
        self,
        url: str,
        http: httpx.AsyncClient,
        origin: Origin,
        delivery: Delivery,
        uplink: Uplink | None = None,
        keys: "SigningKeys | None" = None,
    ) -> None:
        self._url = url
        self._http = http
        self._uplink = uplink
        self._keys = keys
        # The bridge that has answered the last POST, if it accepts lists. A POST whose answer may
        # take longer goes alone: the first one, and one after a failure.
        self._sharing_with: str | None = None
        self._origin = origin
        self._delivery = delivery
        self._failing: str | None = None  # why the last POST failed, if it did
        self._noted: set[Anomaly] = set()  # anomalies that were logged
        self._spans = PostSpans(origin.workflow_id, url)

    async def post(self, post: Post, done: NumberedEvent) -> None:
        """Make one POST. `done` is the event of the final POST, used if `post` is that one."""
        began = now()
        age = int(self._delivery.age(began))
        body = encode_post(post, self._origin, self._delivery.signaller, done, age)
        with self._spans.of(post, began, age) as span:
            try:
                reply = await self._exchange(body, span, final=post.done)
            except NoAnswer as error:
                PRODUCERS.posts["unanswered"] += 1
                span.failed(type(error.__cause__ or error).__name__)
                self._failed(post, str(error))
            else:
                PRODUCERS.post_seconds.observe(now() - began)
                span.answered(reply.status)
                # Outside of the `try`: no answer raises in there. An exception is our own mistake,
                # and has to fail the attempt instead of counting as a failed POST.
                self._report(post, reply)

    async def _exchange(self, body: bytes, span: PostSpan, *, final: bool) -> Reply:
        """POST a body with others of this process, or alone. Raises NoAnswer."""

        async def alone(body: bytes) -> Reply:
            return await post_over(self._http, self._url, body, keys=self._keys, span=span.span)

        bridge = self._sharing_with
        if self._uplink is None or bridge is None or final or len(body) > MAX_DOCUMENT_BYTES:
            return await alone(body)
        document = Document(self._origin.workflow_id, self._url, body)
        return await self._uplink.post(bridge, document, alone, span.span)

    def _report(self, post: Post, reply: Reply) -> None:
        moment, delivery, answer = now(), self._delivery, reply.body
        if httpx.codes.is_success(reply.status):
            acknowledged = read_answer(answer) if reply.authentic else None
            self._note(in_success(delivery, reply, acknowledged), post)
            self._failing = self._sharing_with = None
            if acknowledged is None:
                PRODUCERS.posts["delivered"] += 1
                delivery.post_succeeded(post, moment)
            else:
                PRODUCERS.posts["acknowledged"] += 1
                self._sharing_with = acknowledged.bridge if acknowledged.accepts_list else None
                delivery.acknowledged(post, acknowledged, moment)
        elif reply.status == httpx.codes.CONFLICT and (expected := _asked_for(reply)):
            PRODUCERS.posts["sent_back"] += 1
            self._note(in_conflict(delivery, expected), post)
            delivery.gap_reported(expected, moment)
            self._failing = None
        elif reply.status == httpx.codes.GONE and reply.authentic and is_bridge(answer):
            PRODUCERS.posts["superseded"] += 1
            delivery.refused_as_superseded()
        else:
            PRODUCERS.posts["refused"] += 1
            why, detail = f"HTTP {reply.status}", read_detail(answer)
            if not reply.authentic:
                why += ", not signed"
            self._failed(post, why, detail, retry_after=reply.retry_after)

    def _failed(self, post: Post, why: str, detail: str = "", retry_after: float = 0.0) -> None:
        self._sharing_with = None
        if why != self._failing:  # the detail does not count: it can be another one each time
            self._failing = why
            reason = f"{why}: {detail}" if detail else why
            self._log(
                logging.WARNING,
                f"callback failed, events still go to the workflow: {reason}",
                post,
                "callback_failed",
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
        self._log(level, f"callback: {anomaly.value}", post, f"callback_{anomaly.name.lower()}")

    def _log(self, level: int, what: str, post: Post, kind: str) -> None:
        event = post.events[0].id if post.events else post.base
        shown = str(event)
        if not post.events:
            shown += " (done)" if post.done else " (probe)"
        activity.logger.log(
            level, "%s (session %s, event %s, %s)",
            what, self._origin.workflow_id, shown, cut(self._url),
            extra=about(kind, self._origin.workflow_id, event),
        )  # fmt: skip


def _asked_for(conflict: Reply) -> EventId | None:
    """The id that a 409 of a bridge asks for."""
    return read_expected(conflict.body) if conflict.authentic else None
