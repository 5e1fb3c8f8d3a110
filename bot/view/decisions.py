"""A request for a decision as a card, and what became of it in one sentence."""

from datetime import datetime, tzinfo

from bot.turn.state import Approval, TurnState
from bot.view import wording
from bot.view.nodes import ApprovalView


def card_of(
    approval: Approval, now: datetime, zone: tzinfo, *, can_decide: bool
) -> ApprovalView:
    """Return an open request's card."""
    return ApprovalView(
        approval_id=approval.approval_id,
        args_hash=approval.card_hash,
        title=approval.subject,
        facts=approval.facts,
        status=_waits(approval, now, zone),
        can_decide=can_decide,
    )


def outcome_of(state: TurnState, approval: Approval) -> str:
    """Say who settled a request, and why; who is waited for is not its business."""
    last = approval.rulings[-1] if approval.rulings else None
    name, reason = (last.by_name, last.reason) if last else ("", "")
    if approval.status == "approved":
        yes = [r.by_name for r in approval.rulings if r.verdict == "approved"]
        return wording.approved_by(wording.names(yes, word="and"), reason)
    if approval.status == "rejected":
        return wording.rejected_by(name, reason)
    if approval.status == "expired":
        stage = approval.stages[approval.stage]
        return wording.expired([approver.name for approver in stage.approvers])
    if last and last.verdict == "withdrawn":
        return wording.withdrawn_by(name)
    by = state.ending.by_name if state.ending else ""
    return wording.withdrawn_by(by) if by else wording.ended_undecided()


def _waits(approval: Approval, now: datetime, zone: tzinfo) -> str:
    return wording.waits(
        [approver.name for approver in approval.waiting_for],
        since=wording.moment(approval.stage_at, now=now, zone=zone),
        until=wording.moment(approval.expires_at, now=now, zone=zone),
    )
