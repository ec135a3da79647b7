"""Planting mistakes in the code: other behaviour at a seam, for the length of a `with` block.

A seam is what other modules use: a public method of a class, or a function that they import. The
mistake wraps it and changes what goes in or comes out, so that the code behind the seam can be
rewritten without a change here. A seam that is not there any more is an error, not a pass.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any

Mutation = AbstractContextManager[None]


@contextmanager
def instead(owner: object, name: str, new: object) -> Iterator[None]:
    """Put `new` in the place of an attribute that `owner` itself defines."""
    old = vars(owner)[name]
    setattr(owner, name, new)
    try:
        yield
    finally:
        setattr(owner, name, old)


@contextmanager
def everywhere(old: Any, new: object, *, within: str = "") -> Iterator[None]:
    """Put `new` in the place of a function or class in all modules that have imported it.

    `within` narrows that to one package, which must have it.
    """
    name = old.__name__
    holders = [
        module
        for key, module in sys.modules.copy().items()  # in one step: threads import as well
        if key.startswith(within or ("kai_flow", "tests")) and vars(module).get(name) is old
    ]
    assert holders, f"nothing in {within or 'the project'} has imported {name}"
    with together(*(instead(module, name, new) for module in holders)):
        yield


@contextmanager
def together(*mutations: Mutation) -> Iterator[None]:
    """Several changes that are one mistake."""
    with ExitStack() as stack:
        for mutation in mutations:
            stack.enter_context(mutation)
        yield


def changed_result(owner: object, name: str, change: Callable[[Any], Any]) -> Mutation:
    """A method whose result is changed."""
    real = vars(owner)[name]
    return instead(owner, name, lambda self, *args, **kwargs: change(real(self, *args, **kwargs)))
