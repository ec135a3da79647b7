"""The stored stream of a session, as far as the histories of its runs have been read."""

from collections.abc import Callable, Container, Iterator
from typing import Final

from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from kai_flow.stream.buffer import EventBuffer, Limits, Slice
from kai_flow.stream.chain import Chain, Link, cross, enter
from kai_flow.stream.events import held_bytes
from kai_flow.stream.fold import Fold
from kai_flow.stream.gaps import Gap
from kai_flow.stream.ids import EventId
from kai_flow.stream.place import NOWHERE, Place
from kai_flow.stream.recorded import Closing
from kai_flow.stream.signals import PAGE_TIMEOUT
from kai_flow.stream.tail import QUIET_PAGES, SHORT_POLL_TIMEOUT, RunHistory

# The client reports its own timeout as a cancelled call.
_TIMED_OUT: Final = {RPCStatusCode.CANCELLED, RPCStatusCode.DEADLINE_EXCEEDED}

EVERYTHING: Final = Limits(events=2**62, bytes=2**62)  # the server limits a history to 50 MiB


class _StoredRun:
    """The events of one run, as far as its history has been read."""

    def __init__(self, history: RunHistory, begins: Place) -> None:
        self.history = history
        self.begins = begins
        self.buffer = EventBuffer(history.run_id, EVERYTHING, begins)

    @property
    def held(self) -> int:
        return held_bytes(len(self.buffer), self.buffer.bytes)


class StoredStream:
    """The events of one stream, folded from the histories of its runs. Later reads continue.

    Runs are read on demand: those before the run that holds a reader's place are not.
    """

    def __init__(self, client: Client, session_id: str, run_id: str) -> None:
        """`run_id`: any run of the stream."""
        self.complete = False
        """Whether the last run of the stream has closed, and all of it has been read."""
        self._client = client
        self._session_id = session_id
        self._chain = Chain(client, session_id, run_id)
        self._runs: dict[str, _StoredRun] = {}  # those that have been read, at least in part
        self._timeout = SHORT_POLL_TIMEOUT  # longer after a failure: a large page takes time

    @property
    def held(self) -> int:
        """Bytes of memory for its events."""
        return sum(run.held for run in self._runs.values())

    @property
    def place(self) -> Place:
        """Everything that has been read."""
        read = self._newest()
        return NOWHERE if read is None else read.buffer.fold.place

    def __len__(self) -> int:
        """How many events are held."""
        return sum(len(run.buffer) for run in self._runs.values())

    def reaches_past(self, after: Place) -> bool:
        """Whether an event that `after` does not cover has been read, or is known to be missing."""
        part = self.read(after, 1)
        return bool(part.events) or part.gap is not None

    def read(self, after: Place, max_bytes: int) -> Slice:
        """The events read so far that `after` does not cover, of at most `max_bytes` in all.

        Deleted runs are a gap. A part ends before missing events, and with the events of one run.
        Its `start` is the beginning of that run if the reader comes from an earlier one.
        """
        link = self._chain.holding(after)
        if link is None:
            return Slice((), after, has_more=False, gap=None)
        place, deleted = enter(after, link.start)
        found = Slice((), place, has_more=False, gap=None)
        for one, run in self._from(link):
            if found.events or found.gap:
                more = found.has_more or (run is not None and len(run.buffer) > 0)
                found = found._replace(has_more=more)
                continue  # a run may have no events, and a later one more of them
            begins = cross(found.next, one.start)
            found = found._replace(next=begins)
            if run is not None:
                found = run.buffer.read(begins, max_bytes)
                if found.events and found.start is None and begins != after:
                    found = found._replace(start=begins)
        if deleted is None:
            return found
        start = place if found.start is None else found.start
        return found._replace(gap=_both(deleted, found.gap), start=start)

    async def read_on(
        self, after: Place, taken: Callable[[int], None], *, to_end: bool = False
    ) -> None:
        """Read on until there is an event that `after` does not cover, or to the end.

        With `to_end` always to the end, and a page that takes time gets it. `taken` is called after
        each page with the bytes of memory that it has added. Raises RPCError, or what the client's
        payload codec raises; the next call continues at that page.
        """
        link: Link | None = await self._chain.find(after)
        quiet = 0
        while link is not None and quiet < QUIET_PAGES:
            if not to_end and self.reaches_past(after):
                return
            run = self._run(link)
            if run.history.ended:
                following = await self._chain.go_on(link, run.history.next_run)
                self.complete = self.complete or following is None
                link, quiet = following, 0
                continue
            before = self.held
            try:
                await (self._read_patiently(run) if to_end else self._read_page(run))
            except RPCError as error:
                if error.status != RPCStatusCode.NOT_FOUND or self._chain.after(link) is None:
                    raise
                self._forget(link)
                link = await self._chain.find(after)
            quiet = min(run.history.quiet, quiet + 1)  # only pages of this call count
            taken(self.held - before)

    @property
    def open(self) -> Container[int]:
        """The producers that are not closed; those of earlier runs are."""
        read = self._newest()
        return () if read is None else read.buffer.fold.open

    def beside(self, producer: int) -> frozenset[int]:
        """The producers beside this one; see Fold."""
        fold = self._fold_of(producer)
        return frozenset() if fold is None else fold.beside(producer)

    def closing(self, producer: int) -> Closing | None:
        """How the producer has ended; see Fold."""
        fold = self._fold_of(producer)
        return None if fold is None else fold.closing(producer)

    def unstored(self, producer: int) -> EventId | None:
        """The `unstored` of the producer; see Fold."""
        fold = self._fold_of(producer)
        return None if fold is None else fold.unstored(producer)

    def _newest(self) -> _StoredRun | None:
        """The newest run of which something was read."""
        runs = (self._runs.get(link.run_id) for link in reversed(self._chain.links))
        return next((run for run in runs if run is not None), None)

    def _fold_of(self, producer: int) -> Fold | None:
        """The fold of the run that scheduled the producer, if it has been read."""
        links = reversed(self._chain.links)
        link = next((one for one in links if one.start.begins.newest <= producer), None)
        run = None if link is None else self._runs.get(link.run_id)
        return None if run is None else run.buffer.fold

    def _from(self, link: Link) -> Iterator[tuple[Link, _StoredRun | None]]:
        """The runs from this one on, up to the first that has not been read to its end."""
        links = self._chain.links
        for one in links[links.index(link) :]:
            run = self._runs.get(one.run_id)
            yield one, run
            if run is None or not run.history.ended:
                return

    def _run(self, link: Link) -> _StoredRun:
        run = self._runs.get(link.run_id)
        if run is None:
            history = RunHistory(self._client, self._session_id, link.run_id)
            run = self._runs[link.run_id] = _StoredRun(history, link.start.begins)
        return run

    def _forget(self, link: Link) -> None:
        """Retention has deleted a run while the stream was read."""
        self._chain.cut(link)
        left = {one.run_id for one in self._chain.links}
        self._runs = {run_id: run for run_id, run in self._runs.items() if run_id in left}

    async def _read_patiently(self, run: _StoredRun) -> None:
        """Read a page; when the timeout was too short, again with a longer one."""
        while True:
            longest = self._timeout == PAGE_TIMEOUT
            try:
                return await self._read_page(run)
            except RPCError as error:
                if longest or error.status not in _TIMED_OUT:
                    raise

    async def _read_page(self, run: _StoredRun) -> None:
        try:
            items = await run.history.read(self._timeout)
        except RPCError:
            self._timeout = min(2 * self._timeout, PAGE_TIMEOUT)
            raise
        self._timeout = SHORT_POLL_TIMEOUT
        for item in items:
            run.buffer.take(item)
        if run.history.ended:
            run.buffer.fold.close()


def _both(deleted: Gap, hole: Gap | None) -> Gap:
    return deleted if hole is None else Gap(deleted.missing + hole.missing)
