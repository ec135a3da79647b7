"""The errors: one root, a stable code for each, and the tree in the docstring is the real one."""

import re

from kai_flow import stream
from kai_flow.stream import errors
from kai_flow.stream.errors import StreamError


def _public() -> list[type[StreamError]]:
    values = (getattr(stream, name) for name in stream.__all__)
    return [one for one in values if isinstance(one, type) and issubclass(one, StreamError)]


def test_each_error_has_a_code_of_its_own() -> None:
    """A program can tell every public error by its code, which is the name in snake case."""
    codes = [error.code for error in _public()]
    assert len(set(codes)) == len(codes)
    for error in _public():
        name = error.__name__.removesuffix("Error") if error is not StreamError else "StreamError"
        assert error.code == re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def test_the_tree_shows_every_error_below_its_root() -> None:
    """What stands further to the right inherits from the one above it."""
    drawn = re.findall(r"^([│ ├└─]*)(\w+)", errors.__doc__ or "", flags=re.MULTILINE)
    tree = [(len(indent), name) for indent, name in drawn if hasattr(stream, name)]
    assert {name for _, name in tree} == {error.__name__ for error in _public()}
    above: list[tuple[int, type[StreamError]]] = []
    for indent, name in tree:
        above = [(place, error) for place, error in above if place < indent]
        error = getattr(stream, name)
        assert not above or issubclass(error, above[-1][1])
        above.append((indent, error))
