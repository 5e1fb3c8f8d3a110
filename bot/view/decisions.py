"""A request for a decision as a card, and what became of it in one sentence."""

from datetime import datetime, tzinfo

from bot.turn.state import Approval, Phase, TurnState
from bot.view import wording
from bot.view.nodes import ApprovalView
from bot.view.reckoning import ledger_in


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


def is_changed(approval: Approval) -> bool:
    """Return whether who asked wants something else instead of this."""
    last = approval.rulings[-1] if approval.rulings else None
    return (
        last is not None
        and last.verdict == "withdrawn"
        and last.reason == wording.CHANGED_REASON
    )


def is_withdrawn(approval: Approval) -> bool:
    """Return whether who asked took this back for good."""
    last = approval.rulings[-1] if approval.rulings else None
    withdrawn = last is not None and last.verdict == "withdrawn"
    return withdrawn and not is_changed(approval)


def headline_of(state: TurnState, approval: Approval) -> str:
    """Return the headline of the card of a request that is open no more."""
    if is_changed(approval):
        return wording.CHANGED
    if _went_with_its_turn(state, approval):
        return wording.DECISION_OVER
    return wording.settled_headline(approval.status)


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
    if is_changed(approval):
        return wording.changed_by(name)
    if is_withdrawn(approval):
        return wording.withdrawn_by(name)
    return _ended(state, approval)


def _went_with_its_turn(state: TurnState, approval: Approval) -> bool:
    """Whether the turn ended by itself before anybody had decided this."""
    ended = state.ending is not None and state.ending.phase is not Phase.CANCELLED
    return ended and closed_undecided(approval)


def closed_undecided(approval: Approval) -> bool:
    """Return whether a request went away with its turn, decided by nobody."""
    ruled = approval.rulings and approval.rulings[-1].verdict == "withdrawn"
    return approval.status == "withdrawn" and not ruled


def _ended(state: TurnState, approval: Approval) -> str:
    name = state.requester.name if state.requester else ""
    unclear = {entry.call_id for entry in ledger_in(state).unknown}
    if approval.call_id in unclear:
        return wording.ended_unclear(name)
    if _went_with_its_turn(state, approval) or state.ending is None:
        return wording.ended_undecided(name)
    return wording.withdrawn_by(state.ending.by_name)


def _waits(approval: Approval, now: datetime, zone: tzinfo) -> str:
    return wording.waits(
        [approver.name for approver in approval.waiting_for],
        since=wording.moment(approval.stage_at, now=now, zone=zone),
        until=wording.moment(approval.expires_at, now=now, zone=zone),
    )
