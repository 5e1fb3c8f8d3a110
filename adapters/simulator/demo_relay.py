"""The bot's own log, passed on to the demo page: each event once, in order, no gaps.

The bot may be dead at any moment (the page has a button for that): the relay then
says so, keeps the page's stream open, and goes on where it was when the bot is back.

The console's feed tells of all turns as things happen, but resumes only one of them.
So whenever a turn's next event is not the one expected, and for every unfinished turn
after a break, the relay reads that turn's own stream, which resumes exactly.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass, field
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
_STREAM: Final = aiohttp.ClientTimeout(total=None, sock_connect=2.0)
_CALL: Final = aiohttp.ClientTimeout(total=2.0)
_ENDS: Final = frozenset({"turn.completed", "turn.failed", "turn.cancelled"})
_WORDS: Final = ("title", "text", "subject", "verdict", "by_name", "agent", "outcome")
_SUMMARY_CHARACTERS: Final = 120
_TURNS_RESUMED: Final = 50
"""Ids travel in a header, whose size is limited."""


async def relay(
    response: web.StreamResponse,
    *,
    bot_url: str,
    console_token: str,
    after: str,
    clock: Clock,
) -> None:
    """Write turn events, budgets and whether the bot is up, until the page leaves.

    Frames: ``turn``, ``pacing``, ``bot``. The id of a ``turn`` frame tells all that a
    page needs to resume: ``turn:seq`` of every unfinished turn and of the last event.

    Args:
        response: The page's stream.
        bot_url: Where the console listens.
        console_token: Opens it.
        after: The last id that the page has seen, or an empty string.
        clock: For waits.
    """
    headers = {"Authorization": f"Bearer {console_token}"}
    async with aiohttp.ClientSession(bot_url, headers=headers) as session:
        follower = _Follower(
            response=response, session=session, clock=clock, seen=_places(after)
        )
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(follower.follow())
                tasks.create_task(_pass_pacing(response, session, clock))
        except* ConnectionError:
            pass  # the page has gone


def _places(text: str) -> dict[str, int]:
    """Return the last seq seen, by turn, that an id spells."""
    pairs = (place.rpartition(":") for place in text.split(","))
    return {turn: int(seq) for turn, _, seq in pairs if turn and seq.isdecimal()}


@dataclass(slots=True, kw_only=True)
class _Follower:
    """Follows every turn, over the bot's deaths."""

    response: web.StreamResponse
    session: aiohttp.ClientSession
    clock: Clock
    seen: dict[str, int]
    """The last seq written, by turn."""
    ended: set[str] = field(default_factory=set[str])
    reading: dict[str, asyncio.Task[None]] = field(
        default_factory=dict[str, asyncio.Task[None]]
    )
    """Who reads a turn's own stream, by turn."""

    async def follow(self) -> None:
        up: bool | None = None
        while True:
            async with asyncio.TaskGroup() as readers:
                async for event in self._stream("/console/api/feed"):
                    if not up:
                        up = True
                        await self._say_whether_up(up=up)
                        self._resume(self.seen, readers)
                    if event:
                        await self._hear(event, readers)
                for reader in self.reading.values():
                    reader.cancel()
            self.reading.clear()
            if up is not False:
                up = False
                await self._say_whether_up(up=up)
            await self.clock.sleep(_RETRY_SECONDS)

    async def _say_whether_up(self, *, up: bool) -> None:
        await self.response.write(sse.encode({"up": up}, event="bot"))

    def _resume(self, turns: Iterable[str], readers: asyncio.TaskGroup) -> None:
        for turn in turns:
            if turn not in self.ended and turn not in self.reading:
                self.reading[turn] = readers.create_task(self._read(turn))

    async def _hear(self, event: Mapping[str, Any], readers: asyncio.TaskGroup) -> None:
        turn = event["turn_id"]
        missed = event["seq"] - self.seen.get(turn, 0)
        if missed == 1:
            await self._write(event)
        elif missed > 1:
            self._resume([turn], readers)

    async def _read(self, turn: str) -> None:
        after = str(self.seen.get(turn, 0))
        async for event in self._stream(f"/console/api/turns/{turn}/events", after):
            if event and event["seq"] == self.seen.get(turn, 0) + 1:
                await self._write(_brief(event))
        self.reading.pop(turn, None)

    async def _write(self, event: Mapping[str, Any]) -> None:
        turn = event["turn_id"]
        # Before the first `await`: two streams may hold the same event.
        self.seen[turn] = event["seq"]
        if event["type"] in _ENDS:
            self.ended.add(turn)
        live = [item for item in self.seen.items() if item[0] not in self.ended]
        places = dict(live[-_TURNS_RESUMED:]) | {turn: event["seq"]}
        place = ",".join(f"{turn}:{seq}" for turn, seq in places.items())
        await self.response.write(sse.encode(event, event="turn", id=place))

    async def _stream(
        self, path: str, after: str = ""
    ) -> AsyncIterator[Mapping[str, Any] | None]:
        """Yield ``None`` once connected, then events; end when the bot goes away."""
        headers = {"Last-Event-ID": after} if after else {}
        try:
            async with self.session.get(
                path, headers=headers, timeout=_STREAM
            ) as answer:
                if answer.status != web.HTTPOk.status_code:
                    return
                yield None
                async for frame in sse.decode(answer.content):
                    yield json.loads(frame.data)
        except (*_NO_ANSWER, ValueError):
            return


def _brief(recorded: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return an event of a turn's own stream as the feed words it."""
    if "event" not in recorded:
        return recorded
    event: Mapping[str, Any] = recorded["event"]
    said = " · ".join(str(event[word]) for word in _WORDS if event.get(word))
    return {
        "turn_id": recorded["turn_id"],
        "seq": recorded["seq"],
        "type": event["type"],
        "summary": said[:_SUMMARY_CHARACTERS],
        "at": recorded["at"],
    }


async def _pass_pacing(
    response: web.StreamResponse, session: aiohttp.ClientSession, clock: Clock
) -> None:
    shown: Mapping[str, Any] | None = None
    while True:
        pacing = await _pacing(session)
        if pacing is not None and pacing != shown:
            shown = pacing
            await response.write(sse.encode(pacing, event="pacing"))
        else:
            await response.write(sse.KEEP_ALIVE)
        await clock.sleep(_PACING_SECONDS)


async def _pacing(session: aiohttp.ClientSession) -> Mapping[str, Any] | None:
    try:
        async with session.get("/console/api/pacing", timeout=_CALL) as answer:
            if answer.status != web.HTTPOk.status_code:
                return None
            return await answer.json()
    except (*_NO_ANSWER, ValueError):
        return None
