"""The plugin refuses what would not work, where it is given."""

from typing import Any, cast

import pytest
from temporalio.client import Client
from temporalio.client import Plugin as ClientPlugin
from temporalio.worker import Interceptor, UnsandboxedWorkflowRunner

from kai_flow.stream.errors import InvalidUrl
from kai_flow.stream.interceptor import StreamInterceptor
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


def interceptor_of(plugin: StreamPlugin, *others: Interceptor) -> list[Interceptor]:
    """The interceptors of a worker that is set up by the plugin."""
    config: Any = {"interceptors": others, "workflow_runner": UnsandboxedWorkflowRunner()}
    return list(plugin.configure_worker(config)["interceptors"])


@pytest.mark.parametrize(
    ("given", "environment", "bridge"),
    [
        (None, None, None),
        (None, "", None),
        (None, "kai.example:8092", "http://kai.example:8092"),
        ("https://a.example/b/", "http://b.example", "https://a.example/b"),
        (None, "http://a.example , https://b.example", "http://a.example"),
    ],
)
def test_producers_post_to_the_bridge_of_the_plugin(
    given: str | None,
    environment: str | None,
    bridge: str | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The one that is given, or else the one of the environment, or else nowhere."""
    monkeypatch.delenv("KAI_BRIDGE_URL", raising=False)
    if environment is not None:
        monkeypatch.setenv("KAI_BRIDGE_URL", environment)
    (ours,) = interceptor_of(StreamPlugin(bridge=given))
    assert isinstance(ours, StreamInterceptor)
    assert ours._bridge == bridge


@pytest.mark.parametrize("wrong", ["ftp://kai.example", "http://", "http://user:secret@kai"])
def test_a_bridge_that_cannot_be_reached_is_refused(
    wrong: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the worker starts, with the name of what is wrong and without a password."""
    with pytest.raises(InvalidUrl, match=r"^bridge") as refused:
        StreamPlugin(bridge=wrong)
    assert "secret" not in str(refused.value)
    monkeypatch.setenv("KAI_BRIDGE_URL", wrong)
    with pytest.raises(InvalidUrl, match=r"^KAI_BRIDGE_URL"):
        StreamPlugin()


def test_a_worker_has_one_interceptor_of_streams() -> None:
    """A second plugin, or one beside an interceptor that is given, changes nothing."""
    first = StreamInterceptor()
    assert interceptor_of(StreamPlugin(), first) == [first]
