"""The machine's Chromium, for tests of what a page can see and do."""

import contextlib
import os
import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@contextlib.contextmanager
def chromium(*arguments: str) -> Iterator["Browser"]:
    """A running one; where there is none the test is left out, which CI does not allow."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        if os.environ.get("CI") == "true":
            pytest.fail(
                "there is no Chromium on this machine, and with CI=true no test is left out"
            )
        pytest.skip("there is no Chromium on this machine")
    from playwright.sync_api import sync_playwright

    always = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
    with sync_playwright() as driver:
        window = driver.chromium.launch(executable_path=program, args=[*always, *arguments])
        yield window
        window.close()
