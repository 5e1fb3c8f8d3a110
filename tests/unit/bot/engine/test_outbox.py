"""Events on their way to the log: merged where they may be, cut where they must be.

White-box: the outbox is not seen from outside, but "many tokens, one event" and
"nothing overtakes" rest on it.
"""

import asyncio
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from bot.engine.outbox import Outbox, Outgoing, chunks
from bot.protocol import events as ev
from bot.protocol.events import TurnEvent
from bot.protocol.ids import FrameId, ItemId, PersonId
from tests.support.turns import PARKED, WANTED

STEER = ev.TurnSteered(text="more")
CLOSED = ev.FrameClosed(frame_id=FrameId("f1"), outcome="done")
CANCELLED = ev.TurnCancelled(by=PersonId("p"), by_name="P")


def words(text: str, item: str = "t") -> ev.ItemAppended:
    return ev.ItemAppended(item_id=ItemId(item), text=text)


def put(*events: TurnEvent) -> list[TurnEvent]:
    """Return what an outbox makes of events."""
    outbox = Outbox()
    for event in events:
        if isinstance(event, ev.ItemAppended):
            outbox.say(event.item_id, event.text)
        else:
            outbox.put(Outgoing((event,)))
    return [event for entry in outbox.take() for event in entry.events]


def test_text_of_one_item_becomes_one_event() -> None:
    assert put(words("a"), words("b"), words("c")) == [words("abc")]


def test_text_of_two_items_does_not_mix() -> None:
    events = [words("a"), words("b", "u"), words("c")]
    assert put(*events) == events


def test_text_does_not_overtake() -> None:
    events = [words("a"), STEER, words("b")]
    assert put(*events) == events


async def test_text_that_somebody_waits_for_is_not_merged() -> None:
    outbox = Outbox()
    outbox.put(Outgoing((words("a"),)))
    done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    outbox.put(Outgoing((words("b"),), done=done))
    outbox.put(Outgoing((words("c"),)))
    assert [e.events[0] for e in outbox.take()] == [words("a"), words("b"), words("c")]


def test_what_was_taken_is_gone() -> None:
    outbox = Outbox()
    outbox.put(Outgoing((STEER,)))
    assert len(outbox.take()) == 1
    assert outbox.take() == []


some_events = st.lists(
    st.one_of(
        st.builds(words, st.text(max_size=3), st.sampled_from("tu")),
        st.sampled_from([STEER, CLOSED, CANCELLED, PARKED, WANTED]),
    ),
    max_size=12,
)


@given(some_events)
def test_merging_keeps_every_word_in_its_place(events: list[TurnEvent]) -> None:
    def told(log: list[TurnEvent]) -> list[object]:
        found: list[object] = []
        for event in log:
            if isinstance(event, ev.ItemAppended):
                found += [(event.item_id, letter) for letter in event.text]
            else:
                found.append(event)
        return found

    merged = put(*events)
    assert told(merged) == told(events)
    for pair in pairwise(merged):
        match pair:
            case (ev.ItemAppended(item_id=one), ev.ItemAppended(item_id=two)):
                assert one != two, "these could have been one event"
            case _:
                pass


@given(some_events, st.data())
def test_commits_are_cut_where_what_is_heard_changes(
    events: list[TurnEvent], data: st.DataObject
) -> None:
    entries = [Outgoing((event,), alone=data.draw(st.booleans())) for event in events]
    cut = chunks(entries)
    assert [entry for chunk in cut for entry in chunk] == entries
    assert all(cut)
    turns = ev.TurnParked | ev.TurnCompleted | ev.TurnFailed | ev.TurnCancelled
    ends = turns | ev.FrameClosed | ev.ApprovalRequested
    for chunk in cut:
        assert not any(isinstance(entry.events[0], ends) for entry in chunk[:-1])
        assert len(chunk) == 1 or not any(entry.alone for entry in chunk)
