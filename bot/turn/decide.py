"""What must happen next: a pure function of a turn's state and the time.

A turn has no program counter. `decide` looks at the facts and names every action that
is enabled; the runner starts those, appends the events they yield and asks again.
After a crash another process does the same with the same state, so resuming is
nothing special. An action already running is excluded by its name.

Order of the rules: an ended or queued turn wants nothing, nor does one with events of
a newer release: a newer worker must have it. A parked turn wakes only for what is
enabled. A turn with nothing enabled and nothing running waits for people: it parks. A
turn past its deadline gives up.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from bot.protocol.ids import ApprovalId, CallId, FrameId
from bot.turn.approvals import remind_at
from bot.turn.deadlines import frame_deadline, overrun_frames, turn_deadline
from bot.turn.replies import must_ask, why_not_again
from bot.turn.state import Approval, Call, Frame, TurnState


@dataclass(frozen=True, slots=True)
class OpenRoot:
    """Open the coordinator's frame."""


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask a frame's model. Repeats the number of a question that got no reply."""

    frame_id: FrameId
    ask: int


@dataclass(frozen=True, slots=True)
class Salvage:
    """Take the calls of a reply that was cut off as that reply.

    Their effects may have happened, so asking the same question again could do
    things twice; the model is told their results instead.
    """

    frame_id: FrameId
    ask: int


@dataclass(frozen=True, slots=True)
class Rule:
    """Ask policy about a call."""

    call_id: CallId


@dataclass(frozen=True, slots=True)
class Settle:
    """Turn an approval's end into the call's authorisation or denial."""

    call_id: CallId


@dataclass(frozen=True, slots=True)
class HandOff:
    """Open the frame that answers a hand-off call."""

    call_id: CallId


@dataclass(frozen=True, slots=True)
class TakeBack:
    """Give a closed frame's result to the call that handed over."""

    call_id: CallId


@dataclass(frozen=True, slots=True)
class Run:
    """Run an authorized call."""

    call_id: CallId


@dataclass(frozen=True, slots=True)
class Probe:
    """Find out about a call that was started by somebody who is gone."""

    call_id: CallId


@dataclass(frozen=True, slots=True)
class Report:
    """Nobody can tell what became of a started call: let people look at it.

    Never enabled by itself; an ending wants it where a probe takes too long.
    """

    call_id: CallId


@dataclass(frozen=True, slots=True)
class Reconsider:
    """Hand a call that was not started back to its model.

    The requester said more since the model asked for it.
    """

    call_id: CallId


@dataclass(frozen=True, slots=True)
class CloseFrame:
    """A frame's model has said its last word, or cannot go on."""

    frame_id: FrameId
    code: str = ""
    """Why it cannot go on: a key of `bot.view.failures`."""


@dataclass(frozen=True, slots=True)
class Overrun:
    """A specialist is past its deadline: close its frame with what is known."""

    frame_id: FrameId


@dataclass(frozen=True, slots=True)
class GiveUp:
    """The turn is past its deadline: end it, and say what was done."""

    code: str
    """A key of `bot.view.failures`."""


@dataclass(frozen=True, slots=True)
class Expire:
    """The time for a decision has run out: escalate or expire."""

    approval_id: ApprovalId
    stage: int


@dataclass(frozen=True, slots=True)
class Resume:
    """What a parked turn waited for has come."""


@dataclass(frozen=True, slots=True)
class Park:
    """Only people can move this turn on; who is to be reminded of that is.

    Enabled for a turn that is parked already, too, when that is due.
    """


@dataclass(frozen=True, slots=True)
class Finish:
    """Every frame is closed."""


Action: TypeAlias = (
    OpenRoot
    | Ask
    | Salvage
    | Rule
    | Settle
    | HandOff
    | TakeBack
    | Run
    | Probe
    | Report
    | Reconsider
    | CloseFrame
    | Overrun
    | GiveUp
    | Expire
    | Resume
    | Park
    | Finish
)


def decide(
    state: TurnState, now: datetime, running: Collection[Action] = ()
) -> tuple[Action, ...]:
    """Return the actions that are enabled and not ``running``.

    Args:
        state: The turn after its newest event.
        now: For what has run out of time.
        running: What this process already does for this turn.
    """
    if not _may_go_on(state) or any(isinstance(a, GiveUp) for a in running):
        return ()
    enabled = _enabled(state, now, running)
    fresh = tuple(action for action in enabled if action not in running)
    if state.parked and fresh:
        return () if Resume() in running else (Resume(),)
    if state.parked:
        return (Park(),) if to_remind(state, now) and not running else ()
    if state.open_approvals and not fresh and all(a == Park() for a in running):
        # Only people can move it on, and their time is limited by the approvals.
        return () if running else (Park(),)
    deadline = turn_deadline(state)
    if deadline and deadline <= now and enabled != (Finish(),):
        return (GiveUp("deadline"),)
    return fresh


def to_remind(state: TurnState, now: datetime) -> tuple[Approval, ...]:
    """Return the requests of which those who have not decided are to be reminded."""
    dues = ((approval, remind_at(approval)) for approval in state.open_approvals)
    return tuple(approval for approval, due in dues if due and due <= now)


def _may_go_on(state: TurnState) -> bool:
    waits = state.queued or bool(state.unknown_types)
    return bool(state.started_at) and not (state.ending or waits)


def wake_at(state: TurnState) -> datetime | None:
    """Return when the turn must be looked at, should nothing happen before.

    Of a parked turn that is when its approvals run out, or when people are to be
    reminded of them; of a running one also when
    the turn, or a specialist of it, is past its deadline.
    """
    if state.ending:
        return None
    limits = [turn_deadline(state), *(frame_deadline(state, f) for f in state.frames)]
    if state.parked:  # a running one reminds when it parks
        limits += map(remind_at, state.open_approvals)
    ends = [limit for limit in limits if limit]
    return min([*ends, *(a.expires_at for a in state.open_approvals)], default=None)


def _enabled(
    state: TurnState, now: datetime, running: Collection[Action]
) -> tuple[Action, ...]:
    if not state.frames:
        return (OpenRoot(),)
    if all(frame.outcome for frame in state.frames):
        return (Finish(),)
    found: list[Action] = [
        Expire(a.approval_id, a.stage)
        for a in state.open_approvals
        if a.expires_at <= now
    ]
    overrun, leaves = overrun_frames(state, now)
    found += map(Overrun, leaves)
    at_work = [f for f in state.frames if not f.outcome and f.frame_id not in overrun]
    ids = {frame.frame_id for frame in at_work}
    for call in state.calls:
        if call.frame_id in ids:
            found += _for_call(state, call, running)
    for frame in at_work:
        found += _for_frame(state, frame, running)
    return tuple(found)


def to_reconsider(
    state: TurnState, call: Call, running: Collection[Action] = ()
) -> bool:
    """Whether the requester said more since the model asked for this effect.

    A call that somebody approved is run: it was decided, with all that was said.
    """
    frame = state.frame(call.frame_id)
    return (
        call.status in {"requested", "authorized"}
        and call.effect != "read"
        and not call.handoff_to
        and frame is not None
        and frame.asked_steers < len(state.steers)
        and state.approval_of(call.call_id) is None
        and not {Rule(call.call_id), Run(call.call_id)} & set(running)
    )


def _for_call(
    state: TurnState, call: Call, running: Collection[Action]
) -> tuple[Action, ...]:
    reconsider = Reconsider(call.call_id)
    if reconsider in running or to_reconsider(state, call, running):
        return (reconsider,)
    match call.status:
        case "requested":
            return (Rule(call.call_id),)
        case "waiting":
            approval = state.approval_of(call.call_id)
            undecided = approval is None or approval.status == "open"
            return () if undecided else (Settle(call.call_id),)
        case "authorized":
            run = HandOff if call.handoff_to else Run
            return (run(call.call_id),)
        case "started":
            if call.handoff_to:
                frame = state.frame_of_call(call.call_id)
                if frame is None:
                    return (HandOff(call.call_id),)
                return (TakeBack(call.call_id),) if frame.outcome else ()
            if Run(call.call_id) in running:
                return ()
            # Somebody else started it and is gone. Reading again is harmless, and
            # an idempotent effect has its key; anything else is looked up first.
            again = call.effect != "once"
            return (Run(call.call_id) if again else Probe(call.call_id),)
        case "finished" | "denied":
            return ()


def _for_frame(
    state: TurnState, frame: Frame, running: Collection[Action]
) -> tuple[Action, ...]:
    next_ask = len(frame.replies) + 1
    if frame.waits_for_reply:
        if Ask(frame.frame_id, next_ask) in running:
            return ()
        cut_off = state.unreplied_calls(frame)
        again = Salvage if cut_off else Ask
        return (again(frame.frame_id, next_ask),)
    if not frame.replies:
        return (Ask(frame.frame_id, 1),)
    calls = [state.call(call_id) for call_id in frame.replies[-1].calls]
    if any(call and not call.settled for call in calls):
        return ()
    if len(state.steers) > frame.asked_steers:
        return (Ask(frame.frame_id, next_ask),)
    if code := why_not_again(state, frame):
        return (CloseFrame(frame.frame_id, code),)
    if must_ask(frame):
        return (Ask(frame.frame_id, next_ask),)
    return (CloseFrame(frame.frame_id),)
