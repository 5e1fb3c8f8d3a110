"""Turns that did not simply succeed, and others that people must understand."""

from collections.abc import Mapping

from bot.protocol import events as ev
from bot.turn.state import TurnState
from bot.view.nodes import TurnView
from bot.view.project import surfaces_of, view_of
from tests.support.stories import (
    Story,
    approval_story,
    changed_story,
    knowledge_story,
    mixed_story,
    reconsidered_story,
)
from tests.support.turns import QUEUED


def queued_story(place: int = 1) -> Story:
    """Somebody else's message in a busy thread."""
    return Story(QUEUED.model_copy(update={"queue_place": place}))


def lost_story() -> Story:
    """A call whose outcome nobody knows, while the turn goes on."""
    story = mixed_story().starts("c5").finishes("c5", "Ordered a mouse")
    return story.says("t1", "Most of it is done").stops_saying("t1")


STORIES: Mapping[str, Story] = {
    "stopped": mixed_story().says("t1", "Let me **see").stops(),
    "stopped-before-anything": knowledge_story().stops(),
    "withdrawn-undecided": approval_story().stops("withdrawn"),
    "overran": mixed_story().fails("deadline", after=1200.0),
    "overran-undecided": approval_story().fails("deadline", after=3 * 86400.0),
    "damaged": mixed_story().fails("degraded"),
    "damaged-undecided": approval_story().fails("degraded"),
    "damaged-from-the-beginning": Story().fails("degraded"),
    "broken": mixed_story().starts("c5").fails("internal"),
    "no-model": Story().wants("c1", "Ordering a mouse").fails("model"),
    "too-much": knowledge_story().fails("limit"),
    "declined": knowledge_story().fails("refusal"),
    "nothing-said": Story().fails("empty"),
    "no-sense": mixed_story().fails("arguments"),
    "too-long": knowledge_story().fails("length"),
    "spent": knowledge_story().fails("budget_person_day"),
    "too-many-tokens": knowledge_story().fails("tokens"),
    "unsure": lost_story().seals(ev.TurnCompleted()),
    "unsure-running": lost_story(),
    "in-line": queued_story(),
    "third-in-line": queued_story(3),
    "stopped-in-line": queued_story().stops(),
    "changed": changed_story(),
    "reconsidered": reconsidered_story(),
}
"""Each told up to what is to be looked at."""


def shown(story: Story) -> dict[str, TurnView]:
    """Return every message of a story by its role and whose it is."""
    state: TurnState = story.state
    return {
        f"{plan.role} {plan.person_id} {number}": view_of(
            state, plan.audience, story.at, footer="A footer."
        )
        for number, plan in enumerate(surfaces_of(state))
    }
