"""What the page about the analyst says: its questions are asked, and its example is added."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from kai_flow.agents import Task
from kai_flow.analyst.agent import Analyst
from kai_flow.connections.store import ConnectionStore
from tests.docs.pages import ROOT, blocks_of

PAGE = ROOT / "docs/explanation/analyst.md"

OUTCOMES = {
    "What it reads": "completed",
    "When it asks back": "needs_clarification",
    "What it declines": "failed",
}
"""What becomes of the questions in the tables of a section."""


def questions(section: str) -> list[str]:
    """The quoted texts in the table of a section."""
    (text,) = re.findall(
        rf"^## {section}\n(.*?)(?=^## )", PAGE.read_text(), re.MULTILINE | re.DOTALL
    )
    rows = [row for row in text.splitlines() if row.startswith("| ")]
    return [found for row in rows for found in re.findall(r'"([^"]+)"', row)]


@pytest.fixture(scope="module")
def analyst(tmp_path_factory: pytest.TempPathFactory) -> Analyst:
    """The analyst, with the demo database."""
    return Analyst(ConnectionStore(tmp_path_factory.mktemp("home")))


@pytest.mark.parametrize(
    ("question", "status"),
    [(question, status) for section, status in OUTCOMES.items() for question in questions(section)],
)
async def test_every_question_of_the_page(analyst: Analyst, question: str, status: str) -> None:
    """The page's questions are answered, asked back or declined, as it says."""
    result = await analyst.execute(Task("page", "page", question, "koperasi"))
    assert result["status"] == status, result["final_answer"]


def test_the_example_of_a_kind_is_found_and_answered(tmp_path: Path) -> None:
    """The page's module is all that a new kind needs: the evaluation asks it, and it is right."""
    for package in ("kai_flow", "tests"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__py*"))
    (example,) = (block for block in blocks_of(PAGE) if block.is_file)
    name = example.attributes["file"]
    (tmp_path / "kai_flow/analyst/kinds" / name).write_text(example.text)
    asked = ("--id", "spread-en-1", "--id", "spread-id-2")
    command = (sys.executable, "-m", "tests.evals", "--schema", "demo", "--original", *asked)
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert re.search(r"^all +2 of +2 100\.0%", done.stdout, re.MULTILINE), done.stdout
