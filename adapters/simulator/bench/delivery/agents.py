"""Agents that replay a trace: whoever asks, by their number, gets that turn.

What is said comes out at the trace's pace whatever the bot does, as from a model's
server: a bot that is slow to read is late, not less busy.
"""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from typing_extensions import override

from adapters.simulator.bench.alone.agents import OneTool
from adapters.simulator.bench.company import staff_id
from adapters.simulator.bench.delivery.answers import answer_of
from adapters.simulator.bench.pacing.traces import Trace
from bot.clock import Clock
from bot.ports.agent import (
    Call,
    CallReady,
    Part,
    Question,
    Replied,
    TextDelta,
    ToolResult,
    ToolSpec,
)
from bot.protocol.ids import CallId
from bot.protocol.values import CallBlock, TextBlock

_TOOL = "look_up"
_LONGEST = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """When somebody's answer began, which says when each of its tokens was produced."""

    person: str
    at: float
    """Monotonic seconds, the same for all processes of a machine."""


class Replaying(OneTool):
    """They use a tool as often and as long as the trace says, and then say its answer.

    Args:
        traces: By the number of who asks.
        clock: The time.
        stamps: Where to note when each answer began, a line of JSON each.
    """

    def __init__(self, traces: Sequence[Trace], clock: Clock, stamps: Path) -> None:
        self._clock = clock
        self._stamps = stamps
        self._of: Mapping[str, Trace] = {
            staff_id(number): trace for number, trace in enumerate(traces)
        }

    @override
    def spec(self, name: str) -> ToolSpec | None:
        return ToolSpec(effect="idempotent", timeout=_LONGEST)

    @override
    async def ask(self, question: Question) -> AsyncIterator[Part]:
        person = question.requester.person_id
        trace = self._of[person]
        if question.ask == 1:
            await self._clock.sleep(trace.steps[0] - trace.start)
        if question.ask < len(trace.steps):
            name, call = _TOOL, CallId(f"c{question.ask}")
            yield CallReady(call_id=call, name=name, arguments={"step": question.ask})
            block = CallBlock(call_id=call, name=name, arguments={"step": question.ask})
            yield Replied(blocks=(block,), stop_reason="tool_use")
            return
        begun = self._clock.monotonic()
        self._note(Begun(person=person, at=begun))
        answer = answer_of(trace)
        for (at, _), token in zip(trace.said, answer.tokens, strict=True):
            if (early := begun + at - trace.steps[-1] - self._clock.monotonic()) > 0:
                await self._clock.sleep(early)
            yield TextDelta(token)
        yield Replied(blocks=(TextBlock(text=answer.text),), stop_reason="end_turn")

    @override
    async def run(self, call: Call) -> ToolResult:
        trace = self._of[call.requester.person_id]
        step = int(str(call.arguments["step"]))
        await self._clock.sleep(trace.steps[step] - trace.steps[step - 1])
        return ToolResult(outcome="done", title="Looked up", content={"step": step})

    def _note(self, begun: Begun) -> None:
        with self._stamps.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps({"person": begun.person, "at": begun.at}) + "\n")


def stamps_in(file: Path) -> dict[str, float]:
    """Return when (monotonic) each person's answer began, of those that were said."""
    if not file.exists():
        return {}
    notes = [Begun(**json.loads(line)) for line in file.read_text("utf-8").splitlines()]
    # Asked again, it begins anew; readers have waited since the first time.
    return {note.person: note.at for note in reversed(notes)}
