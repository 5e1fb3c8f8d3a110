"""What compaction takes out of a log is put back from the snapshot."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from bot.protocol import events as ev
from bot.protocol.events import Recorded, TurnEvent
from bot.protocol.ids import FrameId, ItemId
from bot.turn.compaction import refill
from tests.support.turns import fold, logs, record

TEXT = (ev.ItemAppended, ev.ItemReplaced)

STARTED = ev.TurnStarted.model_validate(
    {
        "tenant_id": "t",
        "requester": {"person_id": "p", "name": "P"},
        "address": {"platform": "slack", "workspace": "w", "channel": "c"},
        "text": "hi",
    }
)


def compacted(log: Sequence[Recorded]) -> list[Recorded]:
    return [row for row in log if not isinstance(row.event, TEXT)]


@given(logs)
def test_a_compacted_log_folds_to_the_same_turn(log: list[Recorded]) -> None:
    last = fold(log)
    if not last.started_at:
        return
    full = refill(compacted(log), last)
    assert [row.seq for row in full] == [row.seq for row in log]
    assert fold(full) == last


texts = st.lists(
    st.tuples(st.integers(0, 4), st.sampled_from(["open", "add", "replace", "close"])),
    max_size=40,
)


@given(texts)
def test_every_item_gets_its_text_back(steps: list[tuple[int, str]]) -> None:
    bodies: list[TurnEvent] = [STARTED]
    for number, (item, step) in enumerate(steps):
        name = ItemId(f"i{item}")
        match step:
            case "open":
                opened = ev.ItemOpened(
                    item_id=name, frame_id=FrameId("f1"), kind="text"
                )
                bodies.append(opened)
            case "add":
                bodies.append(ev.ItemAppended(item_id=name, text=f"{number} "))
            case "replace":
                bodies.append(ev.ItemReplaced(item_id=name, text=f"{number}!"))
            case _:
                bodies.append(ev.ItemClosed(item_id=name, status="done"))
    log = record(bodies)
    assert fold(refill(compacted(log), fold(log))) == fold(log)
