"""What a message is worth to the pacer."""

from bot.engine.exhibit import Exhibit
from bot.ports.rows import Claim
from bot.protocol.events import ItemAppended, ItemClosed, ItemOpened, TurnEvent
from bot.protocol.ids import ConversationId, ItemId, TenantId
from bot.turn.state import ROOT
from bot.view.project import surfaces_of
from tests.support.turns import ADDRESS, STARTED, fold, record

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
