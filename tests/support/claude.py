"""A local server's side of Anthropic's Messages API: the real SSE, written by hand."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

Answering = Callable[[web.Request], Awaitable[web.StreamResponse]]


def sse(*events: dict[str, Any]) -> bytes:
    """Return events as the API streams them."""
    return b"".join(
        f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode()
        for event in events
    )


def start(**usage: int) -> dict[str, Any]:
    """Return the first event of a message."""
    message: dict[str, Any] = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-test",
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {"input_tokens": 25, "output_tokens": 1, **usage},
    }
    return {"type": "message_start", "message": message}


def opened(index: int, **block: object) -> dict[str, Any]:
    """Return the event that opens a content block."""
    return {"type": "content_block_start", "index": index, "content_block": block}


def delta(index: int, **change: object) -> dict[str, Any]:
    """Return the event that adds to a content block."""
    return {"type": "content_block_delta", "index": index, "delta": change}


def closed(index: int) -> dict[str, Any]:
    """Return the event that closes a content block."""
    return {"type": "content_block_stop", "index": index}


def ended(reason: str, tokens: int = 15) -> list[dict[str, Any]]:
    """Return the last events of a message."""
    change = {"stop_reason": reason, "stop_sequence": None}
    usage = {"output_tokens": tokens}
    return [
        {"type": "message_delta", "delta": change, "usage": usage},
        {"type": "message_stop"},
    ]


def text(index: int, *pieces: str) -> list[dict[str, Any]]:
    """Return the events of a text block."""
    grown = [delta(index, type="text_delta", text=piece) for piece in pieces]
    return [opened(index, type="text", text=""), *grown, closed(index)]


def tool(index: int, name: str, *pieces: str) -> list[dict[str, Any]]:
    """Return the events of a tool call."""
    grown = [delta(index, type="input_json_delta", partial_json=p) for p in pieces]
    head = opened(index, type="tool_use", id=f"toolu_{index}", name=name, input={})
    return [head, *grown, closed(index)]


def streamed(*chunks: bytes, hang_up: bool = False, status: int = 200) -> Answering:
    """Return a handler that streams these bytes."""

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(
            status=status, headers={"content-type": "text/event-stream"}
        )
        response.enable_chunked_encoding()
        await response.prepare(request)
        for chunk in chunks:
            await response.write(chunk)
        if hang_up:
            assert request.transport
            request.transport.abort()
        return response

    return answer


def refused(status: int, kind: str, **headers: str) -> Answering:
    """Return a handler that refuses."""

    async def answer(request: web.Request) -> web.StreamResponse:
        del request
        body = {"type": "error", "error": {"type": kind, "message": kind}}
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return web.json_response(body, status=status, headers=named)

    return answer
