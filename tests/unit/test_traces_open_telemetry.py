"""Spans by OpenTelemetry's SDK: which are made, what they say, and that nothing waits for them."""

import logging
import secrets
import threading
import time
from collections.abc import Iterator, Sequence

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace import StatusCode

from kai_flow.traces import open_telemetry, spans
from kai_flow.traces.exporting import Private, Reported
from kai_flow.traces.open_telemetry import OpenTelemetryTracer, provider_for, stop
from kai_flow.traces.spans import NO_SPAN, Kind

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
NAMED = f"00-{TRACE}-{PARENT}-01"


class Kept(SpanExporter):
    """Keeps the spans."""

    def __init__(self) -> None:
        self.spans: list[ReadableSpan] = []

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Called by the processor."""
        self.spans += spans
        return SpanExportResult.SUCCESS

    def named(self, name: str) -> ReadableSpan:
        """The one of this name."""
        (found,) = [span for span in self.spans if span.name == name]
        return found


@pytest.fixture
def kept() -> Iterator[Kept]:
    """The spans of a test, each as soon as it has ended."""
    kept = Kept()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(Private(kept)))
    spans.use(OpenTelemetryTracer(provider))
    yield kept
    spans.use(None)


def received(*values: str) -> spans.Span:
    """The span of a request with these fields `traceparent`."""
    return spans.received("got", [(b"traceparent", value.encode()) for value in values])


def test_a_request_of_a_recorded_span_is_below_it(kept: Kept) -> None:
    """It has the trace and the parent that the request names, and asks for nothing by itself."""
    received(NAMED).end()
    span = kept.named("got")
    assert span.context is not None
    assert span.parent is not None
    assert f"{span.context.trace_id:032x}" == TRACE
    assert f"{span.parent.span_id:016x}" == PARENT


@pytest.mark.parametrize(
    "values",
    [
        [],
        [NAMED, NAMED],
        [f"00-{TRACE}-{PARENT}-00"],
        [""],
        ["x" * 100_000],
        [NAMED + "-x"],
        [NAMED.replace("00-", "01-", 1) + "-x" * 10],
        [NAMED + " "],
        [NAMED.replace("00-", "ff-", 1)],
        [NAMED.upper()],
        [f"00-{'0' * 32}-{PARENT}-01"],
        [f"00-{TRACE}-{'0' * 16}-01"],
        [f"00-{TRACE[:-1]}-{PARENT}-01"],
        ["00-ÿ" + TRACE[2:] + f"-{PARENT}-01"],
    ],
)
def test_any_other_request_has_no_span(kept: Kept, values: list[str]) -> None:
    """Neither one that is not recorded, nor one whose field is not exactly what W3C describes."""
    span = received(*values)
    assert span is NO_SPAN
    assert kept.spans == []


def test_steps_are_below_each_other(kept: Kept) -> None:
    """A step is the parent of what is made in its block, and of nothing after it."""
    with spans.step("outer"), spans.step("inner", {"a": 1}, kind=Kind.CLIENT) as inner:
        inner.set("b", 2)
    with spans.step("after"):
        pass
    outer = kept.named("outer")
    found = kept.named("inner")
    assert outer.context is not None
    assert found.parent is not None
    assert found.parent.span_id == outer.context.span_id
    assert found.attributes == {"a": 1, "b": 2}
    assert kept.named("after").parent is None


def test_what_begins_is_no_parent_by_itself(kept: Kept) -> None:
    """Only `within` makes it one, and within no span nothing has a parent."""
    with spans.step("outer"):
        begun = spans.begin("begun")
        spans.begin("beside").end()
        with spans.within(begun):
            spans.begin("below").end()
        with spans.within(NO_SPAN):
            spans.begin("alone").end()
        begun.end()
    outer, begun_context = kept.named("outer").context, kept.named("begun").context
    assert outer is not None
    assert begun_context is not None
    parents = {one.name: one.parent and one.parent.span_id for one in kept.spans}
    assert parents["beside"] == outer.span_id
    assert parents["below"] == begun_context.span_id
    assert parents["alone"] is None


def test_a_span_with_links_begins_a_trace(kept: Kept) -> None:
    """It has no parent, and names those that it is linked with."""
    with spans.step("outer"):
        one = spans.begin("one")
        with spans.begin("list", links=[one]) as made:
            one.link(made)
        one.end()
    listed, linked = kept.named("list"), kept.named("one")
    assert listed.parent is None
    assert [link.context for link in listed.links] == [linked.context]
    assert [link.context for link in linked.links] == [listed.context]


def test_an_error_is_told_without_its_message(kept: Kept) -> None:
    """A step that raises says the type of the error; so does a span of Temporal's interceptor."""
    secret = secrets.token_hex(8)
    with pytest.raises(ValueError, match=secret), spans.step("step"):
        raise ValueError(secret)
    tracer = spans._tracer
    assert isinstance(tracer, OpenTelemetryTracer)
    with pytest.raises(ValueError, match=secret), tracer._tracer.start_as_current_span("sdk"):
        raise ValueError(secret)
    assert (kept.named("step").attributes or {})["error.type"] == "ValueError"
    for span in kept.spans:
        assert span.status.status_code is StatusCode.ERROR
        assert secret not in span.to_json()
    (event,) = kept.named("sdk").events
    assert (event.attributes or {})["exception.type"] == "ValueError"


def test_spans_of_others_are_exported_as_they_are() -> None:
    """An agent decides by itself what its spans say."""
    kept = Kept()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(Private(kept)))
    with (
        pytest.raises(ValueError, match="mine"),
        provider.get_tracer("agent").start_as_current_span("agent"),
    ):
        raise ValueError("mine")
    assert "mine" in kept.named("agent").to_json()


def test_a_session_that_is_not_sampled_has_no_spans() -> None:
    """Then a POST sends no header, and what is below is not sampled either."""
    kept = Kept()
    provider = TracerProvider(sampler=ALWAYS_OFF, shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(kept))
    tracer = OpenTelemetryTracer(provider)
    with tracer.step("outer", Kind.INTERNAL, {}) as span:
        assert not span
        assert span.traceparent is None
    assert kept.spans == []


def test_the_end_does_not_wait_for_a_collector(monkeypatch: pytest.MonkeyPatch) -> None:
    """A program ends in time although its last spans cannot be exported, and knows it."""
    monkeypatch.setattr(open_telemetry, "STOP_SECONDS", 0.2)
    released = threading.Event()

    class Hanging(Kept):
        def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
            released.wait(30)
            return SpanExportResult.FAILURE

    provider = provider_for("x", Hanging(), content=False)
    began = time.monotonic()
    for _ in range(10_000):
        provider.get_tracer("x").start_span("x").end()
    assert not stop(provider)
    assert time.monotonic() - began < 10
    released.set()
    assert stop(provider_for("x", Kept(), content=False))


@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        ("OTEL_SERVICE_NAME", "mine", "mine"),
        ("OTEL_RESOURCE_ATTRIBUTES", "service.name=theirs", "theirs"),
        ("OTEL_SERVICE_NAME", "", "kai-x"),
    ],
)
def test_the_environment_names_the_program(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, expected: str
) -> None:
    """By OpenTelemetry's variables; without them it has a name that tells what it is."""
    monkeypatch.setenv(variable, value)
    provider = provider_for("kai-x", Kept(), content=False)
    assert provider.resource.attributes["service.name"] == expected
    assert stop(provider)


def test_a_failing_collector_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    """One line when exporting begins to fail, with the reason, and one when it works again."""
    caplog.set_level("INFO")
    logger = logging.getLogger("exporter.of.a.test")
    results = [SpanExportResult.SUCCESS, *[SpanExportResult.FAILURE] * 3, SpanExportResult.SUCCESS]

    class Failing(Kept):
        def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
            logger.warning("error %s, again in %d s", "refused " * 100, 1)
            logger.error("that was the last time")
            return results.pop(0)

    reported = Reported(Failing(), logger)
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(reported))
    for _ in range(5):
        provider.get_tracer("x").start_span("x").end()
    assert [(line.levelname, line.message[:60]) for line in caplog.records] == [
        ("WARNING", "spans cannot be exported, and are lost: refused refused refu"),
        ("INFO", "spans are exported again; 3 were lost"),
    ]
    assert len(caplog.records[0].message) < 400
    provider.shutdown()
    logger.warning("the logger works as before")
    assert caplog.records[-1].message == "the logger works as before"
