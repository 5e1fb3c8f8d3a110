"""Steps that are there before their calls are complete."""

import pytest
from pydantic import JsonValue

from bot.errors import ModelError
from bot.view.nodes import Step
from tests.support.engine import House
from tests.support.fake_platform import Gate
from tests.support.scripted_agents import Grows, Tool, Use
from tests.support.scripted_agents import Step as Part

BROKEN = ModelError("the connection broke", transient=True)
FIRST: dict[str, JsonValue] = {"about": "it"}


def steps(house: House) -> tuple[Step, ...]:
    """Return the steps that the requester sees."""
    [message] = house.halls["slack"].messages.values()
    return message.view.steps


async def test_a_step_is_there_before_its_call_is_complete_and_stays_in_its_place(
    house: House,
) -> None:
    grown, asked = Gate(), Gate()
    house.agents.tools["look"] = Tool(effect="read")
    growing = Grows("look", "c1", {"about": "design-system"})
    ready = Use("look", "c1", {"about": "design-system"})
    house.agents.say("Let me see.", growing, grown, ready, asked)
    house.process()
    await house.say("maya", "please")
    await house.sees("Doing look to design-system")
    [before] = steps(house)
    assert (before.id, before.status) == ("c1", "running")
    assert "tool.requested" not in await house.types()
    grown.open()
    await house.sees("Did look")
    [after] = steps(house)
    assert after.id == before.id
    asked.open()
    await house.idle()
    assert [item.status for item in (await house.state()).items].count("open") == 0


async def test_what_a_step_says_changes_a_few_times_a_second_at_most(
    house: House,
) -> None:
    house.agents.tools["look"] = Tool(effect="read")
    many = [Grows("look", "c1", {"about": "x" * n}) for n in range(1, 200)]
    house.agents.say(*many, Use("look", "c1"))
    house.process()
    await house.say("maya", "please")
    await house.idle()
    assert (await house.types()).count("item.patched") < 10


async def test_a_growing_step_goes_away_when_the_reply_breaks_off(house: House) -> None:
    seen, again = Gate(), Gate()
    house.agents.tools["look"] = Tool(effect="read")
    house.agents.say(Grows("look", "c1", {"about": "it"}), seen, BROKEN)
    house.agents.say(again, "I know it already.")
    house.process()
    await house.say("maya", "please")
    await house.sees("Doing look to it")
    seen.open()
    await again.reached.wait()
    await house.happened("item.closed")
    again.open()
    await house.idle()
    assert steps(house) == ()
    assert "tool.requested" not in await house.types()


async def test_a_call_that_is_left_out_in_the_end_leaves_no_step(house: House) -> None:
    house.agents.tools["look"] = Tool(effect="read")
    house.agents.say(Grows("look", "c1"), "Never mind.")
    house.process()
    await house.say("maya", "please")
    await house.idle()
    assert steps(house) == ()
    [grown, _said] = (await house.state()).items
    assert grown.status == "cancelled"


async def test_a_growing_step_of_a_process_that_died_is_not_shown_for_ever(
    house: House,
) -> None:
    seen, again = Gate(), Gate()
    house.agents.tools["look"] = Tool(effect="read")
    house.agents.say(Grows("look", "c1", {"about": "it"}), seen)
    house.agents.say("I know it ", again)
    first = house.process()
    await house.say("maya", "please")
    await house.sees("Doing look to it")
    await house.goes_on_without(first)
    await again.reached.wait()
    await house.sees("I know it")
    assert steps(house) == ()
    again.open()
    await house.idle()


@pytest.mark.parametrize("more", [(), ("Two", Grows("look", "c2", FIRST))])
async def test_words_before_a_call_that_broke_off_are_replaced_in_place(
    house: House, more: tuple[Part, ...]
) -> None:
    house.agents.tools["look"] = Tool(effect="read")
    house.agents.say("Let me see.", Grows("look", "c1", FIRST), *more, BROKEN)
    house.agents.say("The answer.")
    house.process()
    await house.say("maya", "hi")
    await house.idle()
    [message] = house.halls["slack"].messages.values()
    assert message.view.text == "The answer."


async def test_words_that_broke_off_go_away_where_no_others_come(house: House) -> None:
    house.agents.tools["look"] = Tool(effect="read")
    house.agents.say("I have it al", BROKEN)
    house.agents.say(Use("look"))
    house.agents.say("The answer.")
    house.process()
    await house.say("maya", "hi")
    await house.idle()
    [message] = house.halls["slack"].messages.values()
    assert message.view.text == "The answer."
