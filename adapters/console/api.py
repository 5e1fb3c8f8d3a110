"""The console's API: turns, their events live, and how delivery is doing.

Read only. Every request carries the operator's bearer token; without a configured
token the routes do not exist.
"""

import asyncio
import hmac
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

from aiohttp import web

from bot.ports.journal import Journal, TurnRow
from bot.protocol.events import Recorded, UnknownEvent
from bot.protocol.ids import TurnId

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_DIGITS = 18
"""Of the longest number that surely is a ``bigint``."""
_STREAMS: web.AppKey[set["asyncio.Task[Any]"]] = web.AppKey("console_streams")

KEEP_ALIVE = b": still here\n\n"


def add_console(
    application: web.Application,
    journal: Journal,
    pacing: Callable[[], Mapping[str, Any]],
    *,
    token: str,
) -> None:
    """Add the console's routes; none without a ``token``.

    Args:
        application: Where to.
        journal: The log.
        pacing: Returns what has been sent and saved, and what is left, as JSON.
        token: What requests must carry as ``Authorization: Bearer``.
    """
    if not token:
        return
    application[_STREAMS] = set()
    application.on_shutdown.append(_end_streams)
    guard = _guard(token)

    async def turns(_request: web.Request) -> web.Response:
        rows = await journal.turns(limit=50)
        return web.json_response([_row(row) for row in rows])

    async def events(request: web.Request) -> web.StreamResponse:
        turn_id = TurnId(request.match_info["turn_id"])
        stream = await _open(request)
        async for recorded in journal.follow(turn_id, after=_after(request)):
            await stream.write(_sse(str(recorded.seq), recorded.model_dump_json()))
        return stream

    async def feed(request: web.Request) -> web.StreamResponse:
        stream = await _open(request)
        async for recorded in _everything(journal, request):
            identity = f"{recorded.turn_id}:{recorded.seq}"
            await stream.write(_sse(identity, _brief(recorded)))
        return stream

    async def levels(_request: web.Request) -> web.Response:
        return web.json_response(dict(pacing()))

    application.add_routes(
        [
            web.get("/console/api/turns", guard(turns)),
            web.get("/console/api/turns/{turn_id}/events", guard(events)),
            web.get("/console/api/feed", guard(feed)),
            web.get("/console/api/pacing", guard(levels)),
        ]
    )


def _guard(token: str) -> Callable[[Handler], Handler]:
    wanted = f"Bearer {token}".encode()

    def guard(handler: Handler) -> Handler:
        async def guarded(request: web.Request) -> web.StreamResponse:
            header = request.headers.get("Authorization", "")
            given = header.encode(errors="surrogateescape")
            if not hmac.compare_digest(given, wanted):
                raise web.HTTPUnauthorized(text="The console needs its bearer token.\n")
            return await handler(request)

        return guarded

    return guard


async def _end_streams(application: web.Application) -> None:
    """End what readers follow: a shutdown need not wait for them, and they resume."""
    for task in application[_STREAMS]:
        task.cancel()


async def _open(request: web.Request) -> web.StreamResponse:
    task = asyncio.current_task()
    assert task is not None, "a handler runs in a task"
    streams = request.app[_STREAMS]
    streams.add(task)
    task.add_done_callback(streams.discard)
    stream = web.StreamResponse(
        headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
    )
    await stream.prepare(request)
    await stream.write(KEEP_ALIVE)
    return stream


def _after(request: web.Request) -> int:
    given = request.headers.get("Last-Event-ID", request.query.get("after", "0"))
    return _number(given)


def _number(text: str) -> int:
    """Return an event's number; 0 for what is none that Postgres could have given."""
    return int(text) if text.isdecimal() and len(text) <= _DIGITS else 0


async def _everything(
    journal: Journal, request: web.Request
) -> AsyncIterator[Recorded]:
    """Yield new events of all turns; a reader that comes back catches up by turn.

    ``Last-Event-ID`` is ``turn:seq``; that turn is continued from there. Events of
    other turns in between are in their turns' own streams.
    """
    turn, _, seq = request.headers.get("Last-Event-ID", "").rpartition(":")
    seen = _number(seq)
    live = journal.follow_all()
    if turn and seen:
        for recorded in await journal.events(TurnId(turn), after=seen):
            seen = recorded.seq
            yield recorded
    async for recorded in live:
        if recorded.turn_id != turn or recorded.seq > seen:
            yield recorded


def _sse(identity: str, data: str) -> bytes:
    return f"id: {identity}\ndata: {data}\n\n".encode()


def _brief(recorded: Recorded) -> str:
    return json.dumps(
        {
            "turn_id": recorded.turn_id,
            "seq": recorded.seq,
            "type": recorded.event.type,
            "summary": _summary(recorded),
            "at": recorded.at.isoformat(),
        }
    )


def _summary(recorded: Recorded) -> str:
    event = recorded.event
    if isinstance(event, UnknownEvent):
        return "of a newer release"
    named = event.model_dump(
        include={"title", "text", "subject", "verdict", "by_name", "agent", "outcome"}
    )
    return " · ".join(str(value) for value in named.values() if value)[:120]


def _row(row: TurnRow) -> dict[str, str | int]:
    return {
        "turn_id": row.turn_id,
        "requester": row.requester,
        "text": row.text,
        "status": row.status,
        "last_seq": row.last_seq,
        "started_at": row.started_at.isoformat(),
        "updated_at": row.updated_at.isoformat(),
    }
