"""Which POSTs of a producer have a span: few of many, and all that tell something."""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, Self

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kai_flow.stream.ids import EventId
from kai_flow.stream.post_spans import PostSpans, SpanPace, request_to
from kai_flow.stream.posts import Post
from kai_flow.traces import spans
from kai_flow.traces.spans import NO_SPAN, Attributes, Kind, Span

URL = "https://user:secret@hooks.example.com/secret/path?token=secret#secret"


class Noted(Span):
    """A span that writes down what is said of it."""

    def __init__(self, name: str, attributes: Attributes, began_ns: int | None) -> None:
        self.name = name
        self.said = dict(attributes)
        self.began_ns = began_ns
        self.ended = False

    @property
    def traceparent(self) -> str | None:
        """Any."""
        return "00-1"

    def set(self, name: str, value: Any) -> None:
        """Write it down."""
        self.said[name] = value

    def failed(self, kind: str) -> None:
        """Write it down."""
        self.said["error.type"] = kind

    def link(self, other: Span) -> None: ...

    def end(self) -> None:
        """Write it down."""
        self.ended = True

    def __bool__(self) -> bool:
        return True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.end()


class Notes:
    """A tracer that keeps its spans."""

    def __init__(self) -> None:
        self.spans: list[Noted] = []

    def step(self, name: str, kind: Kind, attributes: Attributes) -> AbstractContextManager[Span]:
        """Not used here."""
        raise NotImplementedError

    def begin(
        self,
        name: str,
        kind: Kind,
        attributes: Attributes,
        *,
        links: Iterable[Span] | None,
        began_ns: int | None,
    ) -> Span:
        """A span to look at."""
        self.spans.append(Noted(name, attributes, began_ns))
        return self.spans[-1]

    def received(self, name: str, traceparent: str, attributes: Attributes) -> Span:
        """Not used here."""
        raise NotImplementedError

    def within(self, span: Span) -> AbstractContextManager[None]:
        """Nothing."""
        return nullcontext()


@pytest.fixture
def notes() -> Iterator[Notes]:
    """The spans of a test."""
    with noting() as found:
        yield found


@contextmanager
def noting() -> Iterator[Notes]:
    """Keep the spans of the block."""
    notes = Notes()
    spans.use(notes)
    try:
        yield notes
    finally:
        spans.use(None)


def post(*, done: bool = False) -> Post:
    """A POST without events."""
    return Post(EventId(1, 1, 1), (), batch=True, done=done)


@given(st.lists(st.floats(0.001, 30), max_size=400))
def test_spans_of_posts_become_rarer(pauses: list[float]) -> None:
    """However POSTs come: one span in a second at most, later one in a sixtieth of the age."""
    pace, now, last = SpanPace(), 0.0, float("-inf")
    for pause in pauses:
        now += pause
        if pace.is_due(now, now):
            assert now - last >= max(1.0, last / 60) or last == float("-inf")
            last = now


@pytest.mark.parametrize(("seconds", "most"), [(60, 61), (900, 224), (86_400, 499)])
def test_the_spans_of_a_session_are_few(seconds: int, most: int) -> None:
    """With 20 POSTs a second, a minute has 61 spans, 15 minutes have 224 and a day has 499."""
    pace = SpanPace()
    due = sum(pace.is_due(at / 20, at / 20) for at in range(seconds * 20))
    assert most * 0.9 <= due <= most


def test_the_first_and_the_final_post_have_a_span(notes: Notes) -> None:
    """Of several POSTs at once these two have one, which ends with them and has their status."""
    posts = PostSpans("s", URL)
    for each in (post(), post(), post(done=True)):
        with posts.of(each, 0.0, 0.0) as span:
            span.answered(200)
    assert [one.said["kai.final"] for one in notes.spans] == [False, True]
    assert all(one.ended and one.said["http.response.status_code"] == 200 for one in notes.spans)


@pytest.mark.parametrize("why", ["ReadTimeout", 503])
def test_a_failed_post_has_a_span(notes: Notes, why: Any) -> None:
    """One that was not to have a span gets it when it fails, from its beginning; others do not."""
    posts = PostSpans("s", URL)
    for _ in range(5):
        with posts.of(post(), 0.0, 0.0) as span:
            pass
    for _ in range(5):
        with posts.of(post(), 0.0, 0.0) as span:
            if isinstance(why, int):
                span.answered(why)
            else:
                span.failed(why)
    _, failed = notes.spans
    assert failed.said["error.type"] == str(why)
    assert failed.began_ns is not None
    assert failed.ended


def test_nothing_secret_of_a_url_is_in_a_span() -> None:
    """Of a callback URL a span has host and port: no user, path, query or fragment."""
    about = request_to(URL)
    assert about == {
        "http.request.method": "POST",
        "server.address": "hooks.example.com",
        "server.port": 443,
    }


def test_without_traces_there_are_none() -> None:
    """Then every POST has the span that is none, and it sends no header."""
    posts = PostSpans("s", URL)
    with posts.of(post(done=True), 0.0, 0.0) as span:
        span.answered(503)
        span.failed("x")
    assert span.span is NO_SPAN
    assert span.span.traceparent is None
