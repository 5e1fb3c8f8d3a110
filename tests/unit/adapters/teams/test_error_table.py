"""Every row of Teams' error tables, over the wire, for a post and for an edit.

Source:
    https://learn.microsoft.com/microsoftteams/platform/bots/how-to/conversations/conversation-messages#status-codes
"""

from dataclasses import dataclass

import pytest

from adapters.teams.client import TeamsPlatform
from bot.errors import (
    AccessRefusedError,
    AmbiguousSendError,
    ContentRefusedError,
    MessageGoneError,
    MessageLockedError,
    PermissionMissingError,
    PlaceClosedError,
    PlatformError,
    RateLimitedError,
)
from bot.ports.surface import Payload, Receipt
from bot.protocol.ids import SurfaceId
from bot.protocol.inbound import Address
from tests.support.teams_channel import TENANT, Channel, refuse, reply

PAGE = "<!DOCTYPE html><html><body>Our services aren't available</body></html>"
PAYLOAD = Payload({"type": "message", "attachments": []}, "digest")


@dataclass(frozen=True, slots=True)
class Row:
    status: int
    code: str
    """Empty: a page of HTML."""
    error: type[PlatformError]
    calls: int = 1
    """How often it is asked; 2 where a new token may help."""


ROWS = (
    Row(400, "Bad Argument", ContentRefusedError),
    Row(400, "BadSyntax", ContentRefusedError),
    Row(401, "BotNotRegistered", AccessRefusedError, calls=2),
    Row(403, "BotDisabledByAdmin", AccessRefusedError),
    Row(403, "BotNotInConversationRoster", PlaceClosedError),
    Row(403, "ConversationBlockedByUser", PlaceClosedError),
    Row(403, "ForbiddenOperationException", PlaceClosedError),
    Row(403, "InvalidBotApiHost", PlatformError),
    Row(403, "NotEnoughPermissions", PermissionMissingError),
    Row(404, "ActivityNotFoundInConversation", MessageGoneError),
    Row(404, "ConversationNotFound", PlaceClosedError),
    Row(408, "RequestTimeout", AmbiguousSendError),
    Row(412, "PreconditionFailed", RateLimitedError),
    Row(413, "MessageSizeTooBig", ContentRefusedError),
    Row(429, "Throttled", RateLimitedError),
    Row(500, "ServiceError", AmbiguousSendError),
    Row(502, "ServiceError", AmbiguousSendError),
    Row(503, "ServiceUnavailable", AmbiguousSendError),
    Row(504, "GatewayTimeout", AmbiguousSendError),
    Row(429, "", RateLimitedError),
    Row(403, "", PlatformError),
    Row(404, "", PlatformError),
    Row(500, "", AmbiguousSendError),
    Row(502, "", AmbiguousSendError),
)


@pytest.mark.parametrize("operation", ["post", "edit"])
@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.status} {row.code}")
async def test_each_row_means_what_the_table_says_and_is_asked_no_more_than_that(
    platform: TeamsPlatform, channel: Channel, row: Row, operation: str
) -> None:
    answer = refuse(row.status, row.code) if row.code else reply(row.status, html=PAGE)
    channel.replies += [answer] * row.calls
    to = Address(
        platform="teams",
        workspace=TENANT,
        channel="a:chat-1",
        service_url=channel.service_url,
        personal=True,
    )
    asked = (
        platform.post(to, PAYLOAD, surface=SurfaceId("s-1"))
        if operation == "post"
        else platform.edit(Receipt(message_id="m-1", address=to), PAYLOAD)
    )
    with pytest.raises(PlatformError) as caught:
        await asked
    expected = row.error
    if operation == "edit" and expected is MessageGoneError:
        expected = MessageLockedError  # nobody but us can delete it in a chat of two
    assert type(caught.value) is expected
    assert "<" not in str(caught.value)
    if not isinstance(caught.value, RateLimitedError):
        assert caught.value.code == (row.code or str(row.status))
    assert len(channel.calls) == row.calls
