"""Take a decision: check who decides on what, make it true, wake the turn.

The decision's row is the truth. Everything is checked on the approval's locked row,
in the transaction that writes it, so two people who press at once get one answer.
What a card showed is compared by hash, its stage included: a press on an outdated card
decides nothing, and one that is sent twice never decides two stages.
"""

from datetime import UTC, datetime, timedelta, tzinfo

from bot.company.model import Person
from bot.engine.letters import Letter
from bot.engine.turns import read_turn
from bot.ports.inbox import Acceptance, Outcome
from bot.ports.rows import ApprovalRow
from bot.ports.store import Store, Transaction
from bot.protocol.events import ApprovalDecided, Recorded
from bot.protocol.ids import TenantId
from bot.protocol.inbound import Decided
from bot.turn.reduce import advance
from bot.turn.state import Approval, TurnState
from bot.view import replies
from bot.view.nodes import TurnView
from bot.view.project import ForApprover, view_of


async def take_decision(
    store: Store,
    tenant: TenantId,
    person: Person | None,
    decided: Decided,
    *,
    now: datetime,
    zone: tzinfo = UTC,
) -> Acceptance:
    """Return what became of a press on Approve or Reject; it is committed.

    Args:
        store: Where approvals are kept.
        tenant: Whose.
        person: Who pressed, if known.
        decided: What was pressed.
        now: When.
        zone: In which the card's times are written.
    """
    async with store.begin("ingress.decision") as tx:
        row = await tx.lock_approval(tenant, decided.approval_id)
        if row is None:
            return Acceptance(outcome="unknown", sentence=replies.CLICK_UNKNOWN)
        state = await _as_decided(tx, row)
        approval = state.approval(decided.approval_id) if state else None
        if state is None or approval is None:
            return Acceptance(outcome="unknown", sentence=replies.CLICK_UNKNOWN)
        refusal = _refusal(row, approval, person, decided, now=now, zone=zone)
        if refusal is not None or person is None:
            outcome, sentence = refusal or ("not_entitled", replies.CLICK_NOT_ENTITLED)
            view = _card(state, approval, person, now, zone)
            return Acceptance(outcome=outcome, sentence=sentence, view=view)
        event = _event(approval, person, decided, now)
        after = _after(state, event, now)
        settled = after.approval(decided.approval_id)
        assert settled is not None, "an approval does not vanish"
        await tx.record_decision(
            tenant,
            decided.approval_id,
            stage=approval.stage,
            person_id=person.id,
            name=person.name,
            verdict=decided.verdict,
            reason=decided.reason,
            said_key=decided.said_key,
            at=now,
        )
        await tx.settle_approval(
            tenant,
            decided.approval_id,
            status=settled.status,
            stage=settled.stage,
            expires_at=settled.expires_at,
        )
        await _tell_turn(tx, row, person, event)
        return Acceptance(
            outcome="decided",
            sentence=replies.click_taken(decided.verdict),
            view=_card(after, settled, person, now, zone),
        )


async def _as_decided(tx: Transaction, row: ApprovalRow) -> TurnState | None:
    """Return the turn with every decision of this approval, told to it or not yet."""
    loaded = await read_turn(tx, row.turn_id)
    approval = loaded.state.approval(row.approval_id) if loaded else None
    if loaded is None or approval is None:
        return None
    state = loaded.state
    known = {(ruled.stage, ruled.by) for ruled in approval.rulings}
    for made in await tx.decisions_of(row.tenant_id, row.approval_id):
        if (made.stage, made.person_id) not in known:
            event = ApprovalDecided(
                approval_id=row.approval_id,
                stage=made.stage,
                verdict=made.verdict,
                by=made.person_id,
                by_name=made.name,
                reason=made.reason,
            )
            state = _after(state, event, made.at)
    return state


def _refusal(
    row: ApprovalRow,
    approval: Approval,
    person: Person | None,
    decided: Decided,
    *,
    now: datetime,
    zone: tzinfo,
) -> tuple[Outcome, str] | None:
    """Return why this press does not count; ``None`` when it does."""
    asked = {a.person_id for _, a in approval.asked}
    if person is None or person.id not in asked or person.id == row.requester_id:
        return "not_entitled", replies.CLICK_NOT_ENTITLED
    if person.ends is not None and person.ends < now.astimezone(zone).date():
        return "not_entitled", replies.CLICK_LEFT
    if row.status != "open" or approval.status != "open":
        status = approval.status if row.status == "open" else row.status
        return "already_decided", replies.click_too_late(approval, status)
    if person.id not in {a.person_id for a in approval.waiting_for}:
        return "already_decided", replies.CLICK_ALREADY
    if decided.args_hash != approval.card_hash:
        return "stale", replies.CLICK_STALE
    if now >= approval.expires_at:
        return "already_decided", replies.CLICK_TIME_OVER
    return None


def _event(
    approval: Approval, person: Person, decided: Decided, now: datetime
) -> ApprovalDecided:
    following = approval.stages[approval.stage + 1 :]
    within = timedelta(seconds=following[0].within) if following else None
    return ApprovalDecided(
        approval_id=approval.approval_id,
        stage=approval.stage,
        verdict=decided.verdict,
        by=person.id,
        by_name=person.name,
        reason=decided.reason,
        expires_at=now + within if within else None,
    )


def _after(state: TurnState, event: ApprovalDecided, now: datetime) -> TurnState:
    """Return what the turn will be once its owner has read the mail."""
    recorded = Recorded(turn_id=state.turn_id, seq=state.seq + 1, at=now, event=event)
    return advance(state, recorded)


def _card(
    state: TurnState,
    approval: Approval,
    person: Person | None,
    now: datetime,
    zone: tzinfo,
) -> TurnView | None:
    if person is None:
        return None
    audience = ForApprover(person_id=person.id, approval_id=approval.approval_id)
    return view_of(state, audience, now, zone=zone)


async def _tell_turn(
    tx: Transaction, row: ApprovalRow, person: Person, event: ApprovalDecided
) -> None:
    letter = Letter(
        kind="decided",
        person_id=person.id,
        person_name=person.name,
        turn_id=row.turn_id,
        decision=event.model_dump(mode="json"),
    )
    tenant, conversation = row.tenant_id, row.conversation_id
    body = letter.model_dump_json()
    await tx.deliver(tenant, conversation, None, letter.kind, body)
    await tx.notify(tenant, conversation)
