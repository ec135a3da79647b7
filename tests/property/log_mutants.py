"""Mutants of a bridge's log: windows, shown log, readers, narration. See `mutants`."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from kai_flow.bridge.live_readers import LiveReader, LiveReaders, Present
from kai_flow.stream.attempt_window import Answer, AttemptWindow, Stale, Taken
from kai_flow.stream.batches import Room, take
from kai_flow.stream.control import ControlEvent
from kai_flow.stream.events import NumberedEvent
from kai_flow.stream.ids import EventId
from kai_flow.stream.log_reader import LogReader
from kai_flow.stream.narration import Narration
from kai_flow.stream.place import Place
from kai_flow.stream.producer_windows import ProducerWindows
from kai_flow.stream.recorded import Recorded, Scheduled
from kai_flow.stream.session_log import SessionLog
from kai_flow.stream.shown_log import Mark, ShownLog
from kai_flow.stream.sse import with_cursor
from kai_flow.stream.wire_names import ENDED, GAP, SUPERSEDED
from tests.planting import Mutation, everywhere, instead, together

# Producers beside each other


def forget_unbegun() -> Mutation:
    """A place does not list those beside the newest producer that have sent nothing yet."""
    real = Place.advance

    def advance(self: Place, event: EventId, beside: Iterable[int] = ()) -> Place:
        return real(self, event, [p for p in beside if p in self.positions])

    return instead(Place, "advance", advance)


def no_sync() -> Mutation:
    """A new producer is shown before the history was read up to its mark."""
    real = SessionLog.receive

    def receive(self: SessionLog, base: EventId, *args: Any, **kwargs: Any) -> Any:
        if not self.closed and not self.knows(base.producer):
            beside = frozenset(self.fold.open)
            self.fold.scheduled(Scheduled(base.producer, "", "", beside))
        return real(self, base, *args, **kwargs)

    return instead(SessionLog, "receive", receive)


def never_close() -> Mutation:
    """The mark of a later producer closes no earlier one."""
    real = SessionLog.absorb

    def absorb(self: SessionLog, item: Recorded) -> bool:
        if isinstance(item, Scheduled):
            item = item._replace(beside=item.beside | frozenset(self.fold.open))
        return real(self, item)

    return instead(SessionLog, "absorb", absorb)


def believe() -> Mutation:
    """A later attempt is shown as soon as somebody POSTs it."""
    real = SessionLog.receive

    def receive(
        self: SessionLog, base: EventId, some: Sequence[NumberedEvent], **kwargs: Any
    ) -> Any:
        answer = real(self, base, some, **kwargs)
        if isinstance(answer, Taken) and base.attempt > 1 and base.seq == 1:
            for event in some:
                self._show(event)  # private: no public way leads past the check
        return answer

    return instead(SessionLog, "receive", receive)


def beside_of_the_present_run_only() -> Mutation:
    """What was known of the producers of earlier runs is forgotten."""
    return together(
        instead(SessionLog, "beside", lambda self, producer: self.fold.beside(producer)),
        instead(SessionLog, "closing", lambda self, producer: self.fold.closing(producer)),
    )


# What readers are told


def _without(kind: str) -> Mutation:
    def silent(real: Callable[..., tuple[ControlEvent, ...]]) -> Callable[..., Any]:
        return lambda *args: tuple(one for one in real(*args) if one["type"] != kind)

    names = ("tell", "notices", "reach", "end")
    return together(*(instead(Narration, name, silent(vars(Narration)[name])) for name in names))


def end_not_told() -> Mutation:
    """Readers are not told that a producer has ended."""
    return _without(ENDED)


def nothing_taken_back() -> Mutation:
    """Readers keep live events that never count."""
    return _without(SUPERSEDED)


def lost_silently() -> Mutation:
    """Live-only events that are gone are skipped without a gap."""
    return _without(GAP)


def superseded_stays() -> Mutation:
    """What does not count any more stays in the log."""
    return instead(ShownLog, "remove", lambda self, gone: None)


def base_stays() -> Mutation:
    """Entries are evicted, and readers who lack them are not behind."""
    real = ShownLog.evict

    def evict(self: ShownLog, *args: Any) -> bool:
        base = self.base
        evicted = real(self, *args)
        self.base = base
        return evicted

    return instead(ShownLog, "evict", evict)


def log_never_shrinks() -> Mutation:
    """Durable events stay in memory."""
    return instead(ShownLog, "evict", lambda self, max_bytes, stays: False)


def synced_too_early() -> Mutation:
    """A reader who comes is taken to have all that the log has."""
    return instead(ShownLog, "reached", lambda self, place: len(self))


def cursor_of_another() -> Mutation:
    """A reader who came from elsewhere gets the cursors of those who follow the log."""
    return everywhere(with_cursor, lambda frame, cursor: frame)


def whole_run_is_not_left() -> Mutation:
    """A reader who lacks nothing of what is before the log is behind for ever."""
    return instead(Narration, "reach", lambda self, place, held=None: ())


# Windows


def shown_past_a_hole() -> Mutation:
    """Events are shown although the ones before them are missing."""
    real = AttemptWindow.next_after

    def next_after(
        self: AttemptWindow, position: EventId, *, past_stored: bool
    ) -> NumberedEvent | None:
        event = real(self, position, past_stored=past_stored)
        later = (seq for seq in range(position.seq + 1, self.received.seq + 1))
        found = (real(self, position._replace(seq=n - 1), past_stored=False) for n in later)
        return event or next((one for one in found if one is not None), None)

    return instead(AttemptWindow, "next_after", next_after)


def base_ignored() -> Mutation:
    """A bridge asks for events that `base` calls durable."""
    real = AttemptWindow.receive

    def receive(
        self: AttemptWindow, base: EventId, some: Sequence[NumberedEvent], **kwargs: Any
    ) -> Answer:
        return real(self, base._replace(seq=1), some, **kwargs)

    return instead(AttemptWindow, "receive", receive)


def base_is_proof() -> Mutation:
    """What a POST calls durable is dropped, as if Temporal had confirmed it."""
    real = AttemptWindow.receive

    def receive(
        self: AttemptWindow, base: EventId, some: Sequence[NumberedEvent], **kwargs: Any
    ) -> Answer:
        self.mark_durable(base.offset(-1))
        return real(self, base, some, **kwargs)

    return instead(AttemptWindow, "receive", receive)


def signalled_past_a_hole() -> Mutation:
    """Events are signalled although the ones before them are not known to be durable."""
    receive = AttemptWindow.receive
    taken: dict[AttemptWindow, dict[EventId, NumberedEvent]] = {}

    def note(
        self: AttemptWindow, base: EventId, some: Sequence[NumberedEvent], **kwargs: Any
    ) -> Answer:
        answer = receive(self, base, some, **kwargs)
        if isinstance(answer, Taken) and answer.held:
            taken.setdefault(self, {}).update((event.id, event) for event in some)
        return answer

    def undurable(self: AttemptWindow, room: Room | None = None) -> tuple[NumberedEvent, ...]:
        waiting = (e for key, e in taken.get(self, {}).items() if key > self.durable)
        return take(waiting, room)

    return together(
        instead(AttemptWindow, "receive", note), instead(AttemptWindow, "undurable", undurable)
    )


def received_higher_than_held() -> Mutation:
    """The bridge acknowledges one event more than it has."""
    real = AttemptWindow.receive

    def receive(self: AttemptWindow, base: EventId, some: Any, **kwargs: Any) -> Answer:
        answer = real(self, base, some, **kwargs)
        if isinstance(answer, Taken) and some:
            return answer._replace(received=answer.received.offset(1))
        return answer

    return instead(AttemptWindow, "receive", receive)


def stale_attempt_not_refused() -> Mutation:
    """A zombie is not told to stop."""
    real = ProducerWindows.receive

    def receive(self: ProducerWindows, base: EventId, some: Any, **kwargs: Any) -> Answer:
        answer = real(self, base, some, **kwargs)
        if isinstance(answer, Stale):
            return Taken(base.offset(-1), base.offset(-1))
        return answer

    return instead(ProducerWindows, "receive", receive)


def hole_in_the_window() -> Mutation:
    """A POST is accepted that leaves a hole after the events held."""
    real = AttemptWindow.receive

    def receive(
        self: AttemptWindow, base: EventId, some: Sequence[NumberedEvent], **kwargs: Any
    ) -> Answer:
        if some and some[0].id.seq > self.received.seq + 1:
            return real(self, some[0].id, some, **kwargs)
        return real(self, base, some, **kwargs)

    return instead(AttemptWindow, "receive", receive)


def undurable_leaves_memory() -> Mutation:
    """Received events are dropped although no other copy exists."""
    real = AttemptWindow.receive

    def receive(self: AttemptWindow, *args: Any, **kwargs: Any) -> Answer:
        answer = real(self, *args, **kwargs)
        self.mark_durable(self.received)
        return answer

    return instead(AttemptWindow, "receive", receive)


def full_is_taken() -> Mutation:
    """A window takes what it has no room for."""
    real = AttemptWindow.receive

    def receive(self: AttemptWindow, *args: Any, **kwargs: Any) -> Answer:
        limit, self._max_bytes = self._max_bytes, 2**62
        try:
            return real(self, *args, **kwargs)
        finally:
            self._max_bytes = limit

    return instead(AttemptWindow, "receive", receive)


def live_only_is_signalled() -> Mutation:
    """A bridge signals what its producer calls live only."""
    real = AttemptWindow.receive

    def receive(self: AttemptWindow, *args: Any, **kwargs: Any) -> Answer:
        return real(self, *args, **{**kwargs, "stored": None})

    return instead(AttemptWindow, "receive", receive)


def live_only_stays_in_memory() -> Mutation:
    """Live-only events stay in the window when they were shown."""
    return instead(AttemptWindow, "shown", lambda self, through: None)


def live_only_waits_for_what_is_gone() -> Mutation:
    """Behind `unstored`, events that no producer has any more are waited for."""
    real = AttemptWindow.next_after
    return instead(
        AttemptWindow,
        "next_after",
        lambda self, position, past_stored: real(self, position, past_stored=False),
    )


# Live readers


def fallen_reader_loses_an_entry() -> Mutation:
    """A live reader that falls out goes on behind an entry that it was not written."""
    real = LogReader.go_on

    def go_on(self: LogReader, mark: Mark) -> None:
        real(self, mark._replace(number=mark.number + 1))

    return instead(LogReader, "go_on", go_on)


def fallen_reader_gets_all_again() -> Mutation:
    """A live reader that falls out goes on where it joined."""
    return instead(LogReader, "go_on", lambda _self, _mark: None)


def closed_readers_stay_live() -> Mutation:
    """A live reader whose sink is closed stays, and is not written what comes meanwhile."""
    real = LiveReaders.serve

    def serve(self: LiveReaders, readers: list[LiveReader], present: Present) -> list[LiveReader]:
        fallen = real(self, readers, present)
        for reader in [one for one in fallen if not (one.sink.open or present.over)]:
            mark = Mark(self._log.next, reader.position.mark.last)
            reader.position = reader.position._replace(mark=mark)
            self.join(reader)
            fallen.remove(reader)
        return fallen

    return instead(LiveReaders, "serve", serve)
