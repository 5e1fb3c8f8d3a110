"""Ask models: stream a reply into events, ask again when it breaks off.

A tool call is requested as soon as its own arguments are complete, while the reply
still goes on. Text that a broken reply left is replaced in place by the next one.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import structlog

from bot.clock import Clock
from bot.engine.folding import folded
from bot.engine.growing import Growing
from bot.engine.question import question_for
from bot.engine.runner import Runner
from bot.engine.spending import Spending
from bot.errors import DeskhandError, ModelError
from bot.ports.agent import (
    Agents,
    CallGrows,
    CallReady,
    Limits,
    Part,
    Question,
    Replied,
    TextDelta,
    ThoughtDelta,
)
from bot.protocol import events as ev
from bot.protocol.ids import FrameId, ItemId
from bot.protocol.values import CallBlock, ItemKind, Summary, TextBlock
from bot.turn.handing import with_why, without_why
from bot.turn.replies import is_cut_off
from bot.turn.state import CONTINUES, Frame
from bot.view import failures

log = structlog.get_logger()

MODEL_TIMEOUT = 120.0
"""Seconds for one reply."""
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
        code = "agent"
        if self._agents.knows(frame.agent):
            code = _used_up(frame, ask, self._agents.limits(frame.agent))
        if not code and self._spending:
            code = await self._spending.reached(runner.state)
        if code:
            log.warning(
                "model.limit", agent=frame.agent, asks=ask - 1, tokens=frame.tokens
            )
            await runner.emit(failed(frame_id, code))
            return
        summary = await self._folded(runner, frame)
        asked = ev.ModelAsked(
            frame_id=frame_id,
            ask=ask,
            model=self._agents.model_name(frame.agent),
            steers_seen=len(runner.state.steers),
            summary=summary,
        )
        await runner.emit(asked)
        for attempt in range(1, MODEL_ATTEMPTS + 1):
            try:
                async with asyncio.timeout(MODEL_TIMEOUT):
                    await self._stream(runner, frame_id, ask, attempt)
            except (ModelError, TimeoutError) as error:
                await runner.written()  # what was said counts, however slow the log
                if _goes_on(runner, frame_id, ask):
                    return  # decide salvages the calls that were complete
                lasting = isinstance(error, ModelError) and not error.transient
                if lasting or attempt == MODEL_ATTEMPTS:
                    log.warning("model.failed", error=str(error), hint=ModelError.hint)
                    await runner.emit(failed(frame_id, "model"))
                    return
                await self._clock.sleep(BACKOFF * 2 ** (attempt - 1))
            else:
                return

    async def _folded(self, runner: Runner, frame: Frame) -> Summary | None:
        """Return a summary of older turns, if they are too long for a first question."""
        if frame.parent_id or frame.replies:
            return None
        summary = await folded(self._agents, runner.state)
        if summary and summary.model and self._spending:
            self._spending.count(summary.model, summary.usage)
        return summary

    async def _stream(
        self, runner: Runner, frame_id: FrameId, ask: int, attempt: int
    ) -> None:
        question = replace(
            question_for(runner.state, frame_id),
            attempt=attempt,
            last_attempt=attempt == MODEL_ATTEMPTS,
        )
        try:
            await self._stream_reply(runner, question, frame_id, ask)
        except (DeskhandError, TimeoutError):
            raise
        except Exception as error:
            # A mistake in a model's adapter ends this turn and nothing else.
            log.exception("model.broken", frame=frame_id)
            raise ModelError(repr(error), transient=False) from error

    async def _stream_reply(
        self, runner: Runner, question: Question, frame_id: FrameId, ask: int
    ) -> None:
        text = _Streamed(runner, frame_id, ItemId(f"{frame_id}-{ask}-t"), "text")
        text.continues = _goes_on_with(runner, frame_id)
        thought = _Streamed(runner, frame_id, ItemId(f"{frame_id}-{ask}-h"), "thought")
        growing = Growing(runner, self._agents, self._clock, frame_id=frame_id)
        if left := growing.leftovers():
            runner.emit_soon(*left)
        try:
            await self._take(runner, question, text, thought, growing)
        except (DeskhandError, TimeoutError):
            runner.emit_soon(*growing.gone())
            raise

    async def _take(
        self,
        runner: Runner,
        question: Question,
        text: "_Streamed",
        thought: "_Streamed",
        growing: Growing,
    ) -> None:
        frame_id, ask = question.frame_id, question.ask
        async with _closing(self._agents.ask(question)) as parts:
            async for part in parts:
                match part:
                    case TextDelta(text=more):
                        text.add(more)
                    case ThoughtDelta(text=more):
                        thought.add(more)
                    case CallGrows():
                        runner.emit_soon(*text.close(), *growing.grow(part))
                    case CallReady():
                        growing.taken_over(part.call_id)
                        runner.emit_soon(*text.close(), self._requested(frame_id, part))
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
                            name = part.model or self._agents.model_name(question.agent)
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
        kind: ItemKind,
    ) -> None:
        self._runner = runner
        self._frame_id = frame_id
        self._first = item_id
        self._item_id = item_id
        self._kind: ItemKind = kind
        self._number = 0
        self._open = False
        self.continues = False
        """Whether it goes on with what was cut off in the middle."""

    def add(self, text: str) -> None:
        if not self._open:
            self._open = True
            self._number += 1
            if self._number > 1:  # more after a call is another piece
                self._item_id = ItemId(f"{self._first}{self._number}")
            self._runner.emit_soon(self._opening())
        self._runner.say(self._item_id, text)

    def close(self) -> tuple[ev.TurnEvent, ...]:
        if not self._open:
            return ()
        self._open = False
        return (ev.ItemClosed(item_id=self._item_id, status="done"),)

    def _opening(self) -> ev.TurnEvent:
        if self._runner.state.item(self._item_id):
            return ev.ItemReplaced(item_id=self._item_id, text="")
        continues = self.continues and self._number == 1
        return ev.ItemOpened(
            item_id=self._item_id,
            frame_id=self._frame_id,
            kind=self._kind,
            data={CONTINUES: True} if continues else {},
        )


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


def _goes_on(runner: Runner, frame_id: FrameId, ask: int) -> bool:
    """Whether what a broken question left is enough, so that it is not asked again."""
    frame = runner.state.frame(frame_id)
    assert frame is not None, "a frame does not vanish"
    return len(frame.replies) >= ask or bool(runner.state.unreplied_calls(frame))


async def salvage(runner: Runner, frame_id: FrameId, ask: int) -> None:
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
    await runner.emit(
        ev.ModelReplied(
            frame_id=frame_id,
            ask=ask,
            blocks=(*said, *calls),
            stop_reason="tool_use",
        )
    )
