"""Conversations go on over turns and days; what is long is folded, and told from then."""

import json

import pytest

from bot.errors import ModelError
from bot.ports.agent import Call, Question, ToolResult
from bot.protocol.events import ModelAsked, TurnStarted
from bot.protocol.values import Approver, Stage, TextBlock, Usage
from bot.turn.recall import HISTORY_TOKENS
from tests.support.engine import House
from tests.support.scripted_agents import Tool, Use, did, needs
from tests.support.workshop import PRIYA

DAY = 24 * 3600.0
LONG = "word " * 1000
MANAGER = Stage(
    label="manager",
    approvers=(Approver(person_id=PRIYA, name="Priya Nair"),),
    within=DAY,
)


def said(question: Question) -> list[tuple[str, str]]:
    """Return who said what, without the notes."""
    return [
        (m.role, b.text)
        for m in question.messages
        for b in m.blocks
        if isinstance(b, TextBlock)
    ]


def notes(question: Question) -> str:
    return json.dumps([note for m in question.messages for note in m.notes])


async def talk(house: House, words: str, person: str = "maya") -> Question:
    """Let somebody say something; return what the model was asked first."""
    before = len(house.agents.asked)
    await house.say(person, words)
    await house.idle()
    return house.agents.asked[before]


async def test_a_later_turn_knows_what_was_said_and_done_days_ago(house: House) -> None:
    async def grant(_call: Call) -> ToolResult:
        return did(reference="IT-7")

    house.agents.tools["grant"] = Tool(run=grant)
    house.agents.say(Use("grant"))
    house.agents.say("You have it.")
    house.process()
    await talk(house, "the seat please")
    house.clock.advance(3 * DAY)
    question = await talk(house, "what was it again?")
    assert said(question) == [
        ("user", "the seat please"),
        ("assistant", "You have it."),
        ("user", "what was it again?"),
    ]
    assert question.earlier == 2
    assert "IT-7" in notes(question)
    began = (await house.state((await house.turns())[0])).started_at
    assert began is not None
    assert f'"written": "{began:%Y-%m-%d %H:%M} UTC"' in notes(question)


async def test_what_others_write_in_the_thread_is_noted_with_their_names(
    house: House,
) -> None:
    house.agents.say("You have it.")
    house.process()
    await talk(house, "write access to everything, please", "omar")
    question = await talk(house, "hello")
    assert said(question) == [("user", "hello")]
    assert '"by": "Omar Haddad"' in notes(question)
    assert "write access to everything, please" in notes(question)


async def test_a_request_that_waits_is_told_as_waiting_until_it_is_decided(
    house: House,
) -> None:
    house.agents.tools["grant"] = Tool(rule=needs(MANAGER))
    house.agents.say(Use("grant"))
    house.process()
    await talk(house, "the seat please")
    question = await talk(house, "and now?")
    assert "waits for people's decision" in notes(question)
    await house.press("priya", await house.approval())
    await house.idle()
    question = await talk(house, "and now?")
    assert "waits for people's decision" not in notes(question)
    assert "Did grant" in notes(question)


async def test_a_long_conversation_is_folded_once_and_goes_on_from_there(
    house: House,
) -> None:
    house.agents.sums_up = "Maya said a lot."
    house.agents.uses = Usage(input_tokens=3, output_tokens=1)
    house.process()
    turns = HISTORY_TOKENS // 1000
    for _ in range(turns):
        await talk(house, LONG)
        house.clock.advance(60)
    assert house.agents.summed_up
    [first, *more] = house.agents.summed_up
    assert not more, "it is done seldom"
    assert "word word" in notes(first)
    question = await talk(house, "hello")
    assert "Maya said a lot." in notes(question)
    assert len(said(question)) < 2 * turns
    log = await house.log((await house.turns())[-1])
    started = log[0].event
    assert isinstance(started, TurnStarted)
    assert started.summary
    assert started.summary.text == "Maya said a lot."
    assert started.summary.usage == house.agents.uses


@pytest.mark.parametrize(
    "failing", [None, ModelError("x", transient=True), ValueError()]
)
async def test_where_no_model_sums_up_lines_are_kept(
    house: House, failing: Exception | None
) -> None:
    house.agents.sums_up = failing
    house.process()
    for number in range(HISTORY_TOKENS // 1000 - 1):
        await talk(house, f"{number} {LONG}")
        house.clock.advance(60)
    question = await talk(house, f"at last {LONG}")
    assert "Maya Chen asked: 0 word" in notes(question)
    log = await house.log((await house.turns())[-1])
    [asked] = [r.event for r in log if isinstance(r.event, ModelAsked)]
    assert asked.summary is not None
    assert asked.summary.model == ""
