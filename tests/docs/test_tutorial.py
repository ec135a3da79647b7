"""The tutorials and how-to pages, done as a reader would do them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.docs.pages import ROOT, RUNS, WITH_TESTS_OF_THEIR_OWN, blocks_of, pages
from tests.docs.reader import Reader

SHARED = [page for page in pages() if page not in WITH_TESTS_OF_THEIR_OWN]
SHOWN = [page for page in SHARED if any("opens" in b.attributes for b in blocks_of(page))]


def name(page: Path) -> str:
    """How a page is called in the names of the tests."""
    return page.relative_to(ROOT).as_posix()


@pytest.mark.timeout(300)  # a page is as long as a test file
@pytest.mark.parametrize("page", [page for page in SHARED if page not in SHOWN], ids=name)
def test_every_block(page: Path, newcomer: Reader) -> None:
    """Every command of the page runs, in order, and shows what the page says."""
    newcomer.follow(page)


@pytest.mark.browser
@pytest.mark.timeout(300)
@pytest.mark.parametrize("page", SHOWN, ids=name)
def test_every_block_and_what_a_browser_shows(
    page: Path, newcomer: Reader, browser: Callable[[str], Any]
) -> None:
    """Every command of the page runs, and its web page shows what the page says."""
    newcomer.browse = browser
    newcomer.follow(page)


@pytest.mark.parametrize("page", pages(), ids=name)
def test_nothing_that_could_run_is_only_printed(page: Path) -> None:
    """A block in a language that runs is either a command or a file that the commands use."""
    idle = [
        b.line for b in blocks_of(page) if b.language in RUNS and not (b.is_command or b.is_file)
    ]
    assert not idle
