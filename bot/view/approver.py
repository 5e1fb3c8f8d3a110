"""What somebody sees who is asked to decide."""

from dataclasses import replace
from datetime import datetime, tzinfo

from bot.protocol.ids import PersonId
from bot.protocol.values import Fact
from bot.turn.state import Approval, ApprovalStatus, Ruled, TurnState
from bot.view import wording
from bot.view.decisions import card_of, headline_of, outcome_of
from bot.view.nodes import Mood, TurnView
from bot.view.summary import summary_of

_MOODS: dict[ApprovalStatus, Mood] = {
    "open": "waiting",
    "approved": "done",
    "rejected": "failed",
    "withdrawn": "cancelled",
    "expired": "cancelled",
}
_REQUESTED_BY = "Requested by"


def approver_view(
    state: TurnState,
    approval: Approval | None,
    person: PersonId,
    now: datetime,
    *,
    zone: tzinfo,
) -> TurnView:
    """Return the card of one request for one person; it locks when it is settled."""
    if approval is None:
        gone = wording.UNKNOWN_REQUEST
        return TurnView(headline=gone, mood="cancelled", summary=gone)
    headline, status = _words(state, approval, person, now, zone)
    can_decide = may_decide(state, approval, person, now)
    name = state.requester.name if state.requester else ""
    card = card_of(approval, now, zone, can_decide=can_decide)
    asks = wording.asks_for(name or wording.SOMEBODY.capitalize(), approval.subject)
    return TurnView(
        headline=headline,
        mood=_MOODS[approval.status],
        approvals=(replace(card, facts=_facts(approval, name), status=status),),
        summary=summary_of(asks if can_decide else headline, approval.subject),
    )


def may_decide(
    state: TurnState, approval: Approval, person: PersonId, now: datetime
) -> bool:
    """Return whether this person gets buttons. The engine decides what counts."""
    asking = {approval.requester_id}
    if state.requester:
        asking.add(state.requester.person_id)
    open_to = {approver.person_id for approver in approval.waiting_for}
    undecided = state.ending is None and now < approval.expires_at
    return undecided and person in open_to - asking


def _words(
    state: TurnState, approval: Approval, person: PersonId, now: datetime, zone: tzinfo
) -> tuple[str, str]:
    """Return the headline and the sentence below the facts."""
    if approval.status != "open":
        return headline_of(state, approval), outcome_of(state, approval)
    until = wording.moment(approval.expires_at, now=now, zone=zone)
    others = [a.name for a in approval.waiting_for if a.person_id != person]
    if len(others) < len(approval.waiting_for):
        return wording.DECISION_NEEDED, wording.decide_until(until)
    mine = [ruled for ruled in approval.rulings if ruled.by == person]
    if not mine:
        return wording.DECISION_ELSEWHERE, wording.escalated_to(others)
    missing = _missing(approval)
    more = wording.waits_for_more(missing, others, until=until)
    said = f"{wording.you_decided(mine[-1].verdict)} {more}"
    return wording.waiting_for(others), said


def _missing(approval: Approval) -> int:
    def counts(ruled: Ruled) -> bool:
        return ruled.stage == approval.stage and ruled.verdict == "approved"

    have = sum(counts(ruled) for ruled in approval.rulings)
    return max(1, approval.stages[approval.stage].need - have)


def _facts(approval: Approval, requester: str) -> tuple[Fact, ...]:
    known = any(fact.label == _REQUESTED_BY for fact in approval.facts)
    if known or not requester:
        return approval.facts
    return (Fact(label=_REQUESTED_BY, value=requester), *approval.facts)
