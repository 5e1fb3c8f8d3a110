"""The connector's operations on the tenant, without HTTP.

Every method answers as Teams documents it; `adapters.simulator.teams.answers` has
the sources.
"""

from collections.abc import Mapping

from pydantic import ValidationError

from adapters.simulator.teams import answers
from adapters.simulator.teams.answers import Answer, bad_argument, bad_syntax
from adapters.simulator.teams.budgets import Budgets
from adapters.simulator.teams.contents import (
    parts_of,
    refuse_content,
    warnings_of,
)
from adapters.simulator.teams.limits import Limits
from adapters.simulator.teams.streaming import ContentStreams
from adapters.simulator.teams.tenant import Chat, Message, Standing, Tenant, User
from adapters.simulator.teams.wire import (
    Json,
    NewConversation,
    SentActivity,
    measure_bytes,
)

CREATION = "Incorrect conversation creation parameters"
_UNWELCOME: Mapping[Standing, Answer] = {
    "stranger": answers.NO_CONVERSATION,
    "removed": answers.NOT_IN_ROSTER,
    "blocked": answers.BLOCKED,
    "muted": answers.MUTED,
    "disabled": answers.DISABLED,
}
"""Why a bot may not act in a chat."""


class Connector:
    """What a bot may do in a tenant.

    Args:
        tenant: What it acts on.
        budgets: What it has left.
        limits: What else is limited.
        streams: Messages that grow.
    """

    def __init__(
        self,
        tenant: Tenant,
        budgets: Budgets,
        limits: Limits,
        streams: ContentStreams,
    ) -> None:
        self._streams = streams
        self._tenant = tenant
        self._budgets = budgets
        self._limits = limits

    def create(self, body: Json) -> Answer:
        """Open the personal conversation with one member, or return the open one."""
        try:
            asked = NewConversation.model_validate(body)
        except ValidationError:
            return bad_syntax(CREATION)
        who = asked.members[0].id if len(asked.members) == 1 else None
        if asked.is_group or not who or asked.tenant != self._tenant.id:
            # Also a GUID in ``aadObjectId``: MicrosoftDocs/msteams-docs#14079
            return bad_syntax(CREATION)
        if asked.bot and asked.bot.id not in {None, self._tenant.bot["id"]}:
            return bad_syntax(CREATION)
        chat = self._tenant.find_chat(who)
        if chat is None or who == chat.user.person:
            return bad_syntax(CREATION)
        if refused := self._budgets.charge("create", chat.user.mri):
            return refused
        if chat.standing in {"stranger", "removed"}:
            return answers.NOT_INSTALLED
        return _UNWELCOME.get(chat.standing) or self._opened(chat, asked)

    def send(self, conversation: str, body: Json, reply_to: str | None) -> Answer:
        """Show a new message, or that the bot writes.

        A reply to an unknown activity is shown all the same: what Teams does is not
        documented, and personal chats have no threads.
        """
        chat = self._open_chat(conversation)
        if isinstance(chat, Answer):
            return chat
        activity = _read(body)
        if isinstance(activity, Answer):
            return activity
        if reply_to is not None:
            body = {"replyToId": reply_to, **body}
        streams = bool(activity.streams)
        parts = [body] if streams else list(parts_of(body, activity))
        if refused := self._budgets.charge("send", chat.id, len(parts)):
            return refused
        if streams:
            return self._streams.take(chat, body, activity)
        if refused := self._refuse(body, activity):
            return refused
        if activity.type == "typing":
            self._tenant.type(chat)
            return Answer(202, {})
        shown = [self._post(chat, part) for part in parts]
        if len(shown) > 1:
            # Two messages and no id: conversation-messages, "message splitting"
            return Answer(202, {})
        return Answer(201, {"id": shown[0].id})

    def update(self, conversation: str, activity_id: str, body: Json) -> Answer:
        """Replace a message of the bot entirely."""
        found = self._own(conversation, activity_id)
        if isinstance(found, Answer):
            return found
        chat, message = found
        activity = _read(body)
        if isinstance(activity, Answer):
            return activity
        if activity.type != "message" or activity.streams:
            return bad_argument("Unknown activity type")
        if refused := self._budgets.charge("update", chat.id):
            return refused
        if self._streams.is_open(chat, activity_id):
            return answers.STREAM_OFF
        if refused := self._refuse(body, activity):
            return refused
        self._tenant.edit(chat, message, body, warnings=warnings_of(activity))
        return Answer(200, {"id": activity_id})

    def delete(self, conversation: str, activity_id: str) -> Answer:
        """Take a message of the bot away."""
        found = self._own(conversation, activity_id)
        if isinstance(found, Answer):
            return found
        chat, message = found
        if refused := self._budgets.charge("delete", chat.id):
            return refused
        self._tenant.delete(chat, message)
        return Answer(200)

    def members(self, conversation: str, *, paged: bool = False) -> Answer:
        """Return the people in a conversation."""
        chat = self._open_chat(conversation)
        if isinstance(chat, Answer):
            return chat
        if refused := self._budgets.charge("members", chat.id, old=not paged):
            return refused
        people = [self._member(user) for user in (chat.user, *chat.others)]
        return Answer(200, {"members": people} if paged else people)

    def member(self, conversation: str, who: str) -> Answer:
        """Return one person of a conversation, named by MRI or Entra object id."""
        chat = self._open_chat(conversation)
        if isinstance(chat, Answer):
            return chat
        if refused := self._budgets.charge("members", chat.id):
            return refused
        for user in (chat.user, *chat.others):
            if who in {user.mri, user.aad_id}:
                return Answer(200, self._member(user))
        return answers.NO_MEMBER

    def _opened(self, chat: Chat, asked: NewConversation) -> Answer:
        if asked.activity is None:
            return Answer(201, {"id": chat.id})
        sent = self.send(chat.id, asked.activity, None)
        if sent.code:
            return sent
        return Answer(201, {"id": chat.id, "activityId": sent.body.get("id")})

    def _post(self, chat: Chat, body: Json) -> Message:
        warnings = warnings_of(SentActivity.model_validate(body))
        return self._tenant.post(chat, self._tenant.bot, body, warnings=warnings)

    def _open_chat(self, conversation: str) -> Chat | Answer:
        chat = self._tenant.conversation(conversation)
        if chat is None:
            return answers.NO_CONVERSATION
        return _UNWELCOME.get(chat.standing) or chat

    def _own(
        self, conversation: str, activity_id: str
    ) -> tuple[Chat, Message] | Answer:
        chat = self._open_chat(conversation)
        if isinstance(chat, Answer):
            return chat
        message = chat.messages.get(activity_id)
        if message is None or message.deleted:
            return answers.NO_ACTIVITY
        if message.sender["id"] != self._tenant.bot["id"]:
            return answers.NOT_YOURS
        return chat, message

    def _refuse(self, body: Json, activity: SentActivity) -> Answer | None:
        if activity.type == "typing":
            return None
        if activity.type != "message":
            return bad_argument("Unknown activity type")
        if not activity.text and not activity.attachments:
            return bad_syntax(
                "Activity must include non empty 'text' field or at least 1 attachment"
            )
        if measure_bytes(body) > self._limits.message_bytes:
            return answers.TOO_BIG
        return refuse_content(activity)

    def _member(self, user: User) -> Json:
        given, _, surname = user.name.partition(" ")
        return {
            **user.account(),
            "objectId": user.aad_id,
            "givenName": given,
            "surname": surname,
            "email": user.email,
            "userPrincipalName": user.email,
            "tenantId": self._tenant.id,
            "userRole": "user",
        }


def _read(body: Json) -> SentActivity | Answer:
    try:
        return SentActivity.model_validate(body)
    except ValidationError as error:
        problem = error.errors()[0]
        where = ".".join(str(part) for part in problem["loc"])
        return bad_argument(f"{where}: {problem['msg']}")
