"""Spans, for all modules that make any: the only thing that they know of traces.

Without traces there is no tracer. Then each call here is one comparison, every span is `NO_SPAN`,
and no package of OpenTelemetry is imported.
"""

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from enum import Enum
from typing import Final, Protocol, Self

Value = str | int | float | bool
Attributes = Mapping[str, Value]
"""What a span says: by names of the semantic conventions, where these have one.

No text of a question, a statement, an event, an error, or of a URL's path and query belongs here:
that is data, and sent only `with_content`.
"""

SESSION: Final = "temporalWorkflowID"
"""The session id, by the name that Temporal's own spans have for it: one search finds them all."""


class Kind(Enum):
    """On which side of what a span stands."""

    INTERNAL = "internal"
    CLIENT = "client"
    SERVER = "server"


class Span(Protocol):
    """One step of a session. It is true when it is recorded, and ends with its block."""

    @property
    def traceparent(self) -> str | None:
        """The field of a request that makes this span the parent of what it causes; None: none."""
        ...

    def set(self, name: str, value: Value) -> None:
        """Say one more thing."""
        ...

    def failed(self, kind: str) -> None:
        """The step has failed. `kind` is a type or a status: no message."""
        ...

    def link(self, other: "Span") -> None:
        """It belongs together with a span of another trace."""
        ...

    def end(self) -> None:
        """It is over."""
        ...

    def __bool__(self) -> bool: ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *raised: object) -> None: ...


class Tracer(Protocol):
    """Makes spans."""

    def step(self, name: str, kind: Kind, attributes: Attributes) -> AbstractContextManager[Span]:
        """A span of the block, and the parent of those that are made in it."""
        ...

    def begin(
        self,
        name: str,
        kind: Kind,
        attributes: Attributes,
        *,
        links: Iterable[Span] | None,
        began_ns: int | None,
    ) -> Span:
        """A span that is the parent of nothing by itself. With `links` it begins a trace."""
        ...

    def received(self, name: str, traceparent: str, attributes: Attributes) -> Span:
        """A span of a request that a span of another program has caused.

        It is `NO_SPAN` if the field is none, or the other program does not record its span.
        """
        ...

    def within(self, span: Span) -> AbstractContextManager[None]:
        """In the block, `span` is the parent; no span is, if it is not recorded."""
        ...


class _NoSpan:
    """What stands for a span that is not recorded."""

    traceparent: str | None = None

    def set(self, name: str, value: Value) -> None: ...

    def failed(self, kind: str) -> None: ...

    def link(self, other: Span) -> None: ...

    def end(self) -> None: ...

    def __bool__(self) -> bool:
        return False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None: ...


NO_SPAN: Final[Span] = _NoSpan()

_NOTHING: Final[Attributes] = {}
_FIELD_BYTES: Final = 55  # of `traceparent`, in the only version that there is

_tracer: Tracer | None = None
_content = False


def use(tracer: Tracer | None, *, content: bool = False) -> None:
    """Make the spans of this process with `tracer`; None: make none.

    `content`: spans may have the text of statements.
    """
    global _tracer, _content  # one for the process, as OpenTelemetry's own is
    _tracer, _content = tracer, content


def are_made() -> bool:
    """Whether this process makes spans."""
    return _tracer is not None


def with_content() -> bool:
    """Whether they may have the text of statements."""
    return _content


def step(
    name: str, attributes: Attributes = _NOTHING, *, kind: Kind = Kind.INTERNAL
) -> AbstractContextManager[Span]:
    """A span of the block, and the parent of those that are made in it.

    A block with a `yield` in it would be the parent of what its caller does: have none.
    """
    return NO_SPAN if _tracer is None else _tracer.step(name, kind, attributes)


def begin(
    name: str,
    attributes: Attributes = _NOTHING,
    *,
    kind: Kind = Kind.CLIENT,
    links: Iterable[Span] | None = None,
    began_ns: int | None = None,
) -> Span:
    """A span under the present one, to be ended. With `links` it begins a trace of its own.

    `began_ns`: when it has begun, in Unix time, if that is over.
    """
    if _tracer is None:
        return NO_SPAN
    return _tracer.begin(name, kind, attributes, links=links, began_ns=began_ns)


def received(
    name: str, fields: Iterable[tuple[bytes, bytes]], attributes: Attributes = _NOTHING
) -> Span:
    """A span of a request whose head has these fields, to be ended.

    Only for a sender that is believed. A request that names no recorded span gets none, nor does
    one that names several.
    """
    if _tracer is None:
        return NO_SPAN
    named = [value for field, value in fields if field == b"traceparent"]
    if len(named) != 1 or len(named[0]) != _FIELD_BYTES:  # OpenTelemetry takes any length
        return NO_SPAN
    return _tracer.received(name, named[0].decode("latin-1"), attributes)


def within(span: Span) -> AbstractContextManager[object]:
    """In the block, `span` is the parent of what is made; no span is, if it is not recorded."""
    return NO_SPAN if _tracer is None else _tracer.within(span)
