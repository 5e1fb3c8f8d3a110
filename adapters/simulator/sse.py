"""Server-sent events: written to a browser, read from the bot's console.

Source: https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

import json
from collections.abc import AsyncIterable, AsyncIterator
from dataclasses import dataclass

from aiohttp import web

RETRY = b"retry: 500\n\n"
"""Milliseconds after which a browser comes back that lost the connection."""
KEEP_ALIVE = b": still here\n\n"
"""A comment: makes a dead connection show, means nothing to the reader."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One server-sent event."""

    data: str
    event: str = "message"
    id: str = ""
    """Where to resume; empty: no such place."""


def encode(data: object, *, event: str = "", id: str | int = "") -> bytes:  # noqa: A002 - the field's name on the wire
    """Return ``data``, as JSON, in one frame."""
    head = f"id: {id}\n" if id != "" else ""
    head += f"event: {event}\n" if event else ""
    return f"{head}data: {json.dumps(data, ensure_ascii=False)}\n\n".encode()


async def decode(lines: AsyncIterable[bytes]) -> AsyncIterator[Frame]:
    """Yield the frames that ``lines`` spell; an unfinished last one is dropped."""
    fields: dict[str, str] = {}
    async for raw in lines:
        line = raw.decode("utf-8", "replace").rstrip("\r\n")
        if not line:
            if "data" in fields:
                yield Frame(
                    data=fields["data"],
                    event=fields.get("event", "message"),
                    id=fields.get("id", ""),
                )
            fields = {}
        elif not line.startswith(":"):
            name, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if name == "data" and "data" in fields:
                value = f"{fields['data']}\n{value}"
            fields[name] = value


def resume_point(request: web.Request) -> str:
    """Return the id of the last frame the browser has seen, or an empty string.

    A reconnecting ``EventSource`` says it in ``Last-Event-ID``, a reloaded page in
    the query.
    """
    return request.headers.get("Last-Event-ID") or request.query.get("after", "")


async def open_stream(request: web.Request) -> web.StreamResponse:
    """Answer with the head of an event stream."""
    response = web.StreamResponse(
        headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
    )
    await response.prepare(request)
    await response.write(RETRY)
    return response
