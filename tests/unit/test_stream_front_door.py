"""The front door of the library: what may be imported from `kai_flow.stream`, and what it costs."""

import importlib
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import kai_flow.stream
from kai_flow.stream import StreamError

ROOT = Path(__file__).parents[2]

PUBLIC = {
    "CodecMissing",
    "Cursor", "EventId", "EventProducer", "EventReader", "EventsMissing", "Finished", "Followed",
    "Gap", "InvalidBatch", "InvalidEvent", "InvalidId", "InvalidKey", "InvalidQuery", "InvalidUrl",
    "Limits", "Missing", "OutboxFull", "Place", "SessionEnded", "StreamError", "StreamLostError",
    "StreamPlugin", "Superseded", "SyncProducer", "WorkflowEventStream", "follow", "read_history",
}  # fmt: skip


def test_the_public_names_are_these() -> None:
    """A name is added to the library's promise, or taken out of it, on purpose only."""
    assert set(kai_flow.stream.__all__) == PUBLIC
    assert set(dir(kai_flow.stream)) >= PUBLIC


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_each_name_is_there(name: str) -> None:
    """Every public name can be imported, has a docstring, and is no module."""
    value = getattr(kai_flow.stream, name)
    assert value.__doc__
    assert not inspect.ismodule(value)


def test_every_error_is_public() -> None:
    """Whatever the library raises on purpose can be caught by a public name."""
    for path in Path(kai_flow.stream.__path__[0]).glob("*.py"):
        importlib.import_module(f"kai_flow.stream.{path.stem}")
    errors = [StreamError]
    for error in errors:
        errors += error.__subclasses__()
    ours = [error for error in errors if error.__module__.startswith("kai_flow.stream")]
    telling = PUBLIC - {"StreamError"}
    for error in ours[1:]:
        assert telling.intersection(one.__name__ for one in error.__mro__), error


def test_what_is_unknown_is_an_attribute_error() -> None:
    """A name that is not there is refused as every module does it."""
    with pytest.raises(AttributeError, match="has no attribute 'Producer'"):
        _ = kai_flow.stream.Producer  # type: ignore[attr-defined]  # that is the test


@pytest.mark.parametrize(
    ("names", "unused"),
    [
        ("EventId, InvalidId, Limits", ("temporalio", "httpx")),
        ("EventProducer, StreamPlugin, WorkflowEventStream, read_history", ("httpx",)),
    ],
)
def test_the_front_door_loads_what_is_used(names: str, unused: tuple[str, ...]) -> None:
    """An id or an error loads neither Temporal nor HTTP, and a producer loads no HTTP."""
    program = (
        f"import sys; from kai_flow.stream import {names}; "
        f"print([m for m in {unused} if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
