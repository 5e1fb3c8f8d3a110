"""A stand-in's server: it keeps what it was asked, and goes wrong on command."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from aiohttp import web
from pydantic import JsonValue

Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mishap:
    """What goes wrong with one request."""

    kind: Literal["answer", "silence", "cut"]
    """Another answer, none ever, or a connection that breaks."""
    method: str = ""
    """Of the requests it is for; empty: any."""
    done: bool = False
    """Whether the request is carried out all the same."""
    status: int = 500
    body: JsonValue = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(slots=True, kw_only=True)
class Misbehaving:
    """What a stand-in was asked, and what is to go wrong."""

    mishaps: deque[Mishap] = field(default_factory=deque[Mishap])
    """Each is for the next request that it fits."""
    asked: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    """Method and path of every request."""
    hangs: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when a request is met with silence."""

    def label(self, request: web.Request) -> str:
        """Return by which method a request is known here: looks are never ``POST``."""
        return request.method

    def count(self, method: str) -> int:
        """Return how many requests there were with a method."""
        return sum(asked == method for asked, _ in self.asked)

    def wrap(self, app: web.Application) -> web.Application:
        """Have an application's requests noted, and go wrong."""

        @web.middleware
        async def noted(request: web.Request, handler: Handler) -> web.StreamResponse:
            label = self.label(request)
            self.asked.append((label, request.path))
            mishap = self._next(label)
            if mishap is None:
                return await handler(request)
            if mishap.done:
                await handler(request)
            return await self._go_wrong(request, mishap)

        app.middlewares.append(noted)
        return app

    def _next(self, method: str) -> Mishap | None:
        for mishap in self.mishaps:
            if mishap.method in {"", method}:
                self.mishaps.remove(mishap)
                return mishap
        return None

    async def _go_wrong(
        self, request: web.Request, mishap: Mishap
    ) -> web.StreamResponse:
        if mishap.kind == "silence":
            self.hangs.set()
            await asyncio.Event().wait()
        if mishap.kind == "cut" and request.transport:
            request.transport.abort()
        return web.json_response(
            mishap.body, status=mishap.status, headers=mishap.headers
        )
