"""Mail between the ways in and the owner of a conversation, as JSON in its rows."""

from typing import Literal, get_args

from pydantic import Field, JsonValue

from bot.ports.rows import Mail
from bot.ports.store import Transaction
from bot.protocol.ids import ConversationId, PersonId, TenantId, TurnId
from bot.protocol.inbound import Address, Frozen

Kind = Literal["said", "decided", "withdrawn", "stop", "told"]


class Letter(Frozen):
    """One piece of mail."""

    kind: Kind
    person_id: PersonId
    """Who did it, or is told it; empty when nobody in the directory matches."""
    person_name: str = ""
    turn_id: TurnId = TurnId("")
    """Which turn it is for; empty for what is said or told."""
    said_key: str = ""
    text: str = ""
    address: Address | None = None
    decision: dict[str, JsonValue] = Field(default_factory=dict)
    """An `ApprovalDecided` as JSON."""


def is_known(mail: Mail) -> bool:
    """Whether this release knows what such mail means."""
    return mail.kind in get_args(Kind)


def letter_of(mail: Mail) -> Letter:
    """Return the letter that a mailbox row holds, without what a newer release added.

    Raises:
        ValidationError: It is not one.
    """
    return Letter.model_validate_json(mail.body, extra="ignore")


async def send_letter(
    tx: Transaction,
    tenant: TenantId,
    conversation: ConversationId,
    address: Address | None,
    letter: Letter,
) -> None:
    """Put a letter into a conversation's mailbox and wake its owner."""
    body = letter.model_dump_json()
    await tx.deliver(tenant, conversation, address, letter.kind, body)
    await tx.notify(tenant, conversation)
