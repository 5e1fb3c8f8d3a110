"""How one approval moves: stages one after the other, first valid decision wins.

Pure. Whether a person may decide at all is checked where the decision is taken in
(`bot.engine.decisions`), in the transaction that makes it true.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from bot.protocol.events import ApprovalDecided, ApprovalEscalated, ApprovalRequested
from bot.protocol.ids import PersonId
from bot.turn.state import Approval, Reminder, Ruled

MOST_REMINDERS = 3
"""For one stage, or for those to whom it was passed on: more is nagging."""


def open_approval(event: ApprovalRequested, at: datetime) -> Approval:
    """Return the approval that a request opens."""
    return Approval(
        approval_id=event.approval_id,
        call_id=event.call_id,
        subject=event.subject,
        facts=event.facts,
        args_hash=event.args_hash,
        policy=event.policy,
        requester_id=event.requester_id,
        stages=event.stages,
        requested_at=at,
        stage_at=at,
        expires_at=event.expires_at,
        asked=tuple((0, approver) for approver in event.stages[0].approvers),
    )


def decide_stage(approval: Approval, event: ApprovalDecided, at: datetime) -> Approval:
    """Return the approval after one decision of an open approval."""
    ruled = Ruled(
        stage=event.stage,
        verdict=event.verdict,
        by=event.by,
        by_name=event.by_name,
        reason=event.reason,
        at=at,
    )
    if event.verdict == "withdrawn":
        return replace(
            approval,
            rulings=(*approval.rulings, ruled),
            status="withdrawn",
            settled_at=at,
        )
    if event.stage != approval.stage or _has_ruled(approval, ruled):
        return approval
    after = replace(approval, rulings=(*approval.rulings, ruled))
    if event.verdict == "rejected":
        return replace(after, status="rejected", settled_at=at)
    if not stage_complete(after):
        return after
    return _next_stage(after, event.expires_at, at)


def stage_complete(approval: Approval) -> bool:
    """Return whether the current stage has all the approvals it needs."""
    yes = [
        r
        for r in approval.rulings
        if r.stage == approval.stage and r.verdict == "approved"
    ]
    return len(yes) >= approval.stages[approval.stage].need


def escalate(approval: Approval, event: ApprovalEscalated, at: datetime) -> Approval:
    """Return the approval with its current stage handed to others."""
    stages = (
        *approval.stages[: approval.stage],
        event.stage,
        *approval.stages[approval.stage + 1 :],
    )
    known = {a.person_id for s, a in approval.asked if s == approval.stage}
    added = tuple(
        (approval.stage, a) for a in event.stage.approvers if a.person_id not in known
    )
    return replace(
        approval,
        stages=stages,
        stage_at=at,
        expires_at=event.expires_at,
        asked=(*approval.asked, *added),
    )


def remind_at(approval: Approval) -> datetime | None:
    """Return when those who have not decided are to be reminded next; ``None``: never.

    Not once others decide, or nobody does: that comes at the end of the stage's time.
    """
    pause, had = approval.stages[approval.stage].remind, reminders_now(approval)
    if pause is None or len(had) >= MOST_REMINDERS or not _to_remind(approval):
        return None
    due = (had[-1].at if had else approval.stage_at) + timedelta(seconds=pause)
    return due if due < approval.expires_at else None


def reminders_now(approval: Approval) -> tuple[Reminder, ...]:
    """Return the reminders of those who are asked now, of the current stage."""
    return tuple(
        reminder
        for reminder in approval.reminders
        if reminder.stage == approval.stage and reminder.at >= approval.stage_at
    )


def remind(approval: Approval, at: datetime) -> Approval:
    """Return the approval with those reminded who have not decided."""
    people = _to_remind(approval)
    reminder = Reminder(stage=approval.stage, people=people, at=at)
    return replace(approval, reminders=(*approval.reminders, reminder))


def _to_remind(approval: Approval) -> tuple[PersonId, ...]:
    asking = approval.requester_id
    waiting = (approver.person_id for approver in approval.waiting_for)
    return tuple(person for person in waiting if person != asking)


def expire(approval: Approval, at: datetime) -> Approval:
    """Return the approval that nobody decided in time."""
    return replace(approval, status="expired", settled_at=at)


def _has_ruled(approval: Approval, ruled: Ruled) -> bool:
    return any(r.stage == ruled.stage and r.by == ruled.by for r in approval.rulings)


def _next_stage(
    approval: Approval, expires_at: datetime | None, at: datetime
) -> Approval:
    index = approval.stage + 1
    if index == len(approval.stages):
        return replace(approval, status="approved", settled_at=at)
    stage = approval.stages[index]
    return replace(
        approval,
        stage=index,
        stage_at=at,
        expires_at=expires_at or at + timedelta(seconds=stage.within),
        asked=(*approval.asked, *((index, a) for a in stage.approvers)),
    )
