"""One reader's way through a stream: where it is, and what it is told between the events.

A copy of the stream holds events. What happens to the producers, and which events are missing, is
not in it: that follows from the reader's place and from what is known of the producers. So every
copy can serve a reader, and the reader is told the same.
"""

from collections.abc import Callable, Container, Iterator
from typing import NamedTuple, Protocol

from kai_flow.stream import control
from kai_flow.stream.control import ControlEvent
from kai_flow.stream.gaps import Gap, Missing
from kai_flow.stream.ids import EventId
from kai_flow.stream.place import Place
from kai_flow.stream.recorded import Closing


class Knowledge(Protocol):
    """What is known of the producers of a run. A Fold is one."""

    @property
    def open(self) -> Container[int]:
        """The producers that are not closed: events of them may still be accepted."""

    def beside(self, producer: int) -> frozenset[int]:
        """The producers beside this one."""

    def closing(self, producer: int) -> Closing | None:
        """How the producer has ended, or was closed; None: neither, or it is not known."""

    def unstored(self, producer: int) -> EventId | None:
        """The last event of it that is stored, if those after it are live only."""


class NarrationState(NamedTuple):
    """Where a reader is, and what it was told. Readers in the same state get the same."""

    place: Place
    told: frozenset[int]
    """The producers that it was told have ended."""
    short: frozenset[int]
    """The producers whose missing end was reported."""


Given = Callable[[int], EventId | None]
"""The last live-only event of a producer that exists as far as the reader's source was given it."""


def _nothing(_producer: int) -> EventId | None:
    return None


class Narration:
    """The progress of one reader, with the control events at their right places.

    All control events are idempotent: a narration that begins at a stored place may repeat the last
    ones.
    """

    def __init__(self, place: Place, knowledge: Knowledge, given: Given = _nothing) -> None:
        self.place = place
        self.knowledge = knowledge
        self._given = given
        self._told: set[int] = set()  # producers whose `ended` was returned
        self._short: set[int] = set()  # producers whose missing end was reported

    @property
    def state(self) -> NarrationState:
        """Where the reader is, and what it was told."""
        return NarrationState(self.place, frozenset(self._told), frozenset(self._short))

    def resume(self, state: NarrationState) -> None:
        """Go on as a reader in this state."""
        self.place, self._told, self._short = state.place, set(state.told), set(state.short)

    def notices(self) -> tuple[ControlEvent, ...]:
        """What is to be told at the present place; afterwards `place` may be an earlier one.

        Call it before the next event is chosen: what a reader takes back it may get again.
        """
        return tuple(one for producer in self.place.listed() for one in self._notices(producer))

    def tell(self, event: EventId) -> tuple[ControlEvent, ...]:
        """Go on to `event`, which is not covered; returns what is to be told before it."""
        notices: list[ControlEvent] = []
        beside: frozenset[int] = frozenset()  # a place already has those of its newest producer
        if event.producer > self.place.newest:
            beside = self.knowledge.beside(event.producer)
            for producer in self.place.listed():
                if producer not in beside:
                    notices += self._leave(producer)
        if not self.place.follows(event):
            notices.append(_gap(Missing(_after(self.place, event), event)))
        self._go_to(self.place.advance(event, beside))
        self._told.discard(event.producer)  # its end is told again behind what came after it
        return tuple(notices)

    def reach(self, place: Place, held: Given = _nothing) -> tuple[ControlEvent, ...]:
        """Go on to `place`, if the reader lacks nothing that exists and is covered there.

        Two places can mean the same events, because a producer that is listed may be whole, and
        the newest one of a place may have been taken back. And live-only events may be covered
        that exist no more: they are told as a gap, up to the oldest one that is `held`. If the
        reader lacks anything else, nothing changes.
        """
        mine = self.place
        lost = self._lost(place)
        if lost is None:
            return ()
        notices = [_gap(Missing(mine.position(one.producer), held(one.producer))) for one in lost]
        merged = {**mine.positions, **{last.producer: last[1:] for last in lost}}
        if mine.newest <= place.newest:
            for producer in mine.listed():
                if producer not in place.positions:
                    notices += self._leave(producer)
            merged = {n: at for n, at in merged.items() if n == 0 or n in place.positions}
            merged = {**place.positions, **merged}
        self._go_to(Place(merged))
        return tuple(notices)

    def jump(self, place: Place) -> tuple[ControlEvent, ...]:
        """Go on at `place`, over events that are missing; returns what is to be told before."""
        left = [n for n in self.place.listed() if n not in place.positions and n < place.newest]
        notices = [one for producer in left for one in self._leave(producer)]
        self._go_to(place)
        return tuple(notices)

    def end(self) -> tuple[ControlEvent, ...]:
        """What is to be told at the end of the stream, when no event follows."""
        rest = [one for producer in self.place.listed() for one in self._rest(producer)]
        return (*rest, *self.notices())

    def _lost(self, place: Place) -> list[EventId] | None:
        """The last live-only events that are covered by `place` only; None: others are, too."""
        mine, lost = self.place, []
        # Lower producers than the first that is listed were seen whole.
        for producer in range(min(mine.listed(), default=1), place.newest + 1):
            last = self._last_of(place, producer)
            if last is None:
                return None
            if last.seq and not mine.covers(last):
                if not self._has_stored(producer):
                    return None
                lost.append(last)
        voice = place.position(0)
        return lost if voice.seq == 0 or mine.covers(voice) else None

    def _last_of(self, place: Place, producer: int) -> EventId | None:
        """The last event of a producer that is covered by `place`; None: that is not known."""
        listed = producer in self.place.positions or producer > self.place.newest
        if producer in place.positions or not listed:
            return place.position(producer)
        closing = self.knowledge.closing(producer)
        return None if closing is None else closing.final

    def _has_stored(self, producer: int) -> bool:
        """Whether the reader has all that is stored of an attempt whose end is live only."""
        position, stored = self.place.position(producer), self.knowledge.unstored(producer)
        return (
            stored is not None and position.attempt_key == stored.attempt_key and position >= stored
        )

    def _leave(self, producer: int) -> Iterator[ControlEvent]:
        yield from self._rest(producer)
        yield from self._notices(producer, left=True)

    def _go_to(self, place: Place) -> None:
        if place.newest > self.place.newest:  # what is to be told of those left behind was told
            self._told &= place.positions.keys()
            self._short &= place.positions.keys()
        self.place = place

    def _notices(self, producer: int, *, left: bool = False) -> Iterator[ControlEvent]:
        """`left`: the reader leaves the producer behind."""
        closing = self.knowledge.closing(producer)
        if closing is None:
            return
        if self._is_beyond(closing):
            last = closing.final
            if self.place.position(producer).attempt != last.attempt:
                # The reader has discarded what counts, so it begins with this producer again.
                last = last._replace(attempt=0, seq=0)
            yield control.superseded(last._replace(attempt=max(1, closing.final.attempt)))
            self.place = self.place.withdraw(last)
        seen = left or (self.place.covers(closing.final) and not self._goes_on(producer))
        if closing.final.seq and seen and producer not in self._told:
            yield from self._rest(producer)
            self._told.add(producer)
            if closing.status is not None:
                yield control.ended(producer, closing.status)

    def _goes_on(self, producer: int) -> bool:
        """Whether live-only events that the reader lacks may still come before the end is told."""
        given = self._given(producer)
        later = given is not None and given > self.place.position(producer)
        return later and self._has_stored(producer) and producer not in self._short

    def _is_beyond(self, closing: Closing) -> bool:
        """Whether the reader has events of a closed producer that do not count."""
        producer, final, _ = closing
        position = self.place.position(producer)
        if producer in self.knowledge.open or position[1:] <= final[1:]:
            return False
        live_only = final == self.knowledge.unstored(producer)
        return not (live_only and position.attempt_key == final.attempt_key)

    def _rest(self, producer: int) -> Iterator[ControlEvent]:
        """A gap, if there may be live-only events behind the last that the reader has."""
        position = self.place.position(producer)
        if (
            self._has_stored(producer)
            and position != self._given(producer)
            and producer not in self._short
        ):
            self._short.add(producer)
            yield _gap(Missing(position, None))


def _after(place: Place, event: EventId) -> EventId:
    """The last event of the same attempt that the reader has; `seq` 0: none."""
    position = place.position(event.producer)
    return position if position.attempt_key == event.attempt_key else event._replace(seq=0)


def _gap(*missing: Missing) -> ControlEvent:
    """A gap of these events."""
    return control.gap(Gap(missing))
