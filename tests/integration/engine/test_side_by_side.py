"""Two specialists at work at once, when something ends or disturbs one of them."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from bot.company.limits import Allowance, SpendingLimits
from bot.ports.agent import Call, ToolResult
from bot.protocol.values import Approver, Effect, Stage, Usage
from bot.turn.deadlines import FRAME_LIMIT
from bot.turn.state import Phase
from tests.support.engine import House
from tests.support.scripted_agents import Tool, Use, did, needs
from tests.support.workshop import MAYA, PRIYA, TENANT

MANAGER = Stage(
    label="manager", approvers=(Approver(person_id=PRIYA, name="P"),), within=7200
)
HUNDRED = Usage(input_tokens=60, output_tokens=40)


def both_work(house: House, *, software: Use, hardware: Use) -> None:
    """Let the coordinator hand over to two, who use a tool each."""
    house.agents.hand_off("software", "hardware")
    house.agents.say(Use("to_software", "h1"), Use("to_hardware", "h2"))
    house.agents.say("That is all.")
    house.agents.say(software, agent="software")
    house.agents.say("The seat is given.", agent="software")
    house.agents.say(hardware, agent="hardware")
    house.agents.say("The screen is ordered.", agent="hardware")


class World:
    """Where effects happen, once for each key, and who does one may stand still."""

    def __init__(self) -> None:
        self.happened: Counter[str] = Counter()
        self.at_work: asyncio.Event = asyncio.Event()
        self.let: asyncio.Event = asyncio.Event()
        self._begun = 0

    def does(self, *, before: bool) -> Callable[[Call], Awaitable[ToolResult]]:
        """Return a tool that stands still right before its effect, or right after."""

        async def run(call: Call) -> ToolResult:
            if not before:
                self._act(call)
            self._begun += 1
            if self._begun == 2:
                self.at_work.set()
            await self.let.wait()
            if before:
                self._act(call)
            return did()

        return run

    def _act(self, call: Call) -> None:
        self.happened[call.key] += call.key not in self.happened

    async def probe(self, call: Call) -> ToolResult | None:
        """Say whether a call's effect happened."""
        if call.key in self.happened:
            return did()
        return ToolResult(outcome="failed", title="It did not happen", content={})


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("effect", ["idempotent", "once"])
async def test_killed_while_both_act_each_effect_happens_at_most_once_and_is_told(
    house: House, effect: Effect, *, before: bool
) -> None:
    world = World()
    for name in ("seat", "screen"):
        house.agents.tools[name] = Tool(
            effect=effect, run=world.does(before=before), probe=world.probe, timeout=60
        )
    both_work(house, software=Use("seat", "s"), hardware=Use("screen", "d"))
    process = house.process()
    await house.say("maya", "a seat and a screen")
    await world.at_work.wait()
    await process.kill()
    world.let.set()
    house.process("w2")
    await house.expire_leases()
    await house.idle()
    state = await house.state()
    lost = effect == "once" and before
    assert set(world.happened.values()) == (set() if lost else {1})
    assert len(world.happened) == (0 if lost else 2)
    outcomes = {call.name: call.outcome for call in state.calls}
    expected = "failed" if lost else "done"
    assert (outcomes["seat"], outcomes["screen"]) == (expected, expected)
    assert [f.outcome for f in state.frames] == ["done"] * 3
    assert state.phase is Phase.COMPLETED


async def test_stop_ends_both_and_says_what_each_has_done(house: House) -> None:
    world = World()
    house.agents.tools["seat"] = Tool(run=world.does(before=False), probe=world.probe)
    house.agents.tools["screen"] = Tool(run=world.does(before=True), probe=world.probe)
    both_work(house, software=Use("seat", "s"), hardware=Use("screen", "d"))
    house.process()
    await house.say("maya", "a seat and a screen")
    await world.at_work.wait()
    await house.stop("maya", await house.turn())
    await house.idle()
    state = await house.state()
    assert state.phase is Phase.CANCELLED
    assert {f.outcome for f in state.frames} <= {"cancelled", None}
    assert state.ending
    ledger = state.ending.ledger
    assert ledger
    assert [entry.tool for entry in ledger.did] == ["seat"]
    assert [entry.tool for entry in ledger.did_not] == ["screen"]
    assert len(world.happened) == 1


async def test_a_request_taken_back_ends_one_part_and_leaves_the_other_alone(
    house: House,
) -> None:
    world = World()
    house.agents.tools["grant"] = Tool(rule=needs(MANAGER))
    house.agents.tools["screen"] = Tool(run=world.does(before=True), timeout=60)
    both_work(house, software=Use("grant", "g"), hardware=Use("screen", "d"))
    process = house.process()
    await house.say("maya", "a seat and a screen")
    await house.happened("approval.requested")
    await house.happened("tool.started", 3)
    approval = await house.approval()
    gone = await process.kit.records.withdraw_request(
        TENANT, approval_id=approval, by=MAYA
    )
    assert gone == "withdrawn"
    await house.happened("tool.denied")
    world.let.set()
    await house.idle()
    state = await house.state()
    assert state.phase is Phase.COMPLETED
    assert [call.name for call in house.agents.ran] == ["screen"]
    assert len(world.happened) == 1
    assert [f.outcome for f in state.frames] == ["done"] * 3
    late = await house.press("priya", approval)
    assert late.outcome == "already_decided"


async def test_what_specialists_use_is_charged_to_the_turn(house: House) -> None:
    house.limits = SpendingLimits(turn=Allowance(tokens=300))
    house.agents.uses = HUNDRED
    house.agents.tools["look"] = Tool(effect="read")
    both_work(house, software=Use("look", "s"), hardware=Use("look", "d"))
    house.process()
    await house.say("maya", "a seat and a screen")
    await house.idle()
    state = await house.state()
    assert len(house.agents.asked) == 3, "the coordinator, and each specialist once"
    assert [(f.outcome, f.code) for f in state.frames] == [("failed", "budget")] * 3
    assert state.ending
    assert state.ending.code == "budget"


async def test_one_that_takes_too_long_ends_alone_with_whoever_works_for_it(
    house: House,
) -> None:
    """Its helper has no time of its own beyond it; the other's time is its own."""
    world, slow = World(), asyncio.Event()

    async def forever(_call: Call) -> ToolResult:
        slow.set()
        await asyncio.Event().wait()
        return did()

    house.agents.hand_off("software", "hardware", "security")
    house.agents.tools["wait"] = Tool(effect="read", run=forever, timeout=86_400)
    house.agents.tools["screen"] = Tool(run=world.does(before=True), timeout=86_400)
    house.agents.tools["grant"] = Tool(rule=needs(MANAGER))
    house.agents.say(Use("to_software", "h1"), Use("to_hardware", "h2"))
    house.agents.say("The rest is for tomorrow.")
    house.agents.say(Use("to_security", "h3"), agent="software")
    house.agents.say(Use("wait", "w"), agent="security")
    house.agents.say(Use("grant", "g"), agent="hardware")
    house.agents.say("Granted.", agent="hardware")
    house.process()
    await house.say("maya", "a seat and a screen")
    await slow.wait()
    await house.happened("approval.requested")
    house.clock.advance((FRAME_LIMIT - timedelta(seconds=30)).total_seconds())
    approval = await house.approval()
    await house.press("priya", approval)
    await house.happened("tool.authorized", 4)
    house.clock.advance(60)
    await house.idle()
    state = await house.state()
    frames = {f.agent: (f.outcome, f.code) for f in state.frames}
    assert frames["software"] == frames["security"] == ("failed", "deadline")
    assert frames["hardware"] == ("done", "")
    assert state.phase is Phase.COMPLETED
