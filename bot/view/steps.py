"""A turn's tool calls as steps: what is done, by whom, how long it took, and why not."""

from collections.abc import Collection, Iterator, Sequence
from datetime import tzinfo

from bot.protocol.ids import CallId
from bot.turn.handing import bound_in
from bot.turn.lifecycle import team_of
from bot.turn.state import GROWS, Call, Item, TurnState
from bot.view import endings, teamwork, wording
from bot.view.decisions import closed_undecided, is_changed, outcome_of
from bot.view.nodes import Step, StepStatus
from bot.view.reckoning import changes_things, ledger_in

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
_EXPLAINED = {"failed", "denied", "cancelled", "aside", "unknown"}
"""Who a waiting step waits for is said by its request's card."""


def steps_of(state: TurnState, zone: tzinfo) -> tuple[Step, ...]:
    """Return every call as a step; a specialist's follow the hand-off they serve.

    Args:
        state: The turn.
        zone: In which times are written.
    """
    lost = unknown_calls(state)
    steps = [_step(state, call, lost, zone) for call in _in_order(state)]
    for item in _growing(state):
        steps.insert(_place_of(state, item, steps), _growing_step(state, item))
    return tuple(steps)


def _growing(state: TurnState) -> list[Item]:
    """Return the steps of calls whose arguments are still being written."""
    known = {call.call_id for call in state.calls}
    asked = {
        frame.frame_id
        for frame in state.frames
        if frame.waits_for_reply and not frame.outcome
    }
    return [
        item
        for item in state.items
        if state.ending is None
        and item.status == "open"
        and item.frame_id in asked
        and (grows := item.data.get(GROWS))
        and grows not in known
    ]


def _place_of(state: TurnState, item: Item, steps: Sequence[Step]) -> int:
    """Return where a growing call stands: after all that its agent has begun."""
    frame = state.frame(item.frame_id)
    assert frame is not None, "it waits for a reply"
    team = {member.frame_id for member in team_of(state, frame)}
    begun = {call.call_id for call in state.calls if call.frame_id in team}
    begun.add(frame.call_id or CallId(""))
    places = [n for n, step in enumerate(steps, start=1) if step.id in begun]
    return max(places, default=len(steps))


def _growing_step(state: TurnState, item: Item) -> Step:
    frame = state.frame(item.frame_id)
    return Step(
        id=str(item.data[GROWS]),
        title=item.title,
        status="running",
        agent=frame.specialist if frame else "",
    )


def collapsed(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """Return ``steps`` with those done folded into one line.

    It says no time: some ran side by side, and a hand-off takes as long as what a
    specialist did in it, so their sum is not how long people waited.
    """
    done = [step for step in steps if step.status == "done"]
    if not done:
        return steps
    who = dict.fromkeys(step.agent for step in done if step.agent)
    line = Step(
        id="done",
        title=wording.steps_done(len(done)),
        status="done",
        agent=", ".join(who),
    )
    return (line, *(step for step in steps if step.status != "done"))


def unknown_calls(state: TurnState) -> Collection[CallId]:
    """Return the calls of an ended turn of which nobody knows what became of them."""
    if state.ending is None:
        return ()
    return {entry.call_id for entry in ledger_in(state).unknown}


def who_of(state: TurnState, call: Call) -> str:
    """Return which specialist asked for a call; empty: the coordinator."""
    frame = state.frame(call.frame_id)
    return frame.specialist if frame else ""


def is_set_aside(state: TurnState, call: Call) -> bool:
    """Return whether who asked wants something else instead of this call."""
    if call.status != "denied" or call.denied_by != "requester":
        return False
    approval = state.approval_of(call.call_id)
    return approval is None or is_changed(approval)


def why_not(state: TurnState, call: Call, lost: Collection[CallId]) -> str:
    """Return why a call did not simply work, in a sentence or two.

    Args:
        state: The call's turn.
        call: What did not work.
        lost: The calls of which nobody knows what became of them.
    """
    approval = state.approval_of(call.call_id)
    if call.malformed:
        return wording.MALFORMED
    if bound := bound_in(call):
        return teamwork.why_not_over(bound)
    if call.status == "denied":
        changed = approval is not None and is_changed(approval)
        return _shortened(wording.CHANGED_STEP if changed else call.reason)
    if call.settled:
        return _shortened(_result_of(call))
    if not changes_things(call):
        return ""  # looking changes nothing, and a hand-off's own calls tell
    if call.call_id in lost:
        return wording.LEFT_RUNNING if call.status == "started" else endings.LOST
    if approval is None or approval.status == "open":
        return wording.NOT_STARTED
    if closed_undecided(approval):
        stage = approval.stages[approval.stage]
        return endings.closed_undecided([a.name for a in stage.approvers])
    decision = outcome_of(state, approval)
    approved = approval.status == "approved"
    return _shortened(endings.decided_not_done(decision) if approved else decision)


def _result_of(call: Call) -> str:
    """Return what a call that did not work said of itself."""
    if call.outcome == "unknown" and changes_things(call):
        ticket = call.reference
        return wording.looked_into(ticket) if ticket else wording.OUTCOME_UNKNOWN
    match call.result:
        case str() as said:
            return said
        case {"error": str() as said}:
            return said
        case _:
            return ""


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


def _step(state: TurnState, call: Call, lost: Collection[CallId], zone: tzinfo) -> Step:
    status = _status(state, call, lost)
    explained = status in _EXPLAINED and not _is_done(call)
    return Step(
        id=call.call_id,
        title=call.title or call.name,
        status=status,
        agent=who_of(state, call),
        detail=(why_not(state, call, lost) if explained else "")
        or _since(state, call, zone),
        seconds=_seconds(state, call),
    )


def _since(state: TurnState, call: Call, zone: tzinfo) -> str:
    """Say when and why a specialist began; the same before and after they ended.

    A stream can add to a step, and take nothing away.
    """
    frame = state.frame_of_call(call.call_id) if call.handoff_to else None
    if frame is None:
        return ""
    began = state.started_at or frame.opened_at
    at = wording.moment(frame.opened_at, now=began, zone=zone)
    return teamwork.handed_over(_shortened(call.why), at=at)


def _status(state: TurnState, call: Call, lost: Collection[CallId]) -> StepStatus:
    own = _own_status(state, call, lost)
    frame = state.frame_of_call(call.call_id) if call.handoff_to else None
    if frame is None or own not in ("done", "running"):
        return own
    team = {member.frame_id: member for member in team_of(state, frame)}
    mine = [c for c in state.calls if c.frame_id in team and not c.handoff_to]
    if own == "done":
        return _worth(state, mine, lost)
    parts = {_own_status(state, c, lost) for c in mine}
    asked = any(member.waits_for_reply for member in team.values())
    idle = "running" not in parts and not asked
    return "waiting" if idle and "waiting" in parts else "running"


def _worth(state: TurnState, calls: list[Call], lost: Collection[CallId]) -> StepStatus:
    """Return what a specialist's work came to: done, unless nothing worked."""
    tried = [c for c in calls if c.effect != "read" and not is_set_aside(state, c)]
    if not tried or any(_is_done(call) for call in tried):
        return "done"
    return _own_status(state, tried[-1], lost)


def _is_done(call: Call) -> bool:
    return call.status == "finished" and call.outcome == "done"


def _own_status(state: TurnState, call: Call, lost: Collection[CallId]) -> StepStatus:
    if call.status == "finished":
        return _finished_status(call)
    if call.malformed:
        return "aside" if _is_corrected(state, call) else "failed"
    if call.status == "denied":
        aside = is_set_aside(state, call)
        return "aside" if aside else _DENIED[call.denied_by]
    frame = state.frame(call.frame_id)
    if state.ending or (frame and frame.outcome):  # nothing moves it on any more
        return "unknown" if call.call_id in lost else "cancelled"
    return "waiting" if call.status == "waiting" else "running"


def _is_corrected(state: TurnState, call: Call) -> bool:
    """Return whether the model asked again for what had made no sense."""
    later = state.calls[state.calls.index(call) + 1 :]
    return any(c.frame_id == call.frame_id and c.name == call.name for c in later)


def _finished_status(call: Call) -> StepStatus:
    if call.outcome == "unknown":
        return "unknown" if changes_things(call) else "cancelled"
    return "done" if _is_done(call) else "failed"


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
