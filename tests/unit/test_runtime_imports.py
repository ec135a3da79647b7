"""Importing modules at the start of a program."""

import gc
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from kai_flow.runtime.imports import imported, importing


@pytest.fixture
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The name of a module that was never imported, and says where it is."""
    name = "imported_by_a_test"
    (tmp_path / f"{name}.py").write_text(
        "import gc, threading\nGC, THREAD = gc.isenabled(), threading.current_thread()\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    yield name
    sys.modules.pop(name, None)
    gc.unfreeze()


async def test_a_module_is_imported_beside_the_loop(fresh: str) -> None:
    """A thread imports it without collections, and what it loaded is not looked at again."""
    frozen = gc.get_freeze_count()
    await imported(fresh)
    module = sys.modules[fresh]
    assert (module.GC, gc.isenabled()) == (False, True)
    assert module.THREAD is not threading.current_thread()
    assert gc.get_freeze_count() > frozen


async def test_a_missing_module_is_the_callers_error(fresh: str) -> None:
    """What an import raises reaches the caller, and garbage is collected again."""
    with pytest.raises(ModuleNotFoundError, match="nowhere"):
        await imported(fresh, "nowhere")
    assert gc.isenabled()


def test_nothing_is_frozen_without_an_import() -> None:
    """Where everything is loaded, the garbage that there is stays to be collected."""
    frozen = gc.get_freeze_count()
    with importing():
        assert not gc.isenabled()
    assert (gc.isenabled(), gc.get_freeze_count()) == (True, frozen)
