"""When those who have not decided are reminded: pure, in virtual time."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.protocol import events as ev
from bot.protocol.ids import CallId
from bot.protocol.values import Approver, CallBlock, Stage
from bot.turn.approvals import MOST_REMINDERS, remind_at, reminders_now
from bot.turn.decide import Expire, Park, Resume, decide, to_remind, wake_at
from bot.turn.state import ROOT, Approval
from bot.view.project import surfaces_of, view_of
from tests.support.stories import ASKER, BOSS, GUARD, HEAD, SEAT, Story

HOUR = 3600.0
MANAGER = Stage(label="manager", approvers=(BOSS,), within=24 * HOUR, remind=4 * HOUR)
PAIR = Stage(
    label="group:security",
    approvers=(HEAD, GUARD),
    need=2,
    within=24 * HOUR,
    remind=4 * HOUR,
)


def waiting(*stages: Stage) -> Story:
    """Return a turn that has just been parked."""
    story = Story()
    story.tell(ev.ModelAsked(frame_id=ROOT, ask=1, model="m", steers_seen=0))
    story.wants("c1", "Giving the seat")
    wish = CallBlock(call_id=CallId("c1"), name="tool", arguments={})
    story.tell(
        ev.ModelReplied(frame_id=ROOT, ask=1, blocks=(wish,), stop_reason="tool_use")
    )
    return story.asks_for_approval("c1", *stages or (MANAGER,)).parks()


def request(story: Story) -> Approval:
    found = story.state.approval(SEAT)
    assert found is not None
    return found


def reminds(story: Story) -> Story:
    return story.tell(ev.TurnParked(waiting_for=(SEAT,), reminded=(SEAT,)))


def decides(story: Story, who: Approver) -> Story:
    return story.tell(
        ev.ApprovalDecided(
            approval_id=SEAT,
            stage=request(story).stage,
            verdict="approved",
            by=who.person_id,
            by_name=who.name,
        )
    )


def lives(story: Story, until: datetime) -> list[datetime]:
    """Let time pass up to ``until`` as the engine does; return when it reminded."""
    told: list[datetime] = []
    while (at := wake_at(story.state)) and at <= until:
        story.at = at - timedelta(seconds=0.25)
        if decide(story.state, at) != (Park(),):
            return told
        due = tuple(a.approval_id for a in to_remind(story.state, at))
        story.tell(ev.TurnParked(waiting_for=(SEAT,), reminded=due))
        told.append(at)
    return told


def test_nobody_is_reminded_before_it_is_due_and_then_the_turn_stays_parked() -> None:
    story = waiting()
    due = request(story).stage_at + timedelta(hours=4)
    assert wake_at(story.state) == due
    assert decide(story.state, due - timedelta(seconds=1)) == ()
    assert decide(story.state, due) == (Park(),)
    assert decide(story.state, due, running={Park()}) == ()
    story.at = due
    assert reminds(story).state.parked
    assert decide(story.state, story.at) == ()
    assert wake_at(story.state) == story.at + timedelta(hours=4)


def test_it_is_bounded_and_then_the_time_runs_out() -> None:
    story = waiting()
    ends = request(story).expires_at
    told = lives(story, ends)
    assert len(told) == MOST_REMINDERS
    assert wake_at(story.state) == ends
    assert decide(story.state, ends) == (Resume(),)
    story.tell(ev.TurnResumed(because="decision"))
    assert decide(story.state, ends) == (Expire(SEAT, 0),)


@pytest.mark.parametrize("within", [3 * HOUR, 4 * HOUR])
def test_nobody_is_reminded_when_the_time_is_up_by_then(within: float) -> None:
    story = waiting(MANAGER.model_copy(update={"within": within}))
    assert remind_at(request(story)) is None


def test_who_does_not_say_so_reminds_nobody() -> None:
    story = waiting(MANAGER.model_copy(update={"remind": None}))
    assert remind_at(request(story)) is None
    assert wake_at(story.state) == request(story).expires_at


def test_only_who_has_not_decided_is_reminded_and_never_who_asked() -> None:
    asker = Approver(person_id=ASKER, name="Asker")
    stage = PAIR.model_copy(update={"approvers": (asker, HEAD, GUARD)})
    story = reminds(decides(waiting(stage), HEAD))
    [reminder] = request(story).reminders
    assert reminder.people == (GUARD.person_id,)


def test_the_next_stage_and_those_it_is_passed_on_to_are_reminded_anew() -> None:
    story = waiting(MANAGER, PAIR)
    for _ in range(MOST_REMINDERS):
        reminds(story)
    assert remind_at(request(story)) is None
    decides(story, BOSS)
    assert remind_at(request(story)) == story.at + timedelta(hours=4)
    others = PAIR.model_copy(update={"approvers": (BOSS,), "need": 1})
    reminds(story)
    ends = story.at + timedelta(hours=24)
    story.tell(ev.ApprovalEscalated(approval_id=SEAT, stage=others, expires_at=ends))
    assert reminders_now(request(story)) == ()
    assert remind_at(request(story)) == story.at + timedelta(hours=4)


def test_a_turn_that_still_runs_reminds_when_it_parks() -> None:
    story = waiting()
    late = story.at + timedelta(hours=5)
    story.tell(ev.TurnResumed(because="decision"), after=5 * HOUR)
    assert wake_at(story.state) is not None
    assert wake_at(story.state) != remind_at(request(story))
    assert decide(story.state, late) == (Park(),)
    assert [a.approval_id for a in to_remind(story.state, late)] == [SEAT]


def test_an_event_of_a_newer_release_leaves_reminding_to_it() -> None:
    story = waiting()
    due = remind_at(request(story))
    assert due is not None
    assert decide(replace(story.state, unknown_types=("turn.danced",)), due) == ()


@given(
    st.floats(1, 48 * HOUR),
    st.floats(1, 48 * HOUR),
    st.none() | st.floats(0, 48 * HOUR),
    st.sampled_from(["approved", "rejected", "withdrawn"]),
)
def test_there_are_few_of_them_none_early_and_none_after_the_decision(
    within: float, remind: float, decided: float | None, verdict: ev.Verdict
) -> None:
    stage = MANAGER.model_copy(update={"within": within, "remind": remind})
    story = waiting(stage)
    begun, ends = request(story).stage_at, request(story).expires_at
    until = min(ends, begun + timedelta(seconds=decided or 0)) if decided else ends
    told = lives(story, until)
    story.at = max(until, story.at)
    story.tell(
        ev.ApprovalDecided(
            approval_id=SEAT, stage=0, verdict=verdict, by=BOSS.person_id, by_name="B"
        )
    )
    assert not to_remind(story.state, ends + timedelta(days=9))
    assert len(told) <= MOST_REMINDERS
    pauses = [b - a for a, b in zip([begun, *told], told, strict=False)]
    assert all(pause >= timedelta(seconds=remind) for pause in pauses)
    assert all(at < ends for at in told)
    plans = [p for p in surfaces_of(story.state) if p.role == "reminder"]
    assert len(plans) == len(told)
    assert all(plan.final for plan in plans)


def seen(story: Story, number: int = 0) -> tuple[str, tuple[str, ...]]:
    plan = [p for p in surfaces_of(story.state) if p.role == "reminder"][number]
    view = view_of(story.state, plan.audience, story.at)
    assert not view.approvals, "the card has the buttons"
    return view.headline, view.notices


def test_a_reminder_says_who_waits_for_what_until_when_and_what_happens_then() -> None:
    headline, said = seen(reminds(waiting()))
    assert headline == "Your decision is still needed"
    what = "Asker still waits for your decision: An editor seat for Asker."
    assert said == (
        f"{what} It is open until Sat 21 Nov, 09:00 UTC.",
        "After that it expires, and nothing is done.",
        "The message with the buttons is further up in this chat.",
    )
    passed = waiting(MANAGER.model_copy(update={"then": "escalate"}))
    assert "passed on to others" in seen(reminds(passed))[1][1]


def test_a_reminder_follows_its_card_and_says_when_nothing_is_left_to_do() -> None:
    story = reminds(waiting(PAIR))
    plans = {p.surface_id: p for p in surfaces_of(story.state)}
    reminders = [p for p in plans.values() if p.role == "reminder"]
    assert [p.person_id for p in reminders] == [HEAD.person_id, GUARD.person_id]
    for plan in reminders:
        assert plan.after is not None
        assert plans[plan.after].role == "approval"
        assert plans[plan.after].person_id == plan.person_id
    decides(story, HEAD)
    assert seen(story, 0)[0] == "Nothing to decide any more"
    assert seen(story, 1)[0] == "Your decision is still needed"
