"""What one audience sees of a turn, before any platform's words.

Adapters turn a `TurnView` into Block Kit or an Adaptive Card. All text here is plain
except `TurnView.text`, which is CommonMark as a model wrote it and must be escaped
and cut by the renderer.
"""

from dataclasses import dataclass
from typing import Literal

from bot.protocol.ids import ApprovalId, TurnId
from bot.protocol.values import CardData, Fact, Source
from bot.view import endings

Mood = Literal["running", "noted", "waiting", "done", "unsure", "failed", "cancelled"]
"""``noted``: it may run or be over; another message tells.
``unsure``: it ended, and nobody can tell yet what came of a part of it."""
StepStatus = Literal[
    "running", "waiting", "done", "failed", "cancelled", "denied", "aside", "unknown"
]
"""``aside``: its requester wants something else instead, which is nobody's failure.
``unknown``: it was started, and nobody can tell yet whether it happened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing the bot does or did."""

    id: str
    title: str
    status: StepStatus
    agent: str = ""
    """Who does it; empty for the coordinator."""
    detail: str = ""
    """Of steps that did not simply work: why, and what now. Of a hand-off: since when
    somebody is on it, and why they are."""
    seconds: float | None = None
    """How long it took; ``None`` while it runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing that an ending accounts for."""

    title: str
    agent: str = ""
    """Which specialist saw to it; empty: the coordinator."""
    reference: str = ""
    """What people can quote; empty where there is none."""
    note: str = ""
    """Who approved it, why it was not done, or what to do about it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """How a turn ended that did not simply succeed: nothing is left unsaid."""

    said: str
    """Why it ended, and whether anything was changed at all."""
    did: tuple[Entry, ...] = ()
    did_not: tuple[Entry, ...] = ()
    unknown: tuple[Entry, ...] = ()
    follows: str = ""
    """What happens next, and what the reader can do."""

    @property
    def parts(self) -> tuple[tuple[StepStatus, str, tuple[Entry, ...]], ...]:
        """The parts that there are: a mark, a heading and what belongs under it."""
        parts: tuple[tuple[StepStatus, str, tuple[Entry, ...]], ...] = (
            ("done", endings.DID, self.did),
            ("cancelled", endings.DID_NOT, self.did_not),
            ("unknown", endings.UNKNOWN, self.unknown),
        )
        return tuple(part for part in parts if part[2])


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
    account: Account | None = None
    """Stands directly below the headline. What it names is not in ``steps``."""
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
    continue_turn: TurnId | None = None
    """Offer a Continue button: this turn's answer had grown too long."""
    summary: str = ""
    """At most 150 characters for notifications and screen readers."""
