"""With a key set, the bot speaks through Anthropic's API; policy decides all the same."""

import json
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.support.claude import ended, sse, start, streamed, text, tool
from tests.support.play import Play, playing, said_in

DESIGNER, CONTRACTOR = "U0MAYA", "U0NOAH"
Question = dict[str, Any]


def calling(name: str, **arguments: str) -> bytes:
    """Return a reply that calls one tool."""
    return sse(start(), *tool(0, name, json.dumps(arguments)), *ended("tool_use"))


def saying(words: str) -> bytes:
    """Return a reply that only speaks."""
    return sse(start(), *text(0, words), *ended("end_turn"))


def has_answers(question: Question) -> bool:
    """Whether the last message brings a tool's result."""
    last = question["messages"][-1]["content"]
    return any(block["type"] == "tool_result" for block in last)


@asynccontextmanager
async def speaking(
    database_url: str, home: Path, reply: Callable[[Question], bytes]
) -> AsyncGenerator[Play]:
    """Play with a model whose replies ``reply`` writes."""

    async def answer(request: web.Request) -> web.StreamResponse:
        return await streamed(reply(await request.json()))(request)

    app = web.Application()
    app.router.add_post("/v1/messages", answer)
    server = TestServer(app)
    await server.start_server()
    try:
        extra = {
            "ANTHROPIC_API_KEY": "sk-ant-test",
            "ANTHROPIC_BASE_URL": str(server.make_url("")).rstrip("/"),
        }
        async with playing(database_url, home, extra=extra) as play:
            yield play
    finally:
        await server.close()


async def test_a_reply_streams_through_the_whole_bot(
    database_url: str, tmp_path: Path
) -> None:
    def reply(question: Question) -> bytes:
        if has_answers(question):
            return saying("Install the **client** and sign in.")
        return calling("search_knowledge", query="VPN")

    async with speaking(database_url, tmp_path, reply) as play:
        await play.say_in_slack(DESIGNER, "How do I connect to the VPN?")
        await play.ended()
        [message] = play.bot_in_slack(DESIGNER)
        assert "Install the **client**" in said_in(message)
        assert "Connecting to the VPN" in said_in(message)
        assert "no language model" not in said_in(message)


async def test_a_hostile_model_cannot_reset_somebody_elses_password(
    database_url: str, tmp_path: Path
) -> None:
    def reply(question: Question) -> bytes:
        if has_answers(question):
            return saying("All done, I have reset it.")
        return calling("reset_password", person="Elena Sato")

    async with speaking(database_url, tmp_path, reply) as play:
        await play.say_in_slack(DESIGNER, "Reset the password of Elena Sato")
        await play.ended()
        assert not await play.rows("SELECT 1 FROM password_reset")
        [message] = play.bot_in_slack(DESIGNER)
        assert "your own password" in said_in(message)


async def test_a_hostile_model_cannot_grant_what_policy_denies(
    database_url: str, tmp_path: Path
) -> None:
    def reply(question: Question) -> bytes:
        if has_answers(question):
            return saying("Access granted!")
        return calling("grant_access", resource="repo/payments-core", grant="write")

    async with speaking(database_url, tmp_path, reply) as play:
        await play.say_in_slack(CONTRACTOR, "give me access to payments-core")
        await play.ended()
        assert not await play.rows("SELECT 1 FROM access_grant")
        denied = await play.rows("SELECT 1 FROM turn_event WHERE type = 'tool.denied'")
        assert denied


async def test_a_model_that_is_away_ends_the_turn_honestly(
    database_url: str, tmp_path: Path
) -> None:
    def reply(_question: Question) -> bytes:
        return b'event: error\ndata: {"type":"error","error":{"type":"invalid_request_error","message":"no"}}\n\n'

    async with speaking(database_url, tmp_path, reply) as play:
        await play.say_in_slack(DESIGNER, "How do I connect to the VPN?")
        await play.ended()
        [message] = play.bot_in_slack(DESIGNER)
        assert "language model" in said_in(message)
        assert [r[0] for r in await play.rows("SELECT status FROM turn")] == ["failed"]
