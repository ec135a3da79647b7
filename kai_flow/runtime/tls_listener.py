"""Accepts connections that have to shake hands for TLS before anything else.

A server of asyncio tells nobody of a connection before the handshake is over. So a client could
have any number of unfinished ones. Here each counts from when it is accepted.
"""

import asyncio
import contextlib
import socket
import ssl
import struct
from collections.abc import Callable
from typing import Final

from kai_flow.runtime.connections import CONNECTIONS, Cause

HANDSHAKE_SECONDS: Final = 10.0  # the limits of the protocol begin after it
PAUSE_SECONDS: Final = 1.0  # when nothing can be accepted: the machine has no descriptors left

_RESET: Final = struct.pack("ii", 1, 0)  # closing such a socket sends a reset


class TlsListener:
    """A server on a listening socket, as far as uvicorn uses one."""

    def __init__(
        self, listener: socket.socket, context: ssl.SSLContext, make: Callable[[], asyncio.Protocol]
    ) -> None:
        self._listener = listener
        self._context = context
        self._make = make
        self._accepting = asyncio.create_task(self._accept())
        self._handshakes: set[asyncio.Task[None]] = set()

    def close(self) -> None:
        """Accept nothing more, and end the connections that are not through yet."""
        for task in (self._accepting, *self._handshakes):
            task.cancel()

    async def wait_closed(self) -> None:
        """Wait until that is so."""
        await asyncio.gather(self._accepting, *self._handshakes, return_exceptions=True)

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                peer, address = await loop.sock_accept(self._listener)
            except OSError:
                await asyncio.sleep(PAUSE_SECONDS)
                continue
            protocol = self._make()
            if not CONNECTIONS.enter(protocol, address[0]):
                with contextlib.suppress(OSError):
                    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                peer.close()
                continue
            task = asyncio.create_task(self._shake_hands(protocol, peer))
            self._handshakes.add(task)
            task.add_done_callback(self._handshakes.discard)

    async def _shake_hands(self, protocol: asyncio.Protocol, peer: socket.socket) -> None:
        """After it the connection is the protocol's, which ends the counting as well."""
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                lambda: protocol,
                peer,
                ssl=self._context,
                ssl_handshake_timeout=HANDSHAKE_SECONDS,
            )
        except OSError:  # no TLS, another version, a wrong name, silence, or nobody any more
            CONNECTIONS.ended[Cause.HANDSHAKE.value] += 1
            self._give_up(protocol, peer)
        except BaseException:
            self._give_up(protocol, peer)
            raise

    def _give_up(self, protocol: asyncio.Protocol, peer: socket.socket) -> None:
        CONNECTIONS.leave(protocol)
        with contextlib.suppress(OSError):
            peer.close()
