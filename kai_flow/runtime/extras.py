"""What a program lacks when it was installed without the extras that it needs: one sentence."""

import contextlib
import sys
from collections.abc import Iterator

OURS = ("kai_flow", "api")


@contextlib.contextmanager
def needs(extras: str) -> Iterator[None]:
    """Around the imports of a program: a package that is missing ends it with exit code 2.

    `extras` are those it needs, with commas.
    """
    try:
        yield
    except ModuleNotFoundError as missing:
        name = (missing.name or "").partition(".")[0]
        if name in ("", *OURS, *sys.stdlib_module_names):
            raise
        print(
            f"kai: the package {name} is missing, which this program needs: "
            f'run `pip install "kai-flow[{extras}]"`',
            file=sys.stderr,
        )
        raise SystemExit(2) from None
