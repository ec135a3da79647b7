"""The README: its commands do what it says, and it names what there is."""

import re
import subprocess
import tomllib
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.docs.pages import ROOT, blocks_of
from tests.docs.reader import SCRIPTS, Reader

README = ROOT / "README.md"
WEB = "In a web page"
BOOTSTRAP = "python3 -m venv .venv && .venv/bin/pip install uv rust-just && .venv/bin/just "


def recipe(name: str) -> str:
    """The last command of a recipe, as `just` would run it."""
    done = subprocess.run(
        [f"{SCRIPTS}/just", "--dry-run", name], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return done.stderr.strip().splitlines()[-1]


def test_the_two_commands_come_first_and_are_those_of_ci() -> None:
    """The first two blocks are the demo and the tests, and CI installs by the same means."""
    first, second = re.findall(r"```sh.*\n(.*)\n```", README.read_text())[:2]
    assert (first, second) == (BOOTSTRAP + "demo", BOOTSTRAP + "test")
    ci = (ROOT / ".ci/run").read_text()
    assert "python3 -m venv .venv" in ci
    assert re.search(r"\.venv/bin/pip install .*uv rust-just", ci)
    assert recipe("test").startswith("python -m tests.lanes")


@pytest.mark.timeout(300)  # a page is as long as a test file
def test_every_block(newcomer: Reader) -> None:
    """Every command runs, every file works, and every output is what the reader sees."""
    # installing anew is the business of a clean clone; running the tests, that of whoever runs us
    newcomer.instead |= {BOOTSTRAP + "test": "just --dry-run test"}
    newcomer.instead[BOOTSTRAP + "demo"] = recipe("demo")
    newcomer.follow(README, without=WEB)


@pytest.mark.browser
def test_the_web_page(newcomer: Reader, browser: Callable[[str], Any]) -> None:
    """The page shows the answer in a real browser, and no event sent by hand ends its wait."""
    newcomer.browse = browser
    newcomer.follow(README, only=WEB)

    file = newcomer.folder / "page.html"
    file.write_text(file.read_text().replace("from-a-page", "waiting"))
    page = browser(newcomer.ours("http://localhost:8000/page.html"))
    answer = page.locator("#answer")
    bridge = newcomer.ours("http://localhost:8092/events/waiting")
    for event, status in (({"type": "token", "content": "by hand"}, 200), ({"type": "done"}, 400)):
        body = {"session_id": "waiting", "event": event}
        assert httpx.post(bridge, json=body).status_code == status
    page.get_by_text("by hand").wait_for()
    asked = [f"{SCRIPTS}/kai", "ask", "--session-id", "waiting", "Which type has the most?"]
    subprocess.run(asked, env=newcomer.environ, capture_output=True, check=False)
    page.wait_for_function("document.body.innerText.includes('(done)')")
    assert "by hand" not in answer.inner_text()


def test_git_ignores_what_a_reader_saves() -> None:
    """A reader who saves the files in the clone finds it clean; the linters ignore them, too."""
    ignored = (ROOT / ".gitignore").read_text().splitlines()
    saved = {f"/{block.attributes['file']}" for block in blocks_of(README) if block.is_file}
    assert saved
    assert saved <= set(ignored)


def test_every_extra_is_in_the_table() -> None:
    """The table of extras names those of the package, and no other."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    rows = re.findall(r"^\| `([a-z]+)` \|", README.read_text(), re.MULTILINE)
    assert sorted(rows) == sorted(project["optional-dependencies"])


def test_the_map_leaves_out_no_package() -> None:
    """Every top-level folder and every package of `kai_flow` is on the map."""
    text = README.read_text()
    packages = [p.parent for p in (ROOT / "kai_flow").glob("*/__init__.py")]
    tops = [ROOT / name for name in ("api", "tests", "docs")]
    missing = [p for p in (*packages, *tops) if f"`{p.relative_to(ROOT)}/`" not in text]
    assert not missing
