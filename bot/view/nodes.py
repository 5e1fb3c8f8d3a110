"""What one audience sees of a turn, before any platform's words.

Adapters turn a `TurnView` into Block Kit or an Adaptive Card. All text here is plain
except `TurnView.text`, which is CommonMark as a model wrote it and must be escaped
and cut by the renderer.
"""

from dataclasses import dataclass
from typing import Literal

from bot.protocol.ids import ApprovalId, TurnId
from bot.protocol.values import CardData, Fact, Source

Mood = Literal["running", "waiting", "done", "failed", "cancelled"]
StepStatus = Literal["running", "waiting", "done", "failed", "cancelled", "denied"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing the bot does or did."""

    id: str
    title: str
    status: StepStatus
    agent: str = ""
    """Who does it; empty for the coordinator."""
    detail: str = ""
    """Shown for failed and denied steps: why, and what now."""
    seconds: float | None = None
    """How long it took; ``None`` while it runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalView:
    """A request for a decision, or what became of it."""

    approval_id: ApprovalId
    args_hash: str
    title: str
    facts: tuple[Fact, ...]
    status: str
    """One sentence: who is waited for until when, or who decided and why."""
    can_decide: bool
    """Whether this audience gets buttons. Never an authorisation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnView:
    """A whole message, in no platform's words."""

    headline: str
    mood: Mood
    steps: tuple[Step, ...] = ()
    text: str = ""
    """CommonMark, possibly half written."""
    streaming: bool = False
    """Whether more of ``text`` is coming."""
    cards: tuple[CardData, ...] = ()
    approvals: tuple[ApprovalView, ...] = ()
    sources: tuple[Source, ...] = ()
    notices: tuple[str, ...] = ()
    footer: str = ""
    stop_turn: TurnId | None = None
    """Offer a Stop button for this turn."""
    summary: str = ""
    """At most 150 characters for notifications and screen readers."""
