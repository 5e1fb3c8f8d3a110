"""Ask models: stream a reply into events, ask again when it breaks off.

A tool call is requested as soon as its own arguments are complete, while the reply
still goes on. Text that a broken reply left is replaced in place by the next one.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, replace

import structlog

from bot.clock import Clock
from bot.engine.folding import folded
from bot.engine.growing import Growing
from bot.engine.metering import Meter, closing
from bot.engine.question import question_for
from bot.engine.runner import Runner
from bot.engine.spending import Spending
from bot.engine.streamed import Streamed
from bot.errors import DeskhandError, ModelError, QuestionTooLongError
from bot.ports.agent import (
    Agents,
    CallGrows,
    CallReady,
    Counted,
    Limits,
    Question,
    Replied,
    TextDelta,
    ThoughtDelta,
)
from bot.protocol import events as ev
from bot.protocol.ids import FrameId, ItemId
from bot.protocol.values import CallBlock, Lost, Summary, TextBlock, Usage
from bot.turn.deadlines import frame_deadline, turn_deadline
from bot.turn.handing import with_why, without_why
from bot.turn.recall import fold_of
from bot.turn.reduce import apply
from bot.turn.replies import is_cut_off
from bot.turn.state import Frame, TurnState
from bot.view import failures

log = structlog.get_logger()

MODEL_TIMEOUT = 120.0
"""Seconds for one reply, where its frame's deadline leaves that much."""
MODEL_ATTEMPTS = 3
"""How often a question is asked when the model breaks off."""
BACKOFF = 0.5
"""Seconds before the second attempt; doubles."""


class Asker:
    """Asks the models of one company.

    Args:
        agents: Whose models.
        clock: For back-off.
        spending: What may be spent; ``None``: anything.
    """

    def __init__(
        self, agents: Agents, clock: Clock, spending: Spending | None = None
    ) -> None:
        self._agents = agents
        self._clock = clock
        self._spending = spending

    async def ask(self, runner: Runner, frame_id: FrameId, ask: int) -> None:
        """Ask a frame's model and emit its reply while it is written."""
        frame = runner.state.frame(frame_id)
        assert frame is not None, "decide names frames of the state"
        if code := self._barred(frame, ask):
            log.warning(
                "model.limit", agent=frame.agent, asks=ask - 1, tokens=frame.tokens
            )
            await runner.emit(failed(frame_id, code))
            return
        await self._answer(runner, await self._asked(runner, frame, ask))

    async def salvage(self, runner: Runner, frame_id: FrameId, ask: int) -> None:
        """Take the calls of a reply that was cut off as that reply."""
        frame = runner.state.frame(frame_id)
        assert frame is not None, "decide names frames of the state"
        first = f"{frame_id}-{ask}-t"
        pieces = [i.text for i in runner.state.items if i.item_id.startswith(first)]
        text = "".join(pieces)
        said = (TextBlock(text=text),) if text else ()
        calls = tuple(
            CallBlock(call_id=c.call_id, name=c.name, arguments=with_why(c))
            for c in runner.state.unreplied_calls(frame)
        )
        lost = _left_by_the_dead(frame, ask)
        self._count(lost)
        settled = ev.ModelAsked(
            frame_id=frame_id,
            ask=ask,
            model=frame.asked_model,
            steers_seen=frame.asked_steers,
            lost=lost,
            brief=frame.brief,
        )
        await runner.emit(
            *([settled] if lost else []),
            ev.ModelReplied(
                frame_id=frame_id,
                ask=ask,
                blocks=(*said, *calls),
                stop_reason="tool_use",
            ),
        )

    def _barred(self, frame: Frame, ask: int) -> str:
        """Return why the frame may not ask any more; empty: it may."""
        if not self._agents.knows(frame.agent):
            return "agent"
        return _used_up(frame, ask, self._agents.limits(frame.agent))

    async def _answer(self, runner: Runner, asked: ev.ModelAsked) -> None:
        """Ask until there is a reply, or it is no use."""
        frame_id, ask = asked.frame_id, asked.ask
        attempt = 1
        while True:
            if code := await self._emit(runner, asked):
                paid = asked.lost or asked.summary
                told = [asked.model_copy(update={"tokens": 0})] if paid else []
                await runner.emit(*told, failed(frame_id, code))
                return
            asked = asked.model_copy(update={"summary": None, "lost": ()})
            within = self._within(runner.state, frame_id)
            try:
                async with asyncio.timeout(within):
                    await self._stream(runner, asked, attempt, within)
            except (ModelError, TimeoutError) as error:
                await runner.written()  # what was said counts, however slow the log
                if _goes_on(runner, frame_id, ask):
                    return  # decide salvages the calls that were complete
                if isinstance(error, QuestionTooLongError) and not asked.brief:
                    log.warning("model.too_long", error=str(error), hint=error.hint)
                    asked = self._weighed(runner, asked, brief=True)
                    continue  # another question, and no attempt at the same
                pause = BACKOFF * 2 ** (attempt - 1)
                late = pause >= self._within(runner.state, frame_id)
                if late or attempt == MODEL_ATTEMPTS or _lasts(error):
                    said = str(error) or f"no whole reply within {within:.0f} s"
                    log.warning("model.failed", error=said, hint=ModelError.hint)
                    await runner.emit(failed(frame_id, _code_of(error, within)))
                    return
                await self._clock.sleep(pause)
                attempt += 1
            else:
                return

    def _within(self, state: TurnState, frame_id: FrameId) -> float:
        """Return for how many seconds a reply may take: not beyond what ends it all."""
        frame = state.frame(frame_id)
        ends = [turn_deadline(state), frame_deadline(state, frame) if frame else None]
        now = self._clock.now()
        return min(MODEL_TIMEOUT, *((end - now).total_seconds() for end in ends if end))

    async def _asked(self, runner: Runner, frame: Frame, ask: int) -> ev.ModelAsked:
        """Return the event that asks, with what was lost before it could be."""
        lost = _left_by_the_dead(frame, ask)
        summary = None
        if not (frame.parent_id or frame.replies):
            summary, meter = await self._folded(runner)
            lost = (*lost, *meter.take())
        self._count(lost)
        asked = ev.ModelAsked(
            frame_id=frame.frame_id,
            ask=ask,
            model=self._agents.model_name(frame.agent),
            steers_seen=len(runner.state.steers),
            summary=summary,
            lost=lost,
        )
        return self._weighed(runner, asked, brief=frame.brief)

    def _weighed(
        self, runner: Runner, asked: ev.ModelAsked, *, brief: bool
    ) -> ev.ModelAsked:
        """Return the event with about how much is asked."""
        asked = asked.model_copy(update={"brief": brief})
        turn_id, now = runner.state.turn_id, self._clock.now()
        state = apply(runner.state, asked, turn_id=turn_id, at=now)
        tokens = self._agents.tokens_of(question_for(state, asked.frame_id))
        return asked.model_copy(update={"tokens": tokens})

    async def _folded(self, runner: Runner) -> tuple[Summary | None, Meter]:
        """Return a summary of older turns, if they are too long for a first question."""
        spends = self._spending and fold_of(runner.state)
        if spends and self._spending and await self._spending.reached(runner.state):
            return None, Meter()  # the question will not be asked either
        summary, meter = await folded(self._agents, runner.state)
        if summary and summary.model and self._spending:
            self._spending.count(summary.model, summary.usage)
        return summary, meter

    async def _emit(self, runner: Runner, asked: ev.ModelAsked) -> str:
        """Emit that a question goes out; or return which limit keeps it from that."""
        if self._spending:
            return await self._spending.ask(runner, asked)
        await runner.emit(asked)
        return ""

    def _count(self, lost: Iterable[Lost]) -> None:
        for one in lost:
            log.info(
                "model.lost",
                model=one.model,
                tokens=one.usage.total,
                estimated=one.estimated,
            )
            if self._spending:
                self._spending.count_lost(one)

    async def _stream(
        self, runner: Runner, asked: ev.ModelAsked, attempt: int, within: float
    ) -> None:
        question = replace(
            question_for(runner.state, asked.frame_id),
            attempt=attempt,
            last_attempt=attempt == MODEL_ATTEMPTS,
            within=within,
        )
        meter = Meter()
        try:
            await self._stream_reply(runner, question, meter)
        except (DeskhandError, TimeoutError):
            raise
        except Exception as error:
            # A mistake in a model's adapter ends this turn and nothing else.
            log.exception("model.broken", frame=asked.frame_id)
            raise ModelError(repr(error), transient=False) from error
        finally:  # stopped or broken off, it is paid for
            self._settle(runner, asked, meter)

    def _settle(self, runner: Runner, asked: ev.ModelAsked, meter: Meter) -> None:
        """Say what requests took that broke off, and that none is out any more."""
        lost = meter.take()
        self._count(lost)
        frame = runner.state.frame(asked.frame_id)
        if lost or (asked.tokens and frame and frame.waits_for_reply):
            settled = asked.model_copy(update={"tokens": 0, "lost": lost})
            runner.emit_soon(settled)

    async def _stream_reply(
        self, runner: Runner, question: Question, meter: Meter
    ) -> None:
        frame_id, ask = question.frame_id, question.ask
        reply = _Reply(
            question=question,
            meter=meter,
            text=Streamed(runner, frame_id, ItemId(f"{frame_id}-{ask}-t"), "text"),
            thought=Streamed(
                runner, frame_id, ItemId(f"{frame_id}-{ask}-h"), "thought"
            ),
            growing=Growing(runner, self._agents, self._clock, frame_id=frame_id),
        )
        reply.text.continues = _goes_on_with(runner, frame_id)
        if left := reply.growing.leftovers():
            runner.emit_soon(*left)
        try:
            await self._take(runner, reply)
        except (DeskhandError, TimeoutError):
            runner.emit_soon(*reply.growing.gone())
            raise

    async def _take(self, runner: Runner, reply: "_Reply") -> None:
        text, thought, growing = reply.text, reply.thought, reply.growing
        frame_id, ask = reply.question.frame_id, reply.question.ask
        async with closing(self._agents.ask(reply.question)) as parts:
            async for part in parts:
                reply.meter.hear(part)
                match part:
                    case TextDelta(text=more):
                        text.add(more)
                    case ThoughtDelta(text=more):
                        thought.add(more)
                    case CallGrows():
                        text.pause()
                        runner.emit_soon(*growing.grow(part))
                    case CallReady():
                        growing.taken_over(part.call_id)
                        runner.emit_soon(*text.close(), self._requested(frame_id, part))
                    case Counted():
                        pass
                    case Replied():
                        await runner.emit(
                            *thought.close(),
                            *text.close(),
                            *growing.gone(),
                            ev.ModelReplied(
                                frame_id=frame_id,
                                ask=ask,
                                blocks=part.blocks,
                                stop_reason=part.stop_reason,
                                usage=part.usage,
                                model=part.model,
                            ),
                        )
                        if self._spending:
                            agent = reply.question.agent
                            name = part.model or self._agents.model_name(agent)
                            self._spending.count(name, part.usage)
                        return
        raise ModelError("the reply ended without its last part", transient=True)

    def _requested(self, frame_id: FrameId, part: CallReady) -> ev.ToolRequested:
        spec = self._agents.spec(part.name)
        handoff_to = spec.handoff_to if spec else ""
        arguments, why = part.arguments, ""
        if handoff_to:
            arguments, why = without_why(arguments)
        return ev.ToolRequested(
            call_id=part.call_id,
            frame_id=frame_id,
            item_id=ItemId(part.call_id),
            name=part.name,
            arguments=arguments,
            effect=spec.effect if spec else "read",
            title=self._agents.title(part.name, part.arguments),
            handoff_to=handoff_to,
            why=why,
        )


@dataclass(slots=True, kw_only=True)
class _Reply:
    """One attempt at a reply, while it is written."""

    question: Question
    meter: Meter
    text: Streamed
    thought: Streamed
    growing: Growing


def failed(frame_id: FrameId, code: str) -> ev.FrameClosed:
    """Return the end of a frame that cannot go on, for a reason with this code."""
    return ev.FrameClosed(
        frame_id=frame_id,
        outcome="failed",
        result=failures.failed_part(code),
        code=code,
    )


def _goes_on_with(runner: Runner, frame_id: FrameId) -> bool:
    """Whether the next words belong to those before, which were cut off."""
    frame = runner.state.frame(frame_id)
    return bool(frame and frame.replies and is_cut_off(frame.replies[-1]))


def _used_up(frame: Frame, ask: int, limits: Limits) -> str:
    """Return why the frame may not ask any more; empty: it may."""
    if ask > limits.asks:
        return "limit"
    return "tokens" if 0 < limits.tokens <= frame.tokens else ""


def _left_by_the_dead(frame: Frame, ask: int) -> tuple[Lost, ...]:
    """Return what is known of a request that a process left when it died."""
    if frame.asked != ask or not frame.asked_tokens:
        return ()
    usage = Usage(input_tokens=frame.asked_tokens)
    return (Lost(model=frame.asked_model, usage=usage, estimated=True),)


def _lasts(error: ModelError | TimeoutError) -> bool:
    """Whether asking again cannot help."""
    return isinstance(error, ModelError) and not error.transient


def _code_of(error: ModelError | TimeoutError, within: float) -> str:
    match error:
        case QuestionTooLongError():
            return "window"
        case TimeoutError() if within < MODEL_TIMEOUT:
            return "deadline"  # the frame's time was up, and not the model's
        case _:
            return "model"


def _goes_on(runner: Runner, frame_id: FrameId, ask: int) -> bool:
    """Whether what a broken question left is enough, so that it is not asked again."""
    frame = runner.state.frame(frame_id)
    assert frame is not None, "a frame does not vanish"
    return len(frame.replies) >= ask or bool(runner.state.unreplied_calls(frame))
