"""Replies that are no end: cut off, paused, empty, declined, or without sense."""

from bot.engine.question import GO_ON, SAY_SOMETHING
from bot.ports.agent import Refused
from bot.protocol.ids import TurnId
from bot.protocol.values import TextBlock
from bot.turn.replies import CONTINUED
from bot.turn.state import Phase
from bot.view import failures, replies, wording
from tests.support.engine import House
from tests.support.fake_platform import FakeMessage
from tests.support.scripted_agents import Stops, Tool, Use

CUT_OFF = Stops("max_tokens")


async def ended(house: House, words: str = "hi") -> FakeMessage:
    """Return the message of a turn that is over."""
    house.process()
    await house.say("maya", words)
    await house.idle()
    [message] = house.halls["slack"].messages.values()
    return message


def last_words(house: House) -> list[str]:
    """Return what the last question said after the reply before it."""
    blocks = house.agents.asked[-1].messages[-1].blocks
    return [b.text for b in blocks if isinstance(b, TextBlock)]


async def test_an_answer_that_was_cut_off_is_gone_on_with_in_mid_sentence(
    house: House,
) -> None:
    house.agents.say("Press the gr", CUT_OFF)
    house.agents.say("een ", CUT_OFF)
    house.agents.say("button.")
    message = await ended(house)
    assert message.view.text == "Press the green button."
    assert last_words(house) == [GO_ON]
    assert await house.rows("SELECT answer FROM turn") == [("Press the green button.",)]
    assert (await house.types())[-1] == "turn.completed"


async def test_an_answer_that_never_ends_is_ended(house: House) -> None:
    for _ in range(CONTINUED + 2):
        house.agents.say("and so ", CUT_OFF)
    message = await ended(house)
    assert message.view.text == ("and so " * (CONTINUED + 1)).strip()
    assert failures.failure("length") in message.words
    assert len(house.agents.asked) == CONTINUED + 1


async def test_a_pause_is_gone_on_from_without_a_word(house: House) -> None:
    house.agents.say("Let me think. ", Stops("pause_turn"))
    house.agents.say("Yes.")
    message = await ended(house)
    assert "Yes." in message.words
    assert last_words(house) == []


async def test_an_empty_answer_is_asked_for_once_more(house: House) -> None:
    house.agents.say()
    house.agents.say("Sorry. Yes.")
    message = await ended(house)
    assert message.view.text == "Sorry. Yes."
    assert last_words(house) == [SAY_SOMETHING]


async def test_a_model_that_says_nothing_twice_is_told_of(house: House) -> None:
    house.agents.say()
    house.agents.say(" \n")
    message = await ended(house)
    assert failures.failure("empty") in message.words
    assert len(house.agents.asked) == 2


async def test_a_refusal_is_told_plainly(house: House) -> None:
    house.agents.say("I will n", Stops("refusal"))
    message = await ended(house)
    assert failures.failure("refusal") in message.words
    assert len(house.agents.asked) == 1


async def test_a_specialists_refusal_is_told_to_who_handed_over(house: House) -> None:
    house.agents.hand_off("software")
    house.agents.say(Use("to_software", "h1"))
    house.agents.say(Stops("refusal"), agent="software")
    house.agents.say("The specialist declined.")
    message = await ended(house)
    [answer] = house.agents.asked[-1].messages[-1].answers
    assert failures.failure("refusal") in str(answer.content)
    assert "The specialist declined." in message.words


SENSELESS = Tool(
    rule=lambda _call: Refused(reason="grant: Field required", malformed=True)
)


async def test_arguments_without_sense_are_corrected_once(house: House) -> None:
    house.agents.tools["grant"] = Tool(
        rule=lambda call: Tool().rule(call) if call.arguments else SENSELESS.rule(call)
    )
    house.agents.say(Use("grant", "c1"))
    house.agents.say(Use("grant", "c2", {"what": "wiki"}))
    house.agents.say("Granted.")
    message = await ended(house)
    told = house.agents.asked[1].messages[-1].answers[0]
    assert told.is_error
    assert "Field required" in str(told.content)
    assert [call.call_id for call in house.agents.ran] == ["c2"]
    assert message.view.headline == wording.DONE
    assert "Field required" not in message.words


async def test_arguments_without_sense_end_the_turn_the_second_time(
    house: House,
) -> None:
    house.agents.tools["grant"] = SENSELESS
    for number in range(4):
        house.agents.say(Use("grant", f"c{number}"))
    message = await ended(house)
    assert len(house.agents.asked) == 2
    assert failures.failure("arguments") in message.words
    assert wording.MALFORMED in message.words
    assert "Field required" not in message.words


async def too_long(house: House) -> TurnId:
    """Return a turn whose answer grew too long."""
    for _ in range(CONTINUED + 1):
        house.agents.say("and so ", CUT_OFF)
    message = await ended(house)
    turn = await house.turn()
    assert message.view.continue_turn == turn
    return turn


async def test_continue_goes_on_from_what_is_there_once(house: House) -> None:
    turn = await too_long(house)
    house.agents.say("it ended.")
    asked = len(house.agents.asked)
    assert (await house.go_on("maya", turn)).outcome == "accepted"
    assert (await house.go_on("maya", turn)).outcome != "accepted"
    await house.idle()
    assert len(house.agents.asked) == asked + 1
    question, answer, go_on = house.agents.asked[-1].messages
    assert answer.role == "assistant"
    assert answer.blocks == (TextBlock(text="and so " * (CONTINUED + 1)),)
    assert go_on.blocks == (TextBlock(text=replies.CONTINUE_SAID),)
    assert question.blocks == (TextBlock(text="hi"),)
    await house.sees("it ended.")
    newest = (await house.turns())[-1]
    assert newest != turn
    assert (await house.state(newest)).phase is Phase.COMPLETED


async def test_continue_counts_once_also_when_nobody_remembers_the_press(
    house: House,
) -> None:
    turn = await too_long(house)
    assert (await house.go_on("maya", turn)).outcome == "accepted"
    await house.idle()
    await house.execute("DELETE FROM delivery_seen")
    pressed = await house.go_on("maya", turn)
    assert (pressed.outcome, pressed.sentence) == ("unknown", replies.CONTINUE_PASSED)
    await house.idle()
    assert len(await house.turns()) == 2


async def test_an_answer_is_not_gone_on_with_once_they_talk_of_something_else(
    house: House,
) -> None:
    turn = await too_long(house)
    await house.say("maya", "never mind")
    await house.idle()
    asked = len(house.agents.asked)
    pressed = await house.go_on("maya", turn)
    assert (pressed.outcome, pressed.sentence) == ("unknown", replies.CONTINUE_PASSED)
    await house.idle()
    assert len(house.agents.asked) == asked


async def test_only_who_asked_lets_an_answer_go_on(house: House) -> None:
    turn = await too_long(house)
    pressed = await house.go_on("omar", turn)
    assert pressed.outcome == "not_entitled"
    assert pressed.sentence == replies.CONTINUE_NOT_YOURS
    assert await house.turns() == [turn]
    assert (await house.go_on("maya", turn)).outcome == "accepted"


async def test_a_turn_that_simply_ended_offers_nothing_to_go_on_with(
    house: House,
) -> None:
    message = await ended(house)
    assert message.view.continue_turn is None
    pressed = await house.go_on("maya", await house.turn())
    assert pressed.outcome == "unknown"
    assert len(await house.turns()) == 1
