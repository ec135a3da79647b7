"""The reader of the documentation notices when a page is wrong."""

from pathlib import Path

import pytest

from tests.docs.pages import blocks_of, levelled, pattern_of
from tests.docs.reader import Reader


def shows(shown: str, seen: str) -> bool:
    """Whether output that shows `shown` may be `seen`."""
    return pattern_of(shown).search(levelled(seen) + "\n") is not None


@pytest.mark.parametrize(
    ("shown", "seen", "true"),
    [
        ("5 rows", "  5 rows  ", False),
        ("  5 rows", "above\n   5   rows  \nbelow", True),
        ("5 rows", "15 rows", False),
        ("5 rows", "5 rows more", False),
        ("a\n…\nd", "a\nb\nc\nd", True),
        ("a\n…\nd", "a\nd", True),
        ("a\nd", "a\nb\nd", False),
        ("bridge …: ready", "bridge 7: ready", True),
        ("took 0.5 s, id: 1.1.2@0a1b2c3d", "took 12 s, id: 1.1.2@ffffffff", True),
        ("id: 1.1.2@0a1b2c3d", "id: 1.1.3@0a1b2c3d", False),
        ("", "", True),
    ],
)
def test_outputs_are_compared_line_by_line(shown: str, seen: str, true: bool) -> None:
    """Times, run ids and `…` may differ; nothing else may, and no line may be missing."""
    assert shows(shown, seen) is true


@pytest.mark.parametrize(
    ("page", "wrong"),
    [
        ("```sh\nfalse\ntrue\n```\n", "exit code 1 instead of 0"),
        ("```sh exit=2\ntrue\n```\n", "exit code 0 instead of 2"),
        ("```sh\necho hello\n```\n```text output\ngoodbye\n```\n", "you does not show this"),
    ],
)
def test_a_wrong_page_fails(
    page: str, wrong: str, newcomer: Reader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A command that fails, and an output that is another one, fail the test of the page."""
    monkeypatch.setattr("tests.docs.reader.OUTPUT_SECONDS", 0.3)
    (tmp_path / "page.md").write_text(page)
    with pytest.raises(pytest.fail.Exception, match=wrong):
        newcomer.follow(tmp_path / "page.md")


def test_an_unclosed_fence_is_an_error(tmp_path: Path) -> None:
    """A block that would be lost is not overlooked."""
    (tmp_path / "page.md").write_text("```sh\necho\n")
    with pytest.raises(AssertionError, match="not closed"):
        blocks_of(tmp_path / "page.md")


def test_a_terminal_keeps_its_variables_and_jobs(newcomer: Reader, tmp_path: Path) -> None:
    """What is exported, and the last background job, are there for the next block."""
    page = tmp_path / "page.md"
    page.write_text(
        "```sh terminal=a\nexport X=7\nsleep 60 &\n```\n"
        "```sh terminal=a\necho $X; kill -9 $!\n```\n```text output\n7\n```\n"
    )
    newcomer.follow(page)
