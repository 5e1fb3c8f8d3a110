"""Perform actions: the only place where a turn meets models and tools.

Each method does one action of `bot.turn.decide` and emits what came of it. What
must be true before something happens (a tool's start) is committed first.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import assert_never

import structlog

from bot.clock import Clock
from bot.engine.projection import still_open
from bot.engine.question import question_for
from bot.engine.runner import Runner
from bot.errors import ModelError, SupersededError
from bot.ports.agent import (
    Agents,
    Allowed,
    Call,
    CallReady,
    NeedsApproval,
    Part,
    Refused,
    Replied,
    TextDelta,
    ThoughtDelta,
    ToolResult,
)
from bot.protocol import events as ev
from bot.protocol.ids import (
    ApprovalId,
    CallId,
    FrameId,
    ItemId,
    approval_id_for,
    effect_key_for,
)
from bot.protocol.values import CallBlock, TextBlock
from bot.turn import decide as do
from bot.turn import state as st
from bot.view import wording

log = structlog.get_logger()

MODEL_TIMEOUT = 120.0
"""Seconds for one reply."""
MODEL_ATTEMPTS = 3
"""How often a question is asked when the model breaks off."""
BACKOFF = 0.5
"""Seconds before the second attempt; doubles."""


class Performer:
    """Does what `decide` names."""

    def __init__(self, agents: Agents, clock: Clock) -> None:
        self._agents = agents
        self._clock = clock

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
                | do.HandOff()
                | do.TakeBack()
            ):
                await self._call(runner, action)
            case do.Expire(approval_id=approval_id):
                await self._expire(runner, approval_id)
            case do.Park():
                waiting = tuple(a.approval_id for a in runner.state.open_approvals)
                await runner.emit(ev.TurnParked(waiting_for=waiting))
            case do.Resume():
                await runner.emit(ev.TurnResumed(because="decision"))
            case do.Finish():
                await runner.emit(_ending_of(runner.state))
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
                        agent=self._agents.root,
                        task=runner.state.text,
                    )
                )
            case do.Ask(frame_id=frame_id, ask=ask):
                await self._ask(runner, frame_id, ask)
            case do.Salvage(frame_id=frame_id, ask=ask):
                await _salvage(runner, frame_id, ask)
            case do.CloseFrame(frame_id=frame_id):
                frame = runner.state.frame(frame_id)
                said = frame.replies[-1].text if frame and frame.replies else ""
                await runner.emit(
                    ev.FrameClosed(frame_id=frame_id, outcome="done", result=said)
                )

    async def _call(
        self,
        runner: Runner,
        action: do.Rule | do.Settle | do.Run | do.Probe | do.HandOff | do.TakeBack,
    ) -> None:
        call = runner.state.call(action.call_id)
        assert call is not None, "decide names calls of the state"
        match action:
            case do.Rule():
                await self._rule(runner, call)
            case do.Settle():
                await runner.emit(_settlement(runner.state, call))
            case do.Run():
                await self._run(runner, call)
            case do.Probe():
                await self._probe(runner, call)
            case do.HandOff():
                await _hand_off(runner, call)
            case do.TakeBack():
                await runner.emit(_taken_back(runner.state, call))

    async def _expire(self, runner: Runner, approval_id: ApprovalId) -> None:
        approval = runner.state.approval(approval_id)
        assert approval is not None, "decide names approvals of the state"
        now = self._clock.now()
        stage = await self._agents.escalate(
            approval.stages[approval.stage], approval.requester_id, now=now
        )
        event: ev.TurnEvent = ev.ApprovalExpired(approval_id=approval_id)
        if stage is not None:
            expires_at = now + timedelta(seconds=stage.within)
            event = ev.ApprovalEscalated(
                approval_id=approval_id, stage=stage, expires_at=expires_at
            )
        try:
            await runner.emit_if(event, still_open(runner.claim.tenant_id, approval))
        except SupersededError:
            # A decision was faster; its mail is on the way and settles the approval.
            await self._clock.sleep(BACKOFF)

    # ------------------------------------------------------------------- asking

    async def _ask(self, runner: Runner, frame_id: FrameId, ask: int) -> None:
        frame = runner.state.frame(frame_id)
        assert frame is not None, "decide names frames of the state"
        asked = ev.ModelAsked(
            frame_id=frame_id,
            ask=ask,
            model=self._agents.model_name(frame.agent),
            steers_seen=len(runner.state.steers),
        )
        await runner.emit(asked)
        for attempt in range(1, MODEL_ATTEMPTS + 1):
            try:
                async with asyncio.timeout(MODEL_TIMEOUT):
                    await self._stream(runner, frame_id, ask)
            except (ModelError, TimeoutError) as error:
                if _calls_made(runner, frame_id):
                    return  # decide salvages the calls that were complete
                lasting = isinstance(error, ModelError) and not error.transient
                if lasting or attempt == MODEL_ATTEMPTS:
                    log.warning("model.failed", error=str(error), hint=ModelError.hint)
                    await runner.emit(
                        ev.FrameClosed(
                            frame_id=frame_id,
                            outcome="failed",
                            result=wording.MODEL_FAILED,
                        )
                    )
                    return
                await self._clock.sleep(BACKOFF * 2 ** (attempt - 1))
            else:
                return

    async def _stream(self, runner: Runner, frame_id: FrameId, ask: int) -> None:
        question = question_for(runner.state, frame_id)
        text = _Streamed(runner, frame_id, ItemId(f"{frame_id}-{ask}-t"), "text")
        thought = _Streamed(runner, frame_id, ItemId(f"{frame_id}-{ask}-h"), "thought")
        async with _closing(self._agents.ask(question)) as parts:
            async for part in parts:
                match part:
                    case TextDelta(text=more):
                        text.add(more)
                    case ThoughtDelta(text=more):
                        thought.add(more)
                    case CallReady():
                        runner.emit_soon(*text.close(), self._requested(frame_id, part))
                    case Replied():
                        await runner.emit(
                            *thought.close(),
                            *text.close(),
                            ev.ModelReplied(
                                frame_id=frame_id,
                                ask=ask,
                                blocks=part.blocks,
                                stop_reason=part.stop_reason,
                                usage=part.usage,
                            ),
                        )
                        return
        raise ModelError("the reply ended without its last part", transient=True)

    def _requested(self, frame_id: FrameId, part: CallReady) -> ev.ToolRequested:
        spec = self._agents.spec(part.name)
        return ev.ToolRequested(
            call_id=part.call_id,
            frame_id=frame_id,
            item_id=ItemId(part.call_id),
            name=part.name,
            arguments=part.arguments,
            effect=spec.effect if spec else "read",
            title=self._agents.title(part.name, part.arguments),
            handoff_to=spec.handoff_to if spec else "",
        )

    # ------------------------------------------------------------------- acting

    async def _rule(self, runner: Runner, call: st.Call) -> None:
        try:
            ruling = await self._agents.rule(self._port_call(runner.state, call))
        except Exception:
            # A policy that cannot be checked is a policy that says no.
            log.exception("policy.failed", tool=call.name)
            ruling = Refused(reason=wording.POLICY_UNCHECKED)
        match ruling:
            case Allowed(policy=policy):
                event = ev.ToolAuthorized(call_id=call.call_id, policy=policy)
                await runner.emit(event)
            case Refused(reason=reason, policy=policy):
                await runner.emit(
                    ev.ToolDenied(call_id=call.call_id, policy=policy, reason=reason)
                )
            case NeedsApproval():
                await runner.emit(self._approval(runner, call, ruling))

    def _approval(
        self, runner: Runner, call: st.Call, wanted: NeedsApproval
    ) -> ev.ApprovalRequested:
        state = runner.state
        assert state.requester is not None, "a turn starts with who asks"
        within = timedelta(seconds=wanted.stages[0].within)
        return ev.ApprovalRequested(
            approval_id=approval_id_for(state.turn_id, call.call_id, wanted.args_hash),
            call_id=call.call_id,
            subject=wanted.subject,
            facts=wanted.facts,
            args_hash=wanted.args_hash,
            policy=wanted.policy,
            requester_id=state.requester.person_id,
            stages=wanted.stages,
            expires_at=self._clock.now() + within,
        )

    async def _run(self, runner: Runner, call: st.Call) -> None:
        key = effect_key_for(runner.state.turn_id, call.call_id)
        started = ev.ToolStarted(
            call_id=call.call_id, key=key, attempt=call.attempt + 1
        )
        await runner.emit(started)  # the intent, committed before the effect
        spec = self._agents.spec(call.name)
        try:
            async with asyncio.timeout(spec.timeout if spec else 30.0):
                result = await self._agents.run(self._port_call(runner.state, call))
        except Exception as error:  # noqa: BLE001 - whatever a tool raises, the turn goes on
            log.warning("tool.failed", tool=call.name, error=repr(error))
            result = await self._found_out(runner, call)
        await runner.emit(_finished(call.call_id, result))

    async def _probe(self, runner: Runner, call: st.Call) -> None:
        await runner.emit(_finished(call.call_id, await self._found_out(runner, call)))

    async def _found_out(self, runner: Runner, call: st.Call) -> ToolResult:
        """Return what happened to a call whose answer was lost."""
        if call.effect == "read":
            return ToolResult(
                outcome="failed",
                title=wording.step_failed(call.title),
                content={"error": wording.READ_FAILED},
            )
        try:
            known = await self._agents.probe(self._port_call(runner.state, call))
        except Exception:
            log.exception("tool.probe_failed", tool=call.name)
            known = None
        return known or ToolResult(
            outcome="unknown",
            title=wording.step_unknown(call.title),
            content={"error": wording.EFFECT_UNKNOWN},
        )

    def _port_call(self, state: st.TurnState, call: st.Call) -> Call:
        assert state.requester is not None, "a turn starts with who asks"
        return Call(
            tenant_id=state.tenant_id,
            turn_id=state.turn_id,
            call_id=call.call_id,
            key=effect_key_for(state.turn_id, call.call_id),
            name=call.name,
            arguments=call.arguments,
            requester=state.requester,
            now=self._clock.now(),
        )


@asynccontextmanager
async def _closing(parts: AsyncIterator[Part]) -> AsyncGenerator[AsyncIterator[Part]]:
    """End the stream with the block, so that a stopped turn hangs up at once."""
    try:
        yield parts
    finally:
        if isinstance(parts, AsyncGenerator):
            await parts.aclose()


class _Streamed:
    """Text that grows in one item. Asked again, it is replaced in place."""

    def __init__(
        self,
        runner: Runner,
        frame_id: FrameId,
        item_id: ItemId,
        kind: "ev.ItemKind",
    ) -> None:
        self._runner = runner
        self._frame_id = frame_id
        self._item_id = item_id
        self._kind: ev.ItemKind = kind
        self._begun = False
        self._closed = False

    def add(self, text: str) -> None:
        if not self._begun:
            self._begun = True
            self._runner.emit_soon(self._opening())
        self._runner.emit_soon(ev.ItemAppended(item_id=self._item_id, text=text))

    def close(self) -> tuple[ev.TurnEvent, ...]:
        if not self._begun or self._closed:
            return ()
        self._closed = True
        return (ev.ItemClosed(item_id=self._item_id, status="done"),)

    def _opening(self) -> ev.TurnEvent:
        if self._runner.state.item(self._item_id):
            return ev.ItemReplaced(item_id=self._item_id, text="")
        return ev.ItemOpened(
            item_id=self._item_id, frame_id=self._frame_id, kind=self._kind
        )


def _calls_made(runner: Runner, frame_id: FrameId) -> bool:
    frame = runner.state.frame(frame_id)
    return frame is not None and bool(runner.state.unreplied_calls(frame))


async def _salvage(runner: Runner, frame_id: FrameId, ask: int) -> None:
    frame = runner.state.frame(frame_id)
    assert frame is not None, "decide names frames of the state"
    item = runner.state.item(ItemId(f"{frame_id}-{ask}-t"))
    said = (TextBlock(text=item.text),) if item and item.text else ()
    calls = tuple(
        CallBlock(call_id=c.call_id, name=c.name, arguments=c.arguments)
        for c in runner.state.unreplied_calls(frame)
    )
    await runner.emit(
        ev.ModelReplied(
            frame_id=frame_id,
            ask=ask,
            blocks=(*said, *calls),
            stop_reason="tool_use",
        )
    )


async def _hand_off(runner: Runner, call: st.Call) -> None:
    key = effect_key_for(runner.state.turn_id, call.call_id)
    await runner.emit(
        ev.ToolStarted(call_id=call.call_id, key=key),
        ev.FrameOpened(
            frame_id=FrameId(call.call_id),
            parent_id=call.frame_id,
            call_id=call.call_id,
            agent=call.handoff_to,
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


def _did(state: st.TurnState, frame: st.Frame) -> list[ev.JsonValue]:
    """Return what a specialist's tools did, so that nobody has to trust its prose."""
    return [
        {
            "tool": call.name,
            "arguments": dict(call.arguments),
            "outcome": call.outcome or call.status,
            "result": call.reason if call.status == "denied" else call.result,
            "denied_by": call.denied_by,
        }
        for call in state.calls
        if call.frame_id == frame.frame_id and call.effect != "read"
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
            reason = wording.WITHDRAWN_REASON
            return ev.ToolDenied(call_id=call.call_id, reason=reason, by="requester")
        case "expired":
            return ev.ToolDenied(
                call_id=call.call_id, reason=wording.EXPIRED_REASON, by="time"
            )
        case "open":
            raise AssertionError("decide settles what is decided")


def _finished(call_id: CallId, result: ToolResult) -> ev.ToolFinished:
    return ev.ToolFinished(
        call_id=call_id,
        outcome=result.outcome,
        title=result.title,
        result=result.content,
        cards=tuple(card.model_dump(mode="json") for card in result.cards),
        sources=result.sources,
    )


def _ending_of(state: st.TurnState) -> ev.TurnEvent:
    root = state.frame(st.ROOT)
    if root is not None and root.outcome == "failed":
        return ev.TurnFailed(code="model")
    return ev.TurnCompleted()
