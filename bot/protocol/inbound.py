"""What platforms tell us, normalised: one model per kind of delivery.

A delivery is one webhook call. It carries two names: ``delivery_id`` (the platform's
id of the call) and ``said_key`` (what was said or done, whatever the id), because
Slack sends one message as two events and Teams re-sends an invoke under a new id.
"""

from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from bot.protocol.ids import ApprovalId, ConversationId, PlatformName, TurnId


def _a_name(text: str) -> str:
    """Return ``text`` if Postgres can hold it, as every real id.

    Raises:
        ValueError: It has a NUL or half a character in it.
    """
    if "\x00" in text or any("\ud800" <= char <= "\udfff" for char in text):
        raise ValueError("is no id")
    return text


Name: TypeAlias = Annotated[str, AfterValidator(_a_name)]
"""What a platform or a card calls somebody or something."""


class Frozen(BaseModel):
    """A value."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Address(Frozen):
    """Where on a platform a message can be shown."""

    platform: PlatformName
    workspace: Name
    """Slack team id, or Microsoft 365 tenant id."""
    channel: Name
    """Slack channel id (``C…``, ``D…``) or Teams conversation id."""
    thread: Name = ""
    """Slack thread timestamp; empty in Teams, where the conversation id has it."""
    user: Name = ""
    """The platform's id of the person spoken to, where there is just one."""
    service_url: str = ""
    """Teams only: the connector that serves this conversation."""
    personal: bool = False
    """Whether only this person and the bot are here."""

    @property
    def conversation_id(self) -> ConversationId:
        """The mailbox that messages from here go to."""
        parts = [self.platform, self.workspace, self.channel]
        if self.thread:
            parts.append(self.thread)
        return ConversationId(":".join(parts))


class UserRef(Frozen):
    """Somebody as a platform knows them, verified by signature or token."""

    platform: PlatformName
    workspace: Name
    user_id: Name
    """Slack user id, or Entra object id."""
    name: str = ""
    email: str = ""


class Delivery(Frozen):
    """What all deliveries share."""

    delivery_id: Name
    said_key: Name
    user: UserRef
    at: AwareDatetime


class Said(Delivery):
    """Somebody wrote to the bot."""

    type: Literal["said"] = "said"
    address: Address
    text: str


class Decided(Delivery):
    """Somebody pressed Approve or Reject. Whether it counts is not decided here."""

    type: Literal["decided"] = "decided"
    approval_id: Annotated[ApprovalId, AfterValidator(_a_name)]
    verdict: Literal["approved", "rejected"]
    args_hash: Name
    """Hash of what the pressed card showed; a stale one is refused."""
    reason: str = ""


class Stopped(Delivery):
    """Somebody pressed Stop."""

    type: Literal["stopped"] = "stopped"
    turn_id: Annotated[TurnId, AfterValidator(_a_name)]


class Continued(Delivery):
    """Somebody pressed Continue, below an answer that had grown too long."""

    type: Literal["continued"] = "continued"
    turn_id: Annotated[TurnId, AfterValidator(_a_name)]


class Met(Delivery):
    """The bot can now reach a person here (installed, or added to a chat)."""

    type: Literal["met"] = "met"
    address: Address


Inbound: TypeAlias = Annotated[
    Said | Decided | Stopped | Continued | Met, Field(discriminator="type")
]
