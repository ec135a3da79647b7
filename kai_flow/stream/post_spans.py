"""Which POSTs and signals of a producer have a span, and what it says.

A stream of tokens makes 20 POSTs a second, for minutes: a span for each would bury its trace. So
the first POST has a span, the final one, of those that fail one in a second, and of the others one
in a while. The times of all of them are in the metrics.
"""

import time
from typing import Final, Self
from urllib.parse import urlsplit

from kai_flow.stream.posts import Post
from kai_flow.traces import spans
from kai_flow.traces.spans import NO_SPAN, SESSION, Attributes, Span

NAME: Final = "POST events"

_FIRST_FAILURE: Final = 400  # of the statuses


class SpanPace:
    """Some of many, ever more rarely: at most 61 in a minute, 224 in 15, 499 in a day."""

    def __init__(self) -> None:
        self._not_before = float("-inf")

    def is_due(self, moment: float, age: float) -> bool:
        """Whether the next one has a span. `age`: of the session, in seconds."""
        if moment < self._not_before:
            return False
        self._not_before = moment + max(1.0, age / 60)
        return True


class PostSpan:
    """One POST: its span, or what a span needs if it fails after all."""

    def __init__(
        self, span: Span, attributes: Attributes, moment: float, failures: SpanPace | None
    ) -> None:
        self.span = span
        self._attributes = attributes
        self._failures = failures
        self._began, self._began_ns = moment, time.time_ns()

    def answered(self, status: int) -> None:
        """It was answered with this status."""
        if status >= _FIRST_FAILURE:
            self.failed(str(status))
        self.span.set("http.response.status_code", status)

    def failed(self, why: str) -> None:
        """It has failed. `why`: a status, or the type of an error."""
        if not self.span and self._failures is not None and self._failures.is_due(self._began, 0):
            self.span = spans.begin(NAME, self._attributes, began_ns=self._began_ns)
        self.span.failed(why)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.span.end()


class _NoPostSpan(PostSpan):
    """Without traces, of all POSTs."""

    def answered(self, status: int) -> None: ...

    def failed(self, why: str) -> None: ...


_NO_POST_SPAN: Final = _NoPostSpan(NO_SPAN, {}, 0.0, None)


class PostSpans:
    """The spans of the POSTs of one attempt."""

    def __init__(self, session_id: str, url: str) -> None:
        self._attributes = {SESSION: session_id, **request_to(url)}
        self._pace = SpanPace()
        self._failures = SpanPace()

    def of(self, post: Post, moment: float, age: float) -> PostSpan:
        """The span of a POST that is about to be made."""
        if not spans.are_made():
            return _NO_POST_SPAN
        attributes = {**self._attributes, "kai.events": len(post.events), "kai.final": post.done}
        due = self._pace.is_due(moment, age) or post.done
        span = spans.begin(NAME, attributes) if due else NO_SPAN
        return PostSpan(span, attributes, moment, self._failures)


def request_to(url: str) -> Attributes:
    """What is said of a POST to `url`: not its path and query, in which there may be a secret."""
    place = urlsplit(url)
    port = place.port or (443 if place.scheme == "https" else 80)
    return {
        "http.request.method": "POST",
        "server.address": place.hostname or "",
        "server.port": port,
    }
