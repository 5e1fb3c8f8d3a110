"""How a server is reached: a program of its own, or streamable HTTP.

A program gets a basic environment (``PATH``, ``HOME`` …) and the variables that the
company file names; none of Deskhand's own secrets. What it writes to its standard
error goes into the log.
"""

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx2
from mcp import StdioServerParameters, stdio_client
from mcp.client._transport import ReadStream, TransportStreams
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.message import SessionMessage

from agents.mcp.stderr import logged_as
from bot.company.servers import McpServer

DIAL_SECONDS = 5.0
"""For a connection over HTTP."""
SILENCE_SECONDS = 300.0
"""For which an open stream over HTTP may say nothing."""
_BAD = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """How to reach one server."""

    name: str
    server: McpServer
    environ: Mapping[str, str]
    """Where the variables are that the company file names."""
    folder: Path
    """Of the company file: where a program is started."""

    def missing(self) -> tuple[str, ...]:
        """Return the environment variables that are named and not set."""
        named = (*self.server.env, self.server.token_env)
        return tuple(name for name in named if name and not self.environ.get(name))


class Watched:
    """What a server sends; tells when it has ended.

    Args:
        stream: What is read.
        ended: Called at the end.
    """

    def __init__(
        self, stream: ReadStream[SessionMessage | Exception], ended: Callable[[], None]
    ) -> None:
        self._stream = stream
        self._ended = ended

    @property
    def last_context(self) -> object:
        """What the client's dispatcher looks for beside the messages."""
        return getattr(self._stream, "last_context", None)

    async def receive(self) -> SessionMessage | Exception:
        """Return the next message."""
        return await self._stream.receive()

    async def aclose(self) -> None:
        """Receive no more."""
        await self._stream.aclose()

    def __aiter__(self) -> ReadStream[SessionMessage | Exception]:
        return self

    async def __anext__(self) -> SessionMessage | Exception:
        try:
            return await self._stream.__anext__()
        except StopAsyncIteration:
            self._ended()
            raise

    async def __aenter__(self) -> Self:
        await self._stream.__aenter__()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> bool | None:
        return await self._stream.__aexit__(exc_type, exc_val, exc_tb)


@asynccontextmanager
async def opened(
    reach: Reach, *, ended: Callable[[], None], heard: Callable[[int], None]
) -> AsyncGenerator[TransportStreams]:
    """Give the streams to and from a server for the block.

    Args:
        reach: Which server, and how.
        ended: Called when the server has hung up.
        heard: Called with the status of an HTTP answer that is an error.
    """
    if reach.server.command:
        async with (
            logged_as(reach.name) as errlog,
            stdio_client(_program(reach), errlog=errlog) as (read, write),
        ):
            yield Watched(read, ended), write
        return

    async def note(response: httpx2.Response) -> None:
        if response.status_code >= _BAD:
            heard(response.status_code)

    async with (
        httpx2.AsyncClient(
            headers=_headers(reach),
            timeout=httpx2.Timeout(DIAL_SECONDS, read=SILENCE_SECONDS),
            event_hooks={"response": [note]},
        ) as http,
        streamable_http_client(reach.server.url, http_client=http) as (read, write),
    ):
        yield Watched(read, ended), write


def _program(reach: Reach) -> StdioServerParameters:
    return StdioServerParameters(
        command=reach.server.command,
        args=list(reach.server.args),
        env={name: reach.environ[name] for name in reach.server.env},
        cwd=reach.folder,
    )


def _headers(reach: Reach) -> dict[str, str]:
    server = reach.server
    if not server.token_env:
        return {}
    token = reach.environ[server.token_env]
    bearer = server.header.lower() == "authorization"
    return {server.header: f"Bearer {token}" if bearer else token}
