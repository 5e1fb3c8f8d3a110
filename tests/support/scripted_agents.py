"""Agents that do as a test tells them, behind the engine's port.

A reply is a sequence of steps: words to stream, tools to use, gates to wait at, errors
to raise. What was asked, ruled, run and probed is written down.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from pydantic import JsonValue
from typing_extensions import override

from bot.company.limits import HandOffs
from bot.ports.agent import (
    Agents,
    Allowed,
    Call,
    CallGrows,
    CallReady,
    Counted,
    Limits,
    NeedsApproval,
    Part,
    Question,
    Replied,
    Ruling,
    TextDelta,
    ToolResult,
    ToolSpec,
)
from bot.protocol.ids import CallId, PersonId
from bot.protocol.values import (
    Block,
    CallBlock,
    CardData,
    Effect,
    Fact,
    Stage,
    StopReason,
    TextBlock,
    Usage,
)
from tests.support.fake_platform import Gate


@dataclass(frozen=True, slots=True)
class Stops:
    """How a reply ends, where that is not usual."""

    why: StopReason


@dataclass(frozen=True, slots=True)
class Use:
    """A tool call whose arguments are complete."""

    name: str
    call_id: str = "c1"
    arguments: dict[str, JsonValue] = field(default_factory=dict[str, JsonValue])


@dataclass(frozen=True, slots=True)
class Grows:
    """A tool call whose arguments are still being written."""

    name: str
    call_id: str = "c1"
    arguments: dict[str, JsonValue] = field(default_factory=dict[str, JsonValue])


Step: TypeAlias = str | Use | Grows | Stops | Counted | Gate | Exception
Reply: TypeAlias = tuple[Step, ...]


def did(title: str = "Did it", reference: str = "") -> ToolResult:
    """Return the result of a tool that worked."""
    return ToolResult(
        outcome="done", title=title, content={"ok": True}, reference=reference
    )


async def _works(call: Call) -> ToolResult:
    return did(f"Did {call.name}")


async def _unknown(_call: Call) -> None:
    return None


def _allowed(_call: Call) -> Ruling:
    return Allowed(policy="anybody may")


@dataclass(slots=True, kw_only=True)
class Tool:
    """What a tool does."""

    effect: Effect = "once"
    run: Callable[[Call], Awaitable[ToolResult]] = _works
    probe: Callable[[Call], Awaitable[ToolResult | None]] = _unknown
    rule: Callable[[Call], Ruling] = _allowed
    timeout: float = 5.0
    handoff_to: str = ""


def needs(*stages: Stage, args_hash: str = "h1") -> Callable[[Call], Ruling]:
    """Return the ruling that these must approve."""

    def rule(call: Call) -> Ruling:
        return NeedsApproval(
            subject=f"{call.name} for {call.requester.name}",
            facts=(Fact(label="What", value=call.name),),
            args_hash=args_hash,
            policy="somebody must agree",
            stages=stages,
        )

    return rule


@dataclass(slots=True, kw_only=True)
class ScriptedAgents(Agents):
    """Implements the port by script; one script for every process of a test."""

    root: str = "coordinator"
    tools: dict[str, Tool] = field(default_factory=dict[str, Tool])
    replies: defaultdict[str, deque[Reply]] = field(
        default_factory=lambda: defaultdict(deque[Reply])
    )
    """What each agent says next; when nothing is left: "OK."."""
    answer: Callable[[Question], Reply | None] = lambda _question: None
    """Looked at first; ``None`` leaves it to `replies`."""
    sums_up: str | Exception | None = None
    """What it makes of long conversations; ``None``: it cannot."""
    summed_up: list[Question] = field(default_factory=list[Question])
    asked: list[Question] = field(default_factory=list[Question])
    ran: list[Call] = field(default_factory=list[Call])
    probed: list[Call] = field(default_factory=list[Call])
    policy: Gate | None = None
    """Where policy waits before it answers."""
    reported: list[Call] = field(default_factory=list[Call])
    escalates_to: Stage | None = None
    most: Limits = field(default_factory=Limits)
    """How far every agent may go."""
    left: set[str] = field(default_factory=set[str])
    """Agents that work here no more."""
    far: HandOffs = field(default_factory=HandOffs)
    """How far hand-offs may go."""
    uses: Usage = field(default_factory=Usage)
    """What every reply takes."""
    weighs: int = 0
    """What every question takes, as far as is known before it is asked."""
    hung_up: int = 0
    """How many replies were left before their end."""
    broke: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the first reply has broken off."""

    def say(self, *steps: Step, agent: str = "coordinator") -> None:
        """Add a reply to an agent's script."""
        self.replies[agent].append(steps)

    def hand_off(self, *agents: str) -> None:
        """Let the coordinator hand over to these agents by ``to_<name>``."""
        for agent in agents:
            self.tools[f"to_{agent}"] = Tool(effect="read", handoff_to=agent)

    @override
    def knows(self, agent: str) -> bool:
        return agent not in self.left

    @override
    def model_name(self, agent: str) -> str:
        return "a script"

    @override
    def limits(self, agent: str) -> Limits:
        return self.most

    @override
    def hand_offs(self) -> HandOffs:
        return self.far

    @override
    def footer(self) -> str:
        return "This is a script."

    @override
    def spec(self, name: str) -> ToolSpec | None:
        tool = self.tools.get(name)
        if tool is None:
            return None
        return ToolSpec(
            effect=tool.effect, timeout=tool.timeout, handoff_to=tool.handoff_to
        )

    @override
    def title(self, name: str, arguments: dict[str, JsonValue]) -> str:
        about = str(arguments.get("about", ""))
        return f"Doing {name}{f' to {about}' if about else ''}"

    @override
    async def ask(self, question: Question) -> AsyncIterator[Part]:
        self.asked.append(question)
        script = self.replies[question.agent]
        reply = self.answer(question) or (script.popleft() if script else ("OK.",))
        said = ""
        stop: StopReason | None = None
        calls: list[Block] = []
        self.hung_up += 1
        for step in reply:
            match step:
                case str():
                    said += step
                    yield TextDelta(step)
                case Use():
                    call = CallReady(
                        call_id=CallId(step.call_id),
                        name=step.name,
                        arguments=step.arguments,
                    )
                    calls.append(
                        CallBlock(
                            call_id=call.call_id,
                            name=call.name,
                            arguments=call.arguments,
                        )
                    )
                    yield call
                case Grows():
                    yield CallGrows(
                        call_id=CallId(step.call_id),
                        name=step.name,
                        arguments=step.arguments,
                    )
                case Stops(why=why):
                    stop = why
                case Counted():
                    yield step
                case Gate():
                    await step.arrive()
                case Exception():
                    self.broke.set()
                    raise step
        self.hung_up -= 1
        text: list[Block] = [TextBlock(text=said)] if said else []
        yield Replied(
            blocks=(*text, *calls),
            stop_reason=stop or ("tool_use" if calls else "end_turn"),
            usage=self.uses,
        )

    @override
    def tokens_of(self, question: Question) -> int:
        return self.weighs

    @override
    async def summarise(self, question: Question) -> AsyncIterator[Part]:
        self.summed_up.append(question)
        if isinstance(self.sums_up, Exception):
            raise self.sums_up
        if self.sums_up is None:
            return
        yield Replied(
            blocks=(TextBlock(text=self.sums_up),),
            stop_reason="end_turn",
            usage=self.uses,
            model="a summariser",
        )

    @override
    async def rule(self, call: Call) -> Ruling:
        if self.policy:
            await self.policy.arrive()
        return self.tools[call.name].rule(call)

    @override
    async def escalate(
        self, stage: Stage, requester_id: PersonId, *, now: datetime
    ) -> Stage | None:
        return self.escalates_to

    @override
    async def run(self, call: Call) -> ToolResult:
        self.ran.append(call)
        return await self.tools[call.name].run(call)

    @override
    async def probe(self, call: Call) -> ToolResult | None:
        self.probed.append(call)
        return await self.tools[call.name].probe(call)

    @override
    async def report(self, call: Call, title: str) -> ToolResult | None:
        self.reported.append(call)
        return ToolResult(
            outcome="done",
            title="Ticket",
            content={},
            cards=(CardData(title=f"Ticket T-{len(self.reported)}"),),
            reference=f"T-{len(self.reported)}",
        )
