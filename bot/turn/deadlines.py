"""How long a turn and the frames in it may run. Pure.

Only running time counts: what people take to decide is limited by their approvals,
and a queued turn waits for another's end.
"""

from datetime import datetime, timedelta

from bot.protocol.ids import FrameId
from bot.turn.lifecycle import is_blocked, team_of
from bot.turn.state import ROOT, Frame, TurnState

TURN_LIMIT = timedelta(minutes=20)
"""Running time of a turn since it began or went on."""
FRAME_LIMIT = timedelta(minutes=10)
"""Running time of a specialist's frame."""


def turn_deadline(state: TurnState) -> datetime | None:
    """Return when the turn gives up; ``None`` while it does not run."""
    since = _running_since(state)
    return since + TURN_LIMIT if since else None


def frame_deadline(state: TurnState, frame: Frame) -> datetime | None:
    """Return when the frame has overrun; ``None`` while it waits for people.

    The root's is the turn's. Time that people took to decide is not the frame's: its
    clock starts anew with each decision for it or for those who work for it.
    """
    since = _running_since(state)
    if since is None or frame.outcome:
        return None
    if frame.frame_id == ROOT:
        return since + TURN_LIMIT
    if is_blocked(state, frame):
        return None
    team = {member.frame_id for member in team_of(state, frame)}
    decided = [
        approval.settled_at
        for approval in state.approvals
        if approval.settled_at
        and (call := state.call(approval.call_id))
        and call.frame_id in team
    ]
    return max(frame.opened_at, since, *decided) + FRAME_LIMIT


def overrun_frames(
    state: TurnState, now: datetime
) -> tuple[frozenset[FrameId], tuple[FrameId, ...]]:
    """Return the frames that must stop, and those of them to close first.

    Who works for a frame that has overrun must stop as well, and is closed before it.
    """
    late = [
        frame
        for frame in state.frames
        if frame.frame_id != ROOT
        and frame.opened_at + FRAME_LIMIT <= now
        and (deadline := frame_deadline(state, frame))
        and deadline <= now
    ]
    stopping = {
        member.frame_id: member
        for frame in late
        for member in team_of(state, frame)
        if not member.outcome
    }
    busy = {member.parent_id for member in stopping.values()}
    first = tuple(frame_id for frame_id in stopping if frame_id not in busy)
    return frozenset(stopping), first


def _running_since(state: TurnState) -> datetime | None:
    if state.ending or state.parked or state.queued or not state.started_at:
        return None
    if state.running_since:
        return state.running_since
    # A snapshot of the release before: it went on with the newest decision.
    settled = [a.settled_at for a in state.approvals if a.settled_at]
    return max([state.started_at, *settled])
