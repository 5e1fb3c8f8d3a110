"""Real servers over real transports: listed, called, lost and found again."""

import asyncio
import sys
import threading
from collections.abc import Sequence

import pytest
from mcp import MCPError
from mcp_types import CallToolResult, Tool
from pydantic import JsonValue
from structlog.testing import capture_logs

from agents.mcp import connection as connection_module
from agents.mcp.connection import Connection, NotCalled
from agents.mcp.listing import Listing, Offer, listing_of
from agents.mcp.meter import Meter
from bot.company.servers import McpServer
from bot.protocol.values import Effect
from tests.support.houses import House, attached, http_house, up

BLUE: dict[str, JsonValue] = {"room": "blue"}


async def offer(connection: Connection, tool: str) -> Offer:
    found = await connection.find(f"house__{tool}")
    assert found is not None
    return found


async def use(
    connection: Connection,
    tool: str,
    arguments: dict[str, JsonValue] = BLUE,
    *,
    effect: Effect = "read",
    key: str = "k1",
) -> CallToolResult | NotCalled:
    found = await offer(connection, tool)
    return await connection.call(found, arguments, key=key, effect=effect, timeout=20)


async def test_a_program_is_listed_and_called(house: House):
    counts: list[tuple[str, object]] = []

    def count(server: str, what: object) -> None:
        counts.append((server, what))

    meter = Meter(connected=count, called=count)
    async with attached(
        {"house": house.program()}, house.environ, meter=meter
    ) as found:
        [connection] = found.connections
        offers = connection.listing.offers
        assert [o.shown for o in offers.values()] == [
            *("house.book", "house.move", "house.look", "house.album"),
            "house.rebuild",
        ]
        answer = await use(connection, "book", effect="once", key="turn-1:c1")
        assert isinstance(answer, CallToolResult)
        assert answer.structured_content == {"result": "Booked blue, number 7"}
        assert (await house.heard("book"))["key"] == "turn-1:c1"
        refused = await use(connection, "book", {"room": 7}, effect="once")
        assert isinstance(refused, CallToolResult) and refused.is_error
    assert counts == [("house", 1), ("house", "done"), ("house", "error")]


async def test_turns_go_on_while_a_list_is_looked_at(
    house: House, monkeypatch: pytest.MonkeyPatch
):
    loop, goes_on = asyncio.get_running_loop(), threading.Event()
    waited: list[bool] = []

    def slowly(name: str, server: McpServer, tools: Sequence[Tool]) -> Listing:
        loop.call_soon_threadsafe(goes_on.set)
        waited.append(goes_on.wait(5))
        return listing_of(name, server, tools)

    monkeypatch.setattr(connection_module, "listing_of", slowly)
    async with attached({"house": house.program()}, house.environ) as found:
        assert found.connections[0].listing.offers
    assert waited == [True]


async def test_a_program_gets_the_variables_that_are_named_and_no_others(
    house: House, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-secret")
    show = "import os, sys; sys.stderr.write(','.join(sorted(os.environ))); sys.exit(3)"
    server = McpServer(command=sys.executable, args=("-c", show), env=("MCP_HOUSE",))
    with capture_logs() as logs:
        async with attached({"odd": server}, house.environ) as found:
            assert not found.connections[0].connected
    [line] = {str(log["line"]) for log in logs if log["event"] == "mcp.stderr"}
    assert "MCP_HOUSE" in line
    assert "PATH" in line
    assert "SLACK" not in line
    assert "MCP_NEWS" not in line


async def test_a_server_over_http_is_listed_called_and_found_again(house: House):
    async with http_house(house) as server:
        entry = McpServer(url=server.url)
        async with attached({"house": entry}, {}) as found:
            [connection] = found.connections
            await up(connection)
            answer = await use(connection, "look")
            assert isinstance(answer, CallToolResult)
            assert answer.structured_content == {"room": "blue", "view": "sea"}
            book = await offer(connection, "book")
            await server.kill()
            away = await connection.call(
                book, BLUE, key="k1", effect="once", timeout=20
            )
            assert isinstance(away, NotCalled)
            assert away.why == "unreachable"
            await server.start()
            await house.heard("started", 2)
            await up(connection)
            assert isinstance(
                await use(connection, "book", effect="once"), CallToolResult
            )
    assert len(house.of("book")) == 1


async def test_a_read_is_made_again_when_the_server_dies_of_it(house: House):
    async with attached({"house": house.program()}, house.environ) as found:
        [connection] = found.connections
        house.tell("die-in-look")
        answer = await use(connection, "look")
    assert isinstance(answer, CallToolResult)
    first, second = house.of("look")
    assert first["pid"] != second["pid"]


async def test_an_idempotent_call_is_made_again_with_its_key(house: House):
    async with attached({"house": house.program()}, house.environ) as found:
        [connection] = found.connections
        house.tell("die-in-move")
        answer = await use(connection, "move", effect="idempotent", key="turn-1:c1")
    assert isinstance(answer, CallToolResult)
    assert [note["key"] for note in house.of("move")] == ["turn-1:c1"] * 2


async def test_what_happens_once_is_not_made_again_and_nobody_knows(house: House):
    async with attached({"house": house.program()}, house.environ) as found:
        [connection] = found.connections
        house.tell("die-in-book")
        with pytest.raises(MCPError):
            await use(connection, "book", effect="once")
        await up(connection)
        assert isinstance(await use(connection, "look"), CallToolResult)
    assert len(house.of("book")) == 1


async def test_when_nobody_is_there_after_a_lost_attempt_nobody_knows(
    house: House, monkeypatch: pytest.MonkeyPatch
):
    async with attached({"house": house.program()}, house.environ) as found:
        [connection] = found.connections
        move = await offer(connection, "move")
        look = await offer(connection, "look")
        monkeypatch.setattr("agents.mcp.connection.WAIT_SECONDS", 0.5)
        house.tell("hang-at-start")
        house.tell("die-in-move")
        with pytest.raises(MCPError):
            await connection.call(move, BLUE, key="k", effect="idempotent", timeout=20)
        away = await connection.call(look, BLUE, key="k", effect="read", timeout=20)
        assert isinstance(away, NotCalled)
        assert away.why == "unreachable"
    assert len(house.of("move")) == 1


async def test_a_tool_that_changed_after_a_lost_attempt_may_have_been_used(
    house: House,
):
    async with attached({"house": house.program()}, house.environ) as found:
        [connection] = found.connections
        house.tell("rebuilt")
        house.tell("die-in-book")
        with pytest.raises(MCPError):
            await use(connection, "book", effect="idempotent")
    assert len(house.of("book")) == 1
    assert not house.of("book_for")


async def test_a_call_that_is_given_up_is_cancelled_in_the_server(house: House):
    async with attached({"house": house.program()}, house.environ) as found:
        [connection] = found.connections
        house.tell("hang-in-book")
        async with asyncio.TaskGroup() as tasks:
            call = tasks.create_task(use(connection, "book", effect="once"))
            await house.heard("hangs")
            call.cancel()
        assert (await house.heard("cancelled"))["tool"] == "book"
        assert connection.connected


async def test_a_call_that_is_given_up_over_http_is_cancelled_too(house: House):
    async with http_house(house) as server:
        entry = McpServer(url=server.url)
        async with attached({"house": entry}, {}) as found:
            [connection] = found.connections
            await up(connection)
            house.tell("hang-in-book")
            async with asyncio.TaskGroup() as tasks:
                call = tasks.create_task(use(connection, "book", effect="once"))
                await house.heard("hangs")
                call.cancel()
            assert (await house.heard("cancelled"))["tool"] == "book"


async def test_a_slow_call_delays_no_other(house: House):
    async with attached({"house": house.program()}, house.environ) as found:
        [connection] = found.connections
        house.tell("hang-in-book")
        async with asyncio.TaskGroup() as tasks:
            slow = tasks.create_task(use(connection, "book", effect="once"))
            await house.heard("hangs")
            assert isinstance(await use(connection, "look"), CallToolResult)
            slow.cancel()


async def test_a_tool_that_becomes_another_is_noticed_and_not_used_as_the_old_one(
    house: House,
):
    async with attached({"house": house.program()}, house.environ) as found:
        [connection] = found.connections
        before = await offer(connection, "book")
        assert isinstance(await use(connection, "rebuild", {}), CallToolResult)
        answer = await connection.call(before, BLUE, key="k", effect="once", timeout=20)
        assert answer == NotCalled(why="changed")
        after = await offer(connection, "book")
        assert "for_whom" in after.schema["properties"]
        assert after.fingerprint != before.fingerprint
    assert not house.of("book") and not house.of("book_for")


async def test_servers_that_are_dead_or_hang_delay_nobody_and_no_shutdown(house: House):
    house.tell("hang-at-start")
    servers = {
        "dead": McpServer(command="/nowhere/at-all"),
        "silent": house.program(),
        "time": McpServer(command=sys.executable, args=("-m", "mcp_server_time")),
    }
    loop = asyncio.get_running_loop()
    async with attached(servers, house.environ, wait=("dead", "time")) as found:
        dead, silent, quick = found.connections
        await house.heard("started")
        assert "No such file" in dead.problem
        assert not silent.tried.is_set()
        assert [tool.name for tool in found.offered("coordinator")] == [
            *("time__get_current_time", "time__convert_time"),
        ]
        began = loop.time()
        assert await quick.find("time__convert_time")
    assert loop.time() - began < 8


async def test_a_server_without_its_token_is_never_spoken_to():
    server = McpServer(url="https://rooms.example.com/mcp", token_env="ROOMS_TOKEN")
    async with attached({"rooms": server}, {}) as found:
        [connection] = found.connections
        assert connection.problem == "ROOMS_TOKEN is not set"
