"""Reads the body of a POST within a time limit and a memory budget, until the bridge stops."""

import asyncio
from typing import Any, Final

from litestar import Request
from litestar.datastructures import State
from litestar.exceptions import InternalServerException
from litestar.exceptions.http_exceptions import RequestEntityTooLarge

from kai_flow.bridge.errors import SHUTTING_DOWN
from kai_flow.stream.callback import MAX_BODY_BYTES
from kai_flow.web.problems import problem
from kai_flow.web.request_budget import RequestBudget

BODY_SECONDS: Final = 10.0  # a producer gives a whole POST 3 s
STOPPING_BODY_SECONDS: Final = 0.1  # the body of a producer's POST arrives just after its head
MAX_BODIES_BYTES: Final = 64 * 1024 * 1024  # of all bodies that are being read at the same time

# The rest of the body is not read, so the connection cannot be used again.
_CLOSE: Final = {"Connection": "close"}


class Bodies:
    """The bodies that are being received, within one memory budget.

    A sender can leave a body half sent for BODY_SECONDS. When all bodies together are too large,
    those that have taken longest are given up. A producer sends a whole POST in a moment, so
    half-sent bodies cannot keep its POSTs out, however many there are.
    """

    def __init__(self) -> None:
        self._budget = RequestBudget()

    def reading(self, request: Request[Any, Any, State]) -> asyncio.Task[bytes]:
        """A task that reads one body; it is cancelled when that body is given up."""
        return asyncio.create_task(self._read(request))

    async def _read(self, request: Request[Any, Any, State]) -> bytes:
        body = bytearray()
        this = asyncio.current_task()
        assert this is not None  # noqa: S101 - `reading` makes it a task
        with self._budget.share(give_up=this.cancel) as share:
            async for chunk in request.stream():
                body += chunk
                self._budget.grow(share, len(chunk), MAX_BODIES_BYTES)
            return bytes(body)


async def read_body(
    request: Request[Any, Any, State], bodies: Bodies, stopping: asyncio.Event
) -> bytes:
    """The body. Raises the problem that it is too large, too slow, or that `stopping` was set."""
    reading = bodies.reading(request)
    waiting = asyncio.ensure_future(stopping.wait())
    try:
        await asyncio.wait(
            [reading, waiting], timeout=BODY_SECONDS, return_when=asyncio.FIRST_COMPLETED
        )
        if stopping.is_set():  # the log line about the refused POST names an event of its body
            await asyncio.wait([reading], timeout=STOPPING_BODY_SECONDS)
        if reading.cancelled():
            detail = "too many requests are incomplete at the moment; send it again in a second"
            raise problem(429, detail, headers={"Retry-After": "1", **_CLOSE})
        if reading.done():
            request.state.body = reading.result()  # for the log line, if the POST is refused
            return reading.result()
    except RequestEntityTooLarge:
        # Keep the connection: closing it within the body would reset it, and lose the answer.
        most = MAX_BODY_BYTES // 2**20
        raise problem(
            413, f"the body has more than {most} MiB; send fewer events in one POST"
        ) from None
    except InternalServerException:
        raise problem(400, "the connection broke within the body; send it again") from None
    finally:
        reading.cancel()
        waiting.cancel()
    if stopping.is_set():
        raise problem(503, SHUTTING_DOWN, headers={"Retry-After": "1", **_CLOSE})
    detail = f"the whole body did not arrive within {BODY_SECONDS:.0f} s; send it again"
    raise problem(408, detail, headers=_CLOSE)
