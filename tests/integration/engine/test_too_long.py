"""Questions that are too long for their model, and time that runs out while asking."""

from datetime import timedelta

import pytest
from pydantic import JsonValue

from bot.engine import asking
from bot.engine.shortening import SHORTENED
from bot.errors import ModelError, QuestionTooLongError
from bot.ports.agent import Call, Question, ToolResult
from bot.turn import deadlines
from bot.turn.deadlines import TURN_LIMIT
from bot.view import failures
from tests.support.engine import House
from tests.support.fake_platform import Gate
from tests.support.scripted_agents import Tool, Use

TOO_LONG = QuestionTooLongError("prompt is too long: 200251 tokens > 200000 maximum")
WORDS = "many words " * 500
BROKEN = ModelError("the connection broke", transient=True)


async def reads_much(_call: Call) -> ToolResult:
    return ToolResult(outcome="done", title="Read", content={"page": WORDS, "n": 1})


async def ended(house: House) -> str:
    house.process()
    await house.say("maya", "hi")
    await house.idle()
    ending = (await house.state()).ending
    assert ending
    return ending.code


def results(question: Question) -> list[JsonValue]:
    return [a.content for m in question.messages for a in m.answers]


async def test_what_is_too_long_is_asked_once_more_in_few_words(house: House):
    house.agents.tools["read"] = Tool(effect="read", run=reads_much)
    house.agents.say(Use("read", "c1"))
    house.agents.say(TOO_LONG)
    house.agents.say(Use("read", "c2"))
    house.agents.say("Here it is.")
    assert not await ended(house)
    _, whole, brief, later = house.agents.asked
    assert results(whole) == [{"page": WORDS, "n": 1}]
    [short] = results(brief)
    assert isinstance(short, dict)
    assert short[SHORTENED]
    assert len(str(short)) < 300
    assert all(len(str(content)) < 300 for content in results(later)), "it stays so"
    assert (await house.state()).frames[0].brief


async def test_a_reply_that_the_full_window_cut_off_is_replaced_in_place(
    house: House,
):
    house.agents.say("Half an ans", TOO_LONG)
    house.agents.say("The whole answer.")
    assert not await ended(house)
    [message] = house.halls["slack"].messages.values()
    assert message.view.text == "The whole answer."


async def test_what_turns_out_to_be_too_long_at_the_last_attempt_is_asked_in_few_words(
    house: House, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(asking, "BACKOFF", 0.01)
    for step in (BROKEN, BROKEN, TOO_LONG, "There."):
        house.agents.say(step)
    assert not await ended(house)
    assert (await house.state()).frames[0].brief


async def test_what_is_too_long_in_few_words_too_is_told_honestly(house: House):
    house.agents.say(TOO_LONG)
    house.agents.say(TOO_LONG)
    assert await ended(house) == "window"
    assert len(house.agents.asked) == 2
    [message] = house.halls["slack"].messages.values()
    assert failures.failure("window") in message.words


async def test_a_reply_may_take_what_is_left_of_the_turns_time(house: House):
    out = Gate()
    house.agents.tools["look"] = Tool(effect="read")
    house.agents.say(out, Use("look"))
    house.process()
    await house.say("maya", "hi")
    await out.reached.wait()
    house.clock.advance((TURN_LIMIT - timedelta(seconds=50)).total_seconds())
    out.open()
    await house.idle()
    first, second = (question.within for question in house.agents.asked)
    assert first == 120
    assert second is not None
    assert 30 < second <= 50


async def test_a_specialist_whose_time_is_up_while_its_model_writes_is_told_as_such(
    house: House, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(deadlines, "FRAME_LIMIT", timedelta(seconds=1))
    house.agents.hand_off("software")
    house.agents.say(Use("to_software", "h1"))
    house.agents.say("Half of it", Gate(), agent="software")
    assert not await ended(house)
    _, specialist = (await house.state()).frames
    assert specialist.code == "deadline"
    assert specialist.result == failures.failed_part("deadline")


async def test_nobody_waits_to_ask_again_when_the_time_is_up_before(
    house: House, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(asking, "BACKOFF", 60.0)
    out = Gate()
    house.agents.say(out, BROKEN)
    house.process()
    await house.say("maya", "hi")
    await out.reached.wait()
    house.clock.advance((TURN_LIMIT - timedelta(seconds=50)).total_seconds())
    out.open()
    await house.idle()
    ending = (await house.state()).ending
    assert ending
    assert ending.code == "model"
    assert len(house.agents.asked) == 1
