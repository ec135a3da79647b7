"""A threat, the test that shows the defence, and how to take the defence out."""

import asyncio
import importlib
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.planting import Mutation


@dataclass(frozen=True)
class Threat:
    """One row of `docs/explanation/security.md`."""

    who: str
    """Whom the defence is against, as the page has it."""
    test: str
    """`file::name`, as pytest has it, from the folder of the project."""
    without: Callable[[], Mutation]
    """Takes the defence out while the block runs."""
    given: Mapping[str, Any] = field(default_factory=dict)
    """Those arguments of the test that are no fixtures."""

    @property
    def name(self) -> str:
        """The name of the test."""
        return self.test.rpartition("::")[2]

    @property
    def _function(self) -> Callable[..., Any]:
        module = self.test.partition(".py::")[0].replace("/", ".")
        found: Callable[..., Any] = getattr(importlib.import_module(module), self.name)
        return found

    @property
    def fixtures(self) -> list[str]:
        """The fixtures that the test needs."""
        return [
            name for name in inspect.signature(self._function).parameters if name not in self.given
        ]

    async def run(self, fixtures: Mapping[str, Any]) -> None:
        """Run the test once."""
        if inspect.iscoroutinefunction(self._function):
            await self._function(**self.given, **fixtures)
        else:  # in a thread, because it may have an event loop of its own, in virtual time
            await asyncio.to_thread(self._function, **self.given, **fixtures)
