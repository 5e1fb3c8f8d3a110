"""What a reminder looks like on both platforms, while it is due and afterwards."""

from collections.abc import Callable, Mapping

import pytest

from adapters.simulator.slack.blocks import problems_of
from adapters.simulator.teams.cards import inspect_card
from adapters.slack.render import render as render_for_slack
from adapters.teams.render import card_of
from adapters.teams.render import render as render_for_teams
from bot.ports.surface import Payload
from bot.protocol import events as ev
from bot.view.nodes import TurnView
from bot.view.project import surfaces_of, view_of
from tests.support.golden import assert_golden
from tests.support.stories import BOSS, SEAT, Story

RENDER: Mapping[str, Callable[[TurnView], Payload]] = {
    "slack": render_for_slack,
    "teams": render_for_teams,
}
LOUD = "A seat for <!channel> @everyone <at>all</at> [here](https://evil.example)"


def reminder(*, over: bool = False, subject: str = "An editor seat") -> TurnView:
    """Return what somebody sees who is, or was, reminded."""
    story = Story().wants("c1", "Giving the seat")
    story.asks_for_approval("c1", subject=subject).parks()
    story.tell(ev.TurnParked(waiting_for=(SEAT,), reminded=(SEAT,)), after=900.0)
    if over:
        story.tell(
            ev.ApprovalDecided(
                approval_id=SEAT,
                stage=0,
                verdict="approved",
                by=BOSS.person_id,
                by_name=BOSS.name,
            )
        )
    [plan] = [p for p in surfaces_of(story.state) if p.role == "reminder"]
    return view_of(story.state, plan.audience, story.at)


@pytest.mark.parametrize("platform", RENDER)
def test_a_reminder_is_rendered_as_its_golden_says(platform: str) -> None:
    bodies = {
        name: RENDER[platform](reminder(over=over)).body
        for name, over in (("due", False), ("over", True))
    }
    assert_golden(f"{platform}/reminder.json", bodies)


def test_what_was_asked_for_calls_nobody_and_links_nowhere() -> None:
    for over in (False, True):
        view = reminder(over=over, subject=LOUD)
        slack = render_for_slack(view).body
        assert not problems_of(slack["blocks"])
        assert "<!channel>" not in str(slack)
        card = card_of(view)
        assert not inspect_card(card).problems
        assert "[here](" not in str(card)
        assert not RENDER["teams"](view).body.get("entities")
