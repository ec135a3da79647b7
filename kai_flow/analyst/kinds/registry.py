"""All kinds: every module of this package that defines a ``KIND``."""

import importlib
import pkgutil
from typing import Final

from kai_flow.analyst import kinds
from kai_flow.analyst.kinds.kind import Kind, Rule


def _found() -> tuple[Kind, ...]:
    names = sorted(module.name for module in pkgutil.iter_modules(kinds.__path__))
    modules = [importlib.import_module(f"{kinds.__name__}.{n}") for n in names if n != "registry"]
    return tuple(module.KIND for module in modules if hasattr(module, "KIND"))


KINDS: Final[tuple[Kind, ...]] = _found()
"""In the order of their modules' names."""

RULES: Final[tuple[Rule, ...]] = tuple(rule for kind in KINDS for rule in kind.rules)
"""The rules of all kinds."""
