"""The plugin refuses what would not work, where it is given."""

from typing import cast

import pytest
from temporalio.client import Client
from temporalio.client import Plugin as ClientPlugin

from kai_flow.stream.plugin import StreamPlugin


async def test_a_client_refuses_the_plugin() -> None:
    """The error names the place where the plugin belongs."""
    misplaced = cast("ClientPlugin", StreamPlugin())
    with pytest.raises(TypeError, match=r"belongs to the Worker, .*plugins=\[StreamPlugin\(\)\]"):
        await Client.connect("localhost:7233", lazy=True, plugins=[misplaced])


def test_a_throttle_without_a_unit_is_refused() -> None:
    """A number is refused where it is given, with an example of what to give."""
    with pytest.raises(TypeError, match=r"timedelta\(seconds=10\)"):
        StreamPlugin(10)  # type: ignore[arg-type]
