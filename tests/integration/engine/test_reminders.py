"""Reminders: who gets them, once each, and when nobody does."""

from collections.abc import Sequence

import pytest

from bot.protocol.ids import PersonId
from bot.protocol.values import Approver, Stage
from bot.turn.approvals import MOST_REMINDERS
from bot.view import wording
from tests.support.engine import House
from tests.support.fake_platform import FakeMessage, Gate, Throttled
from tests.support.scripted_agents import Tool, Use, needs
from tests.support.workshop import ELENA, MAYA, PRIYA, TENANT

SOON, LATER = 0.3, 3600.0
"""Seconds: the database's clock cannot be moved on."""


def stage(*people: PersonId, remind: float = SOON, need: int = 1) -> Stage:
    return Stage(
        label="whoever",
        approvers=tuple(Approver(person_id=p, name=p.title()) for p in people),
        need=need,
        within=LATER,
        remind=remind,
    )


async def asks(house: House, *stages: Stage) -> None:
    house.agents.tools["grant"] = Tool(rule=needs(*stages))
    house.agents.say("I have asked.", Use("grant"))
    house.agents.say("Here is what came of it.")
    await house.say("maya", "please")


async def reminded(house: House, times: int) -> None:
    """Return when people were reminded so often, as the log has it."""
    await house.happened("turn.parked", 1 + times)


def seen(house: House) -> Sequence[FakeMessage]:
    """Return what those who decide see, oldest first."""
    return [
        message
        for hall in house.halls.values()
        for message in hall.messages.values()
        if message.receipt.address.personal
    ]


def reminders(house: House) -> Sequence[FakeMessage]:
    return [message for message in seen(house) if not message.view.approvals]


async def test_who_has_not_decided_is_reminded_a_few_times_below_the_card(
    house: House,
) -> None:
    house.process()
    await asks(house, stage(PRIYA))
    await reminded(house, MOST_REMINDERS)
    await house.idle()
    card, *others = seen(house)
    assert card.view.approvals[0].can_decide
    assert len(card.history) == 1, "the card itself is left alone"
    assert len(others) == MOST_REMINDERS
    for message in others:
        assert message.view.headline == wording.STILL_NEEDED
        assert "Maya Chen still waits for your decision: grant for" in message.words
        assert message.receipt.address == card.receipt.address
    [(left,)] = await house.rows(
        "SELECT due_at > statement_timestamp() + interval '50 minutes' "
        "FROM conversation"
    )
    assert left is True, "after that only the end of its time is left"

    await house.press("priya", await house.approval())
    await house.idle()
    assert {m.view.headline for m in reminders(house)} == {wording.REMINDER_OVER}
    assert len(reminders(house)) == MOST_REMINDERS
    assert len(house.agents.ran) == 1


async def test_who_has_decided_is_not_reminded(house: House) -> None:
    house.process()
    await asks(house, stage(PRIYA, ELENA, need=2, remind=1.5))
    await house.happened("turn.parked")
    await house.idle()
    assert (await house.press("priya", await house.approval())).outcome == "decided"
    await house.sees(wording.STILL_NEEDED, platform="slack")
    await house.press("elena", await house.approval())
    await house.happened("turn.completed")
    await house.idle()
    users = {message.receipt.address.user for message in reminders(house)}
    assert users == {"U-elena"}


@pytest.mark.parametrize("how", ["approved", "rejected", "withdrawn"])
async def test_nobody_is_reminded_after_the_decision(house: House, how: str) -> None:
    house.process()
    await asks(house, stage(PRIYA, remind=1.0))
    await house.happened("turn.parked")
    await house.idle()
    approval = await house.approval()
    if how == "withdrawn":
        records = house.processes[-1].kit.records
        await records.withdraw_request(TENANT, approval_id=approval, by=MAYA)
    else:
        verdict = "approved" if how == "approved" else "rejected"
        await house.press("priya", approval, verdict)
    await house.happened("turn.completed")
    await house.idle()
    assert not reminders(house)
    assert not (await house.state()).approvals[0].reminders


async def kept_from(house: House, gate: Gate) -> None:
    """Let the reminder be in the log, and the platform not answer its post."""
    house.process()
    await asks(house, stage(PRIYA))
    await house.sees("grant for Maya", platform="teams")
    house.halls["teams"].faults["post"].append(gate)
    await gate.reached.wait()
    [first] = (await house.state()).approvals[0].reminders
    assert first.people == (PRIYA,)


async def test_a_killed_process_reminds_nobody_twice(house: House) -> None:
    """Teams cannot be looked through: the one that was killed had not shown it."""
    gate = Gate()
    await kept_from(house, gate)
    await house.goes_on_without(house.processes[0])
    await reminded(house, MOST_REMINDERS)
    await house.idle()
    assert len(reminders(house)) == MOST_REMINDERS
    assert len({message.surface for message in reminders(house)}) == MOST_REMINDERS


async def test_a_shown_reminder_is_not_shown_again_by_the_next_owner(
    house: House,
) -> None:
    house.process()
    await asks(house, stage(PRIYA))
    await reminded(house, MOST_REMINDERS)
    await house.idle()
    before = [m.surface for m in reminders(house)]
    await house.processes[0].kill()
    await house.execute("UPDATE turn SET delivered_seq = 0")
    await house.execute("UPDATE conversation SET due_at = now(), worker_id = NULL")
    house.process("w2")
    await house.idle()
    assert [m.surface for m in reminders(house)] == before


async def test_a_reminder_that_is_late_for_the_decision_does_not_go_out(
    house: House,
) -> None:
    house.process()
    await asks(house, stage(PRIYA))
    await house.sees("grant for Maya", platform="teams")
    house.halls["teams"].faults["post"].extend([Throttled(seconds=5)])
    await house.throttled(house.processes[0])
    await house.press("priya", await house.approval())
    await house.happened("turn.completed")
    house.clock.advance(6)
    await house.idle()
    assert not reminders(house)


async def test_who_cannot_be_shown_the_card_is_not_reminded(house: House) -> None:
    house.unasked = True
    house.unshown.update({"approval", "reminder"})
    house.halls["teams"].disliked.add("grant for Maya")
    house.process()
    await asks(house, stage(PRIYA))
    await reminded(house, MOST_REMINDERS)
    await house.idle()
    assert not seen(house)


async def test_those_it_is_passed_on_to_are_reminded_too(house: House) -> None:
    house.agents.escalates_to = stage(ELENA)
    house.process()
    first = stage(PRIYA).model_copy(update={"within": 0.5, "then": "escalate"})
    await asks(house, first)
    await house.happened("approval.escalated")
    await house.sees(wording.STILL_NEEDED, platform="slack")
    await house.press("elena", await house.approval())
    await house.happened("turn.completed")
    await house.idle()
    theirs = [m for m in reminders(house) if m.receipt.address.platform == "slack"]
    assert {m.receipt.address.user for m in theirs} == {"U-elena"}


async def test_a_decision_that_is_on_its_way_keeps_the_reminder_back(
    house: House,
) -> None:
    """It is in its row before the turn knows of it."""
    house.process()
    await asks(house, stage(PRIYA, remind=0.6))
    await house.happened("turn.parked")
    await house.execute("UPDATE approval SET status = 'approved'")
    await house.until(
        "SELECT statement_timestamp() > created_at + interval '1.5 s' FROM approval"
    )
    assert not (await house.state()).approvals[0].reminders
    await house.execute("UPDATE approval SET status = 'open'")
    await reminded(house, 1)
    await house.press("priya", await house.approval())
    await house.happened("turn.completed")
    await house.idle()
