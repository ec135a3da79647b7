"""A collector of traces: a real HTTP server that decodes what OpenTelemetry's exporter sends it."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span as Message


@dataclass(frozen=True)
class Seen:
    """A span as it arrived."""

    service: str
    name: str
    trace: str
    id: str
    parent: str
    attributes: dict[str, Any]
    links: tuple[str, ...]  # span ids
    failed: bool
    kind: int
    events: tuple[dict[str, Any], ...]
    seconds: float


@dataclass
class Collector:
    """What has arrived. A collector that `hangs` accepts each request, and answers none."""

    url: str = ""
    hangs: bool = False
    requests: int = 0
    bodies: list[bytes] = field(default_factory=list)
    spans: list[Seen] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)

    def named(self, name: str) -> list[Seen]:
        """The spans of this name."""
        return [span for span in list(self.spans) if span.name == name]

    def of(self, session: str) -> list[Seen]:
        """The spans that name a session."""
        return [s for s in list(self.spans) if s.attributes.get("temporalWorkflowID") == session]

    def wait(self, condition: Callable[[], Any], seconds: float = 20) -> Any:
        """Wait until this holds, in a thread of its own; what it returned."""
        end = time.monotonic() + seconds
        while not (found := condition()):
            assert time.monotonic() < end, sorted({(s.service, s.name) for s in self.spans})
            time.sleep(0.05)
        return found

    @property
    def environ(self) -> dict[str, str]:
        """What makes a program send its traces here, soon."""
        return {"OTEL_EXPORTER_OTLP_ENDPOINT": self.url, "OTEL_BSP_SCHEDULE_DELAY": "200"}


def below(spans: Sequence[Seen], root: Seen) -> list[Seen]:
    """The spans that `root` has caused, at any depth, within its trace."""
    ids, found = {root.id}, list[Seen]()
    grown = True
    while grown:
        new = [span for span in spans if span.parent in ids and span.id not in ids]
        found += new
        ids |= {span.id for span in new}
        grown = bool(new)
    return found


@contextmanager
def collecting(*, hangs: bool = False) -> Iterator[Collector]:
    """A collector at a free port of this machine."""
    collector = Collector(hangs=hangs)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            collector.requests += 1
            if collector.hangs:
                collector.released.wait(60)
                return
            assert self.path == "/v1/traces", self.path
            collector.bodies.append(body)
            collector.spans += _decoded(body)
            self.send_response(200)
            self.send_header("Content-Type", "application/x-protobuf")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_args: Any) -> None: ...

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_args: Any) -> None: ...

    with Server(("127.0.0.1", 0), Handler) as server:
        collector.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield collector
        finally:
            collector.released.set()
            server.shutdown()


def _decoded(body: bytes) -> list[Seen]:
    request = ExportTraceServiceRequest.FromString(body)
    found = []
    for resource in request.resource_spans:
        service = _values(resource.resource.attributes).get("service.name", "")
        for scope in resource.scope_spans:
            found += [_seen(service, span) for span in scope.spans]
    return found


def _seen(service: str, span: Message) -> Seen:
    return Seen(
        service=service,
        name=span.name,
        trace=span.trace_id.hex(),
        id=span.span_id.hex(),
        parent=span.parent_span_id.hex(),
        attributes=_values(span.attributes),
        links=tuple(link.span_id.hex() for link in span.links),
        failed=span.status.code == 2,
        kind=span.kind,
        events=tuple(_values(event.attributes) for event in span.events),
        seconds=(span.end_time_unix_nano - span.start_time_unix_nano) / 1e9,
    )


def _values(attributes: Any) -> dict[str, Any]:
    return {
        one.key: getattr(one.value, one.value.WhichOneof("value") or "string_value")
        for one in attributes
    }
