"""The files in docs/how-to/deploy, as far as they can be checked without containers."""

import asyncio
import getpass
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import kubernetes_validate
import pytest
from compose_spec import PyCompose

from kai_flow.cli.app import app
from kai_flow.runtime.ports import free_port
from kai_flow.runtime.shutdown import LEAVE_SECONDS
from kai_flow.settings import Settings, load_settings, unknown_settings
from kai_flow.temporal.codec_server import running_codec_server
from tests.children import bound
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
from tests.integration.front import _answers, nginx_program
from tests.integration.waiting import until
from tests.own_ca import make_certificate

PROGRAMS = list(started())
OBJECTS = list(documents())
NAME = "app.kubernetes.io/name"
KEY = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
SECRETS = {  # what deploy.md makes: by file, and by the secret of the same name
    "shared": {
        "KAI_SIGNING_KEYS": f"whsec_{KEY}",
        "KAI_METRICS_TOKEN": KEY,
    },
    "codec": {
        "KAI_DATA_CONVERTER": "kai_flow.temporal.codec:encrypted",
        "KAI_CODEC_KEYS": KEY,
    },
    "bridge": {"KAI_TOKEN_KEYS": KEY},
    "worker": {"KAI_ENCRYPT_KEY": KEY},
    "codec-server": {"KAI_CODEC_TOKEN": KEY},
}
PORTS = {  # at which a program is probed
    "bridge": "KAI_BRIDGE_PORT",
    "worker": "KAI_HEALTH_PORT",
    "codec-server": "KAI_CODEC_PORT",
}
EXPOSURE = 20  # of 100: what `systemd-analyze security` calls OK ends at 50
IMAGE = re.compile(r"^(?:[a-z0-9-]+/)?[a-z0-9-]+:[\w.-]+$")  # no host: the engine's own registry

programs = pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.where)


def test_the_programs_are_there() -> None:
    """Three bridges or more are started by these files, and a worker by each kind of file."""
    commands = [program.command for program in PROGRAMS]
    assert commands.count(["kai", "bridge"]) == 4  # two services, a Deployment, a unit
    assert commands.count(["kai", "worker"]) == 3
    assert commands.count(["kai", "codec-server"]) == 1
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
    assert settings.codec_keys
    if program.command == ["kai", "codec-server"]:
        assert settings.codec_token
        assert not settings.signing_keys, "it could send events"
        assert not settings.needs_tokens
        return
    assert settings.signing_keys
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
    """Each at the port that its settings name, by a path that is there."""
    port = program.settings[PORTS[program.command[1]]]
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


def pods() -> dict[str, dict[str, Any]]:
    """The templates of the pods that run for long, by the name in their labels."""
    kinds = {"Deployment", "StatefulSet"}
    templates = [one["spec"]["template"] for _, one in OBJECTS if one["kind"] in kinds]
    return {one["metadata"]["labels"][NAME]: one["spec"] for one in templates}


def test_each_ingress_leads_to_a_service_and_to_nothing_else_of_a_bridge() -> None:
    """By the names of services and ports; health and metrics are not reached from outside."""
    services = {one["metadata"]["name"]: one for _, one in OBJECTS if one["kind"] == "Service"}
    reached = {}
    for ingress in (one for _, one in OBJECTS if one["kind"] == "Ingress"):
        [rule] = ingress["spec"]["rules"]
        [secured] = ingress["spec"]["tls"]
        assert secured["hosts"] == [rule["host"]]
        for path in rule["http"]["paths"]:
            leads = path["backend"]["service"]
            [port] = services[leads["name"]]["spec"]["ports"]
            assert leads["port"]["name"] == port["name"]
            reached[rule["host"], path["path"]] = leads["name"]
    assert reached == {
        ("kai.example.com", "/stream/"): "kai-bridge",
        ("kai.example.com", "/events"): "kai-bridge",
        ("codec.example.com", "/"): "kai-codec",
    }


def test_every_pod_takes_and_makes_only_connections_that_are_listed() -> None:
    """Each has a policy for both directions, whose ports are those of the pods that it names."""
    policies = {
        one["spec"]["podSelector"]["matchLabels"][NAME]: one["spec"]
        for _, one in OBJECTS
        if one["kind"] == "NetworkPolicy"
    }
    found = pods()
    assert policies.keys() == found.keys()
    for name, policy in policies.items():
        assert policy["policyTypes"] == ["Ingress", "Egress"]
        own = [port for one in found[name]["containers"] for port in one.get("ports", [])]
        taken = [port["port"] for rule in policy["ingress"] for port in rule["ports"]]
        assert sorted(taken) == sorted(port["containerPort"] for port in own), name
        for rule in policy.get("egress", []):
            for peer in rule["to"]:
                to = peer.get("podSelector", {}).get("matchLabels", {}).get(NAME)
                if to is None or to == name:
                    continue
                assert {NAME: name} in [
                    one.get("podSelector", {}).get("matchLabels")
                    for taking in policies[to]["ingress"]
                    if taking["ports"] == rule["ports"]
                    for one in taking["from"]
                ], (name, to)
    assert "egress" not in policies["kai-codec"]


@asynccontextmanager
async def nginx_with(folder: Path, port: int) -> AsyncIterator[None]:
    """An nginx with the nginx.conf of this folder, as the container starts it."""
    globals_ = f"daemon off; pid nginx.pid; user {getpass.getuser()};"
    where = ["-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", "stderr", "-g", globals_]
    process = await asyncio.create_subprocess_exec(*bound([nginx_program(), *where], "TERM"))
    try:
        await until(lambda: _answers(port) or process.returncode is not None)
        yield
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


async def test_the_proxy_of_the_codec_server_is_the_one_way_in(tmp_path: Path) -> None:
    """A real nginx with the configuration of the manifest: the token counts, and nothing else."""
    text = dict(OBJECTS)["codec.yaml: ConfigMap kai-codec"]["data"]["nginx.conf"]
    given = SECRETS["codec"] | SECRETS["codec-server"] | {"KAI_CODEC_PORT": "0"}
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("KAI_CODEC_KEYS", KEY)  # the codec reads them by itself
        async with running_codec_server(load_settings(given)) as url:
            outside = free_port()
            text = text.replace("8093", url.rpartition(":")[2]).replace("8094", str(outside))
            (tmp_path / "nginx.conf").write_text(text)
            async with nginx_with(tmp_path, outside), httpx.AsyncClient(trust_env=False) as http:
                base = f"http://localhost:{outside}"
                headers = {"Authorization": f"Bearer {KEY}"}
                document = {"payloads": [{"metadata": {}, "data": "eA=="}]}
                sealed = await http.post(f"{base}/encode", json=document, headers=headers)
                assert "encryption-key-id" in sealed.text
                opened = await http.post(f"{base}/decode", json=sealed.json(), headers=headers)
                assert opened.json()["payloads"][0]["data"] == "eA=="
                assert (await http.post(f"{base}/decode", json=sealed.json())).status_code == 401
                assert (await http.get(f"{base}/healthz")).status_code == 200


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
