"""What bots may send, read leniently and measured strictly."""

import json
from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, StrictInt

Json: TypeAlias = dict[str, Any]
"""A JSON object whose inside nobody has looked at yet."""


class _Wire(BaseModel):
    model_config = ConfigDict(frozen=True, extra="allow", populate_by_name=True)


class SentAttachment(_Wire):
    """A card or file."""

    content_type: str = Field(alias="contentType")
    content: Any = None


STREAM_ENTITY = "streaminfo"


class StreamInfo(_Wire):
    """The entity that makes an activity a part of a stream."""

    stream_type: Literal["informative", "streaming", "final"] = Field(
        alias="streamType"
    )
    stream_id: str | None = Field(default=None, alias="streamId")
    stream_sequence: StrictInt | None = Field(default=None, alias="streamSequence")


class SentActivity(_Wire):
    """An activity as a bot sends it; fields unknown here are kept."""

    type: str
    text: str | None = None
    text_format: str | None = Field(default=None, alias="textFormat")
    attachments: tuple[SentAttachment, ...] = ()
    entities: tuple[Json, ...] = ()
    channel_data: Json = Field(default={}, alias="channelData")

    @property
    def streams(self) -> tuple[Json, ...]:
        """The entities that make it a part of a stream."""
        return tuple(e for e in self.entities if e.get("type") == STREAM_ENTITY)


class Account(_Wire):
    """Somebody, as a bot names them."""

    id: str | None = None
    aad_object_id: str | None = Field(default=None, alias="aadObjectId")


class TenantRef(_Wire):
    """``channelData.tenant``."""

    id: str


class ChannelData(_Wire):
    """The part of ``channelData`` that opening a conversation needs."""

    tenant: TenantRef | None = None


class NewConversation(_Wire):
    """Parameters of ``POST /v3/conversations``."""

    is_group: bool = Field(default=False, alias="isGroup")
    bot: Account | None = None
    members: tuple[Account, ...] = ()
    tenant_id: str | None = Field(default=None, alias="tenantId")
    channel_data: ChannelData = Field(default=ChannelData(), alias="channelData")
    activity: Json | None = None

    @property
    def tenant(self) -> str | None:
        """The tenant, from either of its two places."""
        named = self.channel_data.tenant
        return self.tenant_id or (named.id if named else None)


class InvokeAnswer(_Wire):
    """A bot's answer to ``adaptiveCard/action``."""

    status_code: int = Field(alias="statusCode")
    type: str
    value: Any = None


def measure_bytes(activity: Mapping[str, Any]) -> int:
    """Return the size that counts against the limit, in bytes of UTF-16."""
    counted = {
        name: activity[name]
        for name in ("text", "summary", "attachments", "entities", "suggestedActions")
        if activity.get(name)
    }
    text = json.dumps(counted, ensure_ascii=False, separators=(",", ":"))
    return len(text.encode("utf-16-le", "surrogatepass"))
