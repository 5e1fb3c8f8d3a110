"""Who is on it, since when and why; and who did what in the end."""

import pytest

from adapters.slack.render import render as in_slack
from adapters.teams.render import render as in_teams
from bot.protocol import events as ev
from bot.protocol.ids import CallId
from bot.turn.handing import Bound, policy_of
from bot.view import teamwork, wording
from bot.view.nodes import Step, TurnView
from bot.view.project import ForRequester, view_of
from bot.view.steps import collapsed
from tests.support.stories import Story, onboarding_story


def seen(story: Story) -> TurnView:
    return view_of(
        story.state, ForRequester(part="progress"), story.at, footer="A footer."
    )


def step(story: Story, step_id: str) -> Step:
    return next(step for step in seen(story).steps if step.id == step_id)


def two_deep() -> Story:
    story = Story()
    first = story.hands_over("c1", "software", why="Figma is theirs")
    second = story.hands_over("c2", "security", frame=first, why="they see to access.")
    return story.wants("c3", "Give access", frame=second)


def test_a_step_says_since_when_somebody_is_on_it_and_why():
    story = two_deep()
    assert step(story, "c1").detail == "Handed over at 09:00 UTC: Figma is theirs."
    assert step(story, "c2").detail == "Handed over at 09:00 UTC: they see to access."
    assert [(s.id, s.agent) for s in seen(story).steps] == [
        ("c1", ""),
        ("c2", "Software"),
        ("c3", "Security"),
    ]


def test_a_log_of_the_first_release_names_the_agent_as_it_did():
    story = two_deep()
    story.log = [
        logged.model_copy(
            update={"event": logged.event.model_copy(update={"title": ""})}
        )
        if isinstance(logged.event, ev.FrameOpened)
        else logged
        for logged in story.log
    ]
    assert [step.agent for step in seen(story).steps] == ["", "software", "security"]


def test_both_platforms_show_who_is_on_it_and_why():
    for render in (in_slack, in_teams):
        shown = str(render(seen(two_deep())).body)
        for words in ("09:00 UTC: Figma is theirs", "they see to access", "Security"):
            assert words in shown


def test_what_a_step_says_of_who_began_stays_when_they_end():
    """Slack's streams take nothing away."""
    story = two_deep()
    before = step(story, "c1").detail
    for outcome in ("done", "failed"):
        ended = (
            two_deep()
            .finishes("c3")
            .finishes("c1", outcome=outcome, result={"answer": "x"})
        )
        assert step(ended, "c1").status == outcome
        assert step(ended, "c1").detail == before


def test_a_hand_off_waits_while_somebody_further_down_does():
    story = two_deep()
    assert [step(story, c).status for c in ("c1", "c2")] == ["running"] * 2
    story.asks_for_approval("c3")
    assert [step(story, c).status for c in ("c1", "c2")] == ["waiting"] * 2


def test_a_hand_off_is_worth_what_somebody_further_down_brought_about():
    story = two_deep().denies("c3", "Nobody may.").finishes("c2").finishes("c1")
    assert [step(story, c).status for c in ("c1", "c2")] == ["denied"] * 2


def test_a_folded_line_says_who_did_what_it_stands_for():
    view = seen(onboarding_story().finishes("c1").finishes("c2"))
    [line] = [step for step in collapsed(view.steps) if step.id == "done"]
    assert line.agent == "Software"


def test_an_account_says_who_did_what():
    story = two_deep().starts("c3").finishes("c3", "Gave access").fails("model")
    account = seen(story).account
    assert account
    assert [(entry.title, entry.agent) for entry in account.did] == [
        ("Gave access", "Security")
    ]


def refused(bound: Bound) -> Story:
    story = Story().wants("c1", "Software: Figma", effect="read", to="software")
    denied = ev.ToolDenied(
        call_id=CallId("c1"), policy=policy_of(bound), reason="for the model"
    )
    return story.tell(denied).says("t", "I could not.").ends()


@pytest.mark.parametrize("bound", ["depth", "frames"])
def test_what_too_many_hands_cut_off_is_said_on_its_step_and_in_the_ending(
    bound: Bound,
):
    view = seen(refused(bound))
    assert view.steps[0].detail == teamwork.why_not_over(bound)
    assert view.headline == wording.PARTLY_DONE
    assert teamwork.cut_off("Software: Figma") in view.notices


@pytest.mark.parametrize("bound", ["circle", "twice"])
def test_a_hand_off_that_led_nowhere_new_cuts_nothing_off(bound: Bound):
    view = seen(refused(bound))
    assert view.steps[0].detail == teamwork.why_not_over(bound)
    assert view.headline == wording.ANSWERED
    assert not any("Not handed over" in notice for notice in view.notices)
