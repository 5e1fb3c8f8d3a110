"""What the company file makes of a server's tools, whatever a model or server says."""

from dataclasses import replace

from pydantic import JsonValue

from bot.company.entries import StageRule
from bot.company.servers import McpServer
from bot.ports.agent import Allowed, NeedsApproval, Refused, Ruling
from tests.support.agent_turns import Desk
from tests.support.houses import House, attached, desk_with

BLUE: dict[str, JsonValue] = {"room": "blue"}
SECURITY = StageRule(by="group:security", within=3600.0)


async def rule(desk: Desk, tool: str, arguments: dict[str, JsonValue]) -> Ruling:
    return await desk.agents.rule(desk.call(f"house__{tool}", arguments))


async def test_a_tool_of_which_nothing_is_said_asks_the_manager_for_exactly_this(
    house: House,
):
    server = house.program(tools={"book": {"step": "book the room {room}"}})
    async with attached({"house": server}, house.environ) as servers:
        desk = desk_with(servers)
        spec = desk.agents.spec("house__book")
        assert spec is not None and spec.effect == "once"
        ruling = await rule(desk, "book", BLUE)
        assert isinstance(ruling, NeedsApproval)
        assert ruling.subject == "Book the room blue for Maya Chen"
        assert ruling.policy == "house.book"
        assert [a.name for a in ruling.stages[0].approvers] == ["Priya Nair"]
        assert [(f.label, f.value) for f in ruling.facts] == [
            ("Requested by", "Maya Chen (Product designer, Design)"),
            ("System", "house.book (MCP)"),
            ("room", "blue"),
        ]
        others = [
            await rule(desk, "book", {"room": "red"}),
            await rule(desk, "book", {"room": "blue", "nights": 1}),
            await rule(desk_with(servers, "omar.haddad"), "book", BLUE),
        ]
        hashes = {r.args_hash for r in others if isinstance(r, NeedsApproval)}
        assert len(hashes | {ruling.args_hash}) == 4


async def test_nobody_to_ask_means_no(house: House):
    servers = {
        "house": house.program(),
        "safe": house.program(approval=[SECURITY.model_copy(update={"need": 9})]),
    }
    async with attached(servers, house.environ) as found:
        company = desk_with(found).records.company
        boss = next(p.id for p in company.people if p.manager is None)
        for desk, tool in (
            (desk_with(found, boss), "house__book"),
            (desk_with(found), "safe__book"),
        ):
            ruling = await desk.agents.rule(desk.call(tool, BLUE))
            assert isinstance(ruling, Refused)
            assert "there is nobody" in ruling.reason
        stranger = desk_with(found, "")
        assert isinstance(await rule(stranger, "book", BLUE), Refused)


async def test_the_company_file_says_which_tools_run_are_denied_and_are_offered(
    house: House,
):
    said = {
        "look": {"effect": "read", "approval": "none", "agents": ["hardware"]},
        "book": {"approval": "deny"},
        "move": {"approval": [SECURITY.model_dump()]},
    }
    async with attached({"house": house.program(tools=said)}, house.environ) as found:
        desk = desk_with(found)
        names = {
            a: [t.name for t in found.offered(a)] for a in ("coordinator", "hardware")
        }
        assert names["hardware"] == ["house__look"]
        assert names["coordinator"] == ["house__move", "house__album", "house__rebuild"]
        assert await rule(desk, "look", BLUE) == Allowed(policy="house.look")
        denied = await rule(desk, "book", BLUE)
        assert isinstance(denied, Refused)
        assert "does not allow house.book" in denied.reason
        moved = await rule(desk, "move", BLUE)
        assert isinstance(moved, NeedsApproval)
        assert moved.stages[0].label == "group:security"


WRONG: list[tuple[dict[str, JsonValue], str]] = [
    ({}, "'room' is a required property"),
    ({"room": 7}, "7 is not of type 'string'"),
    ({"room": "x" * 2_000}, "too long to be shown"),
]


async def test_arguments_that_do_not_fit_are_refused_before_anybody_is_asked(
    house: House,
):
    async with attached({"house": house.program()}, house.environ) as found:
        desk = desk_with(found)
        for arguments, why in WRONG:
            ruling = await rule(desk, "book", arguments)
            assert isinstance(ruling, Refused)
            assert why in ruling.reason
            title = desk.agents.title("house__book", arguments)
            assert title in {"House book", "House.book"}


async def test_what_was_approved_runs_and_what_became_another_does_not(house: House):
    async with attached({"house": house.program()}, house.environ) as found:
        desk = desk_with(found)
        call = desk.call("house__book", BLUE)
        ruling = await desk.agents.rule(call)
        assert isinstance(ruling, NeedsApproval)
        approved = replace(call, approved=ruling.args_hash)
        result = await desk.agents.run(approved)
        assert result.outcome == "done"
        assert (await house.heard("book"))["key"] == call.key
        again = desk.call("house__book", BLUE, call_id="c2")
        rebuild = desk.call("house__rebuild", {}, call_id="c3")
        assert (await desk.agents.run(rebuild)).outcome == "done"
        late = replace(again, approved=ruling.args_hash)
        refused = await desk.agents.run(late)
        assert refused.outcome == "failed"
        assert "has changed since this was approved" in str(refused.content)
        other = replace(desk.call("house__book", {"room": "red"}), approved="0" * 64)
        assert (await desk.agents.run(other)).outcome == "failed"
    assert len(house.of("book")) == 1


async def test_a_tool_is_another_after_a_restart_and_does_not_run_either(house: House):
    async with attached({"house": house.program()}, house.environ) as found:
        desk = desk_with(found)
        ruling = await rule(desk, "book", BLUE)
        assert isinstance(ruling, NeedsApproval)
    house.tell("rebuilt")
    async with attached({"house": house.program()}, house.environ) as found:
        desk = desk_with(found)
        arguments: dict[str, JsonValue] = {**BLUE, "for_whom": "Omar"}
        for given in (BLUE, arguments):
            call = desk.call("house__book", given)
            result = await desk.agents.run(replace(call, approved=ruling.args_hash))
            assert result.outcome == "failed"
    assert not house.of("book") and not house.of("book_for")


async def test_a_server_that_is_away_refuses_its_own_tools_and_says_so():
    away = McpServer(command="/nowhere/at-all")
    async with attached({"house": away}, {}) as found:
        desk = desk_with(found)
        ruling = await rule(desk, "book", BLUE)
        assert isinstance(ruling, Refused)
        assert "“house” cannot be reached" in ruling.reason
        call = desk.call("house__book", BLUE)
        assert (await desk.agents.run(call)).outcome == "failed"
        spec = desk.agents.spec("house__book")
        assert spec is not None and spec.effect == "once"
        assert await desk.agents.probe(call) is None
