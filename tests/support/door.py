"""A web server whose death can be played."""

from dataclasses import dataclass, field
from typing import Self

from aiohttp import web


@dataclass(kw_only=True)
class Door:
    """A server that can be slammed shut, as if its process were killed, and opened."""

    app: web.Application
    port: int
    runner: web.AppRunner = field(init=False)

    async def __aenter__(self) -> Self:
        self.runner = web.AppRunner(self.app, shutdown_timeout=0.1)
        await self.runner.setup()
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.runner.cleanup()

    async def open(self) -> None:
        await web.TCPSite(self.runner, "127.0.0.1", self.port).start()

    async def slam(self) -> None:
        for site in list(self.runner.sites):
            await site.stop()
        self.drop()

    def drop(self) -> None:
        """Cut every connection, as a bad network does."""
        server = self.runner.server
        for connection in list(server.connections) if server else ():
            if connection.transport:
                connection.transport.abort()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.runner.addresses[0][1] or self.port}"
