"""A request for a decision as a card, and what became of it in one sentence."""

from datetime import datetime, tzinfo

from bot.turn.state import Approval, TurnState
from bot.view import wording
from bot.view.nodes import ApprovalView
from bot.view.steps import waiting_sentence


def card_of(
    approval: Approval, now: datetime, zone: tzinfo, *, can_decide: bool
) -> ApprovalView:
    """Return an open request's card."""
    return ApprovalView(
        approval_id=approval.approval_id,
        args_hash=approval.args_hash,
        title=approval.subject,
        facts=approval.facts,
        status=waiting_sentence(approval, now, zone),
        can_decide=can_decide,
    )


def outcome_of(state: TurnState, approval: Approval) -> str:
    """Say who settled a request, and why."""
    last = approval.rulings[-1] if approval.rulings else None
    ruled = last if last and last.verdict == approval.status else None
    match approval.status:
        case "approved":
            yes = [r for r in approval.rulings if r.verdict == "approved"]
            who = wording.names([r.by_name for r in yes], word="and")
            return wording.approved_by(who, ruled.reason if ruled else "")
        case "rejected":
            name, reason = (ruled.by_name, ruled.reason) if ruled else ("", "")
            return wording.rejected_by(name, reason)
        case "withdrawn":
            if ruled:
                return wording.withdrawn_by(ruled.by_name)
            by = state.ending.by_name if state.ending else ""
            return wording.withdrawn_by(by) if by else wording.ended_undecided()
        case "expired":
            stage = approval.stages[approval.stage]
            return wording.expired([a.name for a in stage.approvers])
        case "open":
            return ""
