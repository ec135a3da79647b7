"""The library: a durable event stream for any Temporal workflow, activity and agent.

Import the public names from here:

    from kai_flow.stream import EventProducer, StreamPlugin, WorkflowEventStream

`__all__` lists all of them. Everything else in this package is internal, also the modules and what
is in them under a name without an underscore: it may change without notice. A name is loaded when
it is first used, so that a program imports only what it needs.

Inside there is a pure core, which does no I/O, reads no clock and draws no random numbers: time,
ids and chance are arguments. The map in docs/design.md marks its modules, and the contract
`pure-core` in pyproject.toml keeps them pure. The other modules drive it with Temporal and HTTP.
"""

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from kai_flow.stream.buffer import Limits
    from kai_flow.stream.codec import CodecMissing
    from kai_flow.stream.errors import (
        Finished,
        InvalidBatch,
        InvalidEvent,
        InvalidId,
        InvalidKey,
        InvalidQuery,
        InvalidUrl,
        OutboxFull,
        SessionEnded,
        StreamError,
        Superseded,
    )
    from kai_flow.stream.followed import Followed, StreamLostError
    from kai_flow.stream.follower import follow
    from kai_flow.stream.gaps import Gap, Missing
    from kai_flow.stream.ids import EventId
    from kai_flow.stream.place import Cursor, Place
    from kai_flow.stream.plugin import StreamPlugin
    from kai_flow.stream.producer import EventProducer
    from kai_flow.stream.reader import EventReader, EventsMissing, read_history
    from kai_flow.stream.sync_producer import SyncProducer
    from kai_flow.stream.workflow import WorkflowEventStream

__all__ = [
    "CodecMissing",
    "Cursor",
    "EventId",
    "EventProducer",
    "EventReader",
    "EventsMissing",
    "Finished",
    "Followed",
    "Gap",
    "InvalidBatch",
    "InvalidEvent",
    "InvalidId",
    "InvalidKey",
    "InvalidQuery",
    "InvalidUrl",
    "Limits",
    "Missing",
    "OutboxFull",
    "Place",
    "SessionEnded",
    "StreamError",
    "StreamLostError",
    "StreamPlugin",
    "Superseded",
    "SyncProducer",
    "WorkflowEventStream",
    "follow",
    "read_history",
]

_HOMES: Final = {
    "CodecMissing": "codec",
    "Cursor": "place",
    "EventId": "ids",
    "EventProducer": "producer",
    "EventReader": "reader",
    "EventsMissing": "reader",
    "Followed": "followed",
    "Gap": "gaps",
    "Limits": "buffer",
    "Missing": "gaps",
    "Place": "place",
    "StreamLostError": "followed",
    "StreamPlugin": "plugin",
    "SyncProducer": "sync_producer",
    "WorkflowEventStream": "workflow",
    "follow": "follower",
    "read_history": "reader",
}
"""The module of each name that is no error; those are in `errors`."""


def _refuse_to_load_in_a_sandbox() -> None:
    """Raise ImportError when a workflow's sandbox loads a copy of the library.

    `StreamPlugin` passes the library through the sandbox. Without it, the sandbox would refuse an
    import of a dependency, with an advice that does not lead to the plugin.
    """
    workflow = sys.modules.get("temporalio.workflow")  # not imported: no sandbox runs without it
    if workflow is None or workflow.unsafe.is_imports_passed_through():
        return
    if workflow.unsafe.in_sandbox():
        raise ImportError(
            "kai_flow.stream was imported inside Temporal's workflow sandbox: give "
            "`plugins=[StreamPlugin()]` to this Worker"
        )


_refuse_to_load_in_a_sandbox()


if not TYPE_CHECKING:  # a type checker knows the names from the imports above, and no others

    def __getattr__(name: str) -> object:
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        module = import_module(f"{__name__}.{_HOMES.get(name, 'errors')}")
        value = globals()[name] = getattr(module, name)
        return value


def __dir__() -> list[str]:
    return [*globals(), *__all__]
