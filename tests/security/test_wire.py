"""Requests that no client library would make, sent byte by byte."""

import asyncio
import base64
from urllib.parse import urlsplit

import pytest

from tests.support.play import Play

NOT_TEXT = b"\xff\xfe\x80"
NESTED = base64.urlsafe_b64encode(b"[" * 2900 + b"]" * 2900).rstrip(b"=")


async def ask(port: int, head: bytes, body: bytes = b"") -> tuple[int, bytes]:
    """Send a request as it is; return status and what was answered."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        lines = [head, b"Connection: close", b"Content-Length: %d" % len(body)]
        writer.write(b"\r\n".join([*lines, b"", body]))
        await writer.drain()
        async with asyncio.timeout(10):
            answer = await reader.read(200_000)
    finally:
        writer.close()
    return int(answer.split(maxsplit=2)[1]), answer


@pytest.mark.parametrize(
    "head",
    [
        b"POST /api/messages HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s.a.b",
        b"POST /slack/events HTTP/1.1\r\nHost: x\r\nX-Slack-Signature: %s",
        b"GET /console/api/turns HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s",
    ],
    ids=["Teams", "Slack", "console"],
)
async def test_a_secret_that_is_no_text_or_a_trap_is_a_wrong_secret(
    play: Play, head: bytes
) -> None:
    for secret in (NOT_TEXT, NESTED):
        status, _ = await ask(play.stage.bot_port, head % secret)
        assert status == 401


@pytest.mark.parametrize(
    "path",
    ["/", "/demo/api/state", "/demo/api/feed", "/demo/api/turns/feed", "/demo/page/x"],
)
async def test_the_demo_page_answers_only_under_a_name_of_this_machine(
    play: Play, path: str
) -> None:
    """A web site whose name is made to point here would read all there is."""
    port = urlsplit(play.stage.url).port or 0
    get = f"GET {path} HTTP/1.1\r\nHost: rebound.example:{port}".encode()
    status, answer = await ask(port, get)
    assert status == 403
    assert b"maya" not in answer.lower()


@pytest.mark.parametrize("named", ["127.0.0.1", "localhost", "[::1]"])
async def test_the_demo_page_takes_orders_only_under_a_name_of_this_machine(
    play: Play, named: str
) -> None:
    port = urlsplit(play.stage.url).port or 0
    body = b'{"user": "U0MAYA", "channel": "nowhere", "text": "hello"}'

    def order(host: str) -> bytes:
        lines = (
            "POST /demo/api/slack/say HTTP/1.1",
            f"Host: {host}:{port}",
            f"Origin: http://{host}:{port}",
            "Content-Type: application/json",
        )
        return "\r\n".join(lines).encode()

    status, answer = await ask(port, order("rebound.example"), body)
    assert status == 403, answer
    status, answer = await ask(port, order(named), body)
    assert status != 403, answer
