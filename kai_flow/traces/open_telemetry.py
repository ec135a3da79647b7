"""Spans by OpenTelemetry's SDK. Imported only where traces are asked for.

Nothing here waits for a collector: the SDK's processor has a queue of a fixed length, drops what
does not fit, and exports in a thread of its own.
"""

import threading
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Final, Self

from opentelemetry import context as contexts
from opentelemetry import trace
from opentelemetry.sdk.resources import SERVICE_NAME, OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import (
    BatchSpanProcessor,
    SpanExporter,
)
from opentelemetry.trace import Link, SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from kai_flow import __version__
from kai_flow.traces import spans
from kai_flow.traces.exporting import SCOPE, Private
from kai_flow.traces.spans import NO_SPAN, Attributes, Kind, Span, Value

STOP_SECONDS: Final = 2.0
"""For the last spans to be exported, before a program ends without them."""

TRACE_CONTEXT: Final = TraceContextTextMapPropagator()

_KINDS: Final = {
    Kind.INTERNAL: SpanKind.INTERNAL,
    Kind.CLIENT: SpanKind.CLIENT,
    Kind.SERVER: SpanKind.SERVER,
}


class OpenTelemetrySpan(Span):
    """A span that is recorded."""

    def __init__(self, span: trace.Span) -> None:
        self.span: Final = span

    @property
    def traceparent(self) -> str | None:
        """See `Span`."""
        fields: dict[str, str] = {}
        TRACE_CONTEXT.inject(fields, trace.set_span_in_context(self.span))
        return fields.get("traceparent")

    def set(self, name: str, value: Value) -> None:
        """See `Span`."""
        self.span.set_attribute(name, value)

    def failed(self, kind: str) -> None:
        """See `Span`."""
        self.span.set_attribute("error.type", kind)
        self.span.set_status(Status(StatusCode.ERROR))

    def link(self, other: Span) -> None:
        """See `Span`."""
        if isinstance(other, OpenTelemetrySpan):
            self.span.add_link(other.span.get_span_context())

    def end(self) -> None:
        """See `Span`."""
        self.span.end()

    def __bool__(self) -> bool:
        return True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        if isinstance(raised[1], Exception):
            self.failed(type(raised[1]).__name__)
        self.end()


class OpenTelemetryTracer:
    """Makes spans by a provider of OpenTelemetry's."""

    def __init__(self, provider: trace.TracerProvider) -> None:
        self._tracer = provider.get_tracer(SCOPE, __version__)

    @contextmanager
    def step(self, name: str, kind: Kind, attributes: Attributes) -> Iterator[Span]:
        """See `Tracer`."""
        with (
            self.begin(name, kind, attributes) as span,
            self.within(span) if span else nullcontext(),
        ):
            yield span

    def begin(
        self,
        name: str,
        kind: Kind,
        attributes: Attributes,
        *,
        links: Iterable[Span] | None = None,
        began_ns: int | None = None,
    ) -> Span:
        """See `Tracer`."""
        return _recorded(
            self._tracer.start_span(
                name,
                None if links is None else contexts.Context(),
                _KINDS[kind],
                attributes,
                links=_links(links or ()),
                start_time=began_ns,
            )
        )

    def received(self, name: str, traceparent: str, attributes: Attributes) -> Span:
        """See `Tracer`."""
        parent = TRACE_CONTEXT.extract({"traceparent": traceparent}, contexts.Context())
        found = trace.get_current_span(parent).get_span_context()
        if not (found.is_valid and found.trace_flags.sampled):
            return NO_SPAN
        return _recorded(self._tracer.start_span(name, parent, SpanKind.SERVER, attributes))

    def within(self, span: Span) -> AbstractContextManager[None]:
        """See `Tracer`."""
        if isinstance(span, OpenTelemetrySpan):
            return _attached(trace.set_span_in_context(span.span))
        return _attached(contexts.Context())


def trace_with(provider: trace.TracerProvider, *, content: bool = False) -> None:
    """Make the spans of KAI Flow in this process with a provider of OpenTelemetry's.

    For programs of one's own, which have a provider and end it themselves. `content`: the text of
    SQL as well.
    """
    spans.use(OpenTelemetryTracer(provider), content=content)


def provider_for(service: str, exporter: SpanExporter, *, content: bool) -> TracerProvider:
    """A provider that exports in the background, for a program that is called `service`.

    `content`: the messages of errors as well. Raises nothing that depends on a collector.
    """
    chosen = OTELResourceDetector().detect().attributes
    resource = Resource.create({SERVICE_NAME: chosen.get(SERVICE_NAME, service)})
    # without a hook at the end of the process, which would wait 30 s for a collector that hangs
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    if not content:
        exporter = Private(exporter)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    return provider


def stop(provider: TracerProvider) -> bool:
    """Export what is left and end; False: not all could be within STOP_SECONDS.

    The SDK itself would wait for up to 30 s, and its threads do not keep a process from ending.
    """
    ending = threading.Thread(target=provider.shutdown, name="traces-end", daemon=True)
    ending.start()
    ending.join(STOP_SECONDS)
    return not ending.is_alive()


def _recorded(span: trace.Span) -> Span:
    return OpenTelemetrySpan(span) if span.is_recording() else NO_SPAN


def _links(others: Iterable[Span]) -> list[Link]:
    return [
        Link(one.span.get_span_context()) for one in others if isinstance(one, OpenTelemetrySpan)
    ]


@contextmanager
def _attached(context: contexts.Context) -> Iterator[None]:
    token = contexts.attach(context)
    try:
        yield
    finally:
        contexts.detach(token)
