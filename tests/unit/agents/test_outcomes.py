"""What becomes of calls that are cut off: told for good, reported, and never doubled."""

import asyncio
from collections.abc import Mapping

import pytest
from pydantic import JsonValue

from agents.build import build_agents
from agents.tools.registry import TOOLS
from agents.tools.tool import always
from bot.clock import SystemClock
from bot.errors import EffectVoidedError
from bot.ports.agent import Call
from bot.protocol.ids import ApprovalId, PersonId, TurnId
from bot.protocol.values import OpenRequest
from tests.support.agent_turns import TENANT, Desk
from tests.support.companies import SAMPLE, company_at, desk_of, records_of
from tests.support.halting import HaltingRecords

LEDGER: Mapping[str, dict[str, JsonValue]] = {
    "grant_access": {"resource": "repo/design-system", "grant": "read"},
    "assign_seat": {"resource": "app/figma", "grant": "editor"},
    "order_hardware": {"resource": "hw/laptop-14"},
    "join_waitlist": {"resource": "hw/monitor-27"},
    "reset_password": {},
    "open_ticket": {"title": "Broken chair"},
}
"""Tools whose effect is in the ledger, with arguments that have one."""
OWN: Mapping[str, dict[str, JsonValue]] = {
    "withdraw_request": {"request": "a1"},
    "change_request": {"request": "a1", "change": "two of them"},
}
"""Tools whose effect is in the request itself."""
EFFECTS = {**LEDGER, **OWN}
NOBODY_CAN_TELL = {"add_to_ticket"}
"""Tools whose effect is looked for nowhere."""


@pytest.fixture
def desk() -> Desk:
    desk = desk_of(SAMPLE, "maya.chen")
    wait(desk)
    return desk


def wait(desk: Desk) -> None:
    request = OpenRequest(
        approval_id=ApprovalId("a1"),
        turn_id=TurnId("t0"),
        subject="Order one",
        waiting_for=("Sam",),
    )
    desk.records.waiting.append((PersonId("maya.chen"), request))


def call_of(desk: Desk, name: str) -> Call:
    return desk.call(name, EFFECTS[name])


def test_every_tool_with_an_effect_is_looked_at_here() -> None:
    changing = {n for n, tool in TOOLS.items() if tool.effect != "read"}
    assert changing == {*EFFECTS, *NOBODY_CAN_TELL}
    assert all(TOOLS[name].effect == "once" for name in NOBODY_CAN_TELL)
    for name in EFFECTS:
        tool = TOOLS[name]
        assert tool
        assert tool.recall or tool.settle
        both = bool(tool.recall and tool.settle)
        assert both == (tool.elsewhere is not always), "who has both says which counts"


# -------------------------------------------------------------------------- the probe


@pytest.mark.parametrize("name", LEDGER)
async def test_what_did_not_happen_never_does(desk: Desk, name: str) -> None:
    call = call_of(desk, name)
    for _ in range(2):
        told = await desk.agents.probe(call)
        assert told is not None
        assert told.outcome == "failed"
        assert "did not happen" in str(told.content)
    with pytest.raises(EffectVoidedError):
        await desk.agents.run(call)
    assert desk.records.rows == []


@pytest.mark.parametrize("name", EFFECTS)
async def test_what_happened_is_told_as_it_was(desk: Desk, name: str) -> None:
    call = call_of(desk, name)
    done = await desk.agents.run(call)
    assert done.outcome == "done"
    again = await desk.agents.probe(call)
    assert again is not None
    assert (again.outcome, again.title) == ("done", done.title)
    assert again.reference == done.reference


@pytest.mark.parametrize("name", OWN)
async def test_settling_a_request_does_to_it_what_was_asked(
    desk: Desk, name: str
) -> None:
    told = await desk.agents.probe(call_of(desk, name))
    assert told is not None
    assert told.outcome == "done"
    assert desk.records.waiting == []
    assert [*desk.records.withdrawn, *desk.records.changed] == ["a1"]


@pytest.mark.parametrize("name", OWN)
async def test_a_request_that_was_decided_meanwhile_was_left_alone(
    desk: Desk, name: str
) -> None:
    desk.records.waiting.clear()
    told = await desk.agents.probe(call_of(desk, name))
    assert told is not None
    assert told.outcome == "failed"


async def test_of_a_tool_that_leaves_nothing_nobody_can_tell(desk: Desk) -> None:
    assert await desk.agents.probe(desk.call("who_am_i", {})) is None
    assert await desk.agents.probe(desk.call("gone_with_a_release", {})) is None
    assert desk.records.void == set()


@pytest.mark.parametrize("name", LEDGER)
async def test_an_effect_is_known_even_when_its_words_are_gone(
    desk: Desk, name: str
) -> None:
    call = call_of(desk, name)
    done = await desk.agents.run(call)
    bare = company_at(SAMPLE).model_copy(update={"resources": (), "people": ()})
    records = records_of(SAMPLE, bare)
    records.ledger = desk.records.ledger
    later = build_agents(bare, records, SystemClock())
    told = await later.probe(call)
    assert told is not None
    assert (told.outcome, told.reference) == ("done", done.reference)
    assert done.reference in str(told.content)


# --------------------------------------------------------------------- the reference


@pytest.mark.parametrize("name", LEDGER)
async def test_a_result_has_the_number_of_its_record(desk: Desk, name: str) -> None:
    call = call_of(desk, name)
    result = await desk.agents.run(call)
    assert result.reference == desk.records.ledger[TENANT, call.key].reference
    assert result.reference


async def test_what_was_there_already_has_no_record_of_its_own(desk: Desk) -> None:
    await desk.agents.run(call_of(desk, "grant_access"))
    call = desk.call("grant_access", LEDGER["grant_access"], call_id="c2")
    result = await desk.agents.run(call)
    assert (result.outcome, result.reference) == ("done", "")


# ------------------------------------------------------------------------ the report


async def test_an_unknown_outcome_becomes_one_ticket_that_says_all(desk: Desk) -> None:
    call = desk.call("reset_password", {"person": "me"})
    first = await desk.agents.report(call, "Resetting the password")
    assert first is not None
    assert first.outcome == "done"
    assert await desk.agents.report(call, "Resetting the password") == first
    assert desk.records.kinds() == ["ticket"]
    key, [ticket] = f"{call.key}:report", desk.records.tickets
    assert desk.records.ledger[TENANT, key].reference == first.reference
    assert ticket.queue == "helpdesk"
    for words in (
        "Resetting the password",
        "reset_password",
        "person: me",
        "Maya Chen",
        "Nobody can tell whether it happened",
        call.key,
    ):
        assert words in f"{ticket.title}\n{ticket.body}"
    [card] = first.cards
    assert first.reference in card.title


async def test_a_report_leaves_the_call_itself_open(desk: Desk) -> None:
    call = desk.call("reset_password", {})
    await desk.agents.report(call, "Resetting")
    assert (await desk.agents.run(call)).outcome == "done"


async def test_for_somebody_unknown_there_is_no_ticket() -> None:
    desk = desk_of(SAMPLE, "nobody.here")
    call = desk.call("reset_password", {})
    assert await desk.agents.report(call, "Resetting") is None
    assert desk.records.rows == []


# --------------------------------------------------------------------- cancellation


@pytest.mark.parametrize("name", EFFECTS)
async def test_a_tool_that_is_cancelled_ends_and_writes_nothing(name: str) -> None:
    records = HaltingRecords(company=company_at(SAMPLE))
    desk = desk_of(SAMPLE, "maya.chen", records)
    wait(desk)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(desk.agents.run(call_of(desk, name)))
        await records.halted.wait()
        running.cancel()
    assert running.cancelled()
    assert records.rows == []
    assert len(records.waiting) == 1


@pytest.mark.parametrize("name", EFFECTS)
async def test_a_tool_writes_once(name: str) -> None:
    records = HaltingRecords(company=company_at(SAMPLE))
    records.let.set()
    desk = desk_of(SAMPLE, "maya.chen", records)
    wait(desk)
    assert (await desk.agents.run(call_of(desk, name))).outcome == "done"
    assert len(records.writes) == 1
