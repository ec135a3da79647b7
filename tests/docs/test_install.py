"""The page about installing the library, followed in an environment that has only its wheel."""

import re
import subprocess
import sysconfig
import tomllib
from pathlib import Path

from tests.docs.pages import INSTALL, ROOT, blocks_of
from tests.docs.reader import SCRIPTS, Reader

WHEEL = "dist/kai_flow-0.1.0-py3-none-any.whl"


def uv(folder: Path, *arguments: str) -> None:
    """Run uv without network: the build backend is installed beside it."""
    subprocess.run([f"{SCRIPTS}/uv", *arguments, "--quiet", "--offline"], cwd=folder, check=True)


def test_the_wheel_works_as_the_page_says(newcomer: Reader) -> None:
    """The wheel holds the library and the programs, under `kai_flow` and no other name."""
    folder = newcomer.folder
    (folder / "kai_flow").unlink()  # the reader's own project: only the wheel may provide it
    (folder / "api").unlink()
    uv(folder, "build", "--wheel", "--no-build-isolation", "--out-dir", "dist", str(ROOT))
    uv(folder, "venv", "theirs")
    python = folder / "theirs/bin/python"
    uv(folder, "pip", "install", "--python", str(python), "--no-deps", WHEEL)
    [site] = (folder / "theirs/lib").glob("python*/site-packages")
    installed = {path.name for path in site.iterdir() if not path.name.startswith("_virtualenv")}
    assert installed == {"kai_flow", "kai_flow-0.1.0.dist-info"}

    # the dependencies, which a reader gets from an index; their folder adds no editable kai_flow
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    newcomer.environ["PATH"] = f"{python.parent}:{newcomer.environ['PATH']}"
    for block in blocks_of(INSTALL):
        if block.text.startswith("pip "):
            newcomer.instead[block.text] = "true\n"
    newcomer.follow(INSTALL)
    kai = [str(python.parent / "kai"), "--version"]
    said = subprocess.run(kai, cwd=folder, capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "0.1.0"


def test_the_page_names_extras_that_exist() -> None:
    """Every extra in a command or a table of the page is one of the package."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    named = {
        extra
        for extras in re.findall(r"kai[-_]flow\S*\[([a-z,]+)\]", INSTALL.read_text())
        for extra in extras.split(",")
    }
    assert named
    assert named <= set(project["optional-dependencies"])
