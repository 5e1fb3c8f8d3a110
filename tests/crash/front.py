"""A load balancer in front of the workers: where the platforms deliver.

It carries bytes and understands none of them. Each new connection goes to the next
worker that accepts one; when a worker dies, its connections break, and whoever had
asked something on them asks again or does not.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress

from tests.crash.nursery import Worker

_CHUNK = 64 * 1024


class Front:
    """Spreads connections over the workers in rotation."""

    def __init__(self) -> None:
        self._rotation: list[Worker] = []
        self._writers: set[asyncio.StreamWriter] = set()
        self._closed = False
        self._carried = 0
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def rotation(self) -> tuple[Worker, ...]:
        """The workers that connections reach."""
        return tuple(self._rotation)

    def put_in(self, worker: Worker) -> None:
        """Let connections reach a worker from now on."""
        self._rotation.append(worker)

    def take_out(self, worker: Worker) -> None:
        """Let no new connection reach a worker."""
        if worker in self._rotation:
            self._rotation.remove(worker)

    async def close(self) -> None:
        """Break every connection, and return when all are broken."""
        self._closed = True
        self._rotation.clear()
        for writer in tuple(self._writers):
            writer.transport.abort()
        await self._idle.wait()

    async def carry(
        self, near: asyncio.StreamReader, answer: asyncio.StreamWriter
    ) -> None:
        """Serve one connection until either side is done."""
        self._carried += 1
        self._idle.clear()
        try:
            await self._carry(near, answer)
        finally:
            self._carried -= 1
            if not self._carried:
                self._idle.set()

    async def _carry(
        self, near: asyncio.StreamReader, answer: asyncio.StreamWriter
    ) -> None:
        server = await self._connected()
        if server is None:
            answer.transport.abort()
            return
        far, ask = server
        self._writers |= {ask, answer}
        if self._closed:
            ask.transport.abort()
            answer.transport.abort()
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(_pump(near, ask))
                tasks.create_task(_pump(far, answer))
        finally:
            self._writers -= {ask, answer}

    async def _connected(
        self,
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        for _ in range(len(self._rotation)):
            worker = self._rotation.pop(0)
            self._rotation.append(worker)
            with suppress(OSError):
                return await asyncio.open_connection("127.0.0.1", worker.port)
        return None


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while chunk := await reader.read(_CHUNK):
            writer.write(chunk)
            await writer.drain()
    except OSError:
        pass  # the other side is gone
    finally:
        writer.close()


@asynccontextmanager
async def front_on(port: int) -> AsyncGenerator[Front]:
    """Listen on ``port`` for the block."""
    front = Front()
    server = await asyncio.start_server(front.carry, "127.0.0.1", port)
    async with server:
        try:
            yield front
        finally:
            server.close()
            await front.close()
