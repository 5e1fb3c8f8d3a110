"""Messages, ephemeral messages and their JSON, for the wire and for the page."""

from dataclasses import dataclass
from typing import Any

from adapters.simulator.slack.people import BotUser, Json, Team
from adapters.simulator.slack.streams import Stream


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message as it stands now."""

    channel: str
    ts: str
    user: str
    text: str
    thread_ts: str | None = None
    """The thread's first message, when this is a reply in it."""
    from_bot: bool = False
    blocks: tuple[Json, ...] = ()
    attachments: tuple[Json, ...] = ()
    metadata: Json | None = None
    client_msg_id: str | None = None
    reactions: tuple[tuple[str, str], ...] = ()
    """(emoji name, user id), oldest first."""
    edited_ts: str | None = None
    revision: int = 1
    """Counts the edits; no such thing in Slack."""
    stream: Stream | None = None
    """What it grows from, until it is edited."""
    broadcast: bool = False
    """A reply also shown in the channel."""
    previews: bool = False
    """Whether Slack would fetch addresses in it and show what is there."""

    @property
    def is_streaming(self) -> bool:
        """Whether it may still grow."""
        return self.stream is not None and self.stream.life == "open"

    @property
    def root(self) -> str:
        """The ts of the thread this message is in or would start."""
        return self.thread_ts or self.ts


@dataclass(frozen=True, slots=True, kw_only=True)
class Ephemeral:
    """A message that only one person sees, until they reload."""

    channel: str
    ts: str
    user: str
    text: str
    thread_ts: str | None = None
    blocks: tuple[Json, ...] = ()


def message_json(
    message: Message, *, team: Team, bot: BotUser, with_metadata: bool
) -> Json:
    """Return ``message`` as the Web API and events show it."""
    shown: Json = {
        "type": "message",
        "user": message.user,
        "ts": message.ts,
        "text": message.text,
        "team": team.id,
    }
    if message.from_bot:
        shown |= {
            "bot_id": bot.bot_id,
            "app_id": bot.app_id,
            "bot_profile": {
                "id": bot.bot_id,
                "app_id": bot.app_id,
                "name": bot.name,
                "deleted": False,
                "team_id": team.id,
            },
        }
    if with_metadata and message.metadata is not None:
        shown["metadata"] = message.metadata
    if message.edited_ts is not None:
        shown["edited"] = {"user": message.user, "ts": message.edited_ts}
    return shown | _when_there(message)


def _when_there(message: Message) -> Json:
    optional: dict[str, Any] = {
        "client_msg_id": message.client_msg_id,
        "thread_ts": message.thread_ts,
        "subtype": "thread_broadcast" if message.broadcast else None,
        "blocks": list(message.blocks),
        "attachments": list(message.attachments),
        "reactions": reactions_json(message),
    }
    return {key: value for key, value in optional.items() if value}


def reactions_json(message: Message) -> list[Json]:
    """Return the reactions by name, with who reacted."""
    names = dict.fromkeys(name for name, _ in message.reactions)
    by_name = {
        name: [user for other, user in message.reactions if other == name]
        for name in names
    }
    return [
        {"name": name, "users": users, "count": len(users)}
        for name, users in by_name.items()
    ]


def seen_json(message: Message, bot: BotUser) -> Json:
    """Return ``message`` for the page and the journal, every key always there."""
    return {
        "channel": message.channel,
        "ts": message.ts,
        "thread_ts": message.thread_ts,
        "user": message.user,
        "bot_id": bot.bot_id if message.from_bot else None,
        "text": message.text,
        "blocks": list(message.blocks),
        "attachments": list(message.attachments),
        "metadata": message.metadata,
        "reactions": reactions_json(message),
        "edited": message.edited_ts,
        "revision": message.revision,
        "stream": message.stream.life if message.stream else None,
        "previews": message.previews,
    }


def ephemeral_json(ephemeral: Ephemeral) -> Json:
    """Return ``ephemeral`` for the page and the journal."""
    return {
        "channel": ephemeral.channel,
        "ts": ephemeral.ts,
        "thread_ts": ephemeral.thread_ts,
        "user": ephemeral.user,
        "text": ephemeral.text,
        "blocks": list(ephemeral.blocks),
    }
