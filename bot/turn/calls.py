"""How events move a tool call, its step, and the approval it may wait for. Pure."""

from collections.abc import Iterable
from datetime import datetime

from bot.protocol import events as ev
from bot.protocol.ids import ApprovalId, CallId
from bot.turn.approvals import decide_stage, escalate, expire, open_approval, remind
from bot.turn.change import changed, with_approval, with_call, with_item
from bot.turn.state import GROWS, Call, Item, TurnState

_UNDECIDED = ("requested", "waiting")
"""Of such a call it is still open whether it may run; later ones never go back."""


def apply_tool(
    state: TurnState,
    event: ev.ToolRequested
    | ev.ToolAuthorized
    | ev.ToolDenied
    | ev.ToolStarted
    | ev.ToolFinished,
    at: datetime,
) -> TurnState:
    """Return the state after an event of a tool call."""
    match event:
        case ev.ToolRequested():
            return _request(state, event, at)
        case ev.ToolAuthorized(policy=policy):
            return with_call(
                state,
                event.call_id,
                lambda c: (
                    changed(c, status="authorized", policy=policy or c.policy)
                    if c.status in _UNDECIDED
                    else c
                ),
            )
        case ev.ToolDenied():
            return _deny(state, event, at)
        case ev.ToolStarted(key=key, attempt=attempt):
            return with_call(
                state,
                event.call_id,
                lambda c: changed(
                    c, status="started", key=key, attempt=attempt, started_at=at
                ),
            )
        case ev.ToolFinished():
            return _finish(state, event, at)


def _request(state: TurnState, event: ev.ToolRequested, at: datetime) -> TurnState:
    if state.call(event.call_id):
        return state
    call = Call(
        call_id=event.call_id,
        frame_id=event.frame_id,
        item_id=event.item_id,
        name=event.name,
        arguments=event.arguments,
        effect=event.effect,
        handoff_to=event.handoff_to,
        title=event.title,
        requested_at=at,
        why=event.why,
    )
    item = Item(
        item_id=event.item_id,
        frame_id=event.frame_id,
        kind="handoff" if event.handoff_to else "tool",
        title=event.title,
        text="",
        data={"call_id": event.call_id, "tool": event.name},
        opened_at=at,
    )
    items = state.items if state.item(event.item_id) else (*state.items, item)
    return changed(
        state, calls=(*state.calls, call), items=_grown(items, event.call_id, at)
    )


def _grown(items: tuple[Item, ...], call_id: CallId, at: datetime) -> tuple[Item, ...]:
    """Close the step that showed the call while it was being written."""
    return tuple(
        changed(item, status="done", closed_at=at)
        if item.status == "open" and item.data.get(GROWS) == call_id
        else item
        for item in items
    )


def _deny(state: TurnState, event: ev.ToolDenied, at: datetime) -> TurnState:
    call = state.call(event.call_id)
    if call is None or call.settled or call.status == "started":
        return state  # what was started may have happened: no word undoes it
    denied = with_call(
        state,
        event.call_id,
        lambda c: changed(
            c,
            status="denied",
            policy=event.policy or c.policy,
            reason=event.reason,
            denied_by=event.by,
            malformed=event.malformed,
            settled_at=at,
        ),
    )
    return _close_step(denied, event.call_id, "failed", at)


def _finish(state: TurnState, event: ev.ToolFinished, at: datetime) -> TurnState:
    call = state.call(event.call_id)
    if call is None or call.settled:
        return state
    after = with_call(
        state,
        event.call_id,
        lambda c: changed(
            c,
            status="finished",
            outcome=event.outcome,
            title=event.title or c.title,
            result=event.result,
            cards=event.cards,
            sources=event.sources,
            reference=event.reference,
            settled_at=at,
        ),
    )
    if event.title:
        after = with_item(after, call.item_id, lambda i: changed(i, title=event.title))
    status = "done" if event.outcome == "done" else "failed"
    return _close_step(after, event.call_id, status, at)


def _close_step(
    state: TurnState, call_id: CallId, status: str, at: datetime
) -> TurnState:
    call = state.call(call_id)
    if call is None:
        return state
    final = "done" if status == "done" else "failed"
    return with_item(
        state, call.item_id, lambda i: changed(i, status=final, closed_at=at)
    )


def apply_approval(
    state: TurnState,
    event: ev.ApprovalRequested
    | ev.ApprovalDecided
    | ev.ApprovalEscalated
    | ev.ApprovalExpired,
    at: datetime,
) -> TurnState:
    """Return the state after an event of an approval."""
    match event:
        case ev.ApprovalRequested():
            call = state.call(event.call_id)
            if call is None or call.status not in _UNDECIDED:
                return state
            if state.approval(event.approval_id):
                return state
            waiting = with_call(
                state, event.call_id, lambda c: changed(c, status="waiting")
            )
            approvals = (*waiting.approvals, open_approval(event, at))
            return changed(waiting, approvals=approvals)
        case ev.ApprovalDecided():
            return with_approval(
                state, event.approval_id, lambda a: decide_stage(a, event, at)
            )
        case ev.ApprovalEscalated():
            return with_approval(
                state, event.approval_id, lambda a: escalate(a, event, at)
            )
        case ev.ApprovalExpired():
            return with_approval(state, event.approval_id, lambda a: expire(a, at))


def apply_reminders(
    state: TurnState, reminded: Iterable[ApprovalId], at: datetime
) -> TurnState:
    """Return the state with those reminded who have not decided."""
    for approval_id in reminded:
        state = with_approval(state, approval_id, lambda a: remind(a, at))
    return state
