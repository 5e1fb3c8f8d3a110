"""Models that break off, refuse or fail."""

import asyncio
from contextlib import suppress

import pytest

from bot.errors import ModelError
from bot.view import failures, wording
from tests.support.engine import House
from tests.support.fake_platform import Gate
from tests.support.scripted_agents import Tool, Use

BROKEN = ModelError("the connection broke", transient=True)
REFUSED = ModelError("the key is not valid", transient=False)


async def test_a_reply_that_breaks_off_is_asked_again_and_replaced_in_place(
    house: House,
) -> None:
    seen = Gate()
    house.agents.say("Half an ans", seen, BROKEN)
    house.agents.say("The whole answer.")
    house.process()
    await house.say("maya", "hi")
    await house.sees("Half an ans")
    seen.open()
    await house.idle()
    types = await house.types()
    assert types.count("item.opened") == types.count("item.replaced") == 1
    assert types.count("model.replied") == 1
    [item] = (await house.state()).items
    assert item.text == "The whole answer."
    [message] = house.halls["slack"].messages.values()
    assert message.view.text == "The whole answer."


async def test_both_questions_of_a_broken_reply_are_the_same(house: House) -> None:
    house.agents.say(BROKEN)
    house.agents.say("There.")
    house.process()
    await house.say("maya", "hi")
    await house.idle()
    first, second = house.agents.asked
    assert first == second


async def test_a_reply_broken_off_after_a_call_is_salvaged(house: House) -> None:
    rest = Gate()
    house.agents.tools["grant"] = Tool()
    house.agents.say("I grant it. ", Use("grant"), rest, BROKEN)
    house.agents.say("It is granted.")
    house.process()
    await house.say("maya", "please")
    await house.happened("tool.finished")
    rest.open()
    await house.idle()
    assert len(house.agents.ran) == 1
    assert len(house.agents.asked) == 2
    transcript = house.agents.asked[1].messages
    assert [b.type for b in transcript[-2].blocks] == ["text", "call"]
    assert transcript[-1].answers[0].content == {"ok": True}
    [message] = house.halls["slack"].messages.values()
    assert "I grant it." in message.words
    assert "It is granted." in message.words


@pytest.mark.parametrize("attempts", [1, 2])
async def test_a_model_that_recovers_in_time_answers(
    house: House, attempts: int
) -> None:
    for _ in range(attempts):
        house.agents.say(BROKEN)
    house.agents.say("There.")
    house.process()
    await house.say("maya", "hi")
    await house.idle()
    assert (await house.types())[-1] == "turn.completed"


@pytest.mark.parametrize(("error", "times"), [(REFUSED, 1), (BROKEN, 3)])
async def test_a_model_that_fails_for_good_ends_the_turn_truthfully(
    house: House, error: ModelError, times: int
) -> None:
    house.agents.tools["grant"] = Tool()
    house.agents.say(Use("grant"))
    for _ in range(times):
        house.agents.say(error)
    house.process()
    await house.say("maya", "please")
    await house.idle()
    assert (await house.types())[-1] == "turn.failed"
    assert len(house.agents.asked) == 1 + times
    [message] = house.halls["slack"].messages.values()
    assert message.view.mood == "failed"
    assert failures.failure("model") in message.words
    assert "Did grant" in message.words, "what was done stays done"


async def test_a_specialist_that_fails_is_told_to_the_coordinator(
    house: House,
) -> None:
    house.agents.hand_off("software")
    house.agents.say(Use("to_software", "h1"))
    house.agents.say(REFUSED, agent="software")
    house.agents.say("That did not work.")
    house.process()
    await house.say("maya", "please")
    await house.idle()
    [call] = (await house.state()).calls
    assert call.outcome == "failed"
    assert house.agents.asked[-1].messages[-1].answers[0].is_error
    assert (await house.types())[-1] == "turn.completed"


async def test_a_tool_that_nobody_has_is_refused(house: House) -> None:
    house.agents.say(Use("launch_missiles"))
    house.agents.say("I cannot do that.")
    house.process()
    await house.say("maya", "please")
    await house.idle()
    [call] = (await house.state()).calls
    assert call.status == "denied"
    assert call.reason == wording.POLICY_UNCHECKED


async def test_text_that_was_not_committed_yet_is_replaced_too(house: House) -> None:
    """The reply breaks off, and is asked again, while Postgres is slow."""
    first, second = Gate(), Gate()
    house.agents.say(first, "Half an ans", BROKEN)
    house.agents.say(second, "The whole answer.")
    house.process()
    await house.say("maya", "hi")
    await first.reached.wait()
    async with house.nothing_commits():
        first.open()
        with suppress(TimeoutError):  # it need not be asked before the commit
            async with asyncio.timeout(0.5):
                await second.reached.wait()
    second.open()
    await house.idle()
    [item] = (await house.state()).items
    assert item.text == "The whole answer."


async def test_a_call_that_was_not_committed_yet_is_salvaged_too(house: House) -> None:
    """The reply breaks off right after a call, while Postgres is slow."""
    first, second = Gate(), Gate()
    house.agents.tools["grant"] = Tool()
    house.agents.say(first, Use("grant", "c1"), BROKEN)
    house.agents.say(second, Use("grant", "c2"))
    house.process()
    await house.say("maya", "please")
    await first.reached.wait()
    async with house.nothing_commits():
        first.open()
        await house.agents.broke.wait()
    second.open()
    await house.idle()
    assert [call.call_id for call in house.agents.ran] == ["c1", "c2"]
    asked = [len(question.messages) for question in house.agents.asked]
    assert asked == [1, 3, 5], "c2 must belong to a second question"


async def test_an_error_that_nobody_expected_ends_the_turn(house: House) -> None:
    house.agents.say("I thi", KeyError("choices"))
    house.process()
    await house.say("maya", "hi")
    house.busy_at_the_end = True
    await house.happened("turn.failed", within=3)
