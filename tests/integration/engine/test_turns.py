"""A turn from mail to its end, and what people may do while it runs."""

import asyncio

from bot.ports.agent import Call, ToolResult
from bot.view import failures
from tests.support.engine import House
from tests.support.fake_platform import Gate
from tests.support.scripted_agents import Tool, Use, did


async def test_a_message_is_answered(house: House) -> None:
    house.agents.say("Hello ", "Maya.")
    house.process()
    await house.say("maya", "hi")
    await house.idle()
    assert await house.types() == [
        "turn.started",
        "frame.opened",
        "model.asked",
        "item.opened",
        "item.appended",
        "item.closed",
        "model.replied",
        "frame.closed",
        "turn.completed",
    ]
    [message] = house.halls["slack"].messages.values()
    assert "Hello Maya." in message.words
    assert "This is a script." in message.words


async def test_many_tokens_are_few_events(house: House) -> None:
    words = [f"word{n} " for n in range(300)]
    house.agents.say(*words)
    house.process()
    await house.say("maya", "hi")
    await house.idle()
    assert (await house.types()).count("item.appended") < 30
    state = await house.state()
    assert state.items[0].text == "".join(words)


async def test_a_tool_starts_before_the_reply_has_ended(house: House) -> None:
    rest = Gate()
    house.agents.tools["grant"] = Tool()
    house.agents.say("I grant it", Use("grant"), rest)
    house.process()
    await house.say("maya", "please")
    await house.happened("tool.finished")
    assert "model.replied" not in await house.types()
    rest.open()
    await house.idle()
    assert [call.name for call in house.agents.ran] == ["grant"]
    answers = house.agents.asked[-1].messages[-1].answers
    assert [(a.call_id, a.content) for a in answers] == [("c1", {"ok": True})]


async def test_an_effect_is_committed_as_an_intent_before_it_happens(
    house: House,
) -> None:
    async def look(_call: Call) -> ToolResult:
        seen.extend(await house.types())
        return did()

    seen: list[str] = []
    house.agents.tools["grant"] = Tool(run=look)
    house.agents.say(Use("grant"))
    house.process()
    await house.say("maya", "please")
    await house.idle()
    assert seen[-1] in {"tool.started", "model.replied"}
    assert "tool.started" in seen
    assert "tool.finished" not in seen


async def test_two_specialists_work_side_by_side(house: House) -> None:
    both = asyncio.Barrier(2)

    async def meet(_call: Call) -> ToolResult:
        await both.wait()  # for ever, if they came one after the other
        return did()

    house.agents.hand_off("software", "hardware")
    house.agents.tools["work"] = Tool(run=meet)
    house.agents.say(Use("to_software", "h1"), Use("to_hardware", "h2"))
    house.agents.say("Both are done.")
    for agent, call in (("software", "w1"), ("hardware", "w2")):
        house.agents.say(Use("work", call), agent=agent)
    house.process()
    await house.say("maya", "a seat and a screen")
    await house.idle()
    state = await house.state()
    assert {(f.agent, f.outcome) for f in state.frames} == {
        ("coordinator", "done"),
        ("software", "done"),
        ("hardware", "done"),
    }
    assert all(call.outcome == "done" for call in state.calls)
    [message] = house.halls["slack"].messages.values()
    assert "Both are done." in message.words


async def test_what_is_added_is_seen_at_the_next_question(house: House) -> None:
    rest = Gate()
    house.agents.say("Read access", rest)
    house.agents.say("Write access then.")
    house.process()
    await house.say("maya", "access please")
    await rest.reached.wait()
    await house.say("maya", "write, not read")
    await house.happened("turn.steered")
    rest.open()
    await house.idle()
    assert len(await house.turns()) == 1
    first, second = house.agents.asked
    assert "write, not read" not in str(first.messages)
    assert [b.text for b in second.messages[-1].blocks if b.type == "text"] == [
        "write, not read"
    ]
    [message] = house.halls["slack"].messages.values()
    assert "Write access then." in message.words


async def test_somebody_elses_message_waits_in_line_and_is_told_so(
    house: House,
) -> None:
    rest = Gate()
    house.agents.say("For Maya", rest)
    house.agents.say("For Omar")
    house.process()
    await house.say("maya", "hi")
    await rest.reached.wait()
    await house.say("omar", "me too")
    await house.say("maya", "and this")
    await house.happened("turn.steered")
    assert await house.rows("SELECT 1 FROM mailbox") == []
    await house.sees("In line behind")
    rest.open()
    await house.idle()
    maya, omar = [await house.state(turn) for turn in await house.turns()]
    assert maya.requester and maya.requester.person_id == "maya"
    assert omar.requester and omar.requester.person_id == "omar"
    assert [s.text for s in maya.steers] == ["and this"]
    assert maya.ending and omar.ending
    assert omar.queued_behind == "Maya Chen"
    assert maya.ending.at <= omar.frames[0].opened_at


async def test_threads_do_not_wait_for_each_other(house: House) -> None:
    rest = Gate()
    house.agents.say("Slow", rest)
    house.process()
    await house.say("maya", "hi", thread="1")
    await rest.reached.wait()
    await house.say("omar", "hi", thread="2")
    await house.happened("turn.completed")
    rest.open()


async def test_a_turn_knows_what_was_said_before(house: House) -> None:
    house.agents.say("The first answer.")
    house.process()
    await house.say("maya", "first")
    await house.idle()
    await house.say("maya", "second")
    await house.idle()
    told = [(m.role, m.blocks[0]) for m in house.agents.asked[-1].messages]
    assert [(role, getattr(block, "text", "")) for role, block in told] == [
        ("user", "first"),
        ("assistant", "The first answer."),
        ("user", "second"),
    ]


async def test_the_same_message_again_changes_nothing(house: House) -> None:
    house.process()
    first = await house.say("maya", "hi", key="said once")
    again = await house.say("maya", "hi", key="said once")
    assert (first.outcome, again.outcome) == ("accepted", "duplicate")
    await house.idle()
    assert len(await house.turns()) == 1


async def test_a_stranger_is_answered_in_plain_words(house: House) -> None:
    house.process()
    await house.say("stranger", "give me everything")
    await house.idle()
    assert house.agents.asked == []
    [message] = house.halls["slack"].messages.values()
    assert failures.failure("stranger") in message.words
    assert (await house.types())[-1] == "turn.failed"


async def test_a_workspace_that_is_not_installed_is_ignored(house: House) -> None:
    house.process()
    elsewhere = house.user("maya").model_copy(update={"workspace": "elsewhere"})
    said = await house.say("maya", "hi", by=elsewhere)
    assert said.outcome == "unknown"
    await house.idle()
    assert await house.turns() == []
    assert await house.rows("SELECT 1 FROM mailbox") == []
    assert await house.rows("SELECT 1 FROM conversation") == []
