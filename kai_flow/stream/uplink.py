"""The uplink: producers of one process that POST to the same bridge share its POSTs (§6.16).

Which documents go together is decided in `sharing`, without I/O. Here the POSTs are made, and each
producer gets the answer to its own document.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from contextvars import Context
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote
from weakref import WeakKeyDictionary

import httpx

from kai_flow.stream.clock import now
from kai_flow.stream.direct_http import direct_http
from kai_flow.stream.http_posts import POST_TIMEOUT_SECONDS, NoAnswer, post_over
from kai_flow.stream.list_form import MAX_LIST_ANSWER_BYTES, encode_list, read_list_answer
from kai_flow.stream.post_spans import request_to
from kai_flow.stream.posts import Reply
from kai_flow.stream.sharing import Departure, Document, Line, Lists
from kai_flow.traces import spans
from kai_flow.traces.spans import NO_SPAN, Span

if TYPE_CHECKING:
    from kai_flow.stream.signing import SigningKeys

Alone = Callable[[bytes], Awaitable[Reply]]
"""Makes a POST with this body alone. Raises NoAnswer."""

_Told = Reply | int | Exception | None
"""What comes of a document in a line: its reply; the number of the POST that it makes alone, and
that others wait for; why it has no reply; or None: it is to go alone, and nobody waits for it."""


@asynccontextmanager
async def uplink_of(
    url: str,
    session_id: str,
    http: httpx.AsyncClient | None,
    keys: "SigningKeys | None" = None,
) -> AsyncIterator["Uplink | None"]:
    """The uplink for a producer that POSTs to `url`; None if this is not the URL of a session.

    `keys` sign its POSTs.
    """
    base, _, last = url.rpartition("/")
    if unquote(last) != session_id:
        yield None
        return
    uplinks = _uplinks.setdefault(asyncio.get_running_loop(), {})
    uplink = uplinks.setdefault((base, http, keys), Uplink(http, keys))
    uplink.users += 1
    try:
        yield uplink
    finally:
        uplink.users -= 1
        if not uplink.users:
            del uplinks[base, http, keys]
            await uplink.aclose()


class Uplink:
    """The shared POSTs of the producers of one event loop to the bridges behind one base URL.

    `http` makes them. None: a client of its own, which is closed with the uplink. `keys` sign them.
    """

    def __init__(self, http: httpx.AsyncClient | None, keys: "SigningKeys | None" = None) -> None:
        self._given_http = http
        self._keys = keys
        self._own_http: httpx.AsyncClient | None = None
        self._lists = Lists()
        self._queues: dict[str, _Queue] = {}  # by the boot id of the bridge
        self._spans: dict[Document, Span] = {}  # of the documents that have one
        self.users = 0  # producers that use it

    async def post(
        self, bridge: str, document: Document, alone: Alone, span: Span = NO_SPAN
    ) -> Reply:
        """POST a document to the bridge with this boot id, with others or alone. Raises NoAnswer.

        `span` is that of the document; the span of a list is linked with those of its documents.

        The bridge is the one that has answered the last POST of the producer. A load balancer may
        route by the path, that is by the session. So a list has only documents of sessions that it
        routes to the same bridge, and goes to the URL of one of them.
        """
        if not self._lists.are_made(now()):
            return await alone(document.body)
        queue = self._queues.get(bridge)
        if queue is None:
            self._queues = {one: queue for one, queue in self._queues.items() if not queue.idle}
            queue = self._queues[bridge] = _Queue(self._lists, self._exchange)
        if not span:
            return await queue.post(document, alone)
        self._spans[document] = span
        try:
            return await queue.post(document, alone)
        finally:
            del self._spans[document]

    async def aclose(self) -> None:
        """End what is under way. No producer waits for it any more."""
        for queue in self._queues.values():
            await queue.aclose()
        if self._own_http is not None:
            await self._own_http.aclose()

    async def _exchange(self, documents: Sequence[Document]) -> Sequence[Reply | None]:
        """POST a list: the reply to each document; None: it is to go alone. Raises NoAnswer."""
        http = self._given_http or self._own_http
        if http is None:
            http = self._own_http = direct_http(POST_TIMEOUT_SECONDS)
        body, url = encode_list([document.body for document in documents]), documents[0].url
        with self._span_of(documents) as span:
            try:
                reply = await post_over(
                    http, url, body, most=MAX_LIST_ANSWER_BYTES, keys=self._keys, span=span
                )
            except NoAnswer:
                self._lists.failed(now())
                raise
            span.set("http.response.status_code", reply.status)
        answer = read_list_answer(reply, len(documents))
        if answer.is_list:
            self._lists.answered()
        else:
            self._lists.failed(now())
        return answer.replies

    def _span_of(self, documents: Sequence[Document]) -> Span:
        """The span of a list. It belongs to several sessions, so it begins a trace of its own."""
        if not self._spans:
            return NO_SPAN
        listed = [span for one in documents if (span := self._spans.get(one))]
        if not listed:
            return NO_SPAN
        about = {**request_to(documents[0].url), "kai.documents": len(documents)}
        span = spans.begin("POST a list", about, links=listed)
        for one in listed:
            one.link(span)
        return span


class _Queue:
    """The documents for one bridge, and the POSTs under way to it."""

    def __init__(
        self,
        lists: Lists,
        exchange: Callable[[Sequence[Document]], Awaitable[Sequence[Reply | None]]],
    ) -> None:
        self._lists = lists
        self._exchange = exchange
        self._line = Line()
        self._turns: dict[Document, asyncio.Future[_Told]] = {}  # what each one waits for
        self._posts: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None  # for the next POST beside a slow one

    @property
    def idle(self) -> bool:
        """Whether nothing waits and nothing is under way."""
        return not (self._turns or self._posts)

    async def post(self, document: Document, alone: Alone) -> Reply:
        """POST a document, with others or alone. Raises NoAnswer."""
        turn = self._turns[document] = asyncio.get_running_loop().create_future()
        self._line.add(document)
        try:
            self._depart()
            told = await turn
            if isinstance(told, Reply):
                return told
            if isinstance(told, NoAnswer):
                raise NoAnswer(*told.args)  # the others raise theirs
            if isinstance(told, Exception):
                raise told
            try:
                return await alone(document.body)
            finally:
                if told is not None:
                    self._ended(told)
        finally:
            self._line.remove(document)
            del self._turns[document]

    async def aclose(self) -> None:
        """End what is under way."""
        if self._timer is not None:
            self._timer.cancel()
        for task in self._posts:
            task.cancel()
        await asyncio.gather(*self._posts, return_exceptions=True)

    def _depart(self) -> None:
        """Make the POST that is due, if one is."""
        moment = now()
        if not self._lists.are_made(moment):
            for document in self._line.clear():
                self._tell(document, None)
        departure = self._line.depart(moment)
        if departure is not None and len(departure.documents) == 1:
            self._tell(departure.documents[0], departure.number)
        elif departure is not None:
            # In a context of its own, because it belongs to no activity.
            task = asyncio.get_running_loop().create_task(self._send(departure), context=Context())
            self._posts.add(task)
            task.add_done_callback(self._posts.discard)
        self._set_timer()

    async def _send(self, departure: Departure) -> None:
        """POST a list, and let the next one depart before the answers are taken in."""
        documents = departure.documents
        try:
            replies = await self._exchange(documents)
        except Exception as error:  # noqa: BLE001  a mistake of ours has to fail the attempts
            told: Sequence[_Told] = [error] * len(documents)
        else:
            told = replies
        self._ended(departure.number)
        for document, one in zip(documents, told, strict=True):
            self._tell(document, one)

    def _tell(self, document: Document, told: _Told) -> None:
        turn = self._turns.get(document)
        if turn is not None and not turn.done():  # its producer may have left
            turn.set_result(told)

    def _ended(self, number: int) -> None:
        self._line.ended(number)
        self._depart()

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        at = self._line.depart_at()
        self._timer = None if at is None else asyncio.get_running_loop().call_at(at, self._depart)


_uplinks: Final[
    WeakKeyDictionary[
        asyncio.AbstractEventLoop,
        dict[tuple[str, httpx.AsyncClient | None, "SigningKeys | None"], Uplink],
    ]
] = WeakKeyDictionary()
"""Those in use."""
