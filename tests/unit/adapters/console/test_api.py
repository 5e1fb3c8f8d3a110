"""The console's API over HTTP: a token, the list, and streams that lose nothing."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest
from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.console.api import add_console
from bot.clock import SystemClock
from bot.engine.journal import StoredJournal
from bot.engine.log import LogWriter
from bot.engine.telemetry import Telemetry
from bot.protocol import events as ev
from bot.protocol.events import TurnEvent
from bot.protocol.ids import ItemId, TurnId
from bot.store.conversations import Claim
from bot.store.engine import begin
from bot.store.log import set_turn_status
from bot.store.postgres import PostgresStore
from tests.support.store import NOW, own, start

TOKEN = "a token of more than sixteen"
ASKED = {"Authorization": f"Bearer {TOKEN}"}
ROUTES = ("turns", "turns/t/events", "feed", "pacing")


def words(number: int) -> ev.ItemAppended:
    return ev.ItemAppended(item_id=ItemId("t"), text=f"word {number}")


@dataclass(slots=True)
class Desk:
    """The console on a log that a test writes."""

    client: TestClient[web.Request, web.Application]
    engine: AsyncEngine
    writer: LogWriter
    claim: Claim
    turn: TurnId
    seq: int = 0

    async def tell(self, *events: TurnEvent, turn: TurnId | None = None) -> None:
        """Commit events of the turn."""
        first = 1 if turn else self.seq + 1
        await self.writer.append(self.claim, turn or self.turn, events, first_seq=first)
        if turn is None:
            self.seq += len(events)

    async def end(self) -> None:
        """Let the turn end."""
        await self.tell(ev.TurnCompleted())
        async with begin(self.engine) as conn:
            await set_turn_status(conn, self.claim, self.turn, "completed", at=NOW)

    @asynccontextmanager
    async def stream(self, path: str = "", **headers: str) -> AsyncGenerator["Stream"]:
        """Open a stream of server-sent events."""
        route = path or f"turns/{self.turn}/events"
        async with self.client.get(
            f"/console/api/{route}", headers={**ASKED, **headers}
        ) as answer:
            assert answer.status == 200
            assert answer.content_type == "text/event-stream"
            yield Stream(answer)


class Stream:
    """What comes in."""

    def __init__(self, answer: ClientResponse) -> None:
        self._answer = answer

    async def next(self) -> tuple[str, Mapping[str, Any]]:
        """Return the next event's id and data."""
        async with asyncio.timeout(5):
            identity = ""
            while line := await self._answer.content.readline():
                name, _, value = line.decode().strip().partition(": ")
                if name == "id":
                    identity = value
                if name == "data":
                    return identity, json.loads(value)
        raise EOFError

    async def take(self, count: int) -> list[str]:
        """Return the ids of the next events."""
        return [(await self.next())[0] for _ in range(count)]

    async def rest(self) -> list[str]:
        """Return the ids of everything until the end."""
        found: list[str] = []
        while True:
            try:
                found.append((await self.next())[0])
            except EOFError:
                return found


@pytest.fixture
async def desk(engine: AsyncEngine) -> AsyncIterator[Desk]:
    writer = LogWriter(PostgresStore(engine), SystemClock(), Telemetry())
    journal = StoredJournal(PostgresStore(engine), writer)
    app = web.Application()
    add_console(app, journal, lambda: {"sent": 3}, token=TOKEN)
    claim = await own(engine)
    turn = await start(engine, claim, "t")
    async with asyncio.TaskGroup() as tasks, TestClient(TestServer(app)) as client:
        running = tasks.create_task(writer.run())
        yield Desk(client, engine, writer, claim, turn)
        running.cancel()


# ------------------------------------------------------------------------------ token


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize(
    "given",
    [
        {},
        {"Authorization": ""},
        {"Authorization": TOKEN},
        {"Authorization": "Bearer "},
        {"Authorization": "Bearer another"},
        {"Authorization": f"Bearer {TOKEN}x"},
        {"Authorization": f"Basic {TOKEN}"},
        {"Authorization": "Bearer \udcff"},
        {"Cookie": f"token={TOKEN}"},
    ],
    ids=str,
)
async def test_nothing_is_told_without_the_token(
    desk: Desk, route: str, given: Mapping[str, str]
) -> None:
    await desk.tell(words(1))
    async with desk.client.get(f"/console/api/{route}", headers=given) as answer:
        assert answer.status == 401
        assert "word" not in await answer.text()


@pytest.mark.parametrize("route", ROUTES)
async def test_the_token_does_not_go_into_the_address(desk: Desk, route: str) -> None:
    async with desk.client.get(f"/console/api/{route}?token={TOKEN}") as answer:
        assert answer.status == 401


def test_without_a_token_there_is_no_console(engine: AsyncEngine) -> None:
    app = web.Application()
    add_console(app, StoredJournal(PostgresStore(engine)), dict, token="")
    assert not list(app.router.routes())


async def test_a_shutdown_does_not_wait_for_readers(desk: Desk) -> None:
    answer = await desk.client.get("/console/api/feed", headers=ASKED)
    await answer.content.readline()
    app = desk.client.app
    assert app is not None
    await app.shutdown()
    async with asyncio.timeout(10):
        with suppress(aiohttp.ClientError):
            await answer.content.read()  # ends, however


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
async def test_the_console_only_reads(desk: Desk, method: str) -> None:
    for route in ROUTES:
        path = f"/console/api/{route}"
        async with desk.client.request(method, path, headers=ASKED) as answer:
            assert answer.status == 405


# ------------------------------------------------------------------------------ lists


async def test_turns_are_listed_newest_first(desk: Desk) -> None:
    other = await start(desk.engine, desk.claim, "u")
    await desk.tell(words(1))
    await desk.tell(words(1), turn=other)
    async with desk.client.get("/console/api/turns", headers=ASKED) as answer:
        rows: Sequence[Mapping[str, Any]] = await answer.json()
    assert [row["turn_id"] for row in rows] == ["u", "t"]
    assert rows[1]["requester"] == "Maya"
    assert (rows[1]["text"], rows[1]["status"]) == ("hello", "running")
    assert rows[1]["last_seq"] == 1


async def test_pacing_is_what_delivery_says(desk: Desk) -> None:
    async with desk.client.get("/console/api/pacing", headers=ASKED) as answer:
        assert await answer.json() == {"sent": 3}


# ---------------------------------------------------------------------------- streams


async def test_a_turn_is_streamed_from_its_beginning_to_its_end(desk: Desk) -> None:
    await desk.tell(words(1), words(2))
    async with desk.stream() as stream:
        identity, data = await stream.next()
        assert identity == "1"
        assert (data["seq"], data["turn_id"]) == (1, "t")
        assert data["event"] == {
            "v": 1,
            "type": "item.appended",
            "item_id": "t",
            "text": "word 1",
        }
        assert await stream.take(1) == ["2"]
        await desk.tell(words(3))
        assert await stream.take(1) == ["3"]
        await desk.end()
        assert await stream.rest() == ["4"]


async def test_a_reader_that_comes_back_loses_and_doubles_nothing(desk: Desk) -> None:
    """It leaves after every few events, while they go on."""
    total, seen, after = 60, list[str](), ""

    async def write() -> None:
        for number in range(total):
            await desk.tell(words(number))
        await desk.end()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(write())
        while len(seen) < total + 1:
            headers = {"Last-Event-ID": after} if after else {}
            async with desk.stream(**headers) as stream:
                left = total + 1 - len(seen)
                seen += await stream.take(min(7, left))
            after = seen[-1]
    assert seen == [str(n) for n in range(1, total + 2)]


async def test_readers_do_not_disturb_each_other(desk: Desk) -> None:
    await desk.tell(words(1))
    async with desk.stream() as one, desk.stream(**{"Last-Event-ID": "1"}) as two:
        await desk.tell(words(2))
        await desk.end()
        assert await one.rest() == ["1", "2", "3"]
        assert await two.rest() == ["2", "3"]


async def test_a_page_that_is_reloaded_says_where_it_was_in_the_address(
    desk: Desk,
) -> None:
    await desk.tell(words(1), words(2))
    await desk.end()
    async with desk.stream(f"turns/{desk.turn}/events?after=2") as stream:
        assert await stream.rest() == ["3"]


@pytest.mark.parametrize("after", ["", "x", "-1", "1.5", "1e3", "9" * 30])
async def test_a_place_that_is_none_does_no_harm(desk: Desk, after: str) -> None:
    await desk.tell(words(1))
    await desk.end()
    async with desk.stream(**{"Last-Event-ID": after}) as stream:
        assert await stream.rest() in (["1", "2"], [])


async def test_who_has_seen_the_end_is_not_kept_waiting(desk: Desk) -> None:
    await desk.tell(words(1))
    await desk.end()
    async with desk.stream(**{"Last-Event-ID": "2"}) as stream:
        assert await stream.rest() == []


async def test_a_turn_that_is_not_there_has_no_stream(desk: Desk) -> None:
    path = "/console/api/turns/unknown/events"
    async with desk.client.get(path, headers=ASKED) as answer:
        assert answer.status == 200
        async with asyncio.timeout(5):
            assert b"data:" not in await answer.read()


async def test_what_another_replica_commits_is_seen_too(desk: Desk) -> None:
    await desk.tell(words(1))
    other = LogWriter(PostgresStore(desk.engine), SystemClock(), Telemetry())
    async with desk.stream() as stream, asyncio.TaskGroup() as tasks:
        running = tasks.create_task(other.run())
        assert await stream.take(1) == ["1"]
        await other.append(desk.claim, desk.turn, [words(2)], first_seq=2)
        assert await stream.take(1) == ["2"]
        running.cancel()


# ------------------------------------------------------------------------------- feed


async def test_the_feed_tells_of_all_turns(desk: Desk) -> None:
    other = await start(desk.engine, desk.claim, "u")
    async with desk.stream("feed") as stream:
        await desk.tell(words(1))
        await desk.tell(words(1), turn=other)
        identity, data = await stream.next()
        assert identity == "t:1"
        assert (data["type"], data["summary"]) == ("item.appended", "word 1")
        assert await stream.take(1) == ["u:1"]


async def test_the_feed_continues_the_turn_it_was_left_in(desk: Desk) -> None:
    await desk.tell(words(1), words(2), words(3))
    async with desk.stream("feed", **{"Last-Event-ID": "t:1"}) as stream:
        assert await stream.take(2) == ["t:2", "t:3"]
        await desk.tell(words(4))
        assert await stream.take(1) == ["t:4"]
