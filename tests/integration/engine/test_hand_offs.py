"""Specialists who hand over to each other, side by side, and no further than they may."""

import asyncio
from datetime import datetime

import pytest

from bot.company.limits import HandOffs
from bot.errors import ModelError
from bot.ports.agent import Call, ToolResult
from bot.turn.handing import bound_in
from bot.turn.state import Frame
from bot.view import teamwork
from bot.view.failures import failed_part
from tests.support.engine import House
from tests.support.scripted_agents import Tool, Use, did


def over(to: str, call: str, task: str = "do it", why: str = "") -> Use:
    return Use(f"to_{to}", call, {"task": task, "why": why})


async def frames_of(house: House) -> dict[str, Frame]:
    return {frame.agent: frame for frame in (await house.state()).frames}


def ended(frame: Frame) -> datetime:
    assert frame.closed_at
    return frame.closed_at


async def test_the_work_of_two_specialists_overlaps_in_time(house: House) -> None:
    both = asyncio.Barrier(2)

    async def meet(_call: Call) -> ToolResult:
        await both.wait()
        at_work.set()
        await house.clock.sleep(5.0)
        return did()

    at_work = asyncio.Event()
    house.agents.hand_off("software", "hardware")
    house.agents.tools["work"] = Tool(run=meet, timeout=60.0)
    house.agents.say(over("software", "h1"), over("hardware", "h2"))
    for agent in ("software", "hardware"):
        house.agents.say(Use("work", f"w-{agent}"), agent=agent)
    house.process()
    await house.say("maya", "a seat and a screen")
    await at_work.wait()
    house.clock.advance(5.0)
    await house.idle()
    frames = await frames_of(house)
    software, hardware = frames["software"], frames["hardware"]
    first_end = min(ended(software), ended(hardware))
    last_start = max(software.opened_at, hardware.opened_at)
    assert (first_end - last_start).total_seconds() >= 5.0


@pytest.mark.parametrize("broken", ["model", "tool"])
async def test_a_specialist_that_fails_takes_no_other_along(
    house: House, broken: str
) -> None:
    async def breaks(_call: Call) -> ToolResult:
        raise RuntimeError("no")

    house.agents.hand_off("software", "hardware")
    house.agents.tools["work"] = Tool()
    house.agents.tools["wreck"] = Tool(run=breaks, effect="read")
    house.agents.say(over("software", "h1"), over("hardware", "h2"))
    house.agents.say("One of two.")
    gone = ModelError("gone", transient=False)
    house.agents.say(gone if broken == "model" else Use("wreck", "x"), agent="software")
    house.agents.say(Use("work", "w"), agent="hardware")
    house.agents.say("Ordered.", agent="hardware")
    house.process()
    await house.say("maya", "a seat and a screen")
    await house.idle()
    frames = await frames_of(house)
    assert frames["software"].outcome == ("failed" if broken == "model" else "done")
    assert (frames["hardware"].outcome, frames["hardware"].result) == (
        "done",
        "Ordered.",
    )
    assert [call.name for call in house.agents.ran if call.name == "work"] == ["work"]
    assert (await house.types())[-1] == "turn.completed"


async def test_a_specialist_hands_over_and_what_came_of_it_flows_back(
    house: House,
) -> None:
    house.agents.hand_off("software", "security")
    house.agents.tools["grant"] = Tool()
    house.agents.say(over("software", "h1", why="Figma is theirs"))
    house.agents.say("All done.")
    house.agents.say(over("security", "h2", why="they see to access"), agent="software")
    house.agents.say("Security granted it.", agent="software")
    house.agents.say(Use("grant", "g"), agent="security")
    house.agents.say("Granted.", agent="security")
    house.process()
    await house.say("maya", "Figma please")
    await house.idle()
    [answer] = house.agents.asked[-1].messages[-1].answers
    assert isinstance(answer.content, dict)
    assert answer.content["answer"] == "Security granted it."
    assert '"grant"' in str(answer.content["did"]).replace("'", '"')
    [message] = house.halls["slack"].messages.values()
    for why in ("Figma is theirs", "they see to access"):
        assert why in message.words


async def test_ping_pong_is_refused_to_the_model_and_the_turn_ends(
    house: House,
) -> None:
    house.agents.hand_off("software", "security")
    house.agents.say(over("software", "h1"))
    house.agents.say(over("security", "h2", "you then"), agent="software")
    house.agents.say(over("software", "h3", "no, you"), agent="security")
    house.agents.say("Then software must.", agent="security")
    house.agents.say("It is for software.", agent="software")
    house.process()
    await house.say("maya", "please")
    await house.idle()
    state = await house.state()
    assert [bound_in(call) for call in state.calls] == [None, None, "circle"]
    told = [q for q in house.agents.asked if q.agent == "security"][-1]
    [answer] = told.messages[-1].answers
    assert answer.is_error
    assert teamwork.may_not_hand_over("circle", "software", HandOffs()) in str(
        answer.content
    )
    assert (await house.types())[-1] == "turn.completed"


async def test_agents_that_would_hand_over_for_ever_stop_and_the_person_is_told(
    house: House,
) -> None:
    house.agents.far = HandOffs(depth=1, frames=4)
    house.agents.hand_off("software")
    for number in range(8):
        house.agents.say(over("software", f"h{number}", f"thing {number}"))
    house.agents.say("That is all I could do.")
    house.process()
    await house.say("maya", "everything please")
    await house.idle()
    state = await house.state()
    assert len(state.frames) == 4
    assert [bound_in(c) for c in state.calls] == [None] * 3 + ["frames"] * 5
    [message] = house.halls["slack"].messages.values()
    assert teamwork.cut_off("Doing to_software") in message.words


async def test_the_task_of_a_specialist_who_has_left_ends_and_that_is_said(
    house: House,
) -> None:
    house.agents.hand_off("software", "hardware")
    house.agents.left.add("software")
    house.agents.say(over("software", "h1"), over("hardware", "h2"))
    house.agents.say("One of two.")
    house.agents.say("Ordered.", agent="hardware")
    house.process()
    await house.say("maya", "a seat and a screen")
    await house.idle()
    frames = await frames_of(house)
    assert (frames["software"].outcome, frames["software"].code) == ("failed", "agent")
    assert frames["hardware"].outcome == "done"
    told = house.agents.asked[-1].messages[-1].answers
    assert [answer.is_error for answer in told] == [True, False]
    assert failed_part("agent") in str(told[0].content)
