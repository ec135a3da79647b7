"""What is exported of spans, and what is said when that fails."""

import logging
import sys
from collections.abc import Sequence
from typing import Final

from opentelemetry.exporter.otlp.proto.http import trace_exporter
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.trace.export import ConsoleSpanExporter, SpanExporter, SpanExportResult
from opentelemetry.trace import Status

from kai_flow.stream.log_fields import about

log = logging.getLogger(__name__)

SCOPE: Final = "kai_flow"
"""The name of our tracer. Spans of an agent's own have another."""

MAX_REASON_CHARS: Final = 300

_TYPE_ONLY: Final = ("exception.type", "exception.escaped")


class _Wrapped(SpanExporter):
    """An exporter around another one. All are called by the processor, in its thread."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter

    def shutdown(self) -> None:
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._exporter.force_flush(timeout_millis)


class Private(_Wrapped):
    """Exports spans without what may be data: the messages and stack traces of errors.

    Those of Temporal's interceptor have them, and no setting of it leaves them out. Spans of an
    agent's own are exported as they are.
    """

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Export what is left of them."""
        return self._exporter.export([_without_text(span) for span in spans])


class Reported(_Wrapped):
    """Logs when spans can no longer be exported, and when they can again.

    The exporter logs each attempt, by `logger`. Those lines are dropped, and ours has the reason.
    """

    def __init__(self, exporter: SpanExporter, logger: logging.Logger) -> None:
        super().__init__(exporter)
        self._reasons = _Reasons()
        self._logger = logger
        self._lost = 0  # spans since it fails
        logger.addFilter(self._reasons)

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Export them, and note what came of it."""
        self._reasons.forget()
        result = self._exporter.export(spans)
        if result is SpanExportResult.SUCCESS:
            if self._lost:
                log.info(
                    "spans are exported again; %d were lost",
                    self._lost,
                    extra=about("traces_exported_again"),
                )
            self._lost = 0
            return result
        if not self._lost:
            log.warning(
                "spans cannot be exported, and are lost: %s",
                (self._reasons.first or "for an unknown reason")[:MAX_REASON_CHARS],
                extra=about("traces_lost"),
            )
        self._lost += len(spans)
        return result

    def shutdown(self) -> None:
        """End."""
        super().shutdown()
        self._logger.removeFilter(self._reasons)


class _Reasons(logging.Filter):
    """Drops the lines of a logger, and keeps the first one: a later one says that it was the last.

    That of an attempt to be repeated begins with the reason, as a value.
    """

    def __init__(self) -> None:
        super().__init__()
        self.first: str | None = None

    def filter(self, record: logging.LogRecord) -> bool:
        if self.first is None:
            values, repeated = record.args, record.levelno == logging.WARNING
            self.first = record.getMessage()
            if repeated and isinstance(values, tuple) and values:
                self.first = str(values[0])
        return False

    def forget(self) -> None:
        """Keep the next one."""
        self.first = None


def exporter_called(name: str) -> SpanExporter:
    """The exporter `otlp` or `console`, which writes a line for each span to standard error."""
    if name == "console":
        return ConsoleSpanExporter(out=sys.stderr, formatter=_line)
    return Reported(trace_exporter.OTLPSpanExporter(), logging.getLogger(trace_exporter.__name__))


def _line(span: ReadableSpan) -> str:
    return f"{span.to_json(indent=None)}\n"


def _without_text(span: ReadableSpan) -> ReadableSpan:
    scope = span.instrumentation_scope
    if scope is None or scope.name != SCOPE or not (span.events or span.status.description):
        return span
    return ReadableSpan(
        name=span.name,
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        attributes=span.attributes,
        events=[_only_type(event) for event in span.events],
        links=span.links,
        kind=span.kind,
        status=Status(span.status.status_code),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=scope,
    )


def _only_type(event: Event) -> Event:
    kept = {name: value for name, value in (event.attributes or {}).items() if name in _TYPE_ONLY}
    return Event(event.name, kept, event.timestamp)
