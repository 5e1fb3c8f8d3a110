"""What may follow what in the life of a turn and of a tool call, and who still hears.

The tables say which changes are legal; the reducer is checked against them, and so
are the diagrams of ``docs/turn-life.md``. Everything that is not listed changes
nothing.
"""

from collections.abc import Mapping
from types import MappingProxyType

from bot.turn.state import ROOT, CallStatus, Frame, Phase, TurnState

_ENDINGS: Mapping[str, tuple[Phase, ...]] = {
    "turn.completed": (Phase.COMPLETED,),
    "turn.failed": (Phase.FAILED,),
    "turn.cancelled": (Phase.CANCELLED,),
}

TRANSITIONS: Mapping[tuple[Phase, str], tuple[Phase, ...]] = MappingProxyType(
    {
        (Phase.NEW, "turn.started"): (Phase.RUNNING, Phase.QUEUED),
        (Phase.QUEUED, "turn.resumed"): (Phase.RUNNING,),
        (Phase.QUEUED, "frame.opened"): (Phase.RUNNING,),
        (Phase.RUNNING, "turn.parked"): (Phase.PARKED,),
        (Phase.PARKED, "turn.resumed"): (Phase.RUNNING,),
        **{
            (phase, event): ended
            for phase in (Phase.NEW, Phase.QUEUED, Phase.RUNNING, Phase.PARKED)
            for event, ended in _ENDINGS.items()
        },
    }
)
"""Every change of phase: (phase, type of event) to the phases it can lead to.

A turn whose beginning cannot be read can still be ended.
"""

CALL_TRANSITIONS: Mapping[tuple[CallStatus, str], CallStatus] = MappingProxyType(
    {
        ("requested", "tool.authorized"): "authorized",
        ("requested", "approval.requested"): "waiting",
        ("requested", "tool.denied"): "denied",
        ("waiting", "tool.authorized"): "authorized",
        ("waiting", "tool.denied"): "denied",
        ("authorized", "tool.started"): "started",
        ("authorized", "tool.denied"): "denied",
        ("started", "tool.finished"): "finished",
    }
)
"""Every change of a tool call's status that the engine may write."""

BELIEVED: Mapping[tuple[CallStatus, str], CallStatus] = MappingProxyType(
    {
        ("requested", "tool.started"): "started",
        ("waiting", "tool.started"): "started",
        ("requested", "tool.finished"): "finished",
        ("waiting", "tool.finished"): "finished",
        ("authorized", "tool.finished"): "finished",
    }
)
"""What the engine must not write, and the reducer believes all the same.

An intent or a result that is in the log may have changed the world.
"""


def team_of(state: TurnState, frame: Frame) -> tuple[Frame, ...]:
    """Return a frame and all that were opened for it, directly or not."""
    team = {frame.frame_id: frame}
    found = [frame]
    for member in found:  # grows while it is read
        for other in state.frames:
            if other.parent_id == member.frame_id and other.frame_id not in team:
                team[other.frame_id] = other
                found.append(other)
    return tuple(found)


def is_blocked(state: TurnState, frame: Frame) -> bool:
    """Whether the frame goes on only when a person has decided.

    One of its calls waits for an approval, or it handed over to such a frame.
    """
    waiting = {
        call.frame_id
        for approval in state.open_approvals
        if (call := state.call(approval.call_id)) and call.status == "waiting"
    }
    if not waiting:
        return False
    open_team = [f for f in team_of(state, frame) if not f.outcome]
    return any(member.frame_id in waiting for member in open_team)


def hears(state: TurnState) -> bool:
    """Whether a message said now reaches a model before any person must decide."""
    if state.ending or state.parked or not state.started_at:
        return False
    root = state.frame(ROOT)
    if root is None:
        return True  # the first question has not been asked
    if root.outcome:
        return False
    return any(not (f.outcome or is_blocked(state, f)) for f in state.frames)
