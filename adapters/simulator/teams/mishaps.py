"""What people and administrators do to a bot in Teams that it is not told of."""

from typing import Literal

from adapters.simulator.teams.login import Login
from adapters.simulator.teams.streaming import ContentStreams
from adapters.simulator.teams.tenant import Tenant
from bot.errors import PlatformError


class Mishaps:
    """Each takes effect at once.

    Args:
        tenant: What is changed.
        login: Whose tokens are revoked.
        streams: Of the tenant's chats.
    """

    def __init__(self, tenant: Tenant, login: Login, streams: ContentStreams) -> None:
        self._tenant = tenant
        self._login = login
        self._streams = streams

    def block(
        self,
        user_id: str,
        how: Literal["blocked", "muted", "disabled"] = "blocked",
    ) -> None:
        """Let a person or an administrator shut the bot out."""
        self._tenant.set_standing(self._tenant.chat_of(user_id), how)

    def let_in(self, user_id: str) -> None:
        """Let the bot write to a person again."""
        self._tenant.set_standing(self._tenant.chat_of(user_id), "installed")

    def clear_history(self, user_id: str) -> None:
        """Let a person remove the chat and its history: its id is not known any more.

        Source: MicrosoftDocs/msteams-docs#14079
        """
        self._tenant.set_standing(self._tenant.chat_of(user_id), "stranger")

    def delete(self, conversation: str, activity_id: str) -> None:
        """Let an owner or a retention policy delete a message, a streaming one too.

        Raises:
            PlatformError: There is none.
        """
        chat = self._tenant.conversation(conversation)
        message = chat.messages.get(activity_id) if chat else None
        if chat is None or message is None:
            raise PlatformError("teams", "NoSuchMessage", activity_id)
        self._tenant.delete(chat, message)

    def switch_streams(self, *, on: bool) -> None:
        """Allow streams, or refuse to begin any and end those that are open.

        Source: https://learn.microsoft.com/microsoftteams/platform/bots/streaming-ux#error-codes
        """
        self._streams.allow(on=on)

    def revoke_tokens(self) -> None:
        """Forget every bearer token granted so far."""
        self._login.revoke()
