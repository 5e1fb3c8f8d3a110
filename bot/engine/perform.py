"""Perform actions: one thing that `decide` named, and the events that came of it.

Models are asked in `bot.engine.asking`, tools run in `bot.engine.acting`; what only
moves the turn along is here.
"""

from typing import assert_never

import structlog
from pydantic import JsonValue

from bot.clock import Clock
from bot.engine.acting import Actor
from bot.engine.asking import Asker, failed
from bot.engine.runner import Runner
from bot.engine.spending import Spending
from bot.ports.agent import Agents
from bot.protocol import events as ev
from bot.protocol.ids import FrameId, effect_key_for
from bot.turn import decide as do
from bot.turn import state as st
from bot.turn.lifecycle import team_of
from bot.view import wording

log = structlog.get_logger()


class Performer:
    """Does what `decide` names."""

    def __init__(
        self, agents: Agents, clock: Clock, spending: Spending | None = None
    ) -> None:
        self._agents = agents
        self._root = agents.root
        self._asker = Asker(agents, clock, spending)
        self._actor = Actor(agents, clock)

    async def __call__(self, runner: Runner, action: do.Action) -> None:
        """Do what ``action`` says and emit what came of it through ``runner``."""
        match action:
            case do.Ask() | do.Salvage() | do.CloseFrame() | do.OpenRoot():
                await self._frame(runner, action)
            case (
                do.Rule()
                | do.Settle()
                | do.Run()
                | do.Probe()
                | do.Report()
                | do.HandOff()
                | do.TakeBack()
                | do.Reconsider()
            ):
                await self._call(runner, action)
            case do.Expire(approval_id=approval_id):
                await self._actor.expire(runner, approval_id)
            case do.Park():
                await self._actor.park(runner)
            case do.Resume():
                await runner.emit(ev.TurnResumed(because="decision"))
            case do.Finish():
                await runner.emit(_ending_of(runner.state))
            case do.Overrun(frame_id=frame_id):
                await self._overrun(runner, frame_id)
            case do.GiveUp():
                raise AssertionError("the runner ends its turn itself")
            case _:
                assert_never(action)

    async def _frame(
        self,
        runner: Runner,
        action: do.Ask | do.Salvage | do.CloseFrame | do.OpenRoot,
    ) -> None:
        match action:
            case do.OpenRoot():
                await runner.emit(
                    ev.FrameOpened(
                        frame_id=st.ROOT,
                        agent=self._root,
                        task=runner.state.text,
                    )
                )
            case do.Ask(frame_id=frame_id, ask=ask):
                await self._asker.ask(runner, frame_id, ask)
            case do.Salvage(frame_id=frame_id, ask=ask):
                await self._asker.salvage(runner, frame_id, ask)
            case do.CloseFrame(frame_id=frame_id, code=""):
                frame = runner.state.frame(frame_id)
                said = frame.answer if frame else ""
                await runner.emit(
                    ev.FrameClosed(frame_id=frame_id, outcome="done", result=said)
                )
            case do.CloseFrame(frame_id=frame_id, code=code):
                log.warning("frame.failed", frame=frame_id, code=code)
                await runner.emit(failed(frame_id, code))

    async def _overrun(self, runner: Runner, frame_id: FrameId) -> None:
        """Close a frame that took too long, once it is known what it has done."""
        await runner.interrupt(frame_id)
        await runner.written()
        for call in runner.state.calls:
            mine = call.frame_id == frame_id and not call.handoff_to
            if mine and call.status == "started":
                await self._actor.probe(runner, call)
        calls = {c.call_id for c in runner.state.calls if c.frame_id == frame_id}
        asked = [a for a in runner.state.open_approvals if a.call_id in calls]
        await runner.emit(
            *(ev.ApprovalExpired(approval_id=a.approval_id) for a in asked),
            failed(frame_id, "deadline"),
        )

    async def _call(
        self,
        runner: Runner,
        action: do.Rule
        | do.Settle
        | do.Run
        | do.Probe
        | do.Report
        | do.HandOff
        | do.TakeBack
        | do.Reconsider,
    ) -> None:
        call = runner.state.call(action.call_id)
        assert call is not None, "decide names calls of the state"
        match action:
            case do.Rule():
                await self._actor.rule(runner, call)
            case do.Settle():
                await runner.emit(_settlement(runner.state, call))
            case do.Run():
                await self._actor.run(runner, call)
            case do.Probe():
                await self._actor.probe(runner, call)
            case do.Report():
                await self._actor.report(runner, call)
            case do.HandOff():
                await self._hand_off(runner, call)
            case do.TakeBack():
                await runner.emit(_taken_back(runner.state, call))
            case do.Reconsider():
                reason = wording.RECONSIDERED
                await runner.emit(
                    ev.ToolDenied(call_id=call.call_id, reason=reason, by="requester")
                )

    async def _hand_off(self, runner: Runner, call: st.Call) -> None:
        key = effect_key_for(runner.state.turn_id, call.call_id)
        await runner.emit(
            ev.ToolStarted(call_id=call.call_id, key=key),
            ev.FrameOpened(
                frame_id=FrameId(call.call_id),
                parent_id=call.frame_id,
                call_id=call.call_id,
                agent=call.handoff_to,
                title=self._agents.called(call.handoff_to),
                task=str(call.arguments.get("task", runner.state.text)),
            ),
        )


def _taken_back(state: st.TurnState, call: st.Call) -> ev.ToolFinished:
    frame = state.frame_of_call(call.call_id)
    assert frame is not None, "decide takes back from frames of the state"
    return ev.ToolFinished(
        call_id=call.call_id,
        outcome="done" if frame.outcome == "done" else "failed",
        result={"answer": frame.result, "did": _did(state, frame)},
    )


def _did(state: st.TurnState, frame: st.Frame) -> list[JsonValue]:
    """Return what a specialist's tools did, so that nobody has to trust its prose.

    So did the tools of those to whom it handed over.
    """
    team = {member.frame_id for member in team_of(state, frame)}
    return [
        {
            "tool": call.name,
            "arguments": dict(call.arguments),
            "outcome": call.outcome or call.status,
            "result": call.reason if call.status == "denied" else call.result,
            "denied_by": call.denied_by,
        }
        for call in state.calls
        if call.frame_id in team and call.effect != "read"
    ]


def _settlement(state: st.TurnState, call: st.Call) -> ev.TurnEvent:
    approval = state.approval_of(call.call_id)
    assert approval is not None, "decide settles calls that have an approval"
    last = approval.rulings[-1] if approval.rulings else None
    match approval.status:
        case "approved":
            return ev.ToolAuthorized(call_id=call.call_id, policy=approval.policy)
        case "rejected":
            assert last is not None, "somebody rejected it"
            reason = wording.rejected_by(last.by_name, last.reason)
            return ev.ToolDenied(call_id=call.call_id, reason=reason, by="person")
        case "withdrawn":
            reason = (last.reason if last else "") or wording.WITHDRAWN_REASON
            return ev.ToolDenied(call_id=call.call_id, reason=reason, by="requester")
        case "expired":
            return ev.ToolDenied(
                call_id=call.call_id, reason=wording.EXPIRED_REASON, by="time"
            )
        case "open":
            raise AssertionError("decide settles what is decided")


def _ending_of(state: st.TurnState) -> ev.TurnEvent:
    root = state.frame(st.ROOT)
    if root is not None and root.outcome == "failed":
        return ev.TurnFailed(code=root.code or "model")
    return ev.TurnCompleted()
