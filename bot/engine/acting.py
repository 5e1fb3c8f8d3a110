"""Act on tool calls: policy first, then the intent, then the effect, then its result."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import TypeVar

import structlog
from pydantic import JsonValue

from bot.clock import Clock
from bot.engine.projection import all_still_open, still_open
from bot.engine.runner import Runner
from bot.errors import StoreUnavailableError, SupersededError
from bot.ports.agent import (
    Agents,
    Allowed,
    Call,
    NeedsApproval,
    Refused,
    ToolResult,
)
from bot.protocol import events as ev
from bot.protocol.ids import ApprovalId, CallId, approval_id_for, effect_key_for
from bot.turn import state as st
from bot.turn.decide import to_reconsider, to_remind
from bot.turn.handing import bound_of, policy_of
from bot.view import teamwork, wording

log = structlog.get_logger()

_T = TypeVar("_T")

TOOL_TIMEOUT = 30.0
"""Seconds for a tool that does not say how long it may take."""
CHECK_TIMEOUT = 10.0
"""Seconds for policy, a probe or a ticket: they look something up, nothing more."""
PAUSE = 0.5
"""Seconds before looking again at an approval that somebody just decided."""
AGAIN = 0.5
"""Seconds before something is tried again for which Postgres was away."""


class Actor:
    """Acts for the agents of one company."""

    def __init__(self, agents: Agents, clock: Clock) -> None:
        self._agents = agents
        self._clock = clock

    async def rule(self, runner: Runner, call: st.Call) -> None:
        """Ask policy about a call; what cannot be checked is refused."""
        if call.handoff_to and (denied := self._bounded(runner.state, call)):
            await runner.emit(denied)
            return
        try:
            asked = self._port_call(runner.state, call)
            ruling = await self._checked(lambda: self._agents.rule(asked))
        except Exception:
            # A policy that cannot be checked is a policy that says no.
            log.exception("policy.failed", tool=call.name)
            ruling = Refused(reason=wording.POLICY_UNCHECKED)
        match ruling:
            case Allowed(policy=policy):
                event = ev.ToolAuthorized(call_id=call.call_id, policy=policy)
                await runner.emit(event)
            case Refused(reason=reason, policy=policy, malformed=malformed):
                await runner.emit(
                    ev.ToolDenied(
                        call_id=call.call_id,
                        policy=policy,
                        reason=reason,
                        malformed=malformed,
                    )
                )
            case NeedsApproval():
                # Once people are asked, the model hears nothing more until they have
                # decided: what its requester has said by now comes first.
                await runner.written()
                if not to_reconsider(runner.state, call):
                    await runner.emit(self._approval(runner, call, ruling))

    def _bounded(self, state: st.TurnState, call: st.Call) -> ev.ToolDenied | None:
        """Return the end of a hand-off that goes too far."""
        limits = self._agents.hand_offs()
        bound = bound_of(state, call, limits)
        if bound is None:
            return None
        log.warning("hand_off.refused", to=call.handoff_to, bound=bound)
        reason = teamwork.may_not_hand_over(bound, call.handoff_to, limits)
        return ev.ToolDenied(
            call_id=call.call_id, policy=policy_of(bound), reason=reason
        )

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

    async def run(self, runner: Runner, call: st.Call) -> None:
        """Run an authorized call: the intent first, then the effect, then its result."""
        key = effect_key_for(runner.state.turn_id, call.call_id)
        started = ev.ToolStarted(
            call_id=call.call_id, key=key, attempt=call.attempt + 1
        )
        await runner.emit(started)  # the intent, committed before the effect
        spec = self._agents.spec(call.name)
        asked = replace(self._port_call(runner.state, call), attempt=started.attempt)

        def attempt() -> Awaitable[ToolResult]:
            return self._agents.run(asked)

        try:
            async with asyncio.timeout(spec.timeout if spec else TOOL_TIMEOUT):
                reads = call.effect == "read"
                result = await (self._patiently(attempt) if reads else attempt())
        except Exception as error:
            # Whatever a tool raises, the turn goes on. Nobody but the log is told what
            # it was: people and the model get a reference to quote.
            fault = fault_of(key, call.attempt + 1)
            late = isinstance(error, TimeoutError)
            log.warning(
                "tool.failed",
                tool=call.name,
                fault=fault,
                error=repr(error),
                exc_info=not late,
            )
            result = await self._found_out(runner, call, fault)
        if call.attempt and result.outcome == "failed" and call.effect != "read":
            # The attempt of somebody who is gone may yet happen, unless it is settled.
            found = await self._found_out(runner, call)
            result = result if found.outcome == "failed" else found
        await runner.emit(_finished(call.call_id, result))

    async def probe(self, runner: Runner, call: st.Call) -> None:
        """Find out about a call that somebody who is gone had started."""
        await runner.emit(_finished(call.call_id, await self._found_out(runner, call)))

    async def _found_out(
        self, runner: Runner, call: st.Call, fault: str = ""
    ) -> ToolResult:
        """Return what happened to a call whose answer was lost."""
        if call.effect == "read":
            return ToolResult(
                outcome="failed",
                title=wording.step_failed(call.title, fault),
                content={"error": wording.READ_FAILED, **_quoting(fault)},
            )
        asked = self._port_call(runner.state, call)
        try:
            known = await self._checked(lambda: self._agents.probe(asked))
        except Exception:
            log.exception("tool.probe_failed", tool=call.name)
            known = None
        if known:
            return known
        return await self._unknown(asked, call.title, fault)

    async def report(self, runner: Runner, call: st.Call) -> None:
        """Call a started call's outcome unknown, and open a ticket about it."""
        asked = self._port_call(runner.state, call)
        result = await self._unknown(asked, call.title)
        await runner.emit(_finished(call.call_id, result))

    async def _unknown(self, call: Call, title: str, fault: str = "") -> ToolResult:
        ticket = await self._reported(call, title)
        return ToolResult(
            outcome="unknown",
            title=wording.step_unknown(title, fault),
            content={
                "error": wording.EFFECT_UNKNOWN,
                "ticket": ticket.reference if ticket else "",
                **_quoting(fault),
            },
            cards=ticket.cards if ticket else (),
            reference=ticket.reference if ticket else "",
        )

    async def _reported(self, call: Call, title: str) -> ToolResult | None:
        """Let people look at what nobody can tell; ``None`` if there is no ticket.

        Tried twice: there may be one already of which nobody has heard, and it is the
        same one then.
        """
        for _ in range(2):
            try:
                return await self._checked(lambda: self._agents.report(call, title))
            except TimeoutError as error:
                log.warning("tool.not_reported", tool=call.name, error=repr(error))
                break
            except Exception:
                log.exception("tool.not_reported", tool=call.name)
        return None

    async def _checked(self, check: Callable[[], Awaitable[_T]]) -> _T:
        """Check something, again and again while Postgres is away.

        What is said to a person lasts, and Postgres is back in a moment. All that is
        checked so may be asked twice.

        Raises:
            TimeoutError: It took too long.
        """
        async with asyncio.timeout(CHECK_TIMEOUT):
            return await self._patiently(check)

    async def _patiently(self, ask: Callable[[], Awaitable[_T]]) -> _T:
        while True:
            try:
                return await ask()
            except StoreUnavailableError as error:
                log.warning("action.unavailable", error=str(error), hint=error.hint)
                await self._clock.sleep(AGAIN)

    def _port_call(self, state: st.TurnState, call: st.Call) -> Call:
        assert state.requester is not None, "a turn starts with who asks"
        approval = state.approval_of(call.call_id)
        frame = state.frame(call.frame_id)
        return Call(
            tenant_id=state.tenant_id,
            turn_id=state.turn_id,
            call_id=call.call_id,
            key=effect_key_for(state.turn_id, call.call_id),
            name=call.name,
            arguments=call.arguments,
            requester=state.requester,
            now=self._clock.now(),
            agent=frame.agent if frame else "",
            approved=approval.args_hash if approval else "",
        )

    async def park(self, runner: Runner) -> None:
        """Park a turn, and remind whoever is to be reminded."""
        waiting = tuple(a.approval_id for a in runner.state.open_approvals)
        due = to_remind(runner.state, self._clock.now())
        event = ev.TurnParked(
            waiting_for=waiting, reminded=tuple(a.approval_id for a in due)
        )
        if not due:
            if not runner.state.parked:
                await runner.emit(event)
            return
        try:
            await runner.emit_if(event, all_still_open(runner.claim.tenant_id, due))
        except SupersededError:
            # Somebody decided meanwhile; the mail about that is on the way.
            await self._clock.sleep(PAUSE)

    async def expire(self, runner: Runner, approval_id: ApprovalId) -> None:
        """Escalate an approval whose time has run out, or let it expire."""
        approval = runner.state.approval(approval_id)
        assert approval is not None, "decide names approvals of the state"
        now = self._clock.now()
        try:
            over = approval.stages[approval.stage]
            stage = await self._checked(
                lambda: self._agents.escalate(over, approval.requester_id, now=now)
            )
        except Exception:
            # Whoever comes next cannot be found: then nobody decides in time.
            log.exception("approval.not_escalated", approval=approval_id)
            stage = None
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
            await self._clock.sleep(PAUSE)


def fault_of(key: str, attempt: int) -> str:
    """Return what people can quote of an attempt that failed unexpectedly."""
    return f"E-{hashlib.sha256(f'{key}#{attempt}'.encode()).hexdigest()[:6]}"


def _quoting(fault: str) -> dict[str, JsonValue]:
    return {"reference": fault} if fault else {}


def _finished(call_id: CallId, result: ToolResult) -> ev.ToolFinished:
    return ev.ToolFinished(
        call_id=call_id,
        outcome=result.outcome,
        title=result.title,
        result=result.content,
        # What is as it always was is left out: an older release refuses new fields.
        cards=tuple(
            card.model_dump(mode="json", exclude_defaults=True) for card in result.cards
        ),
        sources=result.sources,
        reference=result.reference,
    )
