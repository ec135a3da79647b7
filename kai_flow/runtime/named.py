"""Finds what a setting names as `package.module:name`, such as the factory of an agent."""

import importlib
from collections.abc import Callable

from kai_flow.settings import parsers


class BadName(ValueError):
    """A setting names nothing that can be used; the message is one sentence that says why."""


def named(setting: str, spec: str, form: Callable[[str], str] = parsers.factory) -> object:
    """The object that ``spec`` (``"package.module:name"``) names, whose module is imported.

    ``form`` parses the spec, or refuses it. ``BadName`` when it does, or when the module or the
    name does not exist.
    """
    try:
        module_name, path = form(spec.strip()).split(":")
    except ValueError as wrong:
        raise BadName(f"{setting}={spec!r} is refused: {wrong}.") from None
    try:
        found: object = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name and (module_name == error.name or module_name.startswith(error.name + ".")):
            raise BadName(
                f"{setting}={spec!r}: there is no module {error.name!r};"
                " install it or put its folder on PYTHONPATH."
            ) from error
        raise BadName(
            f"{setting}={spec!r}: {module_name} needs the module {error.name!r}; install it."
        ) from error
    except Exception as error:
        raise BadName(
            f"{setting}={spec!r}: importing {module_name} failed: {on_one_line(error)}."
        ) from error
    for part in path.split("."):
        try:
            found = getattr(found, part)
        except AttributeError as error:
            raise BadName(f"{setting}={spec!r}: {module_name} has no {path!r}.") from error
    return found


def on_one_line(error: Exception) -> str:
    """An error on one line, without a full stop at its end."""
    return " ".join(f"{type(error).__name__}: {error}".split()).rstrip(".: ")
