"""The image of bridge and worker, as far as it can be checked without building one."""

import http.server
import os
import re
import subprocess
import sys
import threading
import tomllib
from typing import Any

import pytest

from tests.docs.manifests import CONTAINERFILE, FOLDER
from tests.docs.pages import ROOT


def test_the_image_installs_what_the_lock_says() -> None:
    """Every package comes from requirements.lock, by its hash: uv, the build backend, the rest."""
    run = CONTAINERFILE.replace("\\\n", " ")
    pip, *uv = re.findall(r"(?:\bpip install|uv build|uv pip install) .*?(?=&&|\n)", run)
    assert {"--require-hashes", "--no-deps"} <= set(pip.split())
    assert "sed -n '/^uv==/,/[^\\\\]$/p' requirements.lock > uv.txt" in CONTAINERFILE
    build, install = (command.split() for command in uv)
    assert {"--build-constraints", "requirements.lock", "--require-hashes"} <= set(build)
    assert {"--constraints", "requirements.lock", "--verify-hashes"} <= set(install)


def test_the_lock_has_uv_as_the_containerfile_looks_for_it() -> None:
    """Its `sed` cuts out uv with all its hashes, and nothing else."""
    [command] = re.findall(r"RUN (sed .*) > uv.txt", CONTAINERFILE)
    done = subprocess.run(
        ["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, check=True
    )
    first, *hashes = done.stdout.splitlines()
    assert re.fullmatch(r"uv==[\d.]+ \\", first)
    assert len(hashes) > 5
    assert all(line.startswith("    --hash=sha256:") for line in hashes)


def test_the_image_copies_what_is_there() -> None:
    """Every source of a COPY exists and is let through, and every extra is one."""
    ignored = (FOLDER / "Containerfile.dockerignore").read_text().splitlines()
    sources = [
        source
        for line in re.findall(r"^COPY (?!--from)(.*) \S+$", CONTAINERFILE, re.MULTILINE)
        for source in line.split()
    ]
    assert sources
    for source in sources:
        assert (ROOT / source).exists()
        assert f"!{source}" in ignored
    [extras] = re.findall(r"^ARG EXTRAS=(.*)$", CONTAINERFILE, re.MULTILINE)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert set(extras.split(",")) <= set(project["optional-dependencies"])


class _Health(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/readyz" else 503)
        self.end_headers()

    def log_message(self, *arguments: Any) -> None:
        """Say nothing."""


@pytest.mark.parametrize(("path", "code"), [("/readyz", 0), ("/not-ready", 1)])
def test_a_probe_tells_200_from_the_rest(path: str, code: int) -> None:
    """The image has no curl: its script ends with 0 only if the answer is 200."""
    with http.server.HTTPServer(("127.0.0.1", 0), _Health) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}{path}"
        environ = {**os.environ, "HTTP_PROXY": "http://127.0.0.1:9"}
        probe = [sys.executable, str(FOLDER / "probe.py"), url]
        done = subprocess.run(probe, env=environ, capture_output=True, check=False)
        thread.join()
    assert done.returncode == code
