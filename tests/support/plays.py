"""Turns as an engine would play them: `decide`, and any outcome of each action.

`tests.support.turns.logs` has every log that could be written down. Here is every log
that `decide` can lead to, with people who write, decide or do nothing, time that
passes, and a process that dies between two events. No I/O, one action at a time.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import assert_never

from hypothesis import strategies as st

from bot.protocol import events as ev
from bot.protocol.events import Recorded, TurnEvent
from bot.protocol.ids import ApprovalId, CallId, FrameId, ItemId, PersonId
from bot.protocol.values import Approver, Block, CallBlock, Stage, TextBlock
from bot.turn import decide as do
from bot.turn.ledger import ledger_of
from bot.turn.lifecycle import hears
from bot.turn.reduce import advance
from bot.turn.state import ROOT, Call, Phase, TurnState
from tests.support.turns import NOW, QUEUED, STARTED, TURN

MOST_ASKS = 4
"""A frame's model stops calling tools after as many questions."""
PEOPLE_TAKE = timedelta(hours=1)
"""How long an approval is open."""

Draw = Callable[[list[str]], str]
"""Chooses one of several things that can happen."""


@dataclass(slots=True, kw_only=True)
class Play:
    """A turn, its log so far, and the time."""

    draw: Draw
    now: datetime = NOW
    state: TurnState = field(default_factory=TurnState)
    log: list[Recorded] = field(default_factory=list[Recorded])
    steps: list[TurnState] = field(default_factory=lambda: [TurnState()])
    """The state before every event, and after the last."""

    def say(self, *events: TurnEvent) -> None:
        """Append events to the log."""
        for event in events:
            recorded = Recorded(
                turn_id=TURN, seq=self.state.seq + 1, at=self.now, event=event
            )
            self.log.append(recorded)
            self.state = advance(self.state, recorded)
            self.steps.append(self.state)

    def move(self) -> None:
        """Let one thing happen: the engine acts, a person does, or time passes."""
        can = ["engine"] * 9 * bool(self.enabled()) + ["time"]
        can += ["decision"] * 2 * bool(self.state.open_approvals)
        can += ["message"] * hears(self.state)
        can += ["turn of queue"] * 2 * (self.state.phase is Phase.QUEUED)
        match self.draw(can):
            case "engine":
                self.act(self.draw_of(self.enabled()))
            case "time":
                minutes = int(self.draw(["1", "1", "4", "9", "25", "70"]))
                self.now += timedelta(minutes=minutes)
            case "decision":
                self.decides(self.draw(["approved", "approved", "rejected"]))
            case "message":
                self.say(ev.TurnSteered(text="and more"))
            case _:
                self.say(ev.TurnResumed(because="queue"))

    def enabled(self) -> tuple[do.Action, ...]:
        """Return what can be done now."""
        return do.decide(self.state, self.now)

    def draw_of(self, actions: tuple[do.Action, ...]) -> do.Action:
        """Choose one of several actions."""
        by_name = {repr(action): action for action in actions}
        return by_name[self.draw([*by_name])]

    def decides(self, verdict: str) -> None:
        """Let everybody who is asked for the oldest open approval decide."""
        approval = self.state.open_approvals[0]
        asked = approval.waiting_for[0]
        self.say(
            ev.ApprovalDecided(
                approval_id=approval.approval_id,
                stage=approval.stage,
                verdict="approved" if verdict == "approved" else "rejected",
                by=asked.person_id,
                by_name=asked.name,
            )
        )

    def act(self, action: do.Action) -> None:
        """Do what the action says, or the first part of it before dying."""
        events = [*self._outcome(action)]
        if len(events) > 1 and self.draw(["lives", "lives", "dies"]) == "dies":
            cut = self.draw([str(n) for n in range(1, len(events))])
            events = events[: int(cut)]
        self.say(*events)

    def _outcome(self, action: do.Action) -> Iterable[TurnEvent]:
        match action:
            case do.OpenRoot():
                yield ev.FrameOpened(frame_id=ROOT, agent="coordinator", task="please")
            case do.Ask(frame_id=frame_id, ask=ask):
                yield from self._reply(frame_id, ask)
            case do.Salvage(frame_id=frame_id, ask=ask):
                frame = self.state.frame(frame_id)
                assert frame
                yield _replied(frame_id, ask, self.state.unreplied_calls(frame))
            case do.CloseFrame(frame_id=frame_id):
                yield ev.FrameClosed(frame_id=frame_id, outcome="done")
            case do.Overrun(frame_id=frame_id):
                yield ev.FrameClosed(frame_id=frame_id, outcome="failed")
            case do.Expire(approval_id=approval_id):
                yield ev.ApprovalExpired(approval_id=approval_id)
            case do.Park() | do.Resume() | do.Finish() | do.GiveUp():
                yield self._of_turn(action)
            case do.Report(call_id=call_id):
                yield ev.ToolFinished(call_id=call_id, outcome="unknown")
            case _:
                yield from self._called(action)

    def _of_turn(
        self, action: do.Park | do.Resume | do.Finish | do.GiveUp
    ) -> TurnEvent:
        match action:
            case do.Park():
                open_ones = self.state.open_approvals
                return ev.TurnParked(
                    waiting_for=tuple(a.approval_id for a in open_ones)
                )
            case do.Resume():
                return ev.TurnResumed(because="decision")
            case do.Finish():
                return ev.TurnCompleted(ledger=ledger_of(self.state))
            case do.GiveUp(code=code):
                return ev.TurnFailed(code=code, ledger=ledger_of(self.state))

    def _reply(self, frame_id: FrameId, ask: int) -> Iterable[TurnEvent]:
        yield ev.ModelAsked(
            frame_id=frame_id,
            ask=ask,
            model="m",
            steers_seen=len(self.state.steers),
        )
        frame = self.state.frame(frame_id)
        kinds = [] if ask > MOST_ASKS else ["read", "idempotent", "once"]
        kinds += ["handoff"] * 3 * bool(kinds and frame and frame.parent_id is None)
        calls: list[ev.ToolRequested] = []
        while kinds and len(calls) < 2 and self.draw(["call", "stop"]) == "call":
            kind = self.draw(kinds)
            calls.append(
                ev.ToolRequested.model_validate(
                    {
                        "call_id": f"{frame_id}-{ask}-{len(calls)}",
                        "frame_id": frame_id,
                        "item_id": ItemId(f"i-{frame_id}-{ask}-{len(calls)}"),
                        "name": "tool",
                        "arguments": {},
                        "effect": "read" if kind == "handoff" else kind,
                        "title": "Working",
                        "handoff_to": "software" if kind == "handoff" else "",
                    }
                )
            )
        yield from calls
        yield _replied(frame_id, ask, calls)

    def _called(
        self,
        action: do.Rule
        | do.Settle
        | do.HandOff
        | do.TakeBack
        | do.Run
        | do.Probe
        | do.Reconsider,
    ) -> Iterable[TurnEvent]:
        call_id = action.call_id
        call = self.state.call(call_id)
        assert call
        match action:
            case do.Rule():
                yield self._ruled(call)
            case do.Settle():
                approval = self.state.approval_of(call_id)
                if approval and approval.status == "approved":
                    yield ev.ToolAuthorized(call_id=call_id)
                else:
                    yield ev.ToolDenied(call_id=call_id, reason="no", by="person")
            case do.HandOff():
                yield ev.ToolStarted(call_id=call_id, key="k")
                yield ev.FrameOpened(
                    frame_id=FrameId(call_id),
                    parent_id=call.frame_id,
                    call_id=call_id,
                    agent=call.handoff_to,
                    task="part",
                )
            case do.TakeBack():
                yield ev.ToolFinished(call_id=call_id, outcome="done")
            case do.Run():
                attempt = call.attempt + 1
                yield ev.ToolStarted(call_id=call_id, key="k", attempt=attempt)
                yield self._finished(call_id)
            case do.Probe():
                yield self._finished(call_id)
            case do.Reconsider():
                yield ev.ToolDenied(call_id=call_id, reason="more", by="requester")
            case _:
                assert_never(action)

    def _ruled(self, call: Call) -> TurnEvent:
        match self.draw(["allowed", "refused", "asks a person"]):
            case "allowed":
                return ev.ToolAuthorized(call_id=call.call_id)
            case "refused":
                return ev.ToolDenied(call_id=call.call_id, reason="no")
            case _:
                approver = Approver(person_id=PersonId("p1"), name="P1")
                stage = Stage(label="manager", approvers=(approver,), within=3600)
                return ev.ApprovalRequested(
                    approval_id=ApprovalId(f"a-{call.call_id}"),
                    call_id=call.call_id,
                    subject="A thing",
                    facts=(),
                    args_hash="h",
                    policy="p",
                    requester_id=PersonId("p0"),
                    stages=(stage,),
                    expires_at=self.now + PEOPLE_TAKE,
                )

    def _finished(self, call_id: CallId) -> TurnEvent:
        match self.draw(["done", "failed", "unknown"]):
            case "done":
                return ev.ToolFinished(call_id=call_id, outcome="done", reference="R-1")
            case "failed":
                return ev.ToolFinished(call_id=call_id, outcome="failed")
            case _:
                return ev.ToolFinished(call_id=call_id, outcome="unknown")


def _replied(
    frame_id: FrameId, ask: int, calls: Iterable[ev.ToolRequested | Call]
) -> ev.ModelReplied:
    blocks: list[Block] = [
        CallBlock(call_id=c.call_id, name=c.name, arguments=c.arguments) for c in calls
    ]
    return ev.ModelReplied(
        frame_id=frame_id,
        ask=ask,
        blocks=tuple(blocks or [TextBlock(text="Done.")]),
        stop_reason="tool_use" if blocks else "end_turn",
    )


@st.composite
def plays(draw: st.DrawFn) -> Play:
    """Return a turn somewhere on its way, or at its end."""
    play = Play(draw=lambda options: draw(st.sampled_from(options)))
    play.say(draw(st.sampled_from([STARTED, STARTED, QUEUED])))
    for _ in range(draw(st.integers(0, 40))):
        if play.state.ending:
            break
        play.move()
    return play
