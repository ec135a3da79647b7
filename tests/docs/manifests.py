"""The files in docs/how-to/deploy as data: which programs they start, with which settings."""

import configparser
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from tests.docs.pages import ROOT

FOLDER: Final = ROOT / "docs/how-to/deploy"
CONTAINERFILE: Final = (FOLDER / "Containerfile").read_text()
COMPOSE: Final = FOLDER / "compose.yaml"
KUBERNETES: Final = sorted(FOLDER.glob("kubernetes/*.yaml"))
UNITS: Final = sorted(FOLDER.glob("systemd/*.service"))
OURS: Final = "kai-flow:0.1.0"


@dataclass
class Started:
    """One of our programs, as one of the files starts it."""

    where: str
    command: list[str]
    settings: dict[str, str]
    """Without secrets."""
    secrets: list[tuple[str, str]] = field(default_factory=list)
    """The name of a secret or of a file of them, and the variable; "": all that it has."""
    seconds: int = 0
    """How long it may take to end."""
    probes: list[str] = field(default_factory=list)
    """Ports and paths: `:8091/readyz`."""


def documents() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every object of the Kubernetes manifests, and where it is."""
    for file in KUBERNETES:
        for document in yaml.safe_load_all(file.read_text()):
            yield f"{file.name}: {document['kind']} {document['metadata']['name']}", document


def compose() -> dict[str, Any]:
    """The Compose file, with its anchors resolved."""
    content: dict[str, Any] = yaml.safe_load(COMPOSE.read_text())
    return content


def unit(file: Path) -> dict[str, list[str]]:
    """The lines of a unit's section `[Service]`: a key may come several times."""
    lines: dict[str, list[str]] = {}

    class Several(dict[str, Any]):
        def __setitem__(self, key: str, value: Any) -> None:
            if isinstance(value, list) and key in self:
                self[key].extend(value)
            else:
                super().__setitem__(key, value)

    parser = configparser.RawConfigParser(
        dict_type=Several, strict=False, interpolation=None, delimiters=("=",)
    )
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # names keep their case
    parser.read_string(file.read_text())
    for key, value in parser["Service"].items():
        lines[key] = value.split("\n")
    return lines


def started() -> Iterator[Started]:
    """Each of our programs in each of the files."""
    yield from _by_compose()
    yield from _by_kubernetes()
    yield from _by_systemd()


def _by_compose() -> Iterator[Started]:
    for name, service in compose()["services"].items():
        if service["image"] != OURS:
            continue
        yield Started(
            f"compose.yaml: {name}",
            service["command"],
            service["environment"],
            [(file, "") for file in service["env_file"]],
            int(service["stop_grace_period"].removesuffix("s")),
            [url.removeprefix("http://127.0.0.1") for url in _probed(service)],
        )


def _probed(service: Mapping[str, Any]) -> list[str]:
    return [service["healthcheck"]["test"][-1]] if "healthcheck" in service else []


def _by_kubernetes() -> Iterator[Started]:
    for where, document in documents():
        if document["kind"] != "Deployment":
            continue
        pod = document["spec"]["template"]["spec"]
        for container in pod["containers"]:
            if container["image"] != OURS:
                continue
            secrets = [
                (one["valueFrom"]["secretKeyRef"]["name"], one["name"])
                for one in container["env"]
                if "valueFrom" in one
            ]
            waits = container.get("lifecycle", {}).get("preStop", {}).get("sleep", {})
            yield Started(
                where,
                container["args"],
                {one["name"]: one["value"] for one in container["env"] if "value" in one},
                secrets,
                pod["terminationGracePeriodSeconds"] - waits.get("seconds", 0),
                [_probe(container, probe) for name, probe in container.items() if "Probe" in name],
            )


def _probe(container: Mapping[str, Any], probe: Mapping[str, Any]) -> str:
    if "exec" in probe:
        return str(probe["exec"]["command"][-1]).removeprefix("http://127.0.0.1")
    asked = probe["httpGet"]
    [port] = [p["containerPort"] for p in container["ports"] if p["name"] == asked["port"]]
    return f":{port}{asked['path']}"


def _by_systemd() -> Iterator[Started]:
    for file in UNITS:
        service = unit(file)
        [line] = service["ExecStart"]
        if not line.startswith("/opt/kai/bin/"):
            continue
        settings = dict(one.split("=", 1) for one in service["Environment"])
        yield Started(
            f"systemd/{file.name}",
            shlex.split(line.removeprefix("/opt/kai/bin/")),
            {name: value.replace("%i", "8101") for name, value in settings.items()},
            [(Path(one).name, "") for one in service["EnvironmentFile"]],
            int(service["TimeoutStopSec"][0]),
        )
