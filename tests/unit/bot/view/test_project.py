from dataclasses import replace
from datetime import timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from bot.protocol import events as ev
from bot.protocol.events import Recorded
from bot.protocol.ids import ApprovalId, FrameId, ItemId, PersonId, SurfaceId
from bot.turn.state import Approval, Phase, TurnState
from bot.view import failures, wording
from bot.view.nodes import Step, TurnView
from bot.view.project import (
    Audience,
    ForApprover,
    ForRequester,
    SurfacePlan,
    set_apart,
    surfaces_of,
    view_of,
)
from tests.support.golden import assert_golden
from tests.support.stories import (
    ASKER,
    BOSS,
    GUARD,
    HEAD,
    MANAGER,
    SEAT,
    SECURITY,
    Story,
    approval_story,
    approved_story,
    knowledge_story,
    onboarding_story,
)
from tests.support.turns import NOW, fold, logs

PROGRESS = ForRequester(part="progress")
ANSWER = ForRequester(part="answer")
APART = ForRequester(part="progress", apart=True)


def seen(story: Story, audience: Audience = PROGRESS) -> TurnView:
    return view_of(story.state, audience, story.at, footer="A footer.")


def card_for(story: Story, person: PersonId = BOSS.person_id) -> TurnView:
    return seen(story, ForApprover(person_id=person, approval_id=SEAT))


def roles(story: Story) -> list[str]:
    return [plan.role for plan in surfaces_of(story.state)]


def step(view: TurnView, step_id: str) -> Step:
    return next(step for step in view.steps if step.id == step_id)


# ------------------------------------------------------------------ always true


@given(logs, st.sampled_from([0.0, 7200.0]))
def test_everybody_always_sees_something_short_and_safe(
    log: list[Recorded], later: float
):
    state = fold(log)
    now = log[-1].at + timedelta(seconds=later)
    for plan in surfaces_of(state):
        view = view_of(state, plan.audience, now)
        assert view.headline
        assert 0 < len(view.summary) <= 150
        assert (view.stop_turn is not None) <= (state.ending is None)
        assert len({step.id for step in view.steps}) == len(view.steps)
        if state.ending or isinstance(plan.audience, ForRequester):
            assert not any(card.can_decide for card in view.approvals)
        if state.ending:
            assert view.mood not in {"running", "waiting"}
            assert not view.streaming
            assert not {"running", "waiting"} & {step.status for step in view.steps}


@given(logs)
def test_buttons_are_for_those_who_may_decide_now_and_never_for_who_asked(
    log: list[Recorded],
):
    state = fold(log)
    for approval in state.approvals:
        for number in range(4):
            person = PersonId(f"p{number}")
            audience = ForApprover(person_id=person, approval_id=approval.approval_id)
            (card,) = view_of(state, audience, NOW).approvals
            assert card.can_decide == entitled(state, approval, person)


def entitled(state: TurnState, approval: Approval, person: PersonId) -> bool:
    ruled = {r.by for r in approval.rulings if r.stage == approval.stage}
    named = {a.person_id for a in approval.stages[approval.stage].approvers}
    live = approval.status == "open" and state.ending is None
    return live and person in named - ruled - {ASKER}


@given(logs)
def test_a_message_that_exists_stays_and_one_that_is_final_never_changes(
    log: list[Recorded],
):
    plans: dict[SurfaceId, SurfacePlan] = {}
    views: dict[SurfaceId, TurnView] = {}
    for seq in range(len(log) + 1):
        state = fold(log[:seq])
        now_there = surfaces_of(state)
        assert len({plan.surface_id for plan in now_there}) == len(now_there)
        found = {plan.surface_id: plan for plan in now_there}
        assert plans.keys() <= found.keys()
        for surface_id, plan in found.items():
            view = view_of(state, plan.audience, NOW)
            before = plans.get(surface_id)
            if before and before.final:
                assert plan == before
                assert view == views[surface_id]
            views[surface_id] = view
        plans = found


@given(logs)
def test_who_is_told_of_another_message_reads_nothing_that_its_end_makes_untrue(
    log: list[Recorded],
):
    state = fold(log)
    usual, told = view_of(state, PROGRESS, NOW), view_of(state, APART, NOW)
    if state.phase is Phase.RUNNING:
        assert told.headline == told.summary.split(":")[0] == wording.ANSWER_TO_COME
        assert told.mood == "noted"
        assert not any(step.status == "running" for step in told.steps)
        assert (told.text, told.stop_turn) == (usual.text, usual.stop_turn)
    elif state.ending is None:
        assert told == usual


def test_only_the_progress_message_can_tell_of_another() -> None:
    assert set_apart(PROGRESS) == APART
    assert set_apart(ANSWER) == ANSWER


@given(logs)
def test_every_call_is_a_step_until_the_steps_are_folded(log: list[Recorded]):
    state = replace(fold(log), ending=None)
    view = view_of(state, PROGRESS, NOW)
    assert {step.id for step in view.steps} == {c.call_id for c in state.calls}


# --------------------------------------------------------------- which messages


def test_a_turn_before_its_first_event_needs_no_message():
    assert surfaces_of(TurnState()) == ()
    assert view_of(TurnState(), PROGRESS, NOW).headline == wording.WORKING
    assert view_of(TurnState(), ANSWER, NOW).headline == wording.ANSWERED


def test_a_short_turn_has_one_message_that_carries_the_answer():
    story = knowledge_story().ends()
    assert roles(story) == ["progress"]
    assert seen(story).text.startswith("To connect")
    assert surfaces_of(story.state)[0].final


def test_the_answer_of_a_long_turn_carries_all_its_text():
    story = knowledge_story().ends(after=70.0)
    assert seen(story).text == ""
    assert seen(story, ANSWER).text.startswith("To connect")


@pytest.mark.parametrize(("seconds", "ends"), [(50.0, 1), (70.0, 2)])
def test_the_ending_of_a_long_turn_is_a_new_message(seconds: float, ends: int):
    story = knowledge_story().ends(after=seconds)
    assert len(roles(story)) == ends


def test_the_ending_of_a_parked_turn_is_a_new_message_and_progress_shrinks():
    story = approved_story()
    assert roles(story) == ["progress", "answer", "approval"]
    shrunk, answer = seen(story), seen(story, ANSWER)
    assert shrunk.headline == wording.DONE_BELOW
    assert [s.title for s in shrunk.steps] == ["2 steps done"]
    assert shrunk.text == "I have asked your manager."
    assert not shrunk.cards
    assert answer.text == "You are an editor now."
    assert [card.title for card in answer.cards] == ["Seat assigned"]
    assert answer.headline == wording.DONE
    assert answer.footer == "A footer."
    assert "Approved by Bea Boss: “She needs it”." in answer.notices[0]


def test_a_long_turn_that_failed_says_so_in_both_messages():
    story = approval_story().fails("deadline")
    assert seen(story).headline == wording.FAILED_BELOW
    account = seen(story, ANSWER).account
    assert account
    assert failures.failure("deadline") in account.said
    assert seen(story).account is None


@pytest.mark.parametrize("how", ["stopped", "withdrawn"])
def test_who_stops_or_withdraws_is_looking_and_gets_no_second_message(how: str):
    story = approval_story().stops(how)
    assert roles(story) == ["progress", "approval"]
    view = seen(story)
    assert view.mood == "cancelled"
    assert view.account
    assert "by Asker." in view.account.said
    assert step(view, "c1").status == "cancelled"
    card = card_for(story)
    assert card.headline == "Withdrawn"
    assert card.approvals[0].status.startswith("Withdrawn by Asker")


def test_each_person_ever_asked_has_one_card_and_the_requester_none():
    both = SECURITY.model_copy(
        update={
            "approvers": (BOSS, GUARD, BOSS.model_copy(update={"person_id": ASKER}))
        }
    )
    story = Story().wants("c1", "x").asks_for_approval("c1", MANAGER, both)
    assert people(story) == [BOSS.person_id]
    story.decides("approved")
    assert people(story) == [BOSS.person_id, GUARD.person_id]


def people(story: Story) -> list[PersonId]:
    plans = surfaces_of(story.state)
    return [plan.person_id for plan in plans if plan.role == "approval"]


# ------------------------------------------------------------ the one who asked


def test_a_turn_can_be_stopped_until_it_is_over():
    assert seen(knowledge_story()).stop_turn == "t1"
    assert seen(approval_story()).stop_turn == "t1"
    assert seen(knowledge_story().ends()).stop_turn is None


def test_text_streams_until_its_item_is_closed():
    story = knowledge_story()
    assert seen(story).streaming
    assert not seen(story.stops_saying("t1")).streaming


def test_only_the_coordinator_speaks_to_the_requester():
    story = Story().says("t1", "Mine.")
    child = story.hands_over("c1", "software")
    story.says("t2", "Theirs.", frame=child)
    story.tell(
        ev.ItemOpened(
            item_id=ItemId("h"), frame_id=FrameId("f1"), kind="thought", text="Hm."
        )
    )
    story.says("t3", "Mine again.")
    assert seen(story).text == "Mine.\n\nMine again."


def test_waiting_says_for_whom_since_when_and_until_when():
    view = seen(approval_story())
    assert view.headline == "Waiting for Bea Boss"
    assert view.mood == "waiting"
    assert step(view, "c2").status == "waiting"
    assert [card.status for card in view.approvals] == [
        "Waiting for Bea Boss since 09:00 UTC. Open until 10:00 UTC."
    ]


def test_who_cannot_be_shown_a_request_is_named_until_it_is_decided():
    lost = frozenset({ForApprover(person_id=BOSS.person_id, approval_id=SEAT)})
    audience = ForRequester(part="progress", unasked=lost)
    story = approval_story()
    said = [n for n in seen(story, audience).notices if "could not show" in n]
    assert len(said) == 1
    assert "Bea Boss" in said[0]
    assert said[0].startswith(f"{story.state.approvals[0].subject}: ")
    assert seen(story).notices == ()
    decided = seen(story.decides("approved"), audience)
    assert not any("could not show" in notice for notice in decided.notices)


def test_a_specialists_steps_follow_the_hand_off_and_name_the_specialist():
    view = seen(onboarding_story())
    assert [(s.id, s.agent) for s in view.steps] == [
        ("c1", ""),
        ("c3", "Software"),
        ("c2", ""),
        ("c4", "Hardware"),
        ("c5", "Hardware"),
    ]


def test_steps_tell_how_long_they_took_and_why_they_did_not_work():
    view = seen(onboarding_story())
    assert step(view, "c3").seconds == 3.5
    assert step(view, "c1").seconds is None
    assert step(view, "c4").status == "denied"
    assert step(view, "c4").detail.startswith("The rule “No screens”")
    assert step(view, "c5").status == "unknown"
    assert step(view, "c5").detail == wording.OUTCOME_UNKNOWN


def test_the_time_that_people_take_to_decide_is_not_the_steps():
    view = seen(approved_story().ends(), ANSWER)
    assert not view.steps
    story = approval_story().decides("approved").starts("c2").finishes("c2")
    assert step(seen(story), "c2").seconds == 3.0
    assert step(seen(story.finishes("c1")), "c1").seconds is None


@pytest.mark.parametrize(
    ("by", "status"),
    [
        ("policy", "denied"),
        ("person", "denied"),
        ("time", "failed"),
        ("requester", "cancelled"),
    ],
)
def test_a_denial_by_time_is_no_rejection(by: str, status: str):
    story = Story().wants("c1", "x").asks_for_approval("c1")
    view = seen(story.denies("c1", "Why.", by))
    assert (step(view, "c1").status, step(view, "c1").detail) == (status, "Why.")


@pytest.mark.parametrize(
    ("result", "detail"),
    [("It is down.", "It is down."), ({"error": "No."}, "No."), ({"ok": "x"}, "")],
)
def test_a_failed_step_says_what_the_tool_said(
    result: str | dict[str, str], detail: str
):
    story = Story().wants("c1", "x").starts("c1")
    view = seen(story.finishes("c1", outcome="failed", result=result))
    assert step(view, "c1").detail == detail


def test_a_long_reason_is_shortened():
    view = seen(Story().wants("c1", "x").denies("c1", "why " * 300))
    assert len(step(view, "c1").detail) <= 500
    assert step(view, "c1").detail.endswith("why…")


@pytest.mark.parametrize(
    ("worked", "refused", "headline", "mood"),
    [
        (1, 0, wording.DONE, "done"),
        (1, 1, wording.PARTLY_DONE, "done"),
        (0, 1, wording.NOT_DONE, "failed"),
        (0, 0, wording.ANSWERED, "done"),
    ],
)
def test_the_headline_says_how_much_was_done(
    worked: int, refused: int, headline: str, mood: str
):
    story = Story()
    for number in range(worked):
        story.wants(f"w{number}", "x").starts(f"w{number}").finishes(f"w{number}")
    for number in range(refused):
        story.wants(f"r{number}", "x").denies(f"r{number}", "No.")
    view = seen(story.ends())
    assert (view.headline, view.mood) == (headline, mood)


def test_what_went_wrong_is_told_once():
    story = approval_story().decides("rejected", reason="No budget", after=5.0)
    story.denies("c2", wording.rejected_by("Bea Boss", "No budget"), "person").ends()
    answer = seen(story, ANSWER)
    assert answer.notices == (
        "An editor seat for Asker: Rejected by Bea Boss: “No budget”. Nothing was changed.",
    )


def test_what_the_answer_says_is_said_by_no_note_and_no_step():
    outcome = wording.rejected_by("Bea Boss", "No budget")
    story = approval_story().decides("rejected", reason="No budget")
    story.denies("c2", outcome, "person").finishes("c1")
    story.says("t2", f"The seat: {outcome}").ends()
    progress, answer = seen(story), seen(story, ANSWER)
    assert progress.headline == wording.NOT_DONE_BELOW
    assert step(progress, "c2").status == "denied"
    assert step(progress, "c2").detail == ""
    assert answer.text == f"The seat: {outcome}"
    assert answer.notices == ()
    short = Story().wants("c1", "x").denies("c1", "Not\nallowed.")
    view = seen(short.says("t1", "It is *not* so. Not allowed.").ends())
    assert step(view, "c1").detail == ""


def test_a_request_that_who_asked_took_back_is_no_news_to_them():
    story = approval_story().decides("withdrawn", after=5.0)
    story.denies("c2", wording.WITHDRAWN_REASON, "requester").finishes("c1")
    story.says("t2", wording.WITHDRAWN_REASON).ends()
    assert roles(story) == ["progress", "approval"]
    view = seen(story)
    assert (view.headline, view.mood) == (wording.WITHDRAWN, "cancelled")
    assert step(view, "c1").status == step(view, "c2").status == "cancelled"
    assert view.text.endswith(wording.WITHDRAWN_REASON)


def test_a_withdrawn_request_beside_another_is_told_with_it():
    story = approval_story().wants("c3", "Grant it").starts("c3").finishes("c3")
    story.decides("withdrawn").denies("c2", "Why.", "requester").ends()
    assert roles(story) == ["progress", "answer", "approval"]
    assert seen(story).headline == wording.PARTLY_DONE_BELOW


def test_a_hand_off_waits_while_its_specialist_does():
    story = approval_story()
    assert step(seen(story), "c1").status == "waiting"
    story.wants("c3", "Look", effect="read", frame=FrameId("f-c1")).starts("c3")
    assert step(seen(story), "c1").status == "running"


def test_a_hand_off_is_worth_what_its_specialist_brought_about():
    view = seen(onboarding_story().finishes("c1").finishes("c2"))
    assert step(view, "c1").status == "done"
    assert step(view, "c2").status == "unknown"
    assert step(view, "c2").detail == "Handed over at 09:00 UTC."


def test_words_sent_on_the_way_are_noted_where_they_were_sent():
    story = approval_story().tell(ev.TurnSteered(text="the cheap one"))
    story.decides("approved").starts("c2").finishes("c2").says("t2", "Done.").ends()
    noted = "Also noted: “the cheap one”"
    assert noted in seen(story).notices
    assert noted not in seen(story, ANSWER).notices


def test_an_ending_without_words_tells_what_did_not_work():
    story = Story().wants("c1", "Look", effect="read").starts("c1").finishes("c1")
    story.wants("c2", "x").denies("c2", "No.").wants("c3", "y").starts("c3")
    story.finishes("c3", outcome="failed").ends(after=100.0)
    shown = [(s.id, s.status) for s in seen(story, ANSWER).steps]
    assert shown == [("c2", "denied"), ("c3", "failed")]


def test_an_answer_that_was_cut_off_says_so():
    story = knowledge_story()
    story.tell(ev.ModelAsked(frame_id=FrameId("f1"), ask=1, model="m"))
    reply = ev.ModelReplied(
        frame_id=FrameId("f1"), ask=1, blocks=(), stop_reason="max_tokens"
    )
    assert wording.TRUNCATED in seen(story.tell(reply).ends()).notices


def test_notices_cards_and_steers_are_shown_and_bad_cards_are_not():
    story = Story().tell(ev.TurnSteered(text="write, not read"))
    for item, kind, data in (
        ("n", "notice", {}),
        ("c", "card", {"title": "A card"}),
        ("d", "card", {"colour": "of a newer release"}),
    ):
        story.tell(
            ev.ItemOpened.model_validate(
                {
                    "item_id": item,
                    "frame_id": "f1",
                    "kind": kind,
                    "title": "Heard",
                    "data": data,
                }
            )
        )
    view = seen(story)
    assert view.notices == ("Heard", "Also noted: “write, not read”")
    assert [card.title for card in view.cards] == ["A card"]


def test_an_article_is_cited_once():
    assert [source.ref for source in seen(knowledge_story()).sources] == ["vpn"]


@pytest.mark.parametrize(
    ("title", "expected"),
    [("", "tool"), ("Looking", "Looking")],
)
def test_a_step_without_a_title_is_called_by_its_tool(title: str, expected: str):
    assert step(seen(Story().wants("c1", title)), "c1").title == expected


def test_times_are_written_in_the_companys_zone():
    zone = timezone(timedelta(hours=2), "CEST")
    tomorrow = NOW + timedelta(days=1)
    view = view_of(approval_story().state, PROGRESS, tomorrow, zone=zone)
    assert "until Fri 20 Nov, 12:00 CEST" in view.approvals[0].status


# ------------------------------------------------------------ those who decide


def test_a_card_asks_with_all_facts_and_buttons():
    view = card_for(approval_story())
    (card,) = view.approvals
    assert view.headline == wording.DECISION_NEEDED
    assert view.summary.startswith("Asker asks for your decision: An editor seat")
    assert [fact.label for fact in card.facts] == ["Requested by", "Cost"]
    assert card.can_decide
    assert card.status == "Please decide by 10:00 UTC."
    assert card.args_hash == "abc"


def test_a_card_has_no_buttons_once_its_time_is_over():
    state = approval_story().state
    audience = ForApprover(person_id=BOSS.person_id, approval_id=SEAT)
    late = view_of(state, audience, NOW + timedelta(hours=2))
    assert not late.approvals[0].can_decide


def test_who_asked_never_gets_buttons_even_when_named_as_approver():
    mine = BOSS.model_copy(update={"person_id": ASKER})
    stage = MANAGER.model_copy(update={"approvers": (mine, BOSS)})
    story = Story().wants("c1", "x").asks_for_approval("c1", stage)
    assert not card_for(story, ASKER).approvals[0].can_decide
    assert card_for(story).approvals[0].can_decide


def test_a_card_is_final_when_the_request_is_settled_and_not_before():
    story = Story().wants("c1", "x").asks_for_approval("c1", SECURITY)
    story.decides("approved", HEAD)
    assert [plan.final for plan in surfaces_of(story.state)[1:]] == [False, False]
    story.decides("approved", GUARD)
    assert [plan.final for plan in surfaces_of(story.state)[1:]] == [True, True]


def test_who_asked_is_not_told_twice():
    story = Story().wants("c1", "x").asks_for_approval("c1")
    request = story.log[-1].event
    assert isinstance(request, ev.ApprovalRequested)
    fact = ev.Fact(label="Requested by", value="Asker (Design)")
    story.log[-1] = story.log[-1].model_copy(
        update={"event": request.model_copy(update={"facts": (fact,)})}
    )
    assert card_for(story).approvals[0].facts == (fact,)


@pytest.mark.parametrize(
    ("verdict", "headline", "mood", "status"),
    [
        ("approved", "Approved", "done", "Approved by Bea Boss: “Why”."),
        ("rejected", "Rejected", "failed", "Rejected by Bea Boss: “Why”. Nothing was changed."),
        ("withdrawn", "Withdrawn", "cancelled", "Withdrawn by Bea Boss before it was decided. Nothing was changed."),
    ],
)  # fmt: skip
def test_a_settled_card_says_who_decided_and_why(
    verdict: ev.Verdict, headline: str, mood: str, status: str
):
    story = approval_story().decides(verdict, reason="Why")
    view = card_for(story)
    assert (view.headline, view.mood) == (headline, mood)
    assert view.approvals[0].status == status
    assert not view.approvals[0].can_decide


def test_an_expired_card_says_that_nobody_decided():
    story = approval_story().tell(ev.ApprovalExpired(approval_id=SEAT))
    view = card_for(story)
    assert view.headline == "Expired"
    assert "Bea Boss did not decide in time" in view.approvals[0].status


def test_who_has_approved_sees_what_is_still_missing():
    story = Story().wants("c1", "x").asks_for_approval("c1", SECURITY)
    story.decides("approved", HEAD, after=60.0)
    view = card_for(story, HEAD.person_id)
    assert view.headline == "Waiting for Gil Guard"
    assert view.approvals[0].status == (
        "You approved this. One more approval is needed from Gil Guard by 09:10 UTC."
    )
    assert card_for(story, GUARD.person_id).approvals[0].can_decide
    story.decides("approved", GUARD, reason="Fine")
    said = card_for(story, HEAD.person_id).approvals[0].status
    assert said == "Approved by Hana Head and Gil Guard: “Fine”."


def test_who_approved_an_earlier_stage_sees_who_is_next():
    story = Story().wants("c1", "x").asks_for_approval("c1", MANAGER, SECURITY)
    story.decides("approved", after=60.0)
    said = card_for(story).approvals[0].status
    assert "2 more approvals are needed from Hana Head or Gil Guard" in said


def test_who_did_not_decide_in_time_sees_who_does_now():
    higher = MANAGER.model_copy(update={"approvers": (HEAD,)})
    story = approval_story()
    later = story.at + timedelta(hours=2)
    story.tell(ev.ApprovalEscalated(approval_id=SEAT, stage=higher, expires_at=later))
    view = card_for(story)
    assert view.headline == wording.DECISION_ELSEWHERE
    assert not view.approvals[0].can_decide
    assert "Hana Head decides now" in view.approvals[0].status
    assert card_for(story, HEAD.person_id).approvals[0].can_decide


def test_a_card_without_a_requester_still_asks():
    state = replace(approval_story().state, requester=None)
    audience = ForApprover(person_id=BOSS.person_id, approval_id=SEAT)
    view = view_of(state, audience, NOW)
    assert view.summary.startswith("Somebody asks")
    assert [fact.label for fact in view.approvals[0].facts] == ["Cost"]


def test_a_card_of_an_unknown_request_says_so():
    audience = ForApprover(person_id=ASKER, approval_id=ApprovalId("none"))
    view = view_of(approval_story().state, audience, NOW)
    assert view.headline == view.summary == wording.UNKNOWN_REQUEST


# ---------------------------------------------------------------- whole messages

views = TypeAdapter(dict[str, TurnView])
STORIES = {
    "knowledge-streaming": knowledge_story(),
    "knowledge-answered": knowledge_story().stops_saying("t1").ends(),
    "approval-waiting": approval_story(),
    "approval-approved": approved_story(),
    "onboarding-running": onboarding_story(),
    "onboarding-ended": onboarding_story().says("t1", "One of three.").ends(),
    "stranger": Story().ends(ev.TurnFailed(code="stranger")),
}


@pytest.mark.parametrize("name", STORIES)
def test_stories_look_as_recorded(name: str):
    story = STORIES[name]
    shown = {
        f"{plan.role} {plan.person_id}": seen(story, plan.audience)
        for plan in surfaces_of(story.state)
    }
    assert_golden(f"view/{name}.json", views.dump_python(shown, mode="json"))


def test_a_card_of_a_newer_release_is_shown_without_what_is_new_to_us():
    story = Story().wants("c1", "Look").starts("c1")
    card: dict[str, object] = {"title": "Rooms", "rows": [["Lisbon"]], "novelty": 1}
    story.finishes("c1", cards=(card,)).says("t", "Here.").stops_saying("t").ends()
    view = seen(story)
    assert [(c.title, c.rows) for c in view.cards] == [("Rooms", (("Lisbon",),))]
