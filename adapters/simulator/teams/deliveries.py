"""The activities that Teams delivers to a bot, as it words them.

Source: https://learn.microsoft.com/microsoftteams/platform/bots/how-to/conversations/conversation-messages
and …/conversations/subscribe-to-conversation-events
"""

import html
from collections.abc import Mapping
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from adapters.simulator.teams.tenant import Chat, Tenant
from adapters.simulator.teams.wire import Json

LOCALE = "en-US"


class Composer:
    """Writes activities.

    Args:
        tenant: Where they come from.
        service_url: Where bots are to answer.
    """

    def __init__(self, tenant: Tenant, service_url: str) -> None:
        self._tenant = tenant
        self._service_url = service_url
        self._made = 0

    def event_id(self) -> str:
        """Return a new id of something that is no message."""
        self._made += 1
        name = f"{self._tenant.id}/{self._tenant.instant()}/{self._made}"
        return f"f:{uuid5(NAMESPACE_URL, name)}"

    def message(self, chat: Chat, activity_id: str, text: str, *, by: Json) -> Json:
        """Return what is delivered when ``by`` writes ``text``.

        In a group it mentions the bot: others are not delivered.
        """
        page = f"<p>{html.escape(text, quote=False)}</p>"
        entities: list[Json] = [
            {"type": "clientInfo", "locale": LOCALE, "platform": "Web"}
        ]
        if chat.kind != "personal":
            name = f"<at>{self._tenant.bot['name']}</at>"
            text = f"{name}&nbsp;{text}"
            entities.append(
                {"type": "mention", "mentioned": dict(self._tenant.bot), "text": name}
            )
        return self._envelope(chat, activity_id) | {
            "from": by,
            "type": "message",
            "text": text,
            "textFormat": "plain",
            "attachments": [{"contentType": "text/html", "content": page}],
            "entities": entities,
        }

    def click(
        self,
        chat: Chat,
        activity_id: str,
        action: Mapping[str, Any],
        inputs: Mapping[str, Any],
        *,
        trigger: str,
    ) -> Json:
        """Return the invoke of an ``Action.Execute`` on the card ``activity_id``."""
        written: Mapping[str, Any] = action.get("data") or {}
        data = {**written, **inputs}
        known = {key: action[key] for key in ("id", "verb") if key in action}
        envelope = self._envelope(chat, self.event_id())
        envelope["channelData"] |= {
            "source": {"name": "message"},
            "legacy": {"replyToId": activity_id},
        }
        return envelope | {
            "type": "invoke",
            "name": "adaptiveCard/action",
            "replyToId": activity_id,
            "value": {
                "action": {"type": "Action.Execute", **known, "data": data},
                "trigger": trigger,
            },
        }

    def again(self, invoke: Json) -> Json:
        """Return the same invoke as Teams' outer layer repeats it: as a new one."""
        return invoke | {"id": self.event_id(), "timestamp": self._tenant.instant()}

    def installation(self, chat: Chat, *, added: bool) -> list[Json]:
        """Return what tells a bot that a person installed or removed it."""
        update = self._envelope(chat, self.event_id()) | {
            "type": "installationUpdate",
            "action": "add" if added else "remove",
        }
        members = "membersAdded" if added else "membersRemoved"
        roster = self._envelope(chat, self.event_id()) | {
            "type": "conversationUpdate",
            members: [{"id": self._tenant.bot["id"]}],
        }
        return [roster, update] if added else [update]

    def _envelope(self, chat: Chat, activity_id: str) -> Json:
        now = self._tenant.instant()
        return {
            "id": activity_id,
            "channelId": "msteams",
            "serviceUrl": self._service_url,
            "timestamp": now,
            "localTimestamp": now,
            "locale": LOCALE,
            "from": chat.user.account(),
            "recipient": dict(self._tenant.bot),
            "conversation": {
                "conversationType": chat.kind,
                **({} if chat.kind == "personal" else {"isGroup": True}),
                "tenantId": self._tenant.id,
                "id": chat.id,
            },
            "channelData": {"tenant": {"id": self._tenant.id}},
        }
