"""A bot whose model is a local server that speaks Anthropic's API."""

import json
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeAlias

from aiohttp import web
from aiohttp.test_utils import TestServer

from adapters.simulator.stage import SAMPLE_COMPANY
from tests.support.claude import Answering, ended, sse, start, streamed, text, tool
from tests.support.play import Play, playing

Question: TypeAlias = dict[str, Any]
"""What the API is asked."""


def calling(name: str, **arguments: str) -> bytes:
    """Return a reply that calls one tool."""
    return calls((name, arguments))


def calls(*wanted: tuple[str, Mapping[str, str]]) -> bytes:
    """Return a reply that calls tools, all at once."""
    blocks = [
        event
        for number, (name, arguments) in enumerate(wanted)
        for event in tool(number, name, json.dumps(dict(arguments)))
    ]
    return sse(start(), *blocks, *ended("tool_use"))


def saying(words: str) -> bytes:
    """Return a reply that only speaks."""
    return sse(start(), *text(0, words), *ended("end_turn"))


def has_answers(question: Question) -> bool:
    """Whether the last message brings a tool's result."""
    last = question["messages"][-1]["content"]
    return any(block["type"] == "tool_result" for block in last)


@asynccontextmanager
async def speaking(
    database_url: str,
    home: Path,
    reply: Callable[[Question], bytes | Answering],
    company_file: Path = SAMPLE_COMPANY,
    /,
    **more: str,
) -> AsyncGenerator[Play]:
    """Play with a model whose replies ``reply`` writes; ``more`` are settings."""

    async def answer(request: web.Request) -> web.StreamResponse:
        said = reply(await request.json())
        answering = streamed(said) if isinstance(said, bytes) else said
        return await answering(request)

    app = web.Application()
    app.router.add_post("/v1/messages", answer)
    server = TestServer(app)
    await server.start_server()
    try:
        extra = {
            "ANTHROPIC_API_KEY": "sk-ant-test",
            "ANTHROPIC_BASE_URL": str(server.make_url("")).rstrip("/"),
            **more,
        }
        async with playing(
            database_url, home, extra=extra, company_file=company_file
        ) as play:
            yield play
    finally:
        await server.close()
