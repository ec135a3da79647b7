"""Reach: which lines and branches of the pure core no schedule has met.

The core is what the import contract `pure-core` names, so that the two cannot drift apart. Nothing
of it is left out.
"""

import json
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from coverage import Coverage

_HOUSE: Final = Path(__file__).resolve().parents[2]


def _core() -> Iterator[Path]:
    project = tomllib.loads((_HOUSE / "pyproject.toml").read_text())
    contracts = project["tool"]["importlinter"]["contracts"]
    [pure] = [contract for contract in contracts if contract["id"] == "pure-core"]
    for module in pure["source_modules"]:
        yield _HOUSE / (module.replace(".", "/") + ".py")


CORE: Final = tuple(_core())


def not_reached(recordings: Iterable[Path], report: Path) -> list[str]:
    """Each line and branch of the core that is in no recording, and what stands there."""
    coverage = Coverage(data_file=None, branch=True, config_file=False)
    coverage.combine([str(recording) for recording in recordings], keep=True)
    coverage.json_report(outfile=str(report), include=[str(file) for file in CORE])
    files = json.loads(report.read_text())["files"]
    found = {(_HOUSE / name).resolve(): reach for name, reach in files.items()}
    return [sentence for file in CORE for sentence in _missing(file, found[file])]


def _missing(file: Path, reach: dict[str, Any]) -> Iterator[str]:
    text = file.read_text().splitlines()
    name = file.relative_to(_HOUSE)
    lines = reach["missing_lines"]
    for line in lines:
        yield f"{name}:{line}: {text[line - 1].strip()}"
    for line, end in reach["missing_branches"]:
        if line not in lines and end not in lines:
            way = f"to line {end}" if end > 0 else "out of the function"
            yield f"{name}:{line}: {text[line - 1].strip()}  (never goes {way})"
