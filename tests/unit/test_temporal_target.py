"""Where Temporal is, according to the environment."""

import os
import sys
from pathlib import Path

import pytest
from temporalio.envconfig import ClientConfig

from kai_flow.settings import StartError
from kai_flow.temporal.target import DEFAULT_ADDRESS, target


@pytest.fixture(autouse=True)
def _nothing_configured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in os.environ:
        if name.startswith("TEMPORAL_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"TEMPORAL_TASK_QUEUE": "mine"},
        {"TEMPORAL_ADDRESS": "[::1]:7"},
        {"TEMPORAL_ADDRESS": ""},
        {"TEMPORAL_NAMESPACE": "mine", "TEMPORAL_ADDRESS": "a.example:7"},
        {"TEMPORAL_NAMESPACE": ""},
        {"TEMPORAL_API_KEY": "secret"},
        {"TEMPORAL_TLS": "true"},
    ],
)
def test_it_is_what_the_sdk_reads(environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether the SDK is needed or not, the target is what it would load."""
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    expected = ClientConfig.load_client_connect_config()
    found = target()
    assert found.chosen is ("target_host" in expected)
    assert found.config == {"target_host": DEFAULT_ADDRESS, **expected}


@pytest.mark.parametrize("folder", [".config", "elsewhere", "Library/Application Support"])
def test_a_profile_counts(folder: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A file with profiles is read where the SDK looks for it, which depends on the system."""
    if folder == "elsewhere":
        monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / folder))
    file = tmp_path / folder / "temporalio" / "temporal.toml"
    file.parent.mkdir(parents=True)
    file.write_text('[profile.default]\naddress = "a.example:7"\nnamespace = "mine"\n')
    expected = ClientConfig.load_client_connect_config()
    assert target().config == {"target_host": DEFAULT_ADDRESS, **expected}
    if sys.platform == "linux" and folder != "Library/Application Support":
        assert (target().address, target().namespace) == ("a.example:7", "mine")


@pytest.mark.parametrize("address", ["localhost", "localhost:", "http://a:1", ":7233", "a:65536"])
def test_an_address_that_is_none_is_refused(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The refusal names the variable, its value and an example."""
    monkeypatch.setenv("TEMPORAL_ADDRESS", address)
    with pytest.raises(StartError, match=r"TEMPORAL_ADDRESS=.*for example localhost:7233"):
        target()
