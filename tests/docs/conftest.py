"""Readers of the documentation, and their browser."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.docs.reader import Reader, reader


@pytest.fixture
def newcomer(tmp_path: Path) -> Iterator[Reader]:
    """A reader who has installed the project and nothing else."""
    with reader(tmp_path) as one:
        yield one


@pytest.fixture
def browser() -> Iterator[Callable[[str], Any]]:
    """Opens a URL in the machine's Chromium; without one, left out, which CI does not allow."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        if os.environ.get("CI") == "true":
            pytest.fail(
                "there is no Chromium on this machine, and with CI=true no test is left out"
            )
        pytest.skip("there is no Chromium on this machine")
    from playwright.sync_api import sync_playwright

    arguments = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
    with sync_playwright() as driver:
        window = driver.chromium.launch(executable_path=chromium, args=arguments)

        def opened(url: str) -> Any:
            page = window.new_page()
            page.goto(url)
            return page

        yield opened
        window.close()
