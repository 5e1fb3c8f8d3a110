"""A network cable that can be cut: a TCP relay on a port of its own."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

_CHUNK = 64 * 1024


@dataclass(slots=True, kw_only=True)
class Cable:
    """Carries bytes between whoever connects and one server.

    Args:
        to: The server's URL.
    """

    to: str
    url: str = ""
    """Of this end, once it is plugged in."""
    cuts: int = 0
    """Connections that were cut in mid-flight."""
    _writers: set[asyncio.StreamWriter] = field(
        default_factory=set[asyncio.StreamWriter]
    )

    plugged: bool = True
    """Whether new connections get anywhere."""

    def unplug(self) -> None:
        """Cut, and keep it so until ``plugged`` is set again."""
        self.plugged = False
        self.cut()

    def cut(self) -> None:
        """Break every connection at once, as a bad network does; new ones work."""
        for writer in tuple(self._writers):
            self.cuts += 1
            writer.transport.abort()

    async def carry(
        self, near: asyncio.StreamReader, answer: asyncio.StreamWriter
    ) -> None:
        """Serve one connection until either side is done."""
        if not self.plugged:
            answer.transport.abort()
            return
        server = urlsplit(self.to)
        try:
            far, ask = await asyncio.open_connection(server.hostname, server.port)
        except ConnectionError:  # nobody listens there
            answer.transport.abort()
            return
        self._writers |= {ask, answer}
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(_pump(near, ask))
                tasks.create_task(_pump(far, answer))
        finally:
            self._writers -= {ask, answer}


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while chunk := await reader.read(_CHUNK):
            writer.write(chunk)
            await writer.drain()
    except ConnectionError:
        pass  # one of them was cut
    finally:
        writer.close()


@asynccontextmanager
async def cable_to(url: str, *, port: int = 0) -> AsyncGenerator[Cable]:
    """Plug in a cable to ``url`` for as long as the block lasts.

    Args:
        url: Where it leads; ``to`` may be changed later.
        port: Of this end; 0: a free one.
    """
    cable = Cable(to=url)
    server = await asyncio.start_server(cable.carry, "127.0.0.1", port)
    host, port = server.sockets[0].getsockname()
    cable.url = f"http://{host}:{port}"
    async with server:
        yield cable
        server.close()
        cable.cut()
