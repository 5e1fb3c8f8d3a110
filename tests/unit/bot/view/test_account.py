"""How turns end that do not simply succeed, and how those wait that have not begun."""

from collections.abc import Sequence
from datetime import timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from bot.protocol import events as ev
from bot.protocol.events import Recorded, TurnEvent, UnknownEvent
from bot.protocol.ids import ApprovalId, CallId, FrameId, SurfaceId
from bot.protocol.values import Approver, Ledger, LedgerEntry
from bot.turn.ledger import ledger_of
from bot.turn.state import Phase, TurnState
from bot.view import endings as said
from bot.view import failures, wording
from bot.view.nodes import Account, Entry, Step, TurnView
from bot.view.project import (
    Audience,
    ForApprover,
    ForRequester,
    lost_card,
    surfaces_of,
    view_of,
)
from tests.support.endings import STORIES, queued_story, shown
from tests.support.golden import assert_golden
from tests.support.stories import (
    ASKER,
    BOSS,
    SEAT,
    Story,
    approval_story,
    changed_story,
    knowledge_story,
    mixed_story,
    onboarding_story,
    reconsidered_story,
)
from tests.support.turns import NOW, fold, ledgers, logs, ongoing, people, record

PROGRESS = ForRequester(part="progress")
CODES = ("model", "deadline", "stranger", "internal", "limit", "degraded", "newer")
ended = st.one_of(
    st.builds(ev.TurnCompleted, ledger=ledgers),
    st.builds(ev.TurnFailed, code=st.sampled_from(CODES), ledger=ledgers),
    st.builds(
        ev.TurnCancelled,
        by=people,
        by_name=st.sampled_from(["", "Asker"]),
        how=st.sampled_from(["stopped", "withdrawn"]),
        ledger=ledgers,
    ),
)
LIVE = {"running", "waiting"}


def seen(story: Story, audience: Audience = PROGRESS) -> TurnView:
    return view_of(story.state, audience, story.at)


def last_word(state: TurnState) -> TurnView:
    """Return the requester's message that says how it ended."""
    mine = [p for p in surfaces_of(state) if isinstance(p.audience, ForRequester)]
    return view_of(state, mine[-1].audience, NOW)


def account(story: Story) -> Account:
    found = last_word(story.state).account
    assert found
    return found


def card_for(story: Story, approval: ApprovalId = SEAT) -> TurnView:
    audience = ForApprover(person_id=BOSS.person_id, approval_id=approval)
    return seen(story, audience)


def step(view: TurnView, step_id: str) -> Step:
    return next(step for step in view.steps if step.id == step_id)


def titles(entries: Sequence[Entry]) -> list[str]:
    return [entry.title for entry in entries]


def called(entries: Sequence[LedgerEntry]) -> list[str]:
    return [entry.title or entry.tool for entry in entries]


# ------------------------------------------------------------------ always true


@given(logs, ended)
def test_nothing_of_a_ledger_is_left_unsaid(log: list[Recorded], ending: TurnEvent):
    bodies = [recorded.event for recorded in log]
    state = fold(record([*known(bodies), ending]))
    assert state.ending
    assert state.requester
    ledger = state.ending.ledger or ledger_of(
        state, damaged=state.ending.code == "degraded"
    )
    view = last_word(state)
    if state.ending.phase is Phase.COMPLETED and not ledger.unknown:
        assert view.account is None
        return
    assert view.account
    assert view.account.said
    assert titles(view.account.did) == called(ledger.did)
    assert titles(view.account.did_not) == called(ledger.did_not)
    assert titles(view.account.unknown) == called(ledger.unknown)
    for entry, told in zip(ledger.unknown, view.account.unknown, strict=True):
        assert entry.reference in f"{told.title} {told.reference}"
        assert entry.reference in view.account.follows


def known(bodies: Sequence[TurnEvent | UnknownEvent]) -> list[TurnEvent]:
    return [body for body in bodies if not isinstance(body, UnknownEvent)]


@given(logs, ended)
def test_nothing_looks_alive_once_a_turn_has_ended(
    log: list[Recorded], ending: TurnEvent
):
    bodies = [recorded.event for recorded in log]
    state = fold(record([*known(bodies), ending]))
    for plan in surfaces_of(state):
        assert plan.final
        view = view_of(state, plan.audience, NOW)
        assert view.stop_turn is None
        assert view.mood not in LIVE
        assert not view.streaming
        assert not LIVE & {step.status for step in view.steps}
        assert not any(card.can_decide for card in view.approvals)


@given(logs, ended)
def test_an_account_never_claims_too_much(log: list[Recorded], ending: TurnEvent):
    bodies = [recorded.event for recorded in log]
    state = fold(record([*known(bodies), ending]))
    found = last_word(state).account
    assert state.ending
    if found and said.NO_CHANGE in found.said:
        assert not found.did
        assert not found.unknown
        assert state.ending.code != "degraded"


@given(logs, st.lists(ongoing, max_size=5))
def test_events_of_a_newer_release_break_nothing_that_is_shown(
    log: list[Recorded], more: list[TurnEvent]
):
    newer = UnknownEvent(type="turn.foretold", body="{}")
    bodies = [recorded.event for recorded in log]
    mixed = [*known(bodies)[:2], *more]
    before = record(mixed)
    seq = len(before) + 1
    strange = Recorded(turn_id=log[0].turn_id, seq=seq, at=NOW, event=newer)
    state = fold([*before, strange])
    for plan in surfaces_of(state):
        was = view_of(fold(before), plan.audience, NOW)
        assert view_of(state, plan.audience, NOW) == was


# ---------------------------------------------------------------- what is said


def test_a_turn_that_overran_says_when_what_and_what_now():
    found = account(mixed_story().fails("deadline", after=1200.0))
    assert found.said == (
        "This took longer than it may, so I stopped here. That was at 09:20 UTC."
    )
    assert found.did == (
        Entry(title="Gave read access to the code", reference="GR-12"),
        Entry(
            title="Assigned an editor seat",
            reference="SEAT-3",
            note="Approved by Bea Boss: “She needs it”.",
        ),
    )
    assert found.did_not == (
        Entry(
            title="Ordering a monitor",
            note="The rule “No screens” does not allow it. Ask Bea Boss.",
        ),
        Entry(title="Ordering a mouse"),
    )
    assert found.unknown == (
        Entry(title="Not sure it worked: Ordering a cable", reference="IT-7"),
    )
    assert found.follows == (
        "IT-7 is open: people find out and tell you. "
        "Please do not ask for it again before that. "
        "Please ask again for what is missing, or ask your IT team."
    )


def test_a_turn_that_ended_on_another_day_says_which_and_in_whose_time():
    state = approval_story().fails("deadline", after=86400.0).state
    zone = timezone(timedelta(hours=1), "CET")
    view = view_of(state, ForRequester(part="answer"), NOW, zone=zone)
    assert view.account
    assert view.account.said.endswith(
        "That was at Sat 21 Nov, 10:00 CET. No change was made."
    )


@pytest.mark.parametrize(
    "code", [c for c in CODES if c not in {"stranger", "degraded"}]
)
def test_where_nothing_was_changed_that_is_said(code: str):
    story = knowledge_story().wants("c9", "Ordering a mouse").fails(code)
    assert said.NO_CHANGE in account(story).said
    assert said.NO_CHANGE not in account(mixed_story().fails(code)).said


def test_whoever_stops_reads_that_nothing_was_changed():
    assert account(knowledge_story().stops()) == Account(
        said="Stopped by Asker. No change was made.",
        follows=said.NOTHING_MORE,
    )


def test_whoever_stops_reads_what_still_happens():
    found = account(mixed_story().stops())
    assert found.said == "Stopped by Asker."
    assert found.follows == wording.is_open(["IT-7"])


def test_a_stranger_is_told_once_that_nothing_was_done():
    assert account(Story().fails("stranger")) == Account(
        said=failures.failure("stranger"), follows=said.what_now("stranger")
    )


@pytest.mark.parametrize("how", ["stopped", "withdrawn"])
def test_a_request_that_was_open_reads_as_closed(how: str):
    found = account(approval_story().stops(how))
    (seat,) = found.did_not
    assert seat.note == "Bea Boss had not decided yet. The request for it is closed."
    verb = {"stopped": "Stopped", "withdrawn": "Withdrawn"}[how]
    assert found.said == f"{verb} by Asker. No change was made."


def test_what_was_approved_and_not_begun_says_both():
    story = approval_story().decides("approved").fails("internal")
    (seat,) = account(story).did_not
    assert seat.note == f"Approved by Bea Boss. {wording.NOT_STARTED}"


def test_what_was_rejected_before_the_end_says_by_whom():
    story = approval_story().decides("rejected", reason="No").fails("internal")
    (seat,) = account(story).did_not
    assert seat.note == "Rejected by Bea Boss: “No”. Nothing was changed."


def test_what_nobody_looks_into_says_what_to_check():
    story = Story().wants("c1", "a").starts("c1").finishes("c1", outcome="unknown")
    found = account(story.wants("c2", "b").starts("c2").fails("internal"))
    notes = [entry.note for entry in found.unknown]
    assert notes == [wording.OUTCOME_UNKNOWN, wording.LEFT_RUNNING]
    assert found.follows == said.what_now("internal")


def test_a_damaged_log_leaves_nothing_certain_that_was_still_open():
    story = Story().wants("c1", "a").wants("c2", "b").starts("c2").finishes("c2")
    found = account(story.fails("degraded"))
    assert found.did == (Entry(title="b"),)
    assert found.unknown == (Entry(title="a", note=said.LOST),)
    assert found.said.endswith(said.STILL_KNOWN)


def test_a_log_damaged_from_the_beginning_promises_nothing():
    found = account(Story().fails("degraded"))
    assert found.said.endswith(said.CANNOT_TELL)
    assert not (found.did or found.did_not or found.unknown)


def test_an_older_log_without_a_ledger_reads_the_same():
    for code in ("deadline", "degraded"):
        with_ledger = mixed_story().fails(code).state
        without = mixed_story().tell(ev.TurnFailed(code=code)).state
        assert last_word(without) == last_word(with_ledger)


def test_the_ledger_in_the_ending_is_believed_whatever_is_left_of_the_log():
    entry = LedgerEntry(call_id=CallId("gone"), tool="order", title="", reference="R-1")
    ending = ev.TurnFailed(code="degraded", ledger=Ledger(did=(entry,)))
    assert account(Story().tell(ending)).did == (Entry(title="order", reference="R-1"),)


def test_a_reference_in_the_title_is_not_said_twice():
    story = Story().wants("c1", "Opening a ticket").starts("c1")
    story.finishes("c1", "Opened ticket IT-9", reference="IT-9").fails("model")
    assert account(story).did == (Entry(title="Opened ticket IT-9"),)


# ------------------------------------------------------------ where it is said


def test_an_ending_of_a_long_turn_is_accounted_for_in_its_new_message():
    story = mixed_story().fails("deadline", after=1200.0)
    progress, answer, _card = shown(story).values()
    assert progress.headline == wording.FAILED_BELOW
    assert progress.account is None
    assert not any(step.detail for step in progress.steps)
    assert answer.account
    assert answer.summary.startswith(
        f"{wording.FAILED}: {failures.failure('deadline')}"
    )


def test_what_the_account_names_is_no_step_beside_it():
    view = seen(mixed_story().stops())
    assert [step.id for step in view.steps] == ["r1"]
    assert not any("Approved" in notice for notice in view.notices)


def test_a_look_that_was_cut_short_needs_no_words():
    story = Story().wants("c1", "Look", effect="read").starts("c1")
    assert step(seen(story.stops()), "c1") == Step(
        id="c1", title="Look", status="cancelled"
    )


def test_a_look_of_which_nothing_is_known_changed_nothing():
    story = Story().wants("c1", "Look", effect="read").starts("c1")
    view = seen(story.finishes("c1", outcome="unknown", result=""))
    assert step(view, "c1").status == "cancelled"


def test_what_a_closed_specialist_left_behind_runs_no_more():
    story = Story()
    child = story.hands_over("c1", "software")
    story.wants("c2", "Ordering it", frame=child)
    story.tell(ev.FrameClosed(frame_id=child, outcome="failed"))
    left = step(seen(story), "c2")
    assert (left.status, left.detail) == ("cancelled", wording.NOT_STARTED)


# ------------------------------------------------------------------- not certain


def test_a_step_of_which_nobody_knows_says_so_and_names_the_ticket():
    view = seen(mixed_story())
    lost = step(view, "c4")
    assert lost.status == "unknown"
    assert lost.detail == wording.looked_into("IT-7")
    assert [card.title for card in view.cards] == ["Ticket IT-7"]


def test_a_completed_turn_with_a_lost_answer_says_so_before_the_model_does():
    story = onboarding_story().says("t1", "All done!").ends()
    view = seen(story)
    assert (view.headline, view.mood) == (wording.UNSURE, "unsure")
    assert view.account
    assert view.account.said == said.answers_lost(1)
    assert titles(view.account.unknown) == ["Not sure it worked: a cable"]
    assert view.text == "All done!"


def test_what_the_answer_says_is_not_in_the_account_again():
    story = Story().wants("c1", "a").denies("c1", "Not allowed.")
    story.wants("c2", "b").starts("c2").finishes("c2", outcome="unknown")
    story.says("t1", "The first: Not allowed.").ends()
    assert account(story).did_not == (Entry(title="a"),)


def test_a_completed_turn_with_all_answers_needs_no_account():
    story = Story().wants("c1", "a").denies("c1", "Not allowed.")
    assert last_word(story.seals(ev.TurnCompleted()).state).account is None


# ------------------------------------------------------------ those who decide


def test_a_card_whose_turn_overran_locks_and_says_that_nothing_was_done():
    view = card_for(approval_story().fails("deadline"))
    assert (view.headline, view.mood) == (wording.DECISION_OVER, "cancelled")
    assert view.approvals[0].status == wording.ended_undecided("Asker")
    assert not view.approvals[0].can_decide


def test_a_card_whose_turn_was_damaged_does_not_say_that_nothing_was_done():
    view = card_for(approval_story().fails("degraded"))
    assert view.headline == wording.DECISION_OVER
    assert view.approvals[0].status == wording.ended_unclear("Asker")


def test_a_card_of_a_turn_that_completed_regardless_locks_as_well():
    view = card_for(approval_story().ends())
    assert view.headline == wording.DECISION_OVER
    assert "nothing was changed" in view.approvals[0].status


def test_a_card_whose_request_is_lost_with_the_log_locks_too():
    plan = lost_card(SurfaceId("s"), BOSS.person_id)
    view = view_of(Story().fails("degraded").state, plan.audience, NOW)
    assert plan.final
    assert (view.headline, view.mood) == (wording.UNKNOWN_REQUEST, "cancelled")
    assert not view.approvals


def test_what_was_decided_before_the_end_stays_decided():
    view = card_for(approval_story().decides("approved").fails("internal"))
    assert view.approvals[0].status == "Approved by Bea Boss."


# --------------------------------------------------- changed, set aside, in line


def test_the_card_of_a_changed_request_says_that_a_new_one_follows():
    view = card_for(changed_story())
    assert (view.headline, view.mood) == (wording.CHANGED, "cancelled")
    assert view.approvals[0].status == wording.changed_by("Asker")
    assert "Asker changed this request; a new one follows" in view.approvals[0].status
    assert card_for(changed_story(), ApprovalId("viewer")).approvals[0].can_decide


def test_who_changed_a_request_sees_the_old_one_set_aside_and_the_new_one():
    view = seen(changed_story())
    old, new = step(view, "c2"), step(view, "c3")
    assert (old.status, old.detail) == ("aside", wording.CHANGED_STEP)
    assert (new.status, new.detail) == ("waiting", "")
    assert [card.title for card in view.approvals] == ["A viewer seat for Asker"]


def test_a_change_is_no_failure_and_no_news_when_the_new_request_worked():
    story = changed_story()
    story.tell(
        ev.ApprovalDecided(
            approval_id=ApprovalId("viewer"),
            stage=0,
            verdict="approved",
            by=BOSS.person_id,
            by_name=BOSS.name,
        )
    )
    story.starts("c3").finishes("c3").finishes("c1").says("t2", "Here.").ends()
    view = last_word(story.state)
    assert view.headline == wording.DONE
    assert view.notices == ("A viewer seat for Asker: Approved by Bea Boss.",)
    assert step(seen(story), "c2").status == "aside"


def test_a_turn_whose_only_request_was_changed_has_not_come_to_nothing():
    story = changed_story().denies("c3", "Not allowed.").finishes("c1").ends()
    assert last_word(story.state).headline == wording.NOT_DONE
    assert len(surfaces_of(story.state)) == 4


def test_a_change_that_needs_no_new_request_is_news():
    changed = Approver(person_id=ASKER, name="Asker")
    story = approval_story().decides(
        "withdrawn", changed, reason=wording.CHANGED_REASON
    )
    story.denies("c2", wording.CHANGED_REASON, "requester").finishes("c1")
    story.says("t2", "Then you need nothing.").ends()
    roles = [plan.role for plan in surfaces_of(story.state)]
    assert roles == ["progress", "answer", "approval"]
    view = last_word(story.state)
    assert (view.headline, view.notices) == (wording.ANSWERED, ())


def test_a_call_set_aside_is_no_failure():
    story = reconsidered_story()
    first = step(seen(story), "c1")
    assert (first.status, first.detail) == ("aside", wording.RECONSIDERED)
    assert last_word(story.finishes("c2").ends().state).headline == wording.DONE


def test_a_specialist_is_not_judged_by_what_was_set_aside():
    story = Story()
    child = story.hands_over("c1", "hardware")
    story.wants("c2", "a", frame=child).denies("c2", wording.RECONSIDERED, "requester")
    assert step(seen(story.finishes("c1")), "c1").status == "done"


def test_a_plain_withdrawal_is_not_a_change():
    story = approval_story().decides("withdrawn")
    assert card_for(story).headline == "Withdrawn"
    view = seen(story.denies("c2", wording.WITHDRAWN_REASON, "requester"))
    assert step(view, "c2").status == "cancelled"
    assert step(view, "c2").detail == wording.WITHDRAWN_REASON


def test_who_waits_in_line_sees_for_whom_and_can_stop():
    view = seen(queued_story())
    assert view.headline == "In line behind Other's request"
    assert view.notices == ("I start as soon as it is done.",)
    assert (view.mood, view.stop_turn) == ("waiting", "t1")


def test_who_is_further_behind_is_told_the_place():
    (note,) = seen(queued_story(3)).notices
    assert note.startswith("You were number 3 in line when you wrote.")


@pytest.mark.parametrize("resumed", [True, False])
def test_a_turn_in_line_goes_on_in_the_same_message(resumed: bool):  # noqa: FBT001 - a parameter
    story = queued_story()
    before = surfaces_of(story.state)
    if resumed:
        story.tell(ev.TurnResumed(because="turn"))
    story.opens().says("t1", "Hello.", frame=FrameId("f1"))
    assert surfaces_of(story.state) == before
    view = seen(story)
    assert (view.headline, view.text) == (wording.WORKING, "Hello.")


def test_who_stops_in_line_reads_that_nothing_was_changed():
    assert seen(queued_story().stops()).account == Account(
        said="Stopped by Asker. No change was made.", follows=said.NOTHING_MORE
    )


def test_an_ending_after_long_waiting_in_line_is_a_new_message():
    story = queued_story().tell(ev.TurnResumed(because="turn"), after=300.0)
    story.opens().says("t1", "Hello.").ends()
    assert [plan.role for plan in surfaces_of(story.state)] == ["progress", "answer"]


# ---------------------------------------------------------------- whole messages

views = TypeAdapter(dict[str, TurnView])


@pytest.mark.parametrize("name", STORIES)
def test_endings_look_as_recorded(name: str):
    found = views.dump_python(shown(STORIES[name]), mode="json")
    assert_golden(f"view/ended/{name}.json", found)
