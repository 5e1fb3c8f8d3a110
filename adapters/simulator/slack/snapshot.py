"""Everything there is to see in the workspace, as JSON: for pages and tests."""

from collections.abc import Sequence
from dataclasses import asdict

from adapters.simulator.slack.messages import Message, ephemeral_json, seen_json
from adapters.simulator.slack.modals import Modals
from adapters.simulator.slack.people import BotUser, Channel, Json
from adapters.simulator.slack.workspace import Workspace


def snapshot_of(workspace: Workspace, modals: Modals) -> Json:
    """Return the state after ``seq``, the last change of the journal included."""
    now = workspace.clock.now().isoformat()
    return {
        "seq": workspace.journal.last_seq,
        "team": asdict(workspace.team),
        "bot": asdict(workspace.bot),
        "users": [
            asdict(user) | {"handle": user.handle} for user in workspace.users.values()
        ],
        "channels": [_channel(channel) for channel in workspace.channels.values()],
        "messages": {
            channel: seen_of(workspace.messages(channel), workspace.bot)
            for channel in workspace.channels
        },
        "ephemerals": {
            user: [ephemeral_json(e) for e in shown]
            for user, shown in workspace.ephemerals.items()
        },
        "modals": modals.stacks(),
        "statuses": [
            status
            for status in workspace.statuses.values()
            if status["status"] and (status["expires_at"] or now) >= now
        ],
    }


def seen_of(messages: Sequence[Message], bot: BotUser) -> list[Json]:
    """Return messages for the page and tests."""
    return [seen_json(message, bot) for message in messages]


def _channel(channel: Channel) -> Json:
    return {
        "id": channel.id,
        "name": channel.name,
        "is_im": channel.is_im,
        "user": channel.members[0] if channel.is_im else None,
        "members": list(channel.members),
    }
