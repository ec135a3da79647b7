"""The uplink: producers share POSTs to a bridge that takes lists, and none waits for another."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

import httpx
import msgspec
import pytest

from kai_flow.stream.clock import now
from kai_flow.stream.http_posts import POST_TIMEOUT_SECONDS, NoAnswer, post_over
from kai_flow.stream.list_form import MAX_DOCUMENTS, SEND_ALONE, encode_replies
from kai_flow.stream.posts import Reply
from kai_flow.stream.sharing import FIRST_REST_SECONDS, HOLD_SECONDS, Document
from kai_flow.stream.uplink import Uplink, uplink_of
from tests.unit.virtual import in_virtual_time

BASE = "http://bridge.example/events"
SECONDS = 0.02  # that the bridge takes for a POST


class Bridge:
    """What answers at the callback URLs; `answers` decides, by what a POST contains."""

    def __init__(self) -> None:
        self.posts: list[tuple[str, list[str]]] = []  # path and documents, each a name
        self.lists: Callable[[list[str]], httpx.Response | Awaitable[httpx.Response]] = each_ok
        self.slow: dict[str, float] = {}  # seconds for a POST of this document alone
        self.http = httpx.AsyncClient(transport=httpx.MockTransport(self._answer))
        self.uplink = Uplink(self.http)

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        body = msgspec.json.decode(request.content)
        names = body if isinstance(body, list) else [body]
        self.posts.append((request.url.path, names))
        if not isinstance(body, list):
            await asyncio.sleep(self.slow.get(body, SECONDS))
            return httpx.Response(200, stream=httpx.ByteStream(b'"alone"'))
        await asyncio.sleep(SECONDS)
        response = self.lists(names)
        return response if isinstance(response, httpx.Response) else await response

    async def post(self, name: str, *, bridge: str = "b") -> Reply:
        """POST the document of this name, in the session of its first letter."""
        url = f"{BASE}/{name[0]}"
        document = Document(name[0], url, msgspec.json.encode(name))
        return await self.uplink.post(bridge, document, lambda b: post_over(self.http, url, b))

    @property
    def documents(self) -> list[list[str]]:
        """Those of each POST."""
        return [names for _, names in self.posts]


def listed(replies: list[Reply]) -> httpx.Response:
    """The answer to a list."""
    return httpx.Response(200, stream=httpx.ByteStream(encode_replies(replies)))


def each_ok(names: list[str]) -> httpx.Response:
    """Each document gets its own name."""
    return listed([Reply(200, msgspec.json.encode(name)) for name in names])


def refusing(status: int, body: bytes = b"no") -> Callable[[list[str]], httpx.Response]:
    """A receiver that answers this to every list."""
    return lambda _: httpx.Response(status, stream=httpx.ByteStream(body))


@in_virtual_time
async def test_a_producer_that_is_alone_posts_at_once_and_in_todays_form() -> None:
    """One session gets no other form and waits for nothing (§6.16)."""
    bridge, began = Bridge(), now()
    for name in ("a1", "a2", "a3"):
        assert (await bridge.post(name)).body == b'"alone"'
    assert bridge.posts == [("/events/a", ["a1"]), ("/events/a", ["a2"]), ("/events/a", ["a3"])]
    assert now() - began < 3 * SECONDS + 0.01


@in_virtual_time
async def test_what_gathers_during_a_post_goes_with_the_next_one() -> None:
    """One POST at a time; each producer gets the answer to its own document."""
    bridge = Bridge()
    names = ["a1", "b1", "c1", "b2", "d1"]
    replies = await asyncio.gather(*map(bridge.post, names))
    assert bridge.posts == [("/events/a", ["a1"]), ("/events/b", ["b1", "c1", "d1", "b2"])]
    assert [reply.body for reply in replies] == [b'"alone"', b'"b1"', b'"c1"', b'"b2"', b'"d1"']


@in_virtual_time
async def test_bridges_do_not_share() -> None:
    """A load balancer that routes by session sends a list where the sessions in it belong."""
    bridge = Bridge()
    await asyncio.gather(*(bridge.post(name, bridge=name[1]) for name in ("a1", "b2", "c1", "d2")))
    assert sorted(bridge.documents) == [["a1"], ["b2"], ["c1"], ["d2"]]
    await asyncio.gather(
        *(bridge.post(name, bridge=name[1]) for name in ("a1", "b2", "c1", "d2", "e1", "f2"))
    )
    assert sorted(bridge.documents[4:]) == [["a1"], ["b2"], ["c1", "e1"], ["d2", "f2"]]


@in_virtual_time
async def test_each_document_has_its_own_answer() -> None:
    """One that is refused says nothing about the others, and has its own pause."""
    bridge = Bridge()
    bridge.lists = lambda names: listed(
        [Reply(429, b"{}", 2.0) if name == "b1" else Reply(200, b"{}") for name in names]
    )
    _, refused, taken = await asyncio.gather(*map(bridge.post, ["a1", "b1", "c1"]))
    assert (refused, taken) == (Reply(429, b"{}", 2.0), Reply(200, b"{}"))


@in_virtual_time
async def test_a_document_whose_answer_takes_longer_goes_alone() -> None:
    """The bridge says so, and the others have their answers meanwhile."""
    bridge, began = Bridge(), now()
    bridge.slow = {"b1": 2.0}
    bridge.lists = lambda names: listed(
        [SEND_ALONE if name == "b1" else Reply(200, b"{}") for name in names]
    )
    first, late, last = (asyncio.create_task(bridge.post(name)) for name in ("a1", "b1", "c1"))
    assert (await first).status == (await last).status == 200
    assert now() - began < 0.1
    assert (await late).body == b'"alone"'
    assert now() - began > 2.0


@in_virtual_time
async def test_a_slow_post_holds_the_others_up_for_a_moment_only() -> None:
    """The next POST departs beside it."""
    bridge, began = Bridge(), now()
    bridge.slow = {"a1": 2.0}
    slow = asyncio.create_task(bridge.post("a1"))
    await asyncio.sleep(0)
    await asyncio.gather(bridge.post("b1"), bridge.post("c1"))
    assert HOLD_SECONDS <= now() - began < HOLD_SECONDS + SECONDS + 0.01
    assert bridge.documents == [["a1"], ["b1", "c1"]]
    await slow


@pytest.mark.parametrize(
    "answer",
    [refusing(s) for s in (301, 400, 403, 404, 405, 410, 411, 413, 415)]
    + [refusing(200), refusing(204, b""), refusing(200, b"[]"), refusing(200, b'[{"status":200}]')],
)
@in_virtual_time
async def test_where_no_list_is_taken_each_document_goes_alone(
    answer: Callable[[list[str]], httpx.Response],
) -> None:
    """A bridge that was replaced by an older one: nothing is lost, and no POST has failed."""
    bridge = Bridge()
    bridge.lists = answer
    replies = await asyncio.gather(*map(bridge.post, ["a1", "b1", "c1"]))
    assert [reply.body for reply in replies] == [b'"alone"'] * 3
    await asyncio.gather(*map(bridge.post, ["a2", "b2", "c2"]))
    alone = [["b1"], ["c1"], ["a2"], ["b2"], ["c2"]]  # lists rest
    assert bridge.documents == [["a1"], ["b1", "c1"], *alone]
    bridge.lists = each_ok
    await asyncio.sleep(FIRST_REST_SECONDS)
    await asyncio.gather(*map(bridge.post, ["a3", "b3", "c3"]))
    assert bridge.documents[-2:] == [["a3"], ["b3", "c3"]]


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
@in_virtual_time
async def test_a_receiver_that_cannot_take_anything_now_fails_each_document(status: int) -> None:
    """Each producer backs off by its own rules; what waits goes alone, and so do later ones."""
    bridge = Bridge()
    bridge.lists = refusing(status)
    first = asyncio.gather(*map(bridge.post, ["a1", "b1", "c1"]))
    await asyncio.sleep(1.5 * SECONDS)
    waiting = asyncio.create_task(bridge.post("d1"))
    _, *failed = await first
    assert failed == [Reply(status, b"no")] * 2
    assert (await waiting).body == b'"alone"'


@in_virtual_time
async def test_a_list_that_is_not_answered_fails_each_document_in_time() -> None:
    """After the time of any POST."""
    bridge, began = Bridge(), now()

    async def never(_: list[str]) -> httpx.Response:
        await asyncio.sleep(60.0)
        raise AssertionError

    bridge.lists = never
    _, *failed = await asyncio.gather(*map(bridge.post, ["a1", "b1", "c1"]), return_exceptions=True)
    assert [str(error) for error in failed] == ["TimeoutError"] * 2
    assert all(isinstance(error, NoAnswer) for error in failed)
    assert now() - began < POST_TIMEOUT_SECONDS + 0.1


@in_virtual_time
async def test_a_producer_that_leaves_disturbs_nobody() -> None:
    """Neither one whose document waits, nor one whose document is under way."""
    bridge = Bridge()
    tasks = [asyncio.create_task(bridge.post(name)) for name in ("a1", "b1", "c1", "d1")]
    await asyncio.sleep(SECONDS / 2)
    tasks[1].cancel()
    await asyncio.sleep(SECONDS)
    tasks[2].cancel()
    assert (await tasks[3]).body == b'"d1"'
    assert bridge.documents == [["a1"], ["c1", "d1"]]


@in_virtual_time
async def test_a_mistake_of_ours_is_no_failed_post(monkeypatch: pytest.MonkeyPatch) -> None:
    """It reaches each producer under its own name, as in a POST of its own."""
    bridge = Bridge()

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("kai_flow.stream.uplink.read_list_answer", broken)
    _, *errors = await asyncio.gather(*map(bridge.post, ["a1", "b1", "c1"]), return_exceptions=True)
    assert [type(error) for error in errors] == [ZeroDivisionError] * 2


@in_virtual_time
async def test_a_crowd_needs_few_posts() -> None:
    """A hundred documents that come at once take one POST and two lists."""
    bridge = Bridge()
    await asyncio.gather(*(bridge.post(f"{chr(200 + n)}1") for n in range(100)))
    assert [len(names) for names in bridge.documents] == [1, MAX_DOCUMENTS, 99 - MAX_DOCUMENTS]


@in_virtual_time
async def test_producers_with_the_same_base_url_share_one_uplink() -> None:
    """It lasts as long as one of them, and its own client is closed with it."""
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        first = await enter(uplink_of(f"{BASE}/a%2Fb", "a/b", None))
        assert await enter(uplink_of(f"{BASE}/c", "c", None)) is first is not None
        assert await enter(uplink_of("http://other.example/events/c", "c", None)) is not first
        assert await enter(uplink_of(f"{BASE}/c?x=1", "c", None)) is None
        assert await enter(uplink_of(f"{BASE}/hook", "c", None)) is None
        own = httpx.AsyncClient()
        assert await enter(uplink_of(f"{BASE}/c", "c", own)) not in (None, first)
    async with uplink_of(f"{BASE}/c", "c", None) as later:
        assert later is not first
