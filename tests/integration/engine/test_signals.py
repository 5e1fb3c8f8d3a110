"""Steering, waiting in line, and changing a request that waits."""

import asyncio

from bot.ports.agent import Call, NeedsApproval, Ruling
from bot.protocol.events import ApprovalDecided
from bot.protocol.values import Approver, Fact, Stage
from bot.turn.state import Phase
from bot.view import wording
from tests.support.engine import House
from tests.support.fake_platform import Gate
from tests.support.scripted_agents import Tool, Use, did, needs
from tests.support.workshop import MAYA, PRIYA, TENANT

MANAGER = Stage(
    label="manager", approvers=(Approver(person_id=PRIYA, name="Priya"),), within=3600
)


def asked_for(call: Call) -> Ruling:
    """Return that the manager must agree to exactly these arguments."""
    wanted = str(call.arguments["level"])
    return NeedsApproval(
        subject=f"{wanted} access",
        facts=(Fact(label="Level", value=wanted),),
        args_hash=f"hash-{wanted}",
        policy="the manager agrees",
        stages=(MANAGER,),
    )


async def change(house: House, words: str) -> str:
    """Let the requester change what they wait for, as a tool does it."""
    records = house.processes[-1].kit.records
    approval = await house.approval()
    return await records.change_request(
        TENANT, approval_id=approval, by=MAYA, change=words
    )


async def test_a_changed_request_is_voided_and_asked_anew(house: House) -> None:
    house.agents.tools["grant"] = Tool(rule=asked_for)
    house.agents.say(Use("grant", "c1", {"level": "read"}))
    house.process()
    await house.say("maya", "read access please")
    await house.happened("turn.parked")
    house.agents.say(Use("grant", "c2", {"level": "write"}))
    house.agents.say("You have write access.")
    old = await house.approval()
    assert await change(house, "make it write instead") == "changed"
    await house.happened("approval.requested", 2)
    late = await house.press("priya", old)
    assert late.outcome == "already_decided"
    state = await house.state()
    first, second = state.approvals
    assert (first.status, second.status) == ("withdrawn", "open")
    assert [steer.text for steer in state.steers] == ["make it write instead"]
    await house.happened("turn.parked", 2)
    await house.press("priya", second.approval_id)
    await house.idle()
    state = await house.state()
    assert [call.arguments["level"] for call in house.agents.ran] == ["write"]
    assert state.phase is Phase.COMPLETED
    [decided] = [
        r.event
        for r in await house.log()
        if isinstance(r.event, ApprovalDecided) and r.event.verdict == "withdrawn"
    ]
    assert decided.by == "maya"


async def test_a_change_and_an_approval_at_once_have_one_winner(house: House) -> None:
    house.agents.tools["grant"] = Tool(rule=asked_for)
    house.agents.say(Use("grant", "c1", {"level": "read"}))
    house.agents.say("Done.")
    house.process()
    await house.say("maya", "read access please")
    await house.happened("turn.parked")
    approval = await house.approval()
    async with asyncio.TaskGroup() as tasks:
        changing = tasks.create_task(change(house, "make it write instead"))
        pressing = tasks.create_task(house.press("priya", approval))
    changed = changing.result() == "changed"
    assert changed != (pressing.result().outcome == "decided")
    await house.idle()
    assert len(house.agents.ran) == (0 if changed else 1)


async def test_a_tool_not_yet_started_is_reconsidered_after_a_steer(
    house: House,
) -> None:
    policy = Gate()

    house.agents.tools["grant"] = Tool(effect="once")
    house.agents.policy = policy
    house.agents.say(Use("grant", "c1"))
    house.agents.say("I see, nothing then.")
    house.process()
    await house.say("maya", "please")
    await policy.reached.wait()
    await house.say("maya", "no, wait")
    await house.happened("turn.steered")
    policy.open()
    await house.idle()
    state = await house.state()
    [call] = state.calls
    assert (call.status, call.reason) == ("denied", wording.RECONSIDERED)
    assert house.agents.ran == []
    assert [steer.text for steer in state.steers] == ["no, wait"]


async def test_nobody_decides_what_its_requester_has_second_thoughts_about(
    house: House,
) -> None:
    policy = Gate()
    house.agents.tools["grant"] = Tool(effect="once", rule=needs(MANAGER))
    house.agents.policy = policy
    house.agents.say(Use("grant", "c1"))
    house.agents.say("I see, nothing then.")
    house.process()
    await house.say("maya", "please")
    await policy.reached.wait()
    await house.say("maya", "no, wait")
    await house.happened("turn.steered")
    policy.open()
    await house.idle()
    state = await house.state()
    [call] = state.calls
    assert (call.status, call.reason) == ("denied", wording.RECONSIDERED)
    assert not state.approvals
    assert state.phase is Phase.COMPLETED


async def test_three_people_are_served_in_the_order_in_which_they_came(
    house: House,
) -> None:
    rest = Gate()
    house.agents.say("One", rest)
    house.agents.say("Two")
    house.agents.say("Three")
    house.process()
    await house.say("maya", "first")
    await rest.reached.wait()
    await house.say("omar", "second")
    await house.happened("turn.started", 2)
    await house.say("priya", "third")
    await house.happened("turn.started", 3)
    states = [await house.state(turn) for turn in await house.turns()]
    assert [s.phase for s in states] == [Phase.RUNNING, Phase.QUEUED, Phase.QUEUED]
    assert [s.queue_place for s in states] == [0, 1, 2]
    rest.open()
    await house.idle()
    states = [await house.state(turn) for turn in await house.turns()]
    ends = [s.ending.at for s in states if s.ending]
    assert ends == sorted(ends) and len(ends) == 3
    opened = [s.frames[0].opened_at for s in states]
    assert opened == sorted(opened)


async def test_who_waits_in_line_can_add_to_it_and_can_stop(house: House) -> None:
    rest = Gate()
    house.agents.say("One", rest)
    house.process()
    await house.say("maya", "first")
    await rest.reached.wait()
    await house.say("omar", "second")
    await house.happened("turn.started", 2)
    await house.say("omar", "and this too")
    await house.happened("turn.steered")
    _, waiting = await house.turns()
    await house.stop("omar", waiting)
    await house.happened("turn.cancelled")
    assert (await house.state(waiting)).phase is Phase.CANCELLED
    rest.open()
    await house.idle()
    assert [q.requester.person_id for q in house.agents.asked] == ["maya"]


async def test_the_line_survives_the_death_of_its_owner(house: House) -> None:
    rest = Gate()
    house.agents.say("Half", rest)
    first = house.process("w1")
    await house.say("maya", "first")
    await rest.reached.wait()
    await house.say("omar", "second")
    await house.happened("turn.started", 2)
    await house.sees("In line behind")
    await first.kill()
    house.agents.say("Whole")
    house.agents.say("Yours")
    house.process("w2")
    await house.expire_leases()
    await house.idle()
    phases = [(await house.state(turn)).phase for turn in await house.turns()]
    assert phases == [Phase.COMPLETED, Phase.COMPLETED]


async def test_a_parked_turn_does_not_hold_its_conversation_for_others(
    house: House,
) -> None:
    house.agents.tools["grant"] = Tool(rule=needs(MANAGER))
    house.agents.say(Use("grant"))
    house.agents.say("For Omar")
    house.agents.say("Granted")
    house.process()
    await house.say("maya", "please")
    await house.happened("turn.parked")
    await house.say("omar", "hello")
    await house.sees("For Omar")
    _, omar = [await house.state(turn) for turn in await house.turns()]
    assert omar.queued_behind == ""
    await house.press("priya", await house.approval())
    await house.idle()


async def test_a_resumed_turn_and_a_new_one_run_side_by_side(house: House) -> None:
    effect, talk = Gate(), Gate()

    async def hang(_call: Call):
        await effect.arrive()
        return did("Granted")

    house.agents.tools["grant"] = Tool(run=hang, rule=needs(MANAGER))
    house.agents.say(Use("grant"))
    house.agents.say("Something else", talk)
    house.agents.say("Granted at last")
    house.process()
    await house.say("maya", "please")
    await house.happened("turn.parked")
    await house.press("priya", await house.approval())
    await effect.reached.wait()
    await house.say("omar", "hello")
    await house.happened("turn.started", 2)
    effect.open()
    await talk.reached.wait()
    talk.open()
    await house.idle()
