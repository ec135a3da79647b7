"""The files in docs/how-to/deploy, as far as they can be checked without containers."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
from compose_spec import PyCompose

from kai_flow.cli.app import app
from kai_flow.runtime.shutdown import LEAVE_SECONDS
from kai_flow.settings import Settings, load_settings, unknown_settings
from tests.docs.manifests import (
    COMPOSE,
    CONTAINERFILE,
    FOLDER,
    UNITS,
    Started,
    compose,
    documents,
    started,
    unit,
)
from tests.integration.front import nginx_program
from tests.own_ca import make_certificate

PROGRAMS = list(started())
OBJECTS = list(documents())
KEY = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
SECRETS = {  # what deploy.md makes: by file, and by the secret of the same name
    "shared": {
        "KAI_SIGNING_KEYS": f"whsec_{KEY}",
        "KAI_DATA_CONVERTER": "kai_flow.temporal.codec:encrypted",
        "KAI_CODEC_KEYS": KEY,
        "KAI_METRICS_TOKEN": KEY,
    },
    "bridge": {"KAI_TOKEN_KEYS": KEY},
    "worker": {"KAI_ENCRYPT_KEY": KEY},
}
EXPOSURE = 20  # of 100: what `systemd-analyze security` calls OK ends at 50
IMAGE = re.compile(r"^(?:[a-z0-9-]+/)?[a-z0-9-]+:[\w.-]+$")  # no host: the engine's own registry

programs = pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.where)


def test_the_programs_are_there() -> None:
    """Three bridges or more are started by these files, and a worker by each kind of file."""
    commands = [program.command for program in PROGRAMS]
    assert commands.count(["kai", "bridge"]) == 4  # two services, a Deployment, a unit
    assert commands.count(["kai", "worker"]) == 3
    [bridge] = [one for where, one in OBJECTS if where == "bridge.yaml: Deployment kai-bridge"]
    assert bridge["spec"]["replicas"] == 3


@pytest.mark.parametrize("document", [one for _, one in OBJECTS], ids=[w for w, _ in OBJECTS])
def test_kubernetes_knows_every_field(document: dict[str, Any]) -> None:
    """Each object is what its schema says, and has no field that it does not know."""
    version = kubernetes_validate.latest_version()
    kubernetes_validate.validate(document, version, strict=True)


def test_compose_knows_every_field() -> None:
    """The file is what the specification says, and networks, volumes and secrets are defined."""
    PyCompose.from_json(json.dumps(compose())).validate()


@programs
def test_every_setting_is_one(program: Started) -> None:
    """Names and values are accepted by the program, with the secrets that the page makes."""
    given = dict(program.settings)
    for secret, variable in program.secrets:
        values = SECRETS[secret.removeprefix("kai-").removesuffix(".env")]
        given |= {variable: values[variable]} if variable else values
    assert unknown_settings(given) == []
    settings = load_settings(given)
    assert settings.signing_keys
    assert settings.codec_keys
    if program.command == ["kai", "bridge"]:
        assert settings.needs_tokens
        assert settings.trusted_proxies
        assert settings.bridge_url == "https://kai.example.com"
        assert settings.bridge_host in {"0.0.0.0", "127.0.0.1"}
    else:
        assert settings.encrypt_keys
        assert not settings.needs_tokens, "a worker could make tokens"


@programs
def test_every_command_is_one(program: Started) -> None:
    """`kai` has a command of that name, and it takes no arguments."""
    name, command, *arguments = program.command
    assert name == "kai"
    assert app[command].name == (command,)
    assert not arguments


@programs
def test_every_probe_asks_the_port_of_the_program(program: Started) -> None:
    """A bridge at KAI_BRIDGE_PORT, a worker at KAI_HEALTH_PORT, by a path that is there."""
    port = program.settings[
        "KAI_BRIDGE_PORT" if program.command == ["kai", "bridge"] else "KAI_HEALTH_PORT"
    ]
    assert {probe.removeprefix(f":{port}") for probe in program.probes} <= {"/healthz", "/readyz"}


@programs
def test_a_program_is_given_the_time_that_it_needs_to_end(program: Started) -> None:
    """What would be killed sooner could not hand over its events."""
    assert program.seconds > LEAVE_SECONDS


def test_what_leads_to_a_bridge_leads_to_its_port() -> None:
    """The Service, the nginx of the Compose file and the units."""
    objects = dict(OBJECTS)
    [port] = objects["bridge.yaml: Service kai-bridge"]["spec"]["ports"]
    assert port["port"] == Settings().bridge_port
    services = compose()["services"]
    upstream = re.findall(r"server (.*?) max_fails=0;", (FOLDER / "nginx/compose.conf").read_text())
    addresses = [services[f"bridge-{n}"]["networks"]["kai"]["ipv4_address"] for n in (1, 2)]
    assert upstream == [f"{address}:8092" for address in addresses]
    proxy = services["nginx"]["networks"]["kai"]["ipv4_address"]
    assert services["bridge-1"]["environment"]["KAI_TRUSTED_PROXIES"] == proxy
    [published] = services["nginx"]["ports"]
    assert f"listen {published.split(':')[1]} ssl" in (FOLDER / "nginx/nginx.conf").read_text()


@pytest.mark.parametrize("place", ["local", "compose"])
def test_nginx_accepts_its_configuration(place: str, tmp_path: Path) -> None:
    """`nginx -t`, with either of the files for a place."""
    shutil.copytree(FOLDER / "nginx", tmp_path, dirs_exist_ok=True)
    if place != "local":
        (tmp_path / "local.conf").write_text((tmp_path / f"{place}.conf").read_text())
    make_certificate(tmp_path / "tls", "kai.example.com")
    where = ["-p", str(tmp_path), "-c", "nginx.conf", "-e", "stderr", "-g", "pid nginx.pid;"]
    subprocess.run([nginx_program(), "-t", *where], check=True)


@pytest.mark.parametrize("file", UNITS, ids=lambda file: file.name)
def test_systemd_accepts_the_units(file: Path, tmp_path: Path) -> None:
    """Every line is known, and there is little that a program could do beside its work."""
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        if os.environ.get("CI") == "true":
            pytest.fail("there is no systemd-analyze, and with CI=true no test is left out")
        pytest.skip("there is no systemd-analyze on this machine")
    here = tmp_path / file.name.replace("@", "@8101")
    line = re.compile(r"^ExecStart=\S+", re.MULTILINE)
    text = line.sub(f"ExecStart={sys.executable}", file.read_text())
    here.write_text(text)
    checks = (
        ["verify", "--man=no", "--recursive-errors=no"],
        ["security", "--offline=true", f"--threshold={EXPOSURE}"],
    )
    for check in checks:
        done = subprocess.run(
            [analyze, *check, str(here)], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert done.stderr == ""


def test_units_read_their_secrets_from_files() -> None:
    """No unit has a key in it: those can be read by everybody."""
    for file in UNITS:
        lines = unit(file)
        assert not re.search("KEY|TOKEN|whsec", " ".join(lines.get("Environment", [])))


def test_every_image_has_a_version_and_no_host() -> None:
    """Which registry is asked is the engine's setting."""
    images = [service["image"] for service in compose()["services"].values()]
    for _, document in OBJECTS:
        pod = document.get("spec", {}).get("template", {}).get("spec", {})
        every = [*pod.get("containers", []), *pod.get("initContainers", [])]
        images += [container["image"] for container in every]
    images += re.findall(r"^FROM (\S+)", CONTAINERFILE, re.MULTILINE)
    assert len(images) > 10
    assert [image for image in images if not IMAGE.match(image)] == []
    assert "://" not in CONTAINERFILE.replace("http://127.0.0.1", "")


def test_nothing_runs_as_root_or_writes_beside_its_volumes() -> None:
    """Our image, and each of our containers, of which the root file system is read-only."""
    [user] = re.findall(r"^USER (\d+)$", CONTAINERFILE, re.MULTILINE)
    assert int(user) > 0
    for service in compose()["services"].values():
        if "kai-flow" in service["image"] or "nginx" in service["image"]:
            assert service["read_only"]
            assert service["cap_drop"] == ["ALL"]
    for where, document in OBJECTS:
        pod = document.get("spec", {}).get("template", {}).get("spec")
        if pod is None:
            continue
        assert pod["securityContext"]["runAsNonRoot"], where
        assert pod["automountServiceAccountToken"] is False, where
        for container in pod["containers"]:
            context = container["securityContext"]
            assert context["capabilities"] == {"drop": ["ALL"]}, where
            assert context["allowPrivilegeEscalation"] is False, where
            if "kai-flow" in container["image"]:
                assert pod["enableServiceLinks"] is False, where  # KAI_BRIDGE_PORT=tcp://…
                assert context["readOnlyRootFilesystem"], where
                assert pod["securityContext"]["runAsUser"] == int(user), where


def scripts(image: str) -> list[str]:
    """What the containers of this image give to a shell, in either kind of file."""
    found = [
        service["command"][0].replace("$$", "$")
        for service in compose()["services"].values()
        if image in service["image"]
    ]
    for _, document in OBJECTS:
        pod = document.get("spec", {}).get("template", {}).get("spec", {})
        every = [*pod.get("initContainers", []), *pod.get("containers", [])]
        found += [one["args"][0] for one in every if image in one["image"]]
    return found


def test_temporal_is_set_up_in_the_same_way(tmp_path: Path) -> None:
    """Both files create both databases, bring them to the newest version, and make a namespace."""
    calls = tmp_path / "calls"
    for name in ("temporal-sql-tool", "temporal"):
        fake = tmp_path / name
        fake.write_text(f'#!/bin/sh\necho "$*" >> {calls}\n[ "$3" != describe ]\n')
        fake.chmod(0o755)
    environ = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = []
    for script in scripts("temporalio/admin-tools"):
        calls.write_text("")
        subprocess.run(["sh", "-euc", script], env=environ, check=True)
        done.append(calls.read_text().splitlines())
    schema, namespace, *others = done
    assert others == [schema, namespace]
    assert [line.split("--database ")[1].split()[:2] for line in schema] == [
        [database, command]
        for database in ("temporal", "temporal_visibility")
        for command in ("create", "setup-schema", "update-schema")
    ]
    assert schema[-1].endswith("/postgresql/v12/visibility/versioned")
    assert [line.split()[2] for line in namespace] == ["describe", "create"]


def test_the_compose_file_is_named_as_the_engines_look_for_it() -> None:
    """`docker compose` and `podman-compose` find it without an option."""
    assert COMPOSE.name == "compose.yaml"
