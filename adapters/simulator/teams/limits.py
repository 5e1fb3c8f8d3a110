"""What Teams allows a bot, as data with sources. The only place for these numbers.

Microsoft calls its rate limits "for estimation only" and "subject to change".
"""

from dataclasses import dataclass, replace
from typing import Literal

from bot.pacing.lanes import Window

Operation = Literal[
    "create",
    "send",
    "typing",
    "stream",
    "update",
    "delete",
    "members",
    "token",
    "openid",
    "keys",
]
"""What a bot can ask of the stand-in; faults and the journal use these names.

``typing`` and ``stream`` are posts, told apart by what they carry.
"""

SEND = (Window(7, 1), Window(8, 2), Window(60, 30), Window(1800, 3600))
"""Per bot per conversation. Update and delete draw on it too: the page gives them no
row of their own and says "all requests are subject to the same rate limiting policy".

Source: https://learn.microsoft.com/microsoftteams/platform/bots/how-to/rate-limit
"""
CREATE = SEND
"""Same source."""
MEMBERS = (Window(14, 1), Window(16, 2), Window(120, 30), Window(3600, 3600))
"""Get conversation members; same source."""
OLD_MEMBERS = (Window(5, 60),)
"""The list of members that is not paged, besides; same source."""
TENANT = (Window(50, 1),)
"""Requests per app per tenant; same source (older text: 30)."""

MESSAGE_BYTES = 100 * 1024
"""Text, links, mentions and attachments, in UTF-16.

Source: …/platform/bots/how-to/format-your-bot-messages
"""
CARD_VERSION = (1, 5)
"""Source: …/platform/task-modules-and-cards/cards/cards-reference"""
PRIMARY_ACTIONS = 6
"""Shown at once (``maxActions`` of Teams' host config); the rest does not appear."""
REFRESH_USERS = 60
"""Source: …/universal-actions-for-adaptive-cards/user-specific-views"""
STATEMENTS = 1
"""Root ``https://schema.org/Message`` entities. Source: …/bot-messages-ai-generated-content"""

STREAM_PACE = 1.0
"""Seconds between two requests of one stream.

Source, also of what follows: …/platform/bots/streaming-ux
"""
STREAM_SECONDS = 120.0
"""A stream's whole life; "strict"."""
INFORMATIVE_CHARS = 1_000
"""Of an informative update ("1 kb or 1000 characters")."""
INFORMATIVE_BYTES = 1_024
"""Of the same, in UTF-8: both are held to, as nothing says which counts."""

ANSWER_WITHIN = 15.0
"""Seconds a bot has to answer a delivery. Source: MicrosoftDocs/msteams-docs#6084"""
MESSAGE_RETRIES = (1.0, 5.0, 15.0)
"""Seconds before each redelivery of what was not answered 2xx in time. Teams documents
that it redelivers, not how often: the pauses are our assumption."""


@dataclass(frozen=True, slots=True)
class InvokeRetry:
    """One more delivery of an unanswered invoke."""

    after: float
    """Seconds after the previous delivery failed."""
    new_id: bool
    """A second layer of Teams asks again, as if it were another click."""


INVOKE_RETRIES = (
    InvokeRetry(0.0, new_id=False),
    InvokeRetry(0.0, new_id=True),
    InvokeRetry(0.0, new_id=False),
)
"""Twice with one id, then twice with another; the pauses are the 15 s timeouts.

Source: microsoft/botbuilder-dotnet#5005
"""

TOKEN_LIFETIME = 3599
"""Seconds a token from the token endpoint holds, as Entra answers."""
CLAIM_LIFETIME = 3600
"""Seconds the token of a delivery holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """A profile of the limits; the default is what the documentation says."""

    send: tuple[Window, ...] = SEND
    create: tuple[Window, ...] = CREATE
    members: tuple[Window, ...] = MEMBERS
    old_members: tuple[Window, ...] = OLD_MEMBERS
    tenant: tuple[Window, ...] = TENANT
    message_bytes: int = MESSAGE_BYTES
    stream_pace: float = STREAM_PACE
    stream_seconds: float = STREAM_SECONDS
    answer_within: float = ANSWER_WITHIN
    message_retries: tuple[float, ...] = MESSAGE_RETRIES
    invoke_retries: tuple[InvokeRetry, ...] = INVOKE_RETRIES
    token_lifetime: int = TOKEN_LIFETIME

    def times(self, factor: float) -> "Limits":
        """Return what is left when others use up all but ``factor`` of the rates."""

        def share(windows: tuple[Window, ...]) -> tuple[Window, ...]:
            return tuple(Window(max(1, w.count * factor), w.seconds) for w in windows)

        return replace(
            self,
            send=share(self.send),
            create=share(self.create),
            members=share(self.members),
            old_members=share(self.old_members),
            tenant=share(self.tenant),
        )


UNMETERED = Limits(
    send=(), create=(), members=(), old_members=(), tenant=(), stream_pace=0.0
)
"""No rate limits; everything else as documented."""
