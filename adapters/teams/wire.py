"""An activity as Teams sends it, read by botbuilder's own `Activity`, then typed.

botbuilder's models are untyped and turn whatever they find into strings, so this is
the one module that looks inside them: everything past it works on `Incoming`. The
custom fields of entities, which botbuilder keeps apart and loses on the way out, are
kept here in both directions.
"""

# botbuilder and msrest carry no types; this module is where that ends.
# pyright: reportUnknownMemberType=false

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

from botbuilder.schema import Activity, ConversationReference

from bot.errors import MalformedError


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """Somebody's name inside a text."""

    id: str
    name: str
    text: str
    """The very characters in the activity's text, e.g. ``<at>Bob</at>``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """What the adapter needs of an activity."""

    activity: Activity
    """For botbuilder's own machinery."""
    type: str
    id: str
    name: str
    """Which invoke; empty otherwise."""
    action: str
    """What an ``installationUpdate`` did."""
    channel_id: str
    service_url: str
    tenant_id: str
    at: datetime | None
    text: str
    from_id: str
    from_object_id: str
    """Entra object id; empty for bots and guests of meetings."""
    from_name: str
    from_role: str
    bot_id: str
    conversation_id: str
    personal: bool
    mentions: tuple[Mention, ...]
    added: tuple[str, ...]
    """Ids of members that joined."""
    attached: tuple[str, ...]
    """Names of files and pictures."""
    value: Mapping[str, Any]
    """What an invoke carries; empty if it carries no object."""


def read_activity(body: bytes) -> Incoming:
    """Return the activity that ``body``, JSON, stands for.

    Raises:
        MalformedError: It is not JSON, or not an activity.
    """
    try:
        document: object = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise MalformedError("the body is not JSON") from error
    if not isinstance(document, dict):
        raise MalformedError("the body is not a JSON object")
    try:
        activity = cast("Activity", Activity().deserialize(document))
        return _typed(activity)
    # msrest reports one wrong field in half a dozen unrelated ways.
    except Exception as error:
        raise MalformedError(f"not an activity: {type(error).__name__}") from error


def write_activity(activity: Activity) -> dict[str, Any]:
    """Return the JSON of an outgoing activity, with its entities complete."""
    body = cast("dict[str, Any]", activity.serialize())
    entities = cast("Sequence[Any]", activity.entities or ())
    if entities:
        body["entities"] = [
            {**(entity.additional_properties or {}), "type": entity.type}
            for entity in entities
        ]
    return body


def reference_of(sent: Activity | ConversationReference) -> tuple[str, str, str]:
    """Return service URL, conversation id and activity id of a message."""
    raw = cast("Any", sent)
    activity_id = raw.activity_id if isinstance(sent, ConversationReference) else raw.id
    conversation = raw.conversation.id if raw.conversation else ""
    return raw.service_url or "", conversation or "", activity_id or ""


def mapping(value: object) -> Mapping[str, Any]:
    """Return ``value`` if it is a JSON object, else an empty one."""
    return cast("Mapping[str, Any]", value) if isinstance(value, dict) else {}


def string(value: object) -> str:
    """Return ``value`` if it is a string, else an empty one."""
    return value if isinstance(value, str) else ""


def _typed(activity: Activity) -> Incoming:
    raw = cast("Any", activity)
    sender, recipient, conversation = raw.from_property, raw.recipient, raw.conversation
    channel_data = mapping(raw.channel_data)
    return Incoming(
        activity=activity,
        type=raw.type or "",
        id=raw.id or "",
        name=raw.name or "",
        action=raw.action or "",
        channel_id=raw.channel_id or "",
        service_url=raw.service_url or "",
        # In a chat of two, some clients leave the conversation's tenant out.
        tenant_id=string(mapping(channel_data.get("tenant")).get("id"))
        or (conversation and conversation.tenant_id)
        or "",
        at=_aware(raw.timestamp),
        text=raw.text or "",
        from_id=(sender and sender.id) or "",
        from_object_id=(sender and sender.aad_object_id) or "",
        from_name=(sender and sender.name) or "",
        from_role=(sender and sender.role) or "",
        bot_id=(recipient and recipient.id) or "",
        conversation_id=(conversation and conversation.id) or "",
        personal=bool(conversation and conversation.conversation_type == "personal"),
        mentions=_mentions(raw.entities or ()),
        added=tuple(member.id or "" for member in raw.members_added or ()),
        attached=_files(raw.attachments or ()),
        value=mapping(raw.value),
    )


def _mentions(entities: Sequence[Any]) -> tuple[Mention, ...]:
    found: list[Mention] = []
    for entity in entities:
        fields = mapping(entity.additional_properties)
        mentioned = mapping(fields.get("mentioned"))
        if entity.type == "mention" and string(fields.get("text")):
            found.append(
                Mention(
                    id=string(mentioned.get("id")),
                    name=string(mentioned.get("name")),
                    text=string(fields.get("text")),
                )
            )
    return tuple(found)


def _files(attachments: Sequence[Any]) -> tuple[str, ...]:
    # Every message comes with a copy of itself as HTML.
    return tuple(
        attachment.name or attachment.content_type or "file"
        for attachment in attachments
        if attachment.content_type != "text/html"
    )


def _aware(at: datetime | None) -> datetime | None:
    if at is None or at.tzinfo is not None:
        return at
    return at.replace(tzinfo=UTC)
