"""Which messages a long answer takes, and what each of them shows."""

from collections.abc import Collection
from dataclasses import replace

from bot.protocol import events as ev
from bot.protocol.ids import ItemId, SurfaceId
from bot.turn.state import TurnState
from bot.view import wording
from bot.view.nodes import TurnView
from bot.view.project import (
    ForRequester,
    SurfacePlan,
    surfaces_of,
    view_of,
)
from bot.view.spoken import pages_known
from tests.support.stories import Story, approval_story

LONG = "".join(f"Paragraph {n}. {'Words and words. ' * 20}\n\n" for n in range(26))


def plans_of(
    state: TurnState, *, there: Collection[SurfaceId] = ()
) -> list[SurfacePlan]:
    mine = surfaces_of(state, there=there)
    return [p for p in mine if isinstance(p.audience, ForRequester)]


def views_of(story: Story, *, there: Collection[SurfaceId] = ()) -> list[TurnView]:
    state = story.state
    return [
        view_of(state, plan.audience, story.at, footer="A footer.")
        for plan in plans_of(state, there=there)
    ]


def roles(story: Story, *, there: Collection[SurfaceId] = ()) -> list[str]:
    return [plan.role for plan in plans_of(story.state, there=there)]


def test_a_long_answer_goes_on_in_further_messages():
    story = Story().says("t", LONG)
    assert roles(story) == ["progress", "page", "page", "page"]
    said = "\n\n".join(view.text for view in views_of(story))
    assert said.split() == LONG.split()


def test_pages_are_posted_one_after_another():
    plans = plans_of(Story().says("t", LONG).ends(after=70).state)
    assert [p.role for p in plans] == ["progress", "page", "page", "page", "answer"]
    assert [p.after for p in plans] == [None, *(p.surface_id for p in plans[:-1])]


def test_what_closes_an_answer_stands_on_its_last_page():
    *first, last = views_of(Story().says("t", LONG).ends())
    assert [view.footer for view in first] == ["", "", ""]
    assert last.footer == "A footer."
    assert first[0].headline == wording.ANSWERED


def test_a_finished_page_is_never_edited_again_because_of_later_text():
    story = Story()
    known: dict[SurfaceId, tuple[SurfacePlan, TurnView]] = {}
    for number, paragraph in enumerate(LONG.split("\n\n")):
        story.says("t", ("\n\n" if number else "") + paragraph)
        for plan, view in zip(plans_of(story.state), views_of(story), strict=True):
            was = known.get(plan.surface_id)
            if was and was[0].shows:
                assert (plan, view) == was
            known[plan.surface_id] = plan, view
    assert sum(bool(plan.shows) for plan, _ in known.values()) == 2


def test_the_words_of_a_long_answer_stay_where_they_were_when_it_ends_below():
    story = Story().says("t", LONG)
    before = [view.text for view in views_of(story)]
    story.stops_saying("t").ends(after=70)
    *pages, answer = views_of(story)
    assert [view.text for view in pages] == before
    assert answer.text == ""
    assert answer.footer == "A footer."
    assert pages[-1].footer == ""


def test_what_was_said_before_a_decision_and_after_it_is_one_chain_of_pages():
    story = approval_story().decides("approved", reason="She needs it")
    story.tell(ev.TurnResumed(because="decision")).says("more", LONG)
    before = [view.text for view in views_of(story)]
    story.stops_saying("more").ends()
    *pages, answer = views_of(story)
    assert [view.text for view in pages] == before
    assert answer.text == ""


def test_a_page_that_a_new_try_does_not_need_says_so_in_a_sentence():
    story = Story().says("t", LONG)
    known = {plan.surface_id for plan in plans_of(story.state)}
    assert pages_known(story.state.turn_id, known) == 4
    story.tell(ev.ItemReplaced(item_id=ItemId("t"), text="Short."))
    assert roles(story) == ["progress"]
    assert roles(story, there=known) == ["progress", "page", "page", "page"]
    first, *rest = views_of(story, there=known)
    assert first.text == "Short."
    assert {view.headline for view in rest} == {wording.PAGE_GONE}
    assert not any(view.text or view.footer for view in rest)


def test_the_last_page_of_a_turn_that_was_stopped_says_so():
    *_, last = views_of(Story().says("t", LONG).stops())
    assert last.notices == (wording.more_above(wording.STOPPED),)


def test_nothing_is_posted_after_a_message_that_no_plan_names():
    state = Story().says("t", LONG).state
    named = {plan.surface_id for plan in surfaces_of(state)}
    assert all(plan.after in {None, *named} for plan in surfaces_of(state))
    assert pages_known(state.turn_id, []) == 1
    assert surfaces_of(replace(state, requester=None)) == ()
