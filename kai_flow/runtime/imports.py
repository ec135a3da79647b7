"""Imports modules quickly, and beside the event loop."""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module


@contextmanager
def importing() -> Iterator[None]:
    """Collect no garbage while the block imports modules, and later none among what they loaded.

    Modules stay for good. Looking for garbage in them takes a fifth of the time to import them, and
    later, with all of a stack loaded, 40 ms each time, in which a bridge or worker does nothing.
    """
    before = len(sys.modules)
    gc.disable()
    try:
        yield
    finally:
        if len(sys.modules) > before:
            gc.freeze()
        gc.enable()


async def imported(*modules: str) -> None:
    """Import modules by their names in a thread: the loop goes on, and a Ctrl-C ends the start."""
    import asyncio  # noqa: PLC0415  (the command line imports this module before it handles Ctrl-C)

    def work() -> None:
        with importing():
            for module in modules:
                import_module(module)

    if not sys.modules.keys() >= set(modules):
        await asyncio.to_thread(work)
