"""Keys that the pages make in a clone are not added to a commit by mistake."""

import re
import subprocess

import pytest

from tests.docs.pages import ROOT, blocks_of, pages

MAKES = re.compile(r"openssl (?:rand|req|genpkey)|\$password|_KEYS?=|_TOKEN=")
FILE = re.compile(r"(?:(?<![<>])> |-keyout )([\w./-]+)")
HEREDOC = re.compile(r"^.*<<(\w+)\n(?:.*\n)*?\1$", re.MULTILINE)
NAMED = {  # what a page tells its reader to write by other means
    "docs/how-to/monitoring/metrics-token",
    "docs/how-to/deploy/nginx/tls/kai-key.pem",
    ".env",
}


def made() -> set[str]:
    """The files into which the pages have their reader write keys and tokens."""
    found = set(NAMED)
    for page in pages():
        for block in blocks_of(page):
            if block.language not in {"sh", "text"} or block.is_output:
                continue
            text = block.text.replace("\\\n", " ")
            commands = [one[0] for one in HEREDOC.finditer(text)] + text.splitlines()
            for command in commands:
                if MAKES.search(command):
                    found |= set(FILE.findall(command))
    return {name for name in found if not name.startswith("/dev/")}


def test_the_files_are_found() -> None:
    """Those that are known to be made, by each of the ways that pages have."""
    known = {"shared.env", "codec.env", "bridge.env", "worker.env", "temporal.env"}
    assert known | {"codec.key", "codec.token", "nginx/tls/kai-key.pem"} <= made()


@pytest.mark.parametrize("name", sorted(made()))
def test_git_ignores_the_file(name: str) -> None:
    """In the folder of the clone, and beside the files of compose."""
    for where in (name, f"docs/how-to/deploy/{name}"):
        command = ["git", "check-ignore", "--quiet", "--no-index", where]
        assert subprocess.run(command, cwd=ROOT, check=False).returncode == 0, where
