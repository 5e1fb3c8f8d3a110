"""What a server's program writes to its standard error, as lines of the log."""

import asyncio
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TextIO

import structlog
from typing_extensions import override

log = structlog.get_logger()

LONGEST = 400
"""Characters of a line; the rest is cut."""


class _Lines(asyncio.Protocol):
    def __init__(self, server: str) -> None:
        self._server = server

    @override
    def data_received(self, data: bytes) -> None:
        for line in data.decode(errors="replace").splitlines():
            if line.strip():
                log.info("mcp.stderr", server=self._server, line=line[:LONGEST])


@asynccontextmanager
async def logged_as(server: str) -> AsyncGenerator[TextIO]:
    """Give a file for the block; what is written there is logged."""
    reading, writing = os.pipe()
    pipe = os.fdopen(reading, "rb", buffering=0)
    loop = asyncio.get_running_loop()
    transport, _ = await loop.connect_read_pipe(lambda: _Lines(server), pipe)
    try:
        with os.fdopen(writing, "w", encoding="utf-8") as file:
            yield file
    finally:
        transport.close()
