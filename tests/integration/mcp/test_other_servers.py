"""Servers that are not ours: one of a registry, an older and odd one, and a closed door."""

import asyncio
import sys

from aiohttp import web
from aiohttp.test_utils import TestServer
from mcp_types import CallToolResult

from bot.company.servers import McpServer
from bot.ports.agent import NeedsApproval
from tests.support.houses import attached, desk_with

TIME = McpServer.model_validate(
    {
        "command": sys.executable,
        "args": ("-m", "mcp_server_time", "--local-timezone", "UTC"),
        "tools": {
            "get_current_time": {
                "effect": "read",
                "approval": "none",
                "step": "look at the clock in {timezone}",
                "phrases": ["what time is it in {timezone}"],
            }
        },
    }
)
OLD = McpServer(command=sys.executable, args=("-m", "tests.support.mcp_old_house"))


async def test_a_server_from_a_registry_answers_a_person_offline():
    async with attached({"clock": TIME}, {}) as found:
        desk = desk_with(found)
        told = await desk.say("What time is it in Europe/Madrid?")
        assert told.calls == [("clock__get_current_time", "done")]
        assert "Look at the clock in Europe/Madrid." in told.text
        assert "clock.get_current_time answered: " in told.text
        assert "timezone: Europe/Madrid, datetime: 20" in told.text
        told = await desk.say("what time is it in Atlantis")
        assert "did not work" in told.text
        assert "Invalid timezone" in told.text
        wanted = await desk.agents.rule(
            desk.call(
                "clock__convert_time",
                {
                    "source_timezone": "Europe/Madrid",
                    "time": "12:00",
                    "target_timezone": "Asia/Tokyo",
                },
            )
        )
        assert isinstance(wanted, NeedsApproval)  # nobody said that it only reads


async def test_a_tool_that_only_a_specialist_has_is_handed_over():
    said = TIME.tools["get_current_time"].model_copy(update={"agents": ("hardware",)})
    clock = TIME.model_copy(update={"tools": {"get_current_time": said}})
    async with attached({"clock": clock}, {}) as found:
        told = await desk_with(found).say("What time is it in Europe/Madrid?")
        assert told.agents == ["coordinator", "hardware"]
        assert told.names == ["ask_hardware", "clock__get_current_time"]
        assert "timezone: Europe/Madrid" in told.text


async def test_a_tool_that_is_not_there_is_said_to_be_away():
    clock = TIME.model_copy(update={"command": "/nowhere/at-all"})
    async with attached({"clock": clock}, {}) as found:
        told = await desk_with(found).say("What time is it in Europe/Madrid?")
    assert told.calls == []
    assert "clock.get_current_time" in told.text
    assert "not there right now" in told.text


async def test_a_server_of_the_older_kind_is_used_and_its_odd_tools_are_left_out():
    async with attached({"old": OLD}, {}) as found:
        [connection] = found.connections
        offers = connection.listing.offers
        assert list(offers) == ["old__look", "old__grow", "old__wordy"]
        assert len(offers["old__wordy"].description) == 1_000
        assert [problem.split(":")[0] for problem in connection.listing.problems] == [
            "old.twin is left out",
            "old.far is left out",
            "old.odd is left out",
        ]
        desk = desk_with(found)
        spec = desk.agents.spec("old__look")
        assert spec is not None and spec.effect == "once"  # hints are not read
        look = offers["old__look"]
        answer = await connection.call(look, {}, key="k", effect="once", timeout=9)
        assert isinstance(answer, CallToolResult)


async def test_an_older_server_that_babbles_and_grows_is_read_again():
    async with attached({"old": OLD}, {}) as found:
        [connection] = found.connections
        grow = connection.listing.offers["old__grow"]
        answer = await connection.call(grow, {}, key="k", effect="read", timeout=9)
        assert isinstance(answer, CallToolResult)
        async with asyncio.timeout(20):
            while "old__grown" not in connection.listing.offers:
                await connection._listed.wait()
                connection._listed.clear()


async def test_a_door_that_stays_shut_is_named_with_its_status():
    asked: list[str] = []

    async def refuse(request: web.Request) -> web.Response:
        asked.append(request.headers.get("X-Rooms-Key", ""))
        return web.Response(status=401)

    app = web.Application()
    app.router.add_route("*", "/mcp", refuse)
    server = TestServer(app)
    await server.start_server()
    rooms = McpServer(
        url=str(server.make_url("/mcp")), header="X-Rooms-Key", token_env="ROOMS_KEY"
    )
    async with attached({"rooms": rooms}, {"ROOMS_KEY": "sesame"}) as found:
        [connection] = found.connections
        assert connection.problem == "it answered with HTTP status 401"
    await server.close()
    assert set(asked) == {"sesame"}
