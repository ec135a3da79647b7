"""Consoles: on a terminal with colours and wrapped words, for a pipe without."""

from typing import Final

from rich.console import Console
from rich.text import Text

PIPE_WIDTH: Final = 200  # columns, where there is no terminal


class _Console(Console):
    """Rich's console, except when the reader of a pipe has gone away.

    Rich would then end the process from within the task that prints, and leave the others hanging.
    """

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def console_for(*, plain: bool, stderr: bool = False) -> Console:
    """A console that takes its text literally, and uses colours only on a terminal."""
    console = _Console(
        stderr=stderr,
        markup=False,
        emoji=False,
        highlight=False,
        no_color=plain or None,
        color_system=None if plain else "auto",
        force_terminal=False if plain else None,
    )
    if not console.is_terminal:
        console.width = PIPE_WIDTH
    return console


def print_words(console: Console, words: str, style: str = "") -> None:
    """Print lines of words. A terminal gets them wrapped between words, a pipe as they are."""
    console.print(Text(words, style=style), soft_wrap=not console.is_terminal)
