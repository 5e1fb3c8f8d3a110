"""Turn an activity into what the core understands. Pure.

An activity is one delivery. Its id is unique within its conversation only, and Teams
sends a click again under a new id, so clicks are also named by what was clicked.

Source:
    ``https://learn.microsoft.com/microsoftteams/platform/bots/how-to/conversations/conversation-messages``
"""

import html
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeAlias

from pydantic import ValidationError

from adapters.teams import limits, wording
from adapters.teams.wire import Incoming, mapping, string
from bot.errors import MalformedError
from bot.protocol.ids import ApprovalId, TurnId
from bot.protocol.inbound import (
    Address,
    Continued,
    Decided,
    Inbound,
    Met,
    Said,
    Stopped,
    UserRef,
)

CARD_ACTION = "adaptiveCard/action"
APPROVE = "approval.approve"
REJECT = "approval.reject"
STOP = "turn.stop"
CONTINUE = "turn.continue"
_LONGEST_ID = 200


@dataclass(frozen=True, slots=True)
class Ignored:
    """A delivery that needs nothing but an answer."""

    why: str


@dataclass(frozen=True, slots=True)
class UnknownInvoke:
    """A question to the bot that it does not know."""

    name: str


Parsed: TypeAlias = Inbound | Ignored | UnknownInvoke


def parse(incoming: Incoming, *, now: datetime, default_tenant: str = "") -> Parsed:
    """Return what the activity says.

    Args:
        incoming: The activity, verified.
        now: Taken as its time when it carries none.
        default_tenant: Taken as its tenant when it carries none.

    Raises:
        MalformedError: Something that must be there is not.
    """
    if incoming.type not in _KINDS:
        return Ignored(incoming.type or "no type")
    source = _Source(incoming, now=now, default_tenant=default_tenant)
    try:
        return _KINDS[incoming.type](source)
    except ValidationError as error:
        raise MalformedError(f"{incoming.type}: {error.error_count()} bad") from error


class _Source:
    """The parts of an activity that every kind of delivery needs."""

    def __init__(
        self, incoming: Incoming, *, now: datetime, default_tenant: str
    ) -> None:
        self.incoming = incoming
        self.at = incoming.at or now
        self.tenant = _required("tenant", incoming.tenant_id or default_tenant)
        self.conversation = _required("conversation", incoming.conversation_id)
        self.user_id = _required("sender", incoming.from_object_id or incoming.from_id)

    @property
    def delivery_id(self) -> str:
        return f"teams:{self.conversation}:{_required('id', self.incoming.id)}"

    @property
    def user(self) -> UserRef:
        return UserRef(
            platform="teams",
            workspace=self.tenant,
            user_id=self.user_id,
            name=self.incoming.from_name,
        )

    @property
    def address(self) -> Address:
        return Address(
            platform="teams",
            workspace=self.tenant,
            channel=self.conversation,
            user=self.incoming.from_id,
            service_url=self.incoming.service_url,
            personal=self.incoming.personal,
        )


def _required(what: str, value: str) -> str:
    if not value:
        raise MalformedError(f"the activity has no {what}")
    return value


# ---------------------------------------------------------------------- messages


def _said(source: _Source) -> Said | Ignored:
    incoming = source.incoming
    if incoming.from_role == "bot" or incoming.from_id.startswith("28:"):
        return Ignored("written by a bot")
    if not incoming.personal and not _is_mentioned(incoming):
        # Only apps with resource-specific consent get these at all.
        return Ignored("not addressed to the bot")
    parts = [text_of(incoming)]
    if incoming.attached:
        parts.append(wording.attached(incoming.attached))
    text = "\n".join(part for part in parts if part)
    if not text and not incoming.mentions:
        return Ignored("no text")
    return Said(
        delivery_id=source.delivery_id,
        said_key=source.delivery_id,
        user=source.user,
        at=source.at,
        address=source.address,
        text=text or wording.NO_TEXT,
    )


def _is_mentioned(incoming: Incoming) -> bool:
    return any(mention.id == incoming.bot_id for mention in incoming.mentions)


def text_of(incoming: Incoming) -> str:
    """Return what was written: the bot's own mention gone, others as names.

    Each mention's exact characters are replaced once. Looking for the bot's name
    instead, as botbuilder does, would eat it out of ordinary words.
    """
    text = incoming.text
    for mention in incoming.mentions:
        name = "" if mention.id == incoming.bot_id else mention.name
        text = text.replace(mention.text, name, 1)
    text = html.unescape(text).replace("\N{NO-BREAK SPACE}", " ").replace("\r\n", "\n")
    text = re.sub(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]", "", text)
    return text.strip()


# ----------------------------------------------------------------------- invokes


def _invoked(source: _Source) -> Decided | Stopped | Continued | UnknownInvoke:
    incoming = source.incoming
    if incoming.name != CARD_ACTION:
        return UnknownInvoke(incoming.name)
    action = mapping(incoming.value.get("action"))
    data = mapping(action.get("data"))
    match action.get("verb"):
        case "approval.approve":
            return _decided(source, data, verb=APPROVE, verdict="approved")
        case "approval.reject":
            return _decided(source, data, verb=REJECT, verdict="rejected")
        case "turn.stop":
            return _of_turn(source, data, verb=STOP, pressed=Stopped)
        case "turn.continue":
            return _of_turn(source, data, verb=CONTINUE, pressed=Continued)
        case verb:
            return UnknownInvoke(f"{CARD_ACTION} {string(verb)}".strip())


def _decided(
    source: _Source,
    data: Mapping[str, Any],
    *,
    verb: str,
    verdict: Literal["approved", "rejected"],
) -> Decided:
    approval, args_hash = _id(data, "a"), _id(data, "h")
    # Several requests on one card need several inputs; "r" names this one's.
    reason = string(data.get(string(data.get("r")) or "reason"))
    return Decided(
        delivery_id=source.delivery_id,
        said_key=f"teams:{verb}:{approval}:{source.user_id}:{args_hash}",
        user=source.user,
        at=source.at,
        approval_id=ApprovalId(approval),
        verdict=verdict,
        args_hash=args_hash,
        reason=reason.strip()[: limits.REASON_CHARS],
    )


def _of_turn(
    source: _Source,
    data: Mapping[str, Any],
    *,
    verb: str,
    pressed: type[Stopped | Continued],
) -> Stopped | Continued:
    turn = _id(data, "t")
    return pressed(
        delivery_id=source.delivery_id,
        said_key=f"teams:{verb}:{turn}:{source.user_id}",
        user=source.user,
        at=source.at,
        turn_id=TurnId(turn),
    )


def _id(data: Mapping[str, Any], key: str) -> str:
    value = string(data.get(key))
    if not 0 < len(value) <= _LONGEST_ID:
        raise MalformedError(f"the button's data has no usable {key!r}")
    return value


# ---------------------------------------------------------------------- meetings


def _met(source: _Source) -> Met | Ignored:
    incoming = source.incoming
    if incoming.type == "installationUpdate":
        here = incoming.action.startswith("add")
    else:
        here = incoming.bot_id in incoming.added
    if not here or incoming.from_id.startswith("28:"):
        return Ignored(f"{incoming.type} about others")
    return Met(
        delivery_id=source.delivery_id,
        said_key=source.delivery_id,
        user=source.user,
        at=source.at,
        address=source.address,
    )


_KINDS: Mapping[str, Callable[[_Source], Parsed]] = {
    "message": _said,
    "invoke": _invoked,
    "conversationUpdate": _met,
    "installationUpdate": _met,
}
