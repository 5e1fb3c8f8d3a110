"""What people and administrators do to a workspace that the bot does not expect."""

from collections.abc import Callable
from dataclasses import replace

from adapters.simulator.slack.people import Channel, Json
from adapters.simulator.slack.web_api import WebApi
from adapters.simulator.slack.workspace import Workspace
from bot.errors import MalformedError


class Mishaps:
    """Each takes effect at once.

    Args:
        workspace: What is changed.
        api: Whose token is revoked.
        tell: Delivers an event to the bot.
    """

    def __init__(
        self, workspace: Workspace, api: WebApi, tell: Callable[[Json], None]
    ) -> None:
        self._workspace = workspace
        self._api = api
        self._tell = tell

    def delete(self, channel_id: str, ts: str) -> None:
        """Let an administrator delete a message, a streaming one too.

        Raises:
            MalformedError: There is none.
        """
        message = self._workspace.find(channel_id, ts)
        if message is None:
            raise MalformedError(f"{channel_id} has no message {ts!r}")
        self._workspace.delete(message)

    def archive(self, channel_id: str, *, archived: bool = True) -> None:
        """Archive a channel: it can be read, and nothing can change there."""
        channel = self._channel(channel_id)
        self._put(replace(channel, is_archived=archived))

    def remove_bot(self, channel_id: str) -> None:
        """Take the bot out of a channel."""
        channel = self._channel(channel_id)
        bot = self._workspace.bot.user_id
        self._put(
            replace(channel, members=tuple(m for m in channel.members if m != bot))
        )

    def invite_bot(self, channel_id: str) -> None:
        """Take the bot into a channel (again)."""
        self.remove_bot(channel_id)
        channel = self._channel(channel_id)
        members = (*channel.members, self._workspace.bot.user_id)
        self._put(replace(channel, members=members))

    def revoke_token(self, error: str = "token_revoked") -> None:
        """Refuse every call from now on; say so to the bot, as Slack does."""
        self._api.disabled = error
        bot = self._workspace.bot.user_id
        self._tell({"type": "tokens_revoked", "tokens": {"oauth": [], "bot": [bot]}})

    def restore_token(self) -> None:
        """Accept the token again."""
        self._api.disabled = ""

    def allow_edits_for(self, seconds: float | None) -> None:
        """Set the workspace's edit window; ``None``: messages can always be edited."""
        self._workspace.edit_window = seconds

    def _channel(self, channel_id: str) -> Channel:
        if channel_id not in self._workspace.channels:
            raise MalformedError(f"there is no channel {channel_id!r}")
        return self._workspace.channels[channel_id]

    def _put(self, channel: Channel) -> None:
        self._workspace.channels[channel.id] = channel
