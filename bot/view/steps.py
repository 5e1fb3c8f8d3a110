"""A turn's tool calls as steps: what is done, by whom, how long it took, and why not."""

from collections.abc import Iterator

from bot.turn.state import Call, Phase, TurnState
from bot.view import wording
from bot.view.nodes import Step, StepStatus

NOTABLE = 1.0
"""Seconds; what took less long says nothing about its duration."""
_LONGEST_DETAIL = 500
_DENIED: dict[str, StepStatus] = {
    "": "denied",
    "policy": "denied",
    "person": "denied",
    "time": "failed",
    "requester": "cancelled",
}
"""Time that ran out is no rejection."""
_EXPLAINED = {"failed", "denied", "cancelled"}
"""Who a waiting step waits for is said by its request's card."""


def steps_of(state: TurnState) -> tuple[Step, ...]:
    """Return every call as a step; a specialist's follow the hand-off they serve."""
    return tuple(_step(state, call) for call in _in_order(state))


def collapsed(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """Return ``steps`` with those done folded into one line."""
    done = [step for step in steps if step.status == "done"]
    if not done:
        return steps
    took = round(sum(step.seconds or 0.0 for step in done), 1)
    line = Step(
        id="done",
        title=wording.steps_done(len(done)),
        status="done",
        seconds=took or None,
    )
    return (line, *(step for step in steps if step.status != "done"))


def _in_order(state: TurnState) -> Iterator[Call]:
    """Yield the root's calls, each hand-off followed by its specialist's calls."""
    frames = {frame.call_id: frame.frame_id for frame in state.frames if frame.call_id}
    nested = set(frames.values())
    seen: set[str] = set()
    pending = [c for c in reversed(state.calls) if c.frame_id not in nested]
    while pending:
        call = pending.pop()
        seen.add(call.call_id)
        yield call
        if child := frames.get(call.call_id):
            pending += [c for c in reversed(state.calls) if c.frame_id == child]
    yield from (call for call in state.calls if call.call_id not in seen)


def _step(state: TurnState, call: Call) -> Step:
    frame = state.frame(call.frame_id)
    nested = frame is not None and frame.parent_id is not None
    status = _status(state, call)
    explained = status in _EXPLAINED and not _is_done(call)
    return Step(
        id=call.call_id,
        title=call.title or call.name,
        status=status,
        agent=frame.agent if frame and nested else "",
        detail=_shortened(_why_not(call)) if explained else "",
        seconds=_seconds(state, call),
    )


def _status(state: TurnState, call: Call) -> StepStatus:
    own = _own_status(state, call)
    frame = state.frame_of_call(call.call_id) if call.handoff_to else None
    if frame is None or own not in ("done", "running"):
        return own
    mine = [c for c in state.calls if c.frame_id == frame.frame_id]
    if own == "done":
        return _worth(state, mine)
    parts = {_own_status(state, c) for c in mine}
    idle = "running" not in parts and not frame.waits_for_reply
    return "waiting" if idle and "waiting" in parts else "running"


def _worth(state: TurnState, calls: list[Call]) -> StepStatus:
    """Return what a specialist's work came to: done, unless nothing worked."""
    tried = [call for call in calls if call.effect != "read"]
    if not tried or any(_is_done(call) for call in tried):
        return "done"
    return _own_status(state, tried[-1])


def _is_done(call: Call) -> bool:
    return call.status == "finished" and call.outcome == "done"


def _own_status(state: TurnState, call: Call) -> StepStatus:
    if call.status == "finished":
        return "done" if call.outcome == "done" else "failed"
    if call.status == "denied":
        return _DENIED[call.denied_by]
    if state.ending:
        return "cancelled" if state.ending.phase is Phase.CANCELLED else "failed"
    return "waiting" if call.status == "waiting" else "running"


def _why_not(call: Call) -> str:
    if call.status == "denied":
        return call.reason
    if not call.settled:
        started = call.status == "started" and call.effect != "read"
        return wording.LEFT_RUNNING if started else wording.NOT_STARTED
    if call.outcome == "unknown":
        return wording.OUTCOME_UNKNOWN
    match call.result:
        case str() as said:
            return said
        case {"error": str() as said}:
            return said
        case _:
            return ""


def _shortened(text: str) -> str:
    words = " ".join(text.split())
    if len(words) <= _LONGEST_DETAIL:
        return words
    return f"{words[: _LONGEST_DETAIL - 1].rstrip()}…"


def _seconds(state: TurnState, call: Call) -> float | None:
    """Return how long the work took, the time that people took to decide left out."""
    if call.settled_at is None or call.status == "denied":
        return None
    if call.handoff_to and state.approvals:
        return None
    approval = state.approval_of(call.call_id)
    decided_at = approval.settled_at if approval else None
    took = (call.settled_at - (decided_at or call.requested_at)).total_seconds()
    return round(took, 1) if took > NOTABLE else None
