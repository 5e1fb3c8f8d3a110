"""The scripted model uses a company's own tools; policy rules on them as ever."""

import pytest

from agents.build import build_agents
from agents.roster import shipped
from bot.clock import SystemClock
from bot.company.model import AgentEntry, Company
from tests.support.agent_turns import Desk
from tests.support.records import MemoryRecords
from tests.support.toolshed import SHED
from tests.support.workshop import ARTICLES, MAYA, WORKSHOP

NAMES = tuple(tool.name for tool in SHED)


def desk(**tools: tuple[str, ...]) -> Desk:
    """Return Maya's chat in a company whose agents have tools of its own."""
    agents = {
        name: AgentEntry(tools=(*shipped()[name].tools, *own))
        for name, own in tools.items()
    }
    company: Company = WORKSHOP.model_copy(update={"agents": agents})
    records = MemoryRecords(company=company, articles=list(ARTICLES))
    speakers = build_agents(
        company, records, SystemClock(), words_per_second=0, more=SHED
    )
    return Desk(agents=speakers, records=records, person=MAYA)


async def test_what_a_tool_found_is_told_though_it_has_no_words_of_its_own():
    told = await desk(coordinator=NAMES).say("Look at the door lobby, please")
    assert told.names == ["look_at_door"]
    assert told.text == "look_at_door answered: door: lobby, opens: yes"


async def test_a_number_reaches_the_tool_as_a_number():
    told = await desk(coordinator=NAMES).say("Which rooms are free for six people?")
    assert told.calls == [("find_free_rooms", "done")]
    assert "people: 6" in told.text


async def test_what_changes_something_asks_who_has_to_agree():
    told = await desk(coordinator=NAMES).say("Please open the door server room 3")
    [asked] = told.asked
    assert asked.stages[0].approvers[0].name == "Priya Nair"
    assert [f.value for f in asked.facts if f.label == "Door"] == ["server room 3"]


async def test_what_is_missing_is_asked_for_and_the_answer_is_understood():
    chat = desk(coordinator=NAMES)
    told = await chat.say("Please open the door")
    assert not told.calls
    assert told.text == (
        "I need one more thing for open_door: the door (The door's name, as on its "
        "sign). Nothing was done yet."
    )
    told = await chat.say("the server room")
    assert told.names == ["open_door"]
    assert [f.value for f in told.asked[0].facts if f.label == "Door"] == [
        "server room"
    ]


@pytest.mark.parametrize("said", ["never mind", "I need a Draw seat", "How do I park?"])
async def test_whoever_says_something_else_instead_is_not_taken_at_their_word(
    said: str,
):
    chat = desk(coordinator=NAMES)
    await chat.say("Please open the door")
    told = await chat.say(said)
    assert "open_door" not in told.names


async def test_a_choice_is_asked_for_with_what_there_is():
    chat = desk(coordinator=NAMES)
    told = await chat.say("hungry for soup")
    assert not told.calls and "order_lunch: the day" in told.text
    told = await chat.say("on 2026-11-25")
    assert told.calls == [("order_lunch", "done")]
    assert "day: 2026-11-25" in told.text


async def test_several_missing_things_are_asked_for_at_once():
    told = await desk(coordinator=NAMES).say("Announce “Cake” in the canteen")
    assert "I need the headline and the text." in told.text


async def test_a_specialist_who_has_the_tool_uses_it():
    told = await desk(security=("look_at_door",)).say("Look at the door lobby, please")
    assert told.names == ["ask_security", "look_at_door"]
    assert "door: lobby, opens: yes" in told.text


async def test_a_tool_that_nobody_was_given_is_not_used():
    told = await desk().say("Look at the door lobby, please")
    assert "look_at_door" not in told.names
