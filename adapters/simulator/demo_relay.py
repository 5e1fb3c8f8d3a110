"""The bot's own feed, passed on to the demo page.

The bot may be dead at any moment (the page has a button for that): the relay then
says so, keeps the page's stream open, and resumes where it was when the bot is back.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

import aiohttp
from aiohttp import web

from adapters.simulator import sse
from bot.clock import Clock

_RETRY_SECONDS: Final = 0.4
"""Between attempts to reach a bot that is down."""
_PACING_SECONDS: Final = 1.0
"""Between looks at the lanes' budgets."""
_NO_ANSWER: Final = (aiohttp.ClientError, TimeoutError, OSError)
_FEED_TIMEOUT: Final = aiohttp.ClientTimeout(total=None, sock_connect=2.0)
_PACING_TIMEOUT: Final = aiohttp.ClientTimeout(total=2.0)


async def relay(
    response: web.StreamResponse,
    *,
    bot_url: str,
    console_token: str,
    after: str,
    clock: Clock,
) -> None:
    """Write turn events, budgets and whether the bot is up, until the page leaves.

    Frames: ``turn`` (with the console's ids, to resume from), ``pacing``, ``bot``.
    """
    headers = {"Authorization": f"Bearer {console_token}"}
    async with aiohttp.ClientSession(headers=headers) as session:
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(_pass_turns(response, session, bot_url, after, clock))
                tasks.create_task(_pass_pacing(response, session, bot_url, clock))
        except* ConnectionError:
            pass  # the page has gone


async def _pass_turns(
    response: web.StreamResponse,
    session: aiohttp.ClientSession,
    bot_url: str,
    after: str,
    clock: Clock,
) -> None:
    up: bool | None = None
    while True:
        async for frame in _feed(session, bot_url, after):
            if up is not True:
                up = True
                await response.write(sse.encode({"up": True}, event="bot"))
            if frame is not None:
                after = frame.id or after
                await _pass_turn(response, frame)
        if up is not False:
            up = False
            await response.write(sse.encode({"up": False}, event="bot"))
        await clock.sleep(_RETRY_SECONDS)


async def _pass_turn(response: web.StreamResponse, frame: sse.Frame) -> None:
    try:
        body: object = json.loads(frame.data)
    except ValueError:
        return  # not ours to judge; the console page shows it
    await response.write(sse.encode(body, event="turn", id=frame.id))


async def _feed(
    session: aiohttp.ClientSession, bot_url: str, after: str
) -> AsyncIterator[sse.Frame | None]:
    """Yield ``None`` once connected, then frames; end when the bot goes away."""
    headers = {"Last-Event-ID": after} if after else {}
    try:
        async with session.get(
            f"{bot_url}/console/api/feed", headers=headers, timeout=_FEED_TIMEOUT
        ) as answer:
            if answer.status != web.HTTPOk.status_code:
                return
            yield None
            async for frame in sse.decode(answer.content):
                yield frame
    except _NO_ANSWER:
        return


async def _pass_pacing(
    response: web.StreamResponse,
    session: aiohttp.ClientSession,
    bot_url: str,
    clock: Clock,
) -> None:
    shown: Mapping[str, Any] | None = None
    while True:
        pacing = await _pacing(session, bot_url)
        if pacing is not None and pacing != shown:
            shown = pacing
            await response.write(sse.encode(pacing, event="pacing"))
        else:
            await response.write(sse.KEEP_ALIVE)
        await clock.sleep(_PACING_SECONDS)


async def _pacing(
    session: aiohttp.ClientSession, bot_url: str
) -> Mapping[str, Any] | None:
    try:
        async with session.get(
            f"{bot_url}/console/api/pacing", timeout=_PACING_TIMEOUT
        ) as answer:
            if answer.status != web.HTTPOk.status_code:
                return None
            return await answer.json()
    except (*_NO_ANSWER, ValueError):
        return None
