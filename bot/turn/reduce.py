"""Fold events into a `TurnState`.

``functools.reduce(advance, log, TurnState())`` is the whole projection. It is pure,
total (every event has a result in every state) and idempotent: an event already
applied changes nothing, so replays and duplicate notifications are harmless. The
engine, the adapters, the console and the terminal all use this one.
"""

from datetime import datetime
from typing import TypeAlias, assert_never

from bot.errors import SequenceGapError
from bot.protocol import events as ev
from bot.protocol.events import Recorded, TurnEvent
from bot.protocol.ids import TurnId
from bot.turn.calls import apply_approval, apply_reminders, apply_tool
from bot.turn.change import changed, with_frame, with_item
from bot.turn.state import (
    Ending,
    Frame,
    Item,
    Phase,
    Reply,
    Steer,
    TurnState,
)


def advance(state: TurnState, recorded: Recorded) -> TurnState:
    """Apply the next event of the log.

    Raises:
        SequenceGapError: An earlier event has not been applied yet.
    """
    if recorded.seq <= state.seq:
        return state
    if recorded.seq > state.seq + 1:
        raise SequenceGapError(
            recorded.turn_id, expected=state.seq + 1, got=recorded.seq
        )
    match recorded.event:
        case ev.ItemAppended() as event if not state.ending:
            # Nearly all events are words: one copy of the state for each, not two.
            return changed(state, seq=recorded.seq, items=_appended(state, event))
        case ev.UnknownEvent() as event:
            skipped = (*state.unknown_types, event.type)
            return changed(state, seq=recorded.seq, unknown_types=skipped)
        case event:
            after = apply(state, event, turn_id=recorded.turn_id, at=recorded.at)
            return changed(after, seq=recorded.seq)


def apply(
    state: TurnState, event: TurnEvent, *, turn_id: TurnId, at: datetime
) -> TurnState:
    """Return the state after ``event``, whatever its place in the log."""
    if state.ending:  # nothing happens to a finished turn
        return state
    match event:
        case (
            ev.TurnStarted()
            | ev.TurnSteered()
            | ev.TurnParked()
            | ev.TurnResumed()
            | ev.TurnCompleted()
            | ev.TurnFailed()
            | ev.TurnCancelled()
        ):
            return _apply_turn(state, event, turn_id, at)
        case ev.FrameOpened() | ev.FrameClosed():
            return _apply_frame(state, event, at)
        case (
            ev.ItemOpened()
            | ev.ItemAppended()
            | ev.ItemPatched()
            | ev.ItemReplaced()
            | ev.ItemClosed()
        ):
            return _apply_item(state, event, at)
        case ev.ModelAsked() | ev.ModelReplied():
            return _apply_model(state, event)
        case (
            ev.ToolRequested()
            | ev.ToolAuthorized()
            | ev.ToolDenied()
            | ev.ToolStarted()
            | ev.ToolFinished()
        ):
            return apply_tool(state, event, at)
        case (
            ev.ApprovalRequested()
            | ev.ApprovalDecided()
            | ev.ApprovalEscalated()
            | ev.ApprovalExpired()
        ):
            return apply_approval(state, event, at)
    assert_never(event)


_OfTurn: TypeAlias = (
    ev.TurnStarted
    | ev.TurnSteered
    | ev.TurnParked
    | ev.TurnResumed
    | ev.TurnCompleted
    | ev.TurnFailed
    | ev.TurnCancelled
)


def _apply_turn(
    state: TurnState, event: _OfTurn, turn_id: TurnId, at: datetime
) -> TurnState:
    match event:
        case ev.TurnStarted():
            return _start(state, event, turn_id, at)
        case ev.TurnSteered(text=text):
            return changed(state, steers=(*state.steers, Steer(text=text, at=at)))
        case ev.TurnParked(reminded=reminded):
            runs = state.phase is Phase.RUNNING
            parked = changed(state, parked=True) if runs else state
            return apply_reminders(parked, reminded, at)
        case ev.TurnResumed():
            return _go_on(state, at)
        case ev.TurnCompleted() | ev.TurnFailed() | ev.TurnCancelled():
            return _end(state, _ending(event, at))


def _go_on(state: TurnState, at: datetime) -> TurnState:
    """Start the clock anew; the time of a turn that runs cannot be stretched."""
    if not (state.parked or state.queued):
        return state
    return changed(state, parked=False, queued=False, running_since=at)


def _ending(
    event: ev.TurnCompleted | ev.TurnFailed | ev.TurnCancelled, at: datetime
) -> Ending:
    match event:
        case ev.TurnCompleted(ledger=ledger):
            return Ending(phase=Phase.COMPLETED, at=at, ledger=ledger)
        case ev.TurnFailed(code=code, ledger=ledger):
            return Ending(phase=Phase.FAILED, at=at, code=code, ledger=ledger)
        case ev.TurnCancelled(by_name=name, how=how, ledger=ledger):
            return Ending(
                phase=Phase.CANCELLED, at=at, by_name=name, how=how, ledger=ledger
            )


def _start(
    state: TurnState, event: ev.TurnStarted, turn_id: TurnId, at: datetime
) -> TurnState:
    if state.started_at:
        return state
    return changed(
        state,
        turn_id=turn_id,
        tenant_id=event.tenant_id,
        requester=event.requester,
        address=event.address,
        text=event.text,
        started_at=at,
        running_since=None if event.queued_behind else at,
        queued=bool(event.queued_behind),
        queued_behind=event.queued_behind,
        queue_place=event.queue_place,
        open_requests=event.open_requests,
        history=event.history,
        before=event.summary,
    )


def _end(state: TurnState, ending: Ending) -> TurnState:
    """End the turn: whatever is still open ends with it.

    Calls stay as they are: of one that was started, the ledger says "unknown".
    """
    at = ending.at
    left = "cancelled" if ending.phase is Phase.CANCELLED else "failed"
    status = "done" if ending.phase is Phase.COMPLETED else left
    return changed(
        state,
        ending=ending,
        parked=False,
        queued=False,
        frames=tuple(
            f if f.outcome else changed(f, outcome=status, closed_at=at)
            for f in state.frames
        ),
        items=tuple(
            i if i.status != "open" else changed(i, status=status, closed_at=at)
            for i in state.items
        ),
        approvals=tuple(
            a if a.status != "open" else changed(a, status="withdrawn", settled_at=at)
            for a in state.approvals
        ),
    )


# ------------------------------------------------------------------------- frames


def _apply_frame(
    state: TurnState, event: ev.FrameOpened | ev.FrameClosed, at: datetime
) -> TurnState:
    match event:
        case ev.FrameOpened():
            if state.frame(event.frame_id):
                return state
            parent = state.frame(event.parent_id) if event.parent_id else None
            seen = parent.asked_steers if parent else 0
            frame = Frame(
                frame_id=event.frame_id,
                parent_id=event.parent_id,
                call_id=event.call_id,
                agent=event.agent,
                task=event.task,
                opened_at=at,
                title=event.title,
                steers_before=seen,
                asked_steers=seen,
            )
            # The release before queues came works on a queued turn at once.
            begun = _go_on(state, at) if state.queued else state
            return changed(begun, frames=(*state.frames, frame))
        case ev.FrameClosed(outcome=outcome, result=result, code=code):
            return with_frame(
                state,
                event.frame_id,
                lambda f: (
                    f
                    if f.outcome or (outcome == "done" and _unheard(state, f))
                    else changed(
                        f, outcome=outcome, result=result, code=code, closed_at=at
                    )
                ),
            )


def _unheard(state: TurnState, frame: Frame) -> bool:
    """Whether the requester said something that the frame's model has not seen.

    Such a frame is not done, whatever was decided before the message came.
    """
    return len(state.steers) > frame.asked_steers


def _apply_model(state: TurnState, event: ev.ModelAsked | ev.ModelReplied) -> TurnState:
    match event:
        case ev.ModelAsked(summary=summary):
            folded = changed(state, folded=summary) if summary else state
            return with_frame(folded, event.frame_id, lambda f: _asked(f, event))
        case ev.ModelReplied():
            return with_frame(state, event.frame_id, lambda f: _replied(f, event))


def _asked(frame: Frame, event: ev.ModelAsked) -> Frame:
    lost = (*frame.lost, *event.lost)
    if event.ask != len(frame.replies) + 1:
        return changed(frame, lost=lost)
    return changed(
        frame,
        asked=event.ask,
        asked_steers=event.steers_seen,
        asked_model=event.model,
        asked_tokens=event.tokens,
        brief=event.brief,
        lost=lost,
    )


def _replied(frame: Frame, event: ev.ModelReplied) -> Frame:
    if event.ask != len(frame.replies) + 1:
        return frame
    reply = Reply(
        ask=event.ask,
        steers_seen=frame.asked_steers,
        blocks=event.blocks,
        stop_reason=event.stop_reason,
        usage=event.usage,
        model=event.model or frame.asked_model,
    )
    replies = (*frame.replies, reply)
    return changed(frame, asked=event.ask, asked_tokens=0, replies=replies)


# -------------------------------------------------------------------------- items


def _apply_item(
    state: TurnState,
    event: ev.ItemOpened
    | ev.ItemAppended
    | ev.ItemPatched
    | ev.ItemReplaced
    | ev.ItemClosed,
    at: datetime,
) -> TurnState:
    match event:
        case ev.ItemOpened():
            if state.item(event.item_id):
                return state
            item = Item(
                item_id=event.item_id,
                frame_id=event.frame_id,
                kind=event.kind,
                title=event.title,
                text=event.text,
                data=event.data,
                opened_at=at,
            )
            return changed(state, items=(*state.items, item))
        case ev.ItemAppended():
            return changed(state, items=_appended(state, event))
        case ev.ItemPatched(title=title, data=data):
            return with_item(
                state,
                event.item_id,
                lambda i: changed(
                    i,
                    title=i.title if title is None else title,
                    data={**i.data, **data},
                ),
            )
        case ev.ItemReplaced(text=text):
            return with_item(state, event.item_id, lambda i: changed(i, text=text))
        case ev.ItemClosed(status=status):
            return with_item(
                state,
                event.item_id,
                lambda i: changed(i, status=status, closed_at=at),
            )


def _appended(state: TurnState, event: ev.ItemAppended) -> tuple[Item, ...]:
    return tuple(
        changed(item, text=item.text + event.text)
        if item.item_id == event.item_id and item.status == "open"
        else item
        for item in state.items
    )
