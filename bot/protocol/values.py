"""Values that events carry: small, frozen, platform-neutral."""

from typing import Annotated, Literal, TypeAlias

from pydantic import AwareDatetime, Field, JsonValue

from bot.protocol.ids import ApprovalId, CallId, PersonId, TurnId
from bot.protocol.inbound import Frozen

ItemKind = Literal["text", "thought", "tool", "handoff", "approval", "card", "notice"]
ItemStatus = Literal["done", "failed", "cancelled"]
Effect = Literal["read", "idempotent", "once"]
Outcome = Literal["done", "failed", "unknown"]
"""``failed``: certainly not done. ``unknown``: nobody can tell."""
Verdict = Literal["approved", "rejected", "withdrawn"]
StopReason = Literal["end_turn", "tool_use", "max_tokens", "refusal", "pause_turn"]


class Requester(Frozen):
    """Who asks: bound by the platform's verified identity, never by an argument."""

    person_id: PersonId
    """Empty when nobody in the directory matches."""
    name: str


class OpenRequest(Frozen):
    """Something a person still waits for."""

    approval_id: ApprovalId
    turn_id: TurnId
    subject: str
    waiting_for: tuple[str, ...]
    """Names of those who may decide now."""


class LedgerEntry(Frozen):
    """One tool call with an effect, as the ending of a turn accounts for it."""

    call_id: CallId
    tool: str
    title: str
    """How its step reads."""
    reference: str = ""
    """What people can quote, e.g. a ticket's number; empty where there is none."""


class Ledger(Frozen):
    """What a turn changed: every call with an effect is in exactly one list."""

    did: tuple[LedgerEntry, ...] = ()
    did_not: tuple[LedgerEntry, ...] = ()
    """Certainly not done: refused, failed, or never started."""
    unknown: tuple[LedgerEntry, ...] = ()
    """Started, and nobody can tell what came of it."""


TurnStatus = Literal["running", "parked", "completed", "failed", "cancelled"]


class PastTurn(Frozen):
    """An earlier exchange of the same conversation. Older releases wrote two fields."""

    asked: str
    answered: str
    turn_id: TurnId = TurnId("")
    person_id: PersonId = PersonId("")
    """Who asked; empty: who asks now."""
    name: str = ""
    at: AwareDatetime | None = None
    """When it was asked."""
    ended_at: AwareDatetime | None = None
    status: TurnStatus | None = None
    ledger: Ledger | None = None
    """What was done, what was not, what is unknown; ``None`` before it has ended."""


class Usage(Frozen):
    """Tokens of one model call."""

    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0

    @property
    def total(self) -> int:
        """All tokens that the model read and wrote."""
        return self.input_tokens + self.output_tokens + self.cache_read_tokens

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            cache_read_tokens=self.cache_read_tokens + other.cache_read_tokens,
        )


class Lost(Frozen):
    """What a request to a model took of which there is no reply: it broke off."""

    model: str
    usage: Usage
    estimated: bool = False
    """Whether a part of it is guessed from what was asked and written."""


class Summary(Frozen):
    """What is left of a conversation's exchanges that are not told in full any more."""

    text: str
    until: AwareDatetime
    """Exchanges that ended up to then are in it, and no others."""
    references: tuple[str, ...] = ()
    """Records that these exchanges left and people can quote, the newest last."""
    model: str = ""
    """Who wrote it; empty: nobody, it is made of lines of the exchanges."""
    usage: Usage = Usage()
    """What writing it took."""


class TextBlock(Frozen):
    """What a model wrote."""

    type: Literal["text"] = "text"
    text: str


class ThoughtBlock(Frozen):
    """What a model thought; the signature lets it be sent back."""

    type: Literal["thought"] = "thought"
    text: str
    signature: str = ""
    redacted: str = ""
    """What may not be read, encrypted, in place of text and signature."""


class CallBlock(Frozen):
    """A tool that a model wants to use."""

    type: Literal["call"] = "call"
    call_id: CallId
    name: str
    arguments: dict[str, JsonValue]


Block: TypeAlias = Annotated[
    TextBlock | ThoughtBlock | CallBlock, Field(discriminator="type")
]


class Fact(Frozen):
    """One labelled value of a request, a card or an order."""

    label: str
    value: str


class Source(Frozen):
    """What an answer rests on."""

    title: str
    ref: str
    """Name of the article; stable."""
    quote: str = ""


class CardData(Frozen):
    """A structured result: access granted, an order, a ticket."""

    title: str
    facts: tuple[Fact, ...] = ()
    note: str = ""
    tone: Literal["good", "neutral", "bad"] = "neutral"
    columns: tuple[str, ...] = ()
    """Heads of the table, if there is one."""
    rows: tuple[tuple[str, ...], ...] = ()
    """Of the table, each with a text for every column."""
    steps: tuple[str, ...] = ()
    """What somebody is to do, one after the other."""
    link: str = ""
    """Where there is more about it. Shown if `bot.view.address` finds no fault."""


class Approver(Frozen):
    """Somebody who may decide."""

    person_id: PersonId
    name: str


class Stage(Frozen):
    """One step of an approval: who, how many, until when, and what then."""

    label: str
    """The role, e.g. ``manager`` or ``group:finance``."""
    approvers: tuple[Approver, ...]
    need: int = Field(default=1, ge=1)
    within: float = Field(gt=0)
    """Seconds until ``then``."""
    remind: float | None = None
    """Seconds after which those who have not decided are reminded, again and again; at
    most `bot.turn.approvals.MOST_REMINDERS` times."""
    then: str = "expire"
    """``expire``, ``escalate`` or ``group:NAME``."""
