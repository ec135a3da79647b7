"""Readers of the documentation, and their browser."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser import chromium
from tests.docs.reader import Reader, reader


@pytest.fixture
def newcomer(tmp_path: Path) -> Iterator[Reader]:
    """A reader who has installed the project and nothing else."""
    with reader(tmp_path) as one:
        yield one


@pytest.fixture
def browser() -> Iterator[Callable[[str], Any]]:
    """Opens a URL in the machine's Chromium."""
    with chromium() as window:

        def opened(url: str) -> Any:
            page = window.new_page()
            page.goto(url)
            return page

        yield opened
