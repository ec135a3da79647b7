"""What a bridge has received of all producers of a run, and what of it is signalled next.

Each attempt that POSTs has a window (`attempt_window`), and each producer those of at most two
attempts (`producer_windows`).
"""

from collections.abc import Iterator, Sequence
from itertools import chain

from kai_flow.stream.attempt_window import Answer, AttemptWindow, Taken
from kai_flow.stream.batches import MAX_SIGNAL_BATCHES, Batch, Room
from kai_flow.stream.events import NumberedEvent
from kai_flow.stream.ids import EventId
from kai_flow.stream.producer_windows import ProducerWindows


class RunWindows:
    """The windows of each producer, with `max_bytes` of events for each attempt."""

    def __init__(self, max_bytes: int) -> None:
        self._of: dict[int, ProducerWindows] = {}  # least recently signalled first
        self._max_bytes = max_bytes

    def receive(
        self,
        base: EventId,
        events: Sequence[NumberedEvent],
        durable: EventId,
        *,
        stored: EventId | None = None,
        signalling: bool = True,
    ) -> Answer:
        """Take in one POST; `durable` is how far the history has the producer's events."""
        windows = self._of.get(base.producer)
        if windows is None:
            windows = ProducerWindows(self._max_bytes)
            if durable.seq:
                windows.mark_durable(durable)
        answer = windows.receive(base, events, stored=stored, signalling=signalling)
        if isinstance(answer, Taken):
            self._of[base.producer] = windows
        return answer

    def mark_durable(self, through: EventId) -> bool:
        """The history reaches `through`. False when nothing was received of its producer."""
        windows = self._of.get(through.producer)
        if windows is not None:
            windows.mark_durable(through)
        return windows is not None

    def put_last(self, producer: int) -> None:
        """Something of a producer was signalled: it is the turn of the others."""
        windows = self._of.pop(producer, None)
        if windows is not None:
            self._of[producer] = windows

    def drop(self, producer: int) -> None:
        """Forget what was received of a producer."""
        self._of.pop(producer, None)

    def clear(self) -> None:
        """Forget everything."""
        self._of.clear()

    @property
    def to_signal(self) -> tuple[AttemptWindow, ...]:
        """The windows whose next events can be signalled; none of a producer behind a hole."""
        windows = (windows.to_signal for windows in self._of.values())
        return tuple(window for window in windows if window is not None)

    def batches(self) -> tuple[Batch, ...]:
        """What to signal next, of all producers, as much as one signal holds; empty: nothing.

        It may be empty although events wait: they lie behind a hole that the history has to fill.
        """
        room = Room()
        batches: list[Batch] = []
        for window in self.to_signal:
            events = window.undurable(room)
            if events:
                batches.append(Batch(events))
            if len(batches) == MAX_SIGNAL_BATCHES:
                break
        return tuple(batches)

    def current(self, producer: int) -> AttemptWindow | None:
        """The window of a producer's attempt that counts."""
        windows = self._of.get(producer)
        return None if windows is None else windows.current

    def window(self, attempt: EventId) -> AttemptWindow | None:
        """What was received of the attempt of this id, if anything was."""
        windows = self._of.get(attempt.producer)
        return None if windows is None else windows.window(attempt)

    def has_unsignalled(self, event: EventId) -> bool:
        """Whether the event waits to be signalled: no other copy of it is known."""
        window = self.window(event)
        return window is not None and window.awaits_signal(event)

    @property
    def waiting(self) -> int:
        """How many events wait to be signalled from here: each producer names one bridge."""
        return sum(window.waiting for window in self.all() if window.signalling)

    @property
    def waiting_bytes(self) -> int:
        """Bytes of the events that wait to be signalled from here."""
        return sum(window.waiting_bytes for window in self.all() if window.signalling)

    @property
    def held(self) -> int:
        """Bytes of memory for everything received."""
        return sum(window.held for window in self.all())

    def all(self) -> Iterator[AttemptWindow]:
        """The windows of all attempts."""
        return chain.from_iterable(windows.all for windows in self._of.values())
