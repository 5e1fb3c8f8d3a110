"""What exists in the tenant: people, their chats with the bot, and the messages.

Every change goes through here and into the journal. Ids are functions of the
people's directory ids, so a restarted stand-in is the same tenant to the bot.
"""

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from adapters.simulator.journal import Journal
from adapters.simulator.teams.cards import card_attachment
from adapters.simulator.teams.wire import Json
from bot.clock import Clock
from bot.company.model import Person
from bot.errors import PlatformError

Standing = Literal["stranger", "installed", "removed", "blocked", "muted", "disabled"]
"""What the bot is to a person: never met, installed, uninstalled, blocked (Teams has
two ways to say that), or disabled by an administrator."""
ChatKind = Literal["personal", "groupChat"]


def _opaque(*parts: str, length: int) -> str:
    digest = hashlib.sha512("\x1f".join(parts).encode()).digest()
    return urlsafe_b64encode(digest).decode()[:length]


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Somebody with an account in the tenant."""

    person: str
    """Their id in the company file; how callers of the stand-in name them."""
    aad_id: str
    mri: str
    """``29:…``, what Teams calls them towards this bot."""
    name: str
    email: str

    def account(self) -> Json:
        """Return them as a Bot Framework account."""
        return {"id": self.mri, "name": self.name, "aadObjectId": self.aad_id}


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message as it is shown now."""

    conversation: str
    id: str
    sender: Json
    content: Json
    """The activity's fields without ids, addresses and people."""
    at: str
    edited: str | None = None
    revision: int = 1
    deleted: bool = False
    warnings: tuple[str, ...] = ()
    """What users do not see of it as it was meant."""

    def shown(self) -> Json:
        """Return the complete message, JSON-able."""
        return {
            "text": "",
            "attachments": [],
            "entities": [],
            **self.content,
            "conversation": self.conversation,
            "id": self.id,
            "from": self.sender,
            "timestamp": self.at,
            "edited": self.edited,
            "revision": self.revision,
            "deleted": self.deleted,
            "warnings": list(self.warnings),
        }


@dataclass(slots=True, kw_only=True)
class Chat:
    """The personal conversation of one person and the bot, or a group's."""

    id: str
    user: User
    kind: ChatKind = "personal"
    others: tuple[User, ...] = ()
    """Who else is in a group."""
    standing: Standing = "stranger"
    last_id: int = 0
    messages: dict[str, Message] = field(default_factory=dict[str, Message])
    said: dict[str, Json] = field(default_factory=dict[str, Json])
    """What was delivered to the bot, by activity id, to deliver it again."""
    overlays: dict[str, Json] = field(default_factory=dict[str, Json])
    """Cards that only this person sees, by the activity they cover."""


_ADDRESS = frozenset(
    {
        "id",
        "type",
        "conversation",
        "from",
        "recipient",
        "serviceUrl",
        "channelId",
        "timestamp",
        "localTimestamp",
    }
)


class Tenant:
    """The state of the stand-in.

    Args:
        tenant_id: The Microsoft 365 tenant's GUID.
        app_id: The bot's app id.
        bot_name: The bot's display name.
        people: Who has an account; those without an Entra id have none.
        journal: Where every change goes.
        clock: Stamps messages.
    """

    def __init__(
        self,
        *,
        tenant_id: str,
        app_id: str,
        bot_name: str,
        people: Iterable[Person],
        journal: Journal,
        clock: Clock,
    ) -> None:
        self.id = tenant_id
        self.bot: Json = {"id": f"28:{app_id}", "name": bot_name}
        self._journal = journal
        self._clock = clock
        self.chats = {
            chat.id: chat
            for person in people
            if person.entra
            for chat in [self._chat(person, app_id)]
        }
        """The personal ones, by id."""
        self.groups: dict[str, Chat] = {}
        """By id, too."""

    def chat_of(self, who: str) -> Chat:
        """Return the chat of a person.

        Args:
            who: A person's id, Entra object id or MRI.

        Raises:
            PlatformError: Nobody in the tenant is called that.
        """
        found = self.find_chat(who)
        if found is None:
            raise PlatformError("teams", "UnknownUser", f"nobody is called {who!r}")
        return found

    def find_chat(self, who: str) -> Chat | None:
        """Return the chat of a person, if they are in the tenant."""
        for chat in self.chats.values():
            if who in {chat.user.person, chat.user.aad_id, chat.user.mri}:
                return chat
        return None

    def conversation(self, conversation: str) -> Chat | None:
        """Return the chat or group of this id."""
        return self.chats.get(conversation) or self.groups.get(conversation)

    def place_of(self, who: str, group: str) -> Chat:
        """Return the group of this id that a person is in; without one, their chat.

        Raises:
            PlatformError: There is no such group, or nobody in it is called that.
        """
        if not group:
            return self.chat_of(who)
        place, user = self.groups.get(group), self.chat_of(who).user
        if place is None or user not in {place.user, *place.others}:
            raise PlatformError("teams", "UnknownUser", f"{who!r} is not in there")
        return place

    def open_group(self, who: Iterable[str]) -> Chat:
        """Let people open a group and add the bot to it.

        Raises:
            PlatformError: Nobody in the tenant is called that.
        """
        first, *others = [self.chat_of(name).user for name in who]
        names = sorted(user.aad_id for user in (first, *others))
        group = Chat(
            id=f"19:{_opaque('group', self.id, *names, length=32)}@thread.v2",
            user=first,
            kind="groupChat",
            others=tuple(others),
            standing="installed",
        )
        self.groups[group.id] = group
        self._journal.record("teams.conversation", **describe_chat(group))
        return group

    def set_standing(self, chat: Chat, standing: Standing) -> None:
        """Change what the bot is to a person."""
        chat.standing = standing
        self._journal.record("teams.conversation", **describe_chat(chat))

    def post(
        self,
        chat: Chat,
        sender: Json,
        content: Mapping[str, Any],
        *,
        warnings: Iterable[str] = (),
    ) -> Message:
        """Show a new message."""
        message = Message(
            conversation=chat.id,
            id=self.next_id(chat),
            sender=sender,
            content=_content(content),
            at=self.instant(),
            warnings=tuple(warnings),
        )
        return self._show(chat, message)

    def edit(
        self,
        chat: Chat,
        message: Message,
        content: Mapping[str, Any],
        *,
        warnings: Iterable[str] = (),
    ) -> Message:
        """Replace a message; nobody keeps a card of their own on it."""
        self.cover(chat, message.id, None)
        edited = replace(
            message,
            content=_content(content),
            edited=self.instant(),
            revision=message.revision + 1,
            warnings=tuple(warnings),
        )
        return self._show(chat, edited)

    def grow(
        self,
        chat: Chat,
        message: Message,
        content: Mapping[str, Any],
        *,
        warnings: Iterable[str] = (),
    ) -> Message:
        """Show more of a message that streams; that is no edit."""
        grown = replace(message, content=_content(content), warnings=tuple(warnings))
        return self._show(chat, grown)

    def delete(self, chat: Chat, message: Message) -> None:
        """Take a message away; what remains says that it was deleted."""
        self.cover(chat, message.id, None)
        gone = replace(
            message,
            content={},
            edited=self.instant(),
            revision=message.revision + 1,
            deleted=True,
            warnings=(),
        )
        self._show(chat, gone)

    def cover(self, chat: Chat, activity_id: str, card: Json | None) -> None:
        """Show ``card`` in place of an activity, to the chat's person alone."""
        if card is None and activity_id not in chat.overlays:
            return
        if card is None:
            del chat.overlays[activity_id]
        else:
            chat.overlays[activity_id] = card
        self._journal.record("teams.overlay", **_overlay(chat, activity_id, card))

    def type(self, chat: Chat) -> None:
        """Show for a moment that the bot writes."""
        self._journal.record("teams.typing", conversation=chat.id)

    def next_id(self, chat: Chat) -> str:
        """Return a new activity id: epoch milliseconds, unique in one chat only."""
        now = int(self._clock.now().timestamp() * 1000)
        chat.last_id = max(now, chat.last_id + 1)
        return str(chat.last_id)

    def instant(self) -> str:
        """Return the time as activities carry it."""
        now = self._clock.now().isoformat(timespec="milliseconds")
        return now.replace("+00:00", "Z")

    def snapshot(self) -> Json:
        """Return everything that exists, JSON-able."""
        chats = list(self.chats.values())
        places = [*chats, *self.groups.values()]
        return {
            "seq": self._journal.last_seq,
            "tenant": {"id": self.id},
            "bot": dict(self.bot),
            "users": [
                {
                    **chat.user.account(),
                    "person": chat.user.person,
                    "email": chat.user.email,
                    "conversation": chat.id,
                }
                for chat in chats
            ],
            "conversations": [describe_chat(place) for place in places],
            "messages": [m.shown() for each in places for m in each.messages.values()],
            "overlays": [
                _overlay(chat, activity_id, card)
                for chat in chats
                for activity_id, card in chat.overlays.items()
            ],
        }

    def seen(self, chat: Chat) -> list[Json]:
        """Return what the chat's person sees: nothing deleted, cards of their own."""
        return [
            {**message.shown(), "attachments": [card_attachment(card)]}
            if (card := chat.overlays.get(message.id))
            else message.shown()
            for message in live_messages(chat)
        ]

    def _show(self, chat: Chat, message: Message) -> Message:
        chat.messages[message.id] = message
        self._journal.record("teams.activity", **message.shown())
        return message

    def _chat(self, person: Person, app_id: str) -> Chat:
        user = User(
            person=person.id,
            aad_id=person.entra,
            mri="29:1" + _opaque("mri", app_id, person.entra, length=85),
            name=person.name,
            email=person.email,
        )
        chat_id = "a:1" + _opaque("chat", app_id, self.id, person.entra, length=85)
        return Chat(id=chat_id, user=user)


def describe_chat(chat: Chat) -> Json:
    """Return a chat without its messages, JSON-able."""
    return {
        "id": chat.id,
        "conversationType": chat.kind,
        "person": chat.user.person,
        "standing": chat.standing,
    }


def live_messages(chat: Chat) -> Iterator[Message]:
    """Yield the messages that were not deleted, oldest first."""
    return (message for message in chat.messages.values() if not message.deleted)


def _overlay(chat: Chat, activity_id: str, card: Json | None) -> Json:
    return {
        "conversation": chat.id,
        "activity": activity_id,
        "person": chat.user.person,
        "card": card,
    }


def _content(activity: Mapping[str, Any]) -> Json:
    return {key: value for key, value in activity.items() if key not in _ADDRESS}
