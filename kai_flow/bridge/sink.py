"""A sink: where the frames of one reader can be written at once, without a task of its own."""

from collections.abc import Callable
from typing import Protocol

Framing = Callable[[bytes], bytes]
"""What a connection puts around frames, as HTTP does around a chunk. It is the same function for
all connections of a kind, so that it is called once for all of them."""


class Sink(Protocol):
    """The open response of one reader.

    Whatever cannot be written here is written by the reader's own task, which can wait.
    """

    @property
    def framing(self) -> Framing:
        """What its connection puts around frames."""

    @property
    def open(self) -> bool:
        """Whether it takes bytes now: the reader is there, and not too much waits for it."""

    @property
    def ready(self) -> bool:
        """Whether it is open, and everything that the reader's task has sent comes before."""

    def write(self, framed: bytes) -> None:
        """Write frames, with the framing around them."""
