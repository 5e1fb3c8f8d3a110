"""Approvals: who may decide, on what, how many, and what becomes of it."""

from datetime import timedelta

import pytest

from bot.ports.inbox import Acceptance
from bot.protocol.ids import ApprovalId, PersonId
from bot.protocol.values import Approver, Stage
from bot.view import replies
from tests.support.engine import House
from tests.support.fake_platform import FakeMessage
from tests.support.scripted_agents import Tool, Use, needs
from tests.support.store import all_of
from tests.support.workshop import ELENA, MAYA, OMAR, PRIYA, SAM


def stage(*people: PersonId, need: int = 1, within: float = 3600) -> Stage:
    return Stage(
        label="whoever",
        approvers=tuple(Approver(person_id=p, name=p.title()) for p in people),
        need=need,
        within=within,
    )


async def asked(house: House, *stages: Stage) -> ApprovalId:
    """Let Maya ask for something that these must approve; return when it is parked."""
    house.agents.tools["grant"] = Tool(rule=needs(*stages))
    house.agents.say("I have asked.", Use("grant"))
    house.agents.say("Here is what came of it.")
    house.process()
    await house.say("maya", "please")
    await house.idle()
    assert (await house.types())[-1] == "turn.parked"
    assert house.agents.ran == []
    return await house.approval()


def cards(house: House) -> list[FakeMessage]:
    """Return what people who decide see, on any platform."""
    return [
        message
        for hall in house.halls.values()
        for message in hall.messages.values()
        if message.receipt.address.personal
    ]


async def status(house: House) -> str:
    [(found,)] = await house.rows("SELECT status FROM approval")
    return str(found)


async def made(house: House) -> int:
    return len(await house.rows("SELECT 1 FROM decision"))


async def test_a_decider_is_reached_on_their_platform_and_what_they_say_happens(
    house: House,
) -> None:
    approval = await asked(house, stage(PRIYA))
    [card] = house.halls["teams"].messages.values()
    [shown] = card.view.approvals
    assert (shown.approval_id, shown.can_decide) == (approval, True)
    [waiting] = house.halls["slack"].messages.values()
    assert "Priya" in waiting.view.headline

    told = await house.press("priya", approval)
    assert told.outcome == "decided"
    assert told.view and not told.view.approvals[0].can_decide
    await house.idle()
    assert [call.name for call in house.agents.ran] == ["grant"]
    assert (await house.types())[-1] == "turn.completed"
    assert await status(house) == "approved"
    assert not any(a.can_decide for a in card.view.approvals)
    progress, answer = house.halls["slack"].messages.values()
    assert "Here is what came of it." in answer.words
    assert "Here is what came of it." not in progress.words


async def test_a_rejection_is_told_with_its_reason(house: House) -> None:
    approval = await asked(house, stage(PRIYA))
    await house.press("priya", approval, "rejected", reason="No budget")
    await house.idle()
    assert house.agents.ran == []
    [call] = (await house.state()).calls
    assert (call.status, call.denied_by) == ("denied", "person")
    assert "No budget" in call.reason
    assert await status(house) == "rejected"
    assert "No budget" in str(house.agents.asked[-1].messages)


@pytest.mark.parametrize("person", ["omar", "stranger", "maya"])
async def test_who_was_not_asked_does_not_decide(house: House, person: str) -> None:
    approval = await asked(house, stage(PRIYA))
    told = await house.press(person, approval)
    assert (told.outcome, told.sentence) == (
        "not_entitled",
        replies.CLICK_NOT_ENTITLED,
    )
    assert (await status(house), await made(house)) == ("open", 0)
    assert house.agents.ran == []


async def test_the_requester_does_not_decide_even_if_they_were_asked(
    house: House,
) -> None:
    approval = await asked(house, stage(MAYA, PRIYA))
    assert (await house.press("maya", approval)).outcome == "not_entitled"
    assert (await status(house), await made(house)) == ("open", 0)
    assert len(cards(house)) == 1, "nor do they get a card"
    assert (await house.press("priya", approval)).outcome == "decided"


async def test_a_press_on_what_has_changed_decides_nothing(house: House) -> None:
    approval = await asked(house, stage(PRIYA))
    told = await house.press("priya", approval, args_hash="another")
    assert (told.outcome, told.sentence) == ("stale", replies.CLICK_STALE)
    assert (await status(house), await made(house)) == ("open", 0)
    assert (await house.press("priya", approval)).outcome == "decided"


async def test_a_press_on_nothing_is_told_so(house: House) -> None:
    told = await house.press("priya", ApprovalId("unknown"))
    assert (told.outcome, told.sentence) == ("unknown", replies.CLICK_UNKNOWN)


async def test_of_twenty_presses_at_once_one_decides(house: House) -> None:
    approval = await asked(house, stage(ELENA, SAM, OMAR))
    people = ["elena", "sam", "omar"]

    async def press(number: int) -> Acceptance:
        verdict = "approved" if number % 2 else "rejected"
        return await house.press(people[number % 3], approval, verdict)

    told = await all_of(press(n) for n in range(20))
    outcomes = [one.outcome for one in told]
    assert outcomes.count("decided") == 1
    assert outcomes.count("already_decided") == 19
    await house.idle()
    [(verdict,)] = await house.rows("SELECT verdict FROM decision")
    assert await status(house) == verdict
    assert len(house.agents.ran) == (verdict == "approved")
    said = {one.sentence for one in told if one.outcome == "already_decided"}
    assert "" not in said
    for card in cards(house):
        assert not any(a.can_decide for a in card.view.approvals)


async def test_two_are_needed_and_they_must_be_two(house: House) -> None:
    approval = await asked(house, stage(ELENA, SAM, need=2))
    assert (await house.press("elena", approval)).outcome == "decided"
    await house.idle()
    assert (await status(house), house.agents.ran) == ("open", [])
    again = await house.press("elena", approval)
    assert (again.outcome, again.sentence) == (
        "already_decided",
        replies.CLICK_ALREADY,
    )
    await house.idle()
    assert (await status(house), house.agents.ran) == ("open", [])
    assert (await house.press("sam", approval)).outcome == "decided"
    await house.idle()
    assert await status(house) == "approved"
    assert len(house.agents.ran) == 1


async def test_both_of_two_at_once_make_two(house: House) -> None:
    approval = await asked(house, stage(ELENA, SAM, need=2))
    told = await all_of(house.press(who, approval) for who in ("elena", "sam"))
    assert [one.outcome for one in told] == ["decided", "decided"]
    await house.idle()
    assert await status(house) == "approved"
    assert len(house.agents.ran) == 1


async def test_one_of_two_who_says_no_is_enough(house: House) -> None:
    approval = await asked(house, stage(ELENA, SAM, need=2))
    await house.press("elena", approval)
    await house.press("sam", approval, "rejected", reason="Not now")
    await house.idle()
    assert (await status(house), house.agents.ran) == ("rejected", [])


async def test_stages_come_one_after_the_other(house: House) -> None:
    approval = await asked(house, stage(PRIYA), stage(ELENA))
    assert len(cards(house)) == 1
    early = await house.press("elena", approval)
    assert early.outcome == "not_entitled"
    await house.press("priya", approval)
    await house.idle()
    assert (await status(house), house.agents.ran) == ("open", [])
    assert len(cards(house)) == 2
    assert (await house.press("priya", approval)).outcome == "already_decided"
    assert (await house.press("elena", approval)).outcome == "decided"
    await house.idle()
    assert (await status(house), len(house.agents.ran)) == ("approved", 1)


async def test_a_decision_is_read_by_the_turn_it_is_for(house: House) -> None:
    """Two requests of one conversation wait; only one goes on."""
    house.agents.tools["grant"] = Tool(rule=needs(stage(PRIYA)))
    house.process()
    for number in (1, 2):
        house.agents.say(Use("grant", f"c{number}"))
        await house.say("maya", "please")
        await house.idle()
    first, second = await house.turns()
    query = "SELECT approval_id FROM approval WHERE turn_id = :turn"
    [(approval,)] = await house.rows(query, turn=second)
    await house.press("priya", ApprovalId(str(approval)))
    await house.idle()
    assert (await house.types(first))[-1] == "turn.parked"
    assert (await house.types(second))[-1] == "turn.completed"


async def test_a_new_message_is_answered_while_a_request_waits(house: House) -> None:
    await asked(house, stage(PRIYA))
    house.agents.replies["coordinator"].clear()
    house.agents.say("It is with Priya.")
    await house.say("maya", "what about it?")
    await house.idle()
    assert len(await house.turns()) == 2
    [request] = house.agents.asked[-1].open_requests
    assert request.waiting_for == ("Priya",)


async def test_what_nobody_decides_in_time_expires_by_itself(house: House) -> None:
    await asked(house, stage(PRIYA, within=0.2))
    await house.happened("turn.completed")
    await house.idle()
    assert await status(house) == "expired"
    assert house.agents.ran == []
    [call] = (await house.state()).calls
    assert (call.status, call.denied_by) == ("denied", "time")
    late = await house.press("priya", await house.approval())
    assert late.outcome == "already_decided"


async def test_what_nobody_decides_in_time_goes_to_others(house: House) -> None:
    house.agents.escalates_to = stage(ELENA)
    approval = await asked(house, stage(PRIYA, within=0.2))
    await house.happened("approval.escalated")
    await house.idle()
    assert await status(house) == "open"
    assert len(cards(house)) == 2
    assert (await house.press("elena", approval)).outcome == "decided"
    await house.idle()
    assert len(house.agents.ran) == 1


async def test_a_request_that_waits_has_its_time_in_the_database(
    house: House,
) -> None:
    await asked(house, stage(PRIYA, within=3600))
    [(left,)] = await house.rows(
        "SELECT due_at - statement_timestamp() FROM conversation"
    )
    assert isinstance(left, timedelta)
    assert timedelta(minutes=59) < left < timedelta(minutes=61)
