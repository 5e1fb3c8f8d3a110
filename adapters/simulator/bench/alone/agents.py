"""Agents that cost next to nothing, so that what is left is the engine."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import datetime

from pydantic import JsonValue
from typing_extensions import override

from bot.ports.agent import (
    Agents,
    Allowed,
    Call,
    CallReady,
    NeedsApproval,
    Part,
    Question,
    Replied,
    Ruling,
    TextDelta,
    ToolResult,
    ToolSpec,
)
from bot.protocol.ids import CallId, PersonId, TurnId
from bot.protocol.values import Approver, CallBlock, Stage, TextBlock

ANSWER = "Here is what I found for you, in one short answer. " * 6
FOUND = "x" * 200
CALL = CallId("c1")
_TOOL = "look_up"
_TWO_DAYS = 48 * 3600.0
_ARGUMENTS: dict[str, JsonValue] = {"name": "printer"}


class OneTool(Agents):
    """Asked, they use one tool that has an effect; told its result, they answer."""

    root = "coordinator"

    @override
    def model_name(self, agent: str) -> str:
        return "none"

    @override
    def footer(self) -> str:
        return ""

    @override
    def spec(self, name: str) -> ToolSpec | None:
        return ToolSpec(effect="once", timeout=5.0)

    @override
    def title(self, name: str, arguments: dict[str, JsonValue]) -> str:
        return "Look it up"

    @override
    async def ask(self, question: Question) -> AsyncIterator[Part]:
        if question.ask == 1:
            yield CallReady(call_id=CALL, name=_TOOL, arguments=_ARGUMENTS)
            block = CallBlock(call_id=CALL, name=_TOOL, arguments=_ARGUMENTS)
            yield Replied(blocks=(block,), stop_reason="tool_use")
            return
        yield TextDelta(ANSWER)
        yield Replied(blocks=(TextBlock(text=ANSWER),), stop_reason="end_turn")

    @override
    async def rule(self, call: Call) -> Ruling:
        return Allowed(policy="anybody may")

    @override
    async def escalate(
        self, stage: Stage, requester_id: PersonId, *, now: datetime
    ) -> Stage | None:
        return None

    @override
    async def run(self, call: Call) -> ToolResult:
        return ToolResult(outcome="done", title="Looked up", content={"found": FOUND})

    @override
    async def probe(self, call: Call) -> ToolResult | None:
        return None

    @override
    async def report(self, call: Call, title: str) -> ToolResult | None:
        return None


WISH = "I wish for something."
"""Whoever says it needs a yes from somebody who is not there: the turn parks."""


class Asking(OneTool):
    """To `WISH` they ask somebody else; to all else they answer at once."""

    @override
    async def ask(self, question: Question) -> AsyncIterator[Part]:
        if WISH not in str(question.messages[-1].blocks):
            yield TextDelta(ANSWER)
            yield Replied(blocks=(TextBlock(text=ANSWER),), stop_reason="end_turn")
            return
        async for part in super().ask(question):
            yield part

    @override
    async def rule(self, call: Call) -> Ruling:
        approver = Approver(person_id=PersonId("m0"), name="Person m0")
        stage = Stage(label="manager", approvers=(approver,), within=_TWO_DAYS)
        return NeedsApproval(
            subject="Sketchpad: editor",
            facts=(),
            args_hash="h1",
            policy="needs the manager",
            stages=(stage,),
        )


class Talking(OneTool):
    """They talk without end, one word whenever their turn is told to go on.

    Args:
        word: What they say, again and again.
        said: Called when a word goes out, with the turn.
    """

    def __init__(self, word: str, said: Callable[[TurnId], None]) -> None:
        self.word = word
        self._said = said
        self._on: dict[TurnId, asyncio.Event] = {}
        self._silent = False

    @property
    def talking(self) -> list[TurnId]:
        """Which turns talk, in the order in which they began."""
        return list(self._on)

    def go_on(self, turn_id: TurnId) -> None:
        """Let a turn say its next word."""
        if turn_id in self._on:
            self._on[turn_id].set()

    def fall_silent(self) -> None:
        """Let every turn end."""
        self._silent = True
        for event in self._on.values():
            event.set()

    @override
    async def ask(self, question: Question) -> AsyncIterator[Part]:
        turn_id, delta = question.turn_id, TextDelta(self.word)
        go_on = self._on.setdefault(turn_id, asyncio.Event())
        words = 0
        while not self._silent:
            self._said(turn_id)
            yield delta
            words += 1
            await go_on.wait()
            go_on.clear()
        text = self.word * words
        yield Replied(blocks=(TextBlock(text=text),), stop_reason="end_turn")
