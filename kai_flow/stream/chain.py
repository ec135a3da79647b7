"""The chain of runs that one stream goes through, by continue-as-new (§1.3)."""

from typing import Final, NamedTuple

from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from kai_flow.stream.gaps import Gap, missing_before
from kai_flow.stream.place import Place
from kai_flow.stream.run_start import RunStart, read_start


class Link(NamedTuple):
    """One run of the chain."""

    run_id: str
    start: RunStart

    def holds(self, place: Place) -> bool:
        """Whether a reader at `place` needs nothing of the runs before."""
        return self.start.continued_from is None or place.includes(self.start.begins)


class Chain:
    """The runs of a stream: from a known one back as far as readers need them, and forward."""

    def __init__(self, client: Client, session_id: str, run_id: str) -> None:
        self.links: list[Link] = []  # the oldest first; none before the first search
        self._client: Final = client
        self._session_id: Final = session_id
        self._run_id = run_id  # where the search begins
        self._cut = False  # what is before the first link has been deleted

    async def find(self, place: Place) -> Link:
        """The run in which a reader at `place` reads on, see `holding`.

        Each run that is looked at for the first time costs one short call. Raises RPCError
        (NOT_FOUND when even the run is deleted from which the search begins), or what the client's
        payload codec raises.
        """
        if not self.links:
            start = await read_start(self._client, self._session_id, self._run_id)
            self.links.append(Link(self._run_id, start))
        while (link := self.holding(place)) is None:
            before = self.links[0].start.continued_from or ""
            try:
                start = await read_start(self._client, self._session_id, before)
            except RPCError as error:
                if error.status != RPCStatusCode.NOT_FOUND:
                    raise
                self._cut = True
            else:
                self.links.insert(0, Link(before, start))
        return link

    def holding(self, place: Place) -> Link | None:
        """The newest run before which a reader at `place` has everything; None: not found yet.

        When retention has deleted it, the oldest run that is left: see `enter`.
        """
        held = next((link for link in reversed(self.links) if link.holds(place)), None)
        return self.links[0] if held is None and self._cut and self.links else held

    def after(self, link: Link) -> Link | None:
        """The next run of the chain, if it is known."""
        index = self.links.index(link) + 1
        return self.links[index] if index < len(self.links) else None

    async def go_on(self, link: Link, next_run: str) -> Link | None:
        """The run that continues `link`, which has closed; None if the stream ends with it.

        `next_run`: the run that the server started when it closed. Raises RPCError, or what the
        client's payload codec raises.
        """
        following = self.after(link)
        if following is None and next_run:
            start = await read_start(self._client, self._session_id, next_run)
            if start.continued_from == link.run_id:
                following = Link(next_run, start)
                self.links.append(following)
        return following

    def cut(self, link: Link) -> None:
        """Forget a run that has been deleted, and those before it: the oldest are deleted first."""
        del self.links[: self.links.index(link) + 1]
        self._cut = True


def enter(place: Place, start: RunStart) -> tuple[Place, Gap | None]:
    """The place of a reader who goes on in a run that begins like this, and what is missing.

    Nothing is missing for one who has seen everything before the run.
    """
    if start.continued_from is None or place.includes(start.begins):
        return cross(place, start), None
    return cross(place, start), Gap(missing_before(place, start.begins))


def cross(place: Place, start: RunStart) -> Place:
    """The place of a reader who has everything of the runs before one that begins like this.

    It names the first producer of the run. So a cursor tells that nothing of those runs is needed,
    which cannot be told from the last event in them: later producers may have sent nothing.
    """
    return place.join(start.begins)
