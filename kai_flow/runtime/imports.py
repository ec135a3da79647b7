"""Imports modules beside the event loop, which goes on meanwhile and can end a start by Ctrl-C."""

import asyncio
from importlib import import_module


async def imported(*modules: str) -> None:
    """Import modules by their names in a thread."""

    def work() -> None:
        for module in modules:
            import_module(module)

    await asyncio.to_thread(work)
