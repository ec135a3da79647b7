"""Prints the parts of a stack and their addresses, for `kai up` and `kai status`."""

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text


def print_parts(console: Console, parts: Sequence[tuple[str, str, str]]) -> None:
    """Print (name, address, remark) lines; an address is never cut, however narrow the terminal."""
    name_width = max(len(name) for name, _, _ in parts)
    address_width = max(len(address) for _, address, _ in parts)
    for name, address, remark in parts:
        line = Text(f"  {name:<{name_width}}  ")
        line.append(f"{address:<{address_width}}", style="cyan").append(f"  {remark}", style="dim")
        line.rstrip()
        console.print(line, soft_wrap=True)
