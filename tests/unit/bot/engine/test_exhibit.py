"""What a message is worth to the pacer, what is believed of it, where a reminder goes."""

from datetime import datetime, timedelta

import pytest

from bot.engine.exhibit import Exhibit, taken_over
from bot.pacing.plan import Priority
from bot.ports.rows import Claim, SurfaceRow
from bot.ports.surface import Receipt
from bot.protocol.events import (
    ItemAppended,
    ItemClosed,
    ItemOpened,
    TurnEvent,
    TurnParked,
)
from bot.protocol.ids import ConversationId, ItemId, TenantId
from bot.turn.state import ROOT
from bot.view.project import surfaces_of
from tests.support.stories import SEAT, Story
from tests.support.turns import ADDRESS, NOW, STARTED, fold, record

CLAIM = Claim(
    tenant_id=TenantId("tenant"),
    conversation_id=ConversationId("c1"),
    fence=1,
    address=ADDRESS,
)
STEP_BEGINS = ItemOpened(item_id=ItemId("i1"), frame_id=ROOT, kind="tool")
STEP_ENDS = ItemClosed(item_id=ItemId("i1"), status="done")
ANSWER_BEGINS = ItemOpened(item_id=ItemId("i2"), frame_id=ROOT, kind="text")
WORDS = ItemAppended(item_id=ItemId("i2"), text="Twenty characters ab")
ANSWER_ENDS = ItemClosed(item_id=ItemId("i2"), status="done")


def size_after(*events: TurnEvent) -> int:
    """Return the size of the message about a turn in which that happened."""
    state = fold(record([STARTED, *events]))
    [plan] = surfaces_of(state)
    size = Exhibit(plan=plan, claim=CLAIM, state=state).size
    assert size is not None
    return size


def test_a_step_adds_nothing_neither_when_it_begins_nor_when_it_ends() -> None:
    assert size_after() == 0
    assert size_after(STEP_BEGINS) == 0
    assert size_after(STEP_BEGINS, STEP_ENDS) == 0


def test_an_answer_is_worth_its_characters_and_neither_beginning_nor_end() -> None:
    assert size_after(ANSWER_BEGINS) == 0
    assert size_after(ANSWER_BEGINS, WORDS) == 20
    assert size_after(ANSWER_BEGINS, WORDS, ANSWER_ENDS) == 20


@pytest.mark.parametrize(
    ("digest", "behind", "doubted"),
    [("d1", 0, False), ("d1", 1, True), ("", 0, True), ("foretold ", 0, True)],
)
def test_what_is_written_down_is_believed_if_it_is_known_and_the_newest(
    digest: str, behind: int, *, doubted: bool
) -> None:
    state = fold(record([STARTED, ANSWER_BEGINS]))
    [plan] = surfaces_of(state)
    row = SurfaceRow(
        surface_id=plan.surface_id,
        turn_id=state.turn_id,
        role=plan.role,
        person_id=plan.person_id,
        platform=ADDRESS.platform,
        address=ADDRESS,
        intent_at=NOW,
        receipt=Receipt(message_id="m1", address=ADDRESS),
        shown_digest=digest,
        shown_seq=state.seq - behind,
        closed=False,
        error="",
    )
    [found] = taken_over(CLAIM, state, [row], doubt=5.0)
    assert (found.doubted, found.digest) == (doubted, "" if doubted else "d1")


DUE = NOW + timedelta(hours=4)


def card_and_reminder() -> tuple[Exhibit, Exhibit]:
    """Return a card that is not shown yet, and the reminder of it."""
    story = Story().wants("c1", "Giving the seat").asks_for_approval("c1").parks()
    story.at = DUE
    story.tell(TurnParked(waiting_for=(SEAT,), reminded=(SEAT,)), after=0.0)
    by_role = {
        plan.role: Exhibit(plan=plan, claim=CLAIM, state=story.state)
        for plan in surfaces_of(story.state)
    }
    return by_role["approval"], by_role["reminder"]


def shown(card: Exhibit, at: datetime) -> None:
    card.receipt = Receipt(message_id="m1", address=ADDRESS)
    card.intent_at = at


def test_a_reminder_waits_for_its_card_and_goes_where_that_is() -> None:
    card, reminder = card_and_reminder()
    reminder.follow(card)
    assert not reminder.homed
    shown(card, NOW)
    reminder.follow(card)
    assert reminder.address == ADDRESS
    assert reminder.priority is Priority.APPROVAL


def test_a_card_that_came_after_the_reminder_was_due_is_reminder_enough() -> None:
    card, reminder = card_and_reminder()
    shown(card, DUE + timedelta(seconds=1))
    reminder.follow(card)
    assert reminder.hopeless
    assert reminder.address is None


@pytest.mark.parametrize("how", ["unreachable", "given up", "unknown"])
def test_without_a_card_there_is_nothing_to_be_reminded_of(how: str) -> None:
    card, reminder = card_and_reminder()
    card.unreachable, card.given_up = how == "unreachable", how == "given up"
    reminder.follow(None if how == "unknown" else card)
    assert reminder.hopeless
