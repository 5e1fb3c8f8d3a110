"""The agents as the engine sees them: somebody to ask, and tools to run.

Implemented by ``agents/loop.py``. The engine knows no prompt, no policy and no
tool; it knows that a reply streams in, that a call has an effect, and that a
verdict comes before the call.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol, TypeAlias

from pydantic import JsonValue

from bot.company.limits import HandOffs
from bot.protocol.ids import CallId, FrameId, PersonId, TenantId, TurnId
from bot.protocol.values import (
    Block,
    CardData,
    Effect,
    Fact,
    OpenRequest,
    Outcome,
    Requester,
    Source,
    Stage,
    StopReason,
    Usage,
)

# ----------------------------------------------------------------------- asking


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolAnswer:
    """A call's result as the model is told it."""

    call_id: CallId
    content: JsonValue
    is_error: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One entry of a transcript, in the order in which it happened."""

    role: Literal["user", "assistant"]
    blocks: tuple[Block, ...] = ()
    answers: tuple[ToolAnswer, ...] = ()
    """Results of the calls of the assistant's message before; user role only."""
    notes: tuple[JsonValue, ...] = ()
    """What is told beside what was said: when, what came of it, what others wrote.

    Data that the requester did not write; user role only.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Everything a model call depends on: a pure function of the log."""

    tenant_id: TenantId
    turn_id: TurnId
    frame_id: FrameId
    ask: int
    agent: str
    requester: Requester
    open_requests: tuple[OpenRequest, ...]
    messages: tuple[Message, ...]
    earlier: int = 0
    """How many of the messages, the first ones, are of earlier turns."""
    now: datetime | None = None
    """When the turn began."""
    attempt: int = field(default=1, compare=False)
    """Which attempt at the same question this is; not a part of the question."""
    last_attempt: bool = field(default=False, compare=False)
    """Whether there is none after it: time to ask somebody else."""
    within: float | None = field(default=None, compare=False)
    """Seconds in which the reply must be there; ``None``: nobody waits for it."""


@dataclass(frozen=True, slots=True)
class TextDelta:
    """More of the reply's text."""

    text: str


@dataclass(frozen=True, slots=True)
class ThoughtDelta:
    """More of the model's thinking."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallGrows:
    """More of one tool call's arguments is known. Void until the call is ready."""

    call_id: CallId
    name: str
    arguments: dict[str, JsonValue]
    """Those that are complete so far."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallReady:
    """One tool call's arguments are complete, while the reply may still go on."""

    call_id: CallId
    name: str
    arguments: dict[str, JsonValue]


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What a request has taken so far, as whoever answers it counts."""

    model: str
    usage: Usage
    begins: bool = False
    """Whether it is a new request: one before it broke off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replied:
    """The reply is complete. Always the last part."""

    blocks: tuple[Block, ...]
    stop_reason: StopReason
    usage: Usage = Usage()
    model: str = ""
    """Who wrote it, where that may not be who was asked; empty: who was asked."""


Part: TypeAlias = TextDelta | ThoughtDelta | CallGrows | CallReady | Counted | Replied

# ----------------------------------------------------------------------- acting


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A tool call with whom it is for. ``requester`` is who the platform says."""

    tenant_id: TenantId
    turn_id: TurnId
    call_id: CallId
    key: str
    """The same for every attempt; an effect under it happens at most once."""
    name: str
    arguments: dict[str, JsonValue]
    requester: Requester
    now: datetime
    agent: str = ""
    """Who called; empty: not known."""
    approved: str = ""
    """The fingerprint of what people approved; empty: nobody had to be asked."""
    attempt: int = 1
    """Which attempt at running it this is; an earlier one may have had its effect."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolSpec:
    """What the engine must know of a tool before it runs."""

    effect: Effect
    timeout: float
    """Seconds."""
    handoff_to: str = ""
    """The agent to hand over to; such a call opens a frame instead of running."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """The call may run now."""

    policy: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The call may not run."""

    reason: str
    """For the model and the person: why, that nothing was done, whom to ask."""
    policy: str = ""
    malformed: bool = False
    """The call made no sense, which is the model's mistake and nobody's rule."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NeedsApproval:
    """The call may run once the stages have approved exactly this."""

    subject: str
    facts: tuple[Fact, ...]
    args_hash: str
    policy: str
    stages: tuple[Stage, ...]


Ruling: TypeAlias = Allowed | Refused | NeedsApproval


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolResult:
    """What a tool did, or certainly did not do."""

    outcome: Outcome
    title: str
    """How the step reads now, e.g. "Granted read on the handbook"."""
    content: JsonValue
    """For the model."""
    cards: tuple[CardData, ...] = ()
    sources: tuple[Source, ...] = ()
    reference: str = ""
    """The record that the effect left and people can quote, e.g. ``IT-7``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How far an agent may go in one task."""

    asks: int = 25
    """How often it may ask its model: more is a model going round in circles."""
    tokens: int = 0
    """How many tokens its questions and replies may come to; 0: no limit."""


async def _nobody() -> AsyncIterator[Part]:
    silence: tuple[Part, ...] = ()
    for part in silence:
        yield part


class Agents(Protocol):
    """Whoever answers employees."""

    root: str
    """Name of the agent that opens every turn."""

    def knows(self, agent: str) -> bool:
        """Return whether ``agent`` works here; one may have left since a turn began."""
        del agent
        return True

    def called(self, agent: str) -> str:
        """Return what people call ``agent``; by default its name."""
        return agent

    def model_name(self, agent: str) -> str:
        """Return which model speaks for ``agent``, for the log."""
        ...

    def limits(self, agent: str) -> Limits:
        """Return how far ``agent`` may go in one task; by default as `Limits` says."""
        del agent
        return Limits()

    def hand_offs(self) -> HandOffs:
        """Return how far hand-offs may go in one turn; by default as `HandOffs` says."""
        return HandOffs()

    def footer(self) -> str:
        """Return what must be said under every answer, e.g. that no model spoke."""
        ...

    def spec(self, name: str) -> ToolSpec | None:
        """Return what the engine must know of a tool; ``None`` if there is none."""
        ...

    def title(self, name: str, arguments: dict[str, JsonValue]) -> str:
        """Return how the step reads while the call runs."""
        ...

    def ask(self, question: Question) -> AsyncIterator[Part]:
        """Stream one reply; the last part is `Replied`.

        Raises:
            ModelError: The model refused or failed; parts seen so far are void.
        """
        ...

    def tokens_of(self, question: Question) -> int:
        """Return about how many tokens a question takes; 0: it costs nothing."""
        del question
        return 0

    def summarise(self, question: Question) -> AsyncIterator[Part]:
        """Stream what somebody says who is asked to sum up the question's messages.

        By default nobody can, and there are no parts: then lines of them are kept.

        Raises:
            ModelError: The model refused or failed.
        """
        del question
        return _nobody()

    async def rule(self, call: Call) -> Ruling:
        """Return what policy says about the call. Has no effect on the world."""
        ...

    async def escalate(
        self, stage: Stage, requester_id: PersonId, *, now: datetime
    ) -> Stage | None:
        """Return who decides now that ``stage`` has run out; ``None``: nobody."""
        ...

    async def run(self, call: Call) -> ToolResult:
        """Run an authorized call. Expected failures are values.

        Any exception means the outcome is not known.
        """
        ...

    async def probe(self, call: Call) -> ToolResult | None:
        """Settle with the system of record whether a started call happened.

        Final: after "certainly did not", the call's key is void, and a process that
        still means to run it has no effect.

        Returns:
            Its result if it happened; a result with outcome ``failed`` if it
            certainly did not and never will; ``None`` if nobody can tell.
        """
        ...

    async def report(self, call: Call, title: str) -> ToolResult | None:
        """Have people look into a call of which nobody can tell whether it happened.

        Opens a ticket in the requester's name, once: the key is the call's own
        followed by ``:report``, so that reporting again gives the same ticket.

        Args:
            call: What was started.
            title: How its step reads.

        Returns:
            The ticket, with its reference and a card to show; ``None`` if there can
            be none, because nobody knows the requester.
        """
        ...
