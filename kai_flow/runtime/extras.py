"""What to tell a user whose installation lacks the packages of an extra: one sentence."""

import contextlib
import sys
from collections.abc import Iterator
from typing import Final

OURS: Final = ("kai_flow", "api")
PAGE: Final = "docs/how-to/install-the-library.md"


def installing(extras: str) -> str:
    """How to add `extras`, separated by commas. The package is on no index, so no URL is known."""
    return f"install kai-flow[{extras}] from where you installed kai-flow ({PAGE})"


@contextlib.contextmanager
def needs(extras: str) -> Iterator[None]:
    """Around the imports of a program: a package that is missing ends it with exit code 2.

    `extras` are those that the program needs, separated by commas.
    """
    try:
        yield
    except ModuleNotFoundError as missing:
        name = (missing.name or "").partition(".")[0]
        if name in ("", *OURS, *sys.stdlib_module_names):
            raise
        print(
            f"kai: the package {name} is missing, which this program needs: {installing(extras)}",
            file=sys.stderr,
        )
        raise SystemExit(2) from None
