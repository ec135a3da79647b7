"""The chain of runs that one stream goes through, by continue-as-new (§1.3)."""

from typing import Final, NamedTuple

from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from kai_flow.stream.gaps import Gap, Missing
from kai_flow.stream.ids import EventId
from kai_flow.stream.place import NOTHING, Place
from kai_flow.stream.run_start import RunStart, read_start


class Link(NamedTuple):
    """One run of the chain."""

    run_id: str
    start: RunStart


class Chain:
    """The runs of a stream, from a known one back as far as readers have needed them."""

    def __init__(self, client: Client, session_id: str, run_id: str) -> None:
        self.links: list[Link] = []  # the oldest first; none before the first search
        self._client: Final = client
        self._session_id: Final = session_id
        self._run_id = run_id  # where the search begins
        self._cut = False  # what is before the first link has been deleted

    async def find(self, place: Place) -> int:
        """The index of the link in which a reader at `place` reads on.

        That is the newest run before which the reader has seen everything, or the oldest run that
        is left. Each run that has to be found costs one short call. Raises RPCError (NOT_FOUND when
        even the run is deleted from which the search begins), or what the client's codec raises.
        """
        if not self.links:
            start = await read_start(self._client, self._session_id, self._run_id)
            self.links.append(Link(self._run_id, start))
        while (before := self._needed(place)) is not None:
            try:
                start = await read_start(self._client, self._session_id, before)
            except RPCError as error:
                if error.status != RPCStatusCode.NOT_FOUND:
                    raise
                self._cut = True
            else:
                self.links.insert(0, Link(before, start))
        last = len(self.links) - 1
        return next((index for index in range(last, 0, -1) if self._holds(index, place)), 0)

    def append(self, run_id: str, start: RunStart) -> bool:
        """Add the run that the server started when the newest one closed.

        False, and nothing is added, if it does not go on with the stream.
        """
        if not self.links or start.continued_from != self.links[-1].run_id:
            return False
        self.links.append(Link(run_id, start))
        return True

    def cut(self, index: int) -> None:
        """Forget this run and those before it: retention has deleted it, the oldest ones first."""
        del self.links[: index + 1]
        self._cut = True

    def _needed(self, place: Place) -> str | None:
        """The run before the first link, if a reader at `place` needs it and it may be left."""
        return None if self._cut or self._holds(0, place) else self.links[0].start.continued_from

    def _holds(self, index: int, place: Place) -> bool:
        start = self.links[index].start
        return start.continued_from is None or place.includes(start.begins)


def enter(place: Place, start: RunStart) -> tuple[Place, Gap | None]:
    """The place of a reader who goes on in a run that begins like this, and what is missing.

    Nothing is missing for one who has seen everything before the run.
    """
    if start.continued_from is None or place.includes(start.begins):
        return place, None
    return _joined(place, start.begins), Gap(tuple(_missing(place, start.begins)))


def _joined(place: Place, begins: Place) -> Place:
    voice = max(place.positions.get(0, NOTHING), begins.positions.get(0, NOTHING))
    ahead = place if place.newest >= begins.newest else begins
    return Place({**ahead.positions, **({} if voice == NOTHING else {0: voice})})


def _missing(place: Place, begins: Place) -> list[Missing]:
    """What `begins` covers and `place` does not: producers that are deleted, in the order of ids.

    Of a producer that is listed, the rest may be missing; nothing of the later ones was seen.
    """
    missing = []
    spoken, seen = (one.positions.get(0, NOTHING)[1] for one in (begins, place))
    if seen < spoken:
        missing.append(Missing(EventId(0, 1, seen) if seen else None, EventId(0, 1, spoken + 1)))
    open_ended = [producer for producer in place.listed() if producer < begins.newest]
    if place.newest < begins.newest:
        # An id without a seq is before everything of its producer, as in a place.
        after = [place.position(producer) for producer in open_ended] or [
            EventId(1, 0, 0) if spoken else None
        ]
        until = [EventId(producer + 1, 0, 0) for producer in open_ended[:-1]]
        missing += map(Missing, after, [*until, EventId(begins.newest, 0, 0)])
    return missing
