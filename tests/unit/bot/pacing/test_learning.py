"""From whom the pacer learns what turns are like."""

import pytest

from bot.pacing.lanes import Lane, Window
from bot.pacing.pacer import Pacer
from bot.pacing.plan import Priority
from bot.pacing.way import Way
from bot.protocol.ids import SurfaceId

POSTS = Way(
    name="post",
    lanes=(Lane(key="posts", windows=()),),
    then=(Way(name="edit", lanes=(Lane(key="edits", windows=(Window(60, 60.0),)),)),),
)
OTHERS = 30
"""Surfaces that end, one every"""
GAP = 2.0
"""seconds."""
TOKEN = 1 / 60


def refreshes_after(pacer: Pacer, begin: Priority) -> int:
    """Let surfaces end all the time; return how often a turn is refreshed then."""
    for number in range(OTHERS):
        card, at = SurfaceId(f"card {number}"), number * GAP
        for revision, priority in enumerate((begin, Priority.FINAL), start=1):
            ways = (POSTS,) if revision == 1 else None
            pacer.offer(card, revision, priority=priority, ways=ways, now=at)
            for send in pacer.plan(at).sends:
                pacer.succeeded(send.surface, at)
        pacer.forget(card)
    sends = 0
    for token in range(round(6 / TOKEN)):
        turn, at = SurfaceId("turn"), OTHERS * GAP + token * TOKEN
        pacer.offer(
            turn,
            token + 1,
            priority=Priority.PROGRESS,
            ways=(POSTS,) if token == 0 else None,
            size=4 * token,
            now=at,
        )
        for send in pacer.plan(at).sends:
            pacer.succeeded(send.surface, at)
            sends += 1
    return sends


def test_turns_that_keep_coming_are_thought_to_go_on_coming() -> None:
    assert refreshes_after(Pacer(), Priority.PROGRESS) < 10


@pytest.mark.parametrize("begin", [Priority.APPROVAL, Priority.FINAL])
def test_cards_and_endings_of_their_own_are_not_taken_for_turns(
    begin: Priority,
) -> None:
    assert refreshes_after(Pacer(), begin) >= 12
