"""Teams behind the core's port.

Teams cannot be asked whether a message exists, so a post whose answer was lost may be
there or not, and nobody can tell: see `TeamsPlatform.find_post`.
"""

from collections import OrderedDict
from datetime import datetime

import structlog
from typing_extensions import override

from adapters.teams import limits
from adapters.teams.auth import SigningKeys, TokenCache, Verifier
from adapters.teams.config import TeamsConfig
from adapters.teams.connector import Answer, Connector
from adapters.teams.draft import activity_of, with_draft
from adapters.teams.failures import refusal
from adapters.teams.http import new_session
from adapters.teams.lanes import lanes_of
from adapters.teams.presence import Typing
from adapters.teams.render import render
from adapters.teams.replacing import replace_message
from adapters.teams.stream import TeamsStreams
from adapters.teams.wire import string
from bot.clock import Clock
from bot.errors import AmbiguousSendError, PlatformError
from bot.pacing.lanes import Lane
from bot.ports.surface import Operation, Payload, Platform, Receipt
from bot.protocol.ids import PlatformName, SurfaceId
from bot.protocol.inbound import Address, UserRef
from bot.view.nodes import TurnView

_OUTSIDERS = frozenset({"guest", "anonymous"})
"""Roles of those whom the tenant's own directory does not vouch for."""
_log = structlog.stdlib.get_logger()


class TeamsPlatform(Platform):
    """Microsoft Teams: one bot registration.

    Build it, `start` it inside the event loop, `close` it at the end.

    Args:
        config: The registration and whom it trusts.
        clock: The time, for tokens, keys and caches.
    """

    name: PlatformName = "teams"
    history_lag: float | None = None

    def __init__(self, config: TeamsConfig, *, clock: Clock) -> None:
        self._config = config
        self._clock = clock
        self.typing = Typing(lambda: self.connector, clock)
        self._live: _Live | None = None
        self._members: OrderedDict[tuple[str, str], tuple[float, UserRef]] = (
            OrderedDict()
        )

    async def start(self) -> None:
        """Open the pool of connections; makes no call yet."""
        assert self._live is None, "started twice"
        self._live = _Live(self._config, self._clock)

    async def close(self) -> None:
        """Close all connections."""
        if self._live is not None:
            await self._live.session.close()
            self._live = None

    @property
    @override
    def workspace(self) -> str:
        return self._config.tenant_id

    @property
    def connector(self) -> Connector:
        """The REST calls themselves."""
        return self._started.connector

    @property
    def streams(self) -> TeamsStreams:
        """Messages that grow, in chats of two."""
        return self._started.streams

    @property
    def verifier(self) -> Verifier:
        """What checks inbound tokens."""
        return self._started.verifier

    @property
    def _started(self) -> "_Live":
        assert self._live is not None, "TeamsPlatform.start() was not awaited"
        return self._live

    @property
    def clock(self) -> Clock:
        """The time that this adapter goes by."""
        return self._clock

    @override
    def render(self, view: TurnView) -> Payload:
        return with_draft(render(view), view)

    @override
    def lanes(self, operation: Operation, address: Address) -> tuple[Lane, ...]:
        return lanes_of(address)

    @override
    async def open_direct(self, user: UserRef, known: Address | None) -> Address:
        if known is not None and known.personal and known.channel:
            return known
        service_url = known.service_url if known is not None else ""
        service_url = service_url or self._config.default_service_url
        answer = await self.connector.create_conversation(
            service_url,
            {
                "isGroup": False,
                "bot": {"id": f"28:{self._config.app_id}"},
                # The directory's id goes into "id"; in "aadObjectId" it is refused.
                "members": [{"id": user.user_id}],
                "tenantId": user.workspace,
                "channelData": {"tenant": {"id": user.workspace}},
            },
        )
        if not answer.ok:
            raise refusal(answer)
        if not answer.id:
            raise PlatformError("teams", "NoConversation", "no id in the answer")
        return Address(
            platform="teams",
            workspace=user.workspace,
            channel=answer.id,
            user=user.user_id,
            service_url=service_url,
            personal=True,
        )

    @override
    async def post(
        self, to: Address, payload: Payload, *, surface: SurfaceId
    ) -> Receipt:
        """Show a new message. Teams keeps no mark to find it by, see `find_post`."""
        answer = await self.connector.post_activity(
            to.service_url, to.channel, activity_of(payload)
        )
        if not answer.ok:
            raise refusal(answer)
        if not answer.id:
            # Shown, but under no name: it can neither be edited nor found.
            raise AmbiguousSendError("teams", "NoActivityId", str(answer.status))
        return Receipt(message_id=answer.id, address=to)

    @override
    async def edit(self, receipt: Receipt, payload: Payload) -> Receipt:
        await replace_message(self.connector, receipt, payload)
        return receipt.model_copy(update={"stream": None})

    @override
    async def find_post(
        self, to: Address, *, surface: SurfaceId, since: datetime
    ) -> Receipt | None:
        """Return ``None``: the connector has no call that lists messages.

        After an `AmbiguousSendError` from `post`, the message may be shown. Posting
        again then shows it twice at worst; not posting loses it at worst. The first
        copy, if there is one, is never edited again.
        """
        return None

    @override
    async def find_user(self, user: UserRef, address: Address | None) -> UserRef:
        key = (user.workspace, user.user_id)
        now = self._clock.monotonic()
        expires, known = self._members.get(key, (now, user))
        if now < expires:
            return known
        if address is None or not address.service_url:
            return user
        try:
            answer = await self.connector.get_member(
                address.service_url, address.channel, user.user_id
            )
        except PlatformError as error:
            _log.warning("teams.member_unknown", error=str(error))
            return user
        if not answer.ok:
            _log.warning("teams.member_unknown", code=answer.code)
            return user
        found = _named(user, answer)
        self._remember(key, now + limits.MEMBER_MAX_AGE, found)
        return found

    @override
    async def find_by_email(self, email: str) -> UserRef | None:
        """Return ``None``: the connector knows only people it has met.

        Who installs the bot is met, and matched by e-mail then.
        """
        return None

    def _remember(self, key: tuple[str, str], expires: float, user: UserRef) -> None:
        self._members[key] = (expires, user)
        self._members.move_to_end(key)
        while len(self._members) > limits.MEMBERS_REMEMBERED:
            self._members.popitem(last=False)


class _Live:
    """What exists between `start` and `close`."""

    def __init__(self, config: TeamsConfig, clock: Clock) -> None:
        self.session = new_session()
        keys = SigningKeys(self.session, metadata_url=config.metadata_url, clock=clock)
        self.verifier = Verifier(config, keys, clock)
        tokens = TokenCache(self.session, config, clock)
        self.connector = Connector(self.session, config, tokens)
        self.streams = TeamsStreams(self.connector, clock)


def _named(user: UserRef, answer: Answer) -> UserRef:
    """Return ``user`` as Teams describes them.

    An e-mail address decides who somebody is in the company's directory. That of a
    guest, or of somebody from another tenant in a shared channel, is what their own
    administrator entered: it counts for nothing.

    Source:
        https://learn.microsoft.com/azure/active-directory/develop/claims-validation
    """
    told = answer.body
    tenant = string(told.get("tenantId")) or user.workspace
    ours = tenant.lower() == user.workspace.lower()
    trusted = ours and string(told.get("userRole")).lower() not in _OUTSIDERS
    email = string(told.get("email")) or string(told.get("userPrincipalName"))
    return user.model_copy(
        update={
            "name": string(told.get("name")) or user.name,
            "email": (email or user.email) if trusted else "",
        }
    )
