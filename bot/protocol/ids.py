"""Names of things. Strings everywhere, so that a log line or a URL can carry them.

Ids are minted here and nowhere else, and deterministically: the same delivery, seen
by any replica, gives the same turn; the same tool call gives the same effect key.
"""

from functools import lru_cache
from typing import Literal, NewType
from uuid import NAMESPACE_URL, uuid5

TenantId = NewType("TenantId", str)
PersonId = NewType("PersonId", str)
ConversationId = NewType("ConversationId", str)
"""``slack:T1:C1:1700000000.000100`` or ``teams:<tenant>:<conversation>``."""
TurnId = NewType("TurnId", str)
FrameId = NewType("FrameId", str)
"""Unique within a turn: ``f1`` is the root."""
ItemId = NewType("ItemId", str)
"""Unique within a turn."""
CallId = NewType("CallId", str)
"""A tool call, unique within a turn. Letters, digits, ``_`` and ``-`` only."""
ApprovalId = NewType("ApprovalId", str)
"""Unique in the world: buttons carry it."""
SurfaceId = NewType("SurfaceId", str)
"""Unique in the world: message metadata carries it."""

PlatformName = Literal["slack", "teams"]

_SPACE = uuid5(NAMESPACE_URL, "https://deskhand.example/ids")


@lru_cache(maxsize=4096)  # a live turn asks for its surfaces' names again and again
def _mint(*parts: str) -> str:
    return str(uuid5(_SPACE, "\x1f".join(parts)))


def turn_id_for(tenant: TenantId, conversation: ConversationId, said: str) -> TurnId:
    """Return the turn that what was ``said`` starts in this conversation."""
    return TurnId(_mint("turn", tenant, conversation, said))


def effect_key_for(turn: TurnId, call: CallId) -> str:
    """Return the key under which a tool call's effect happens at most once."""
    return _mint("effect", turn, call)


def approval_id_for(turn: TurnId, call: CallId, args_hash: str) -> ApprovalId:
    """Return the approval of exactly these arguments of this call."""
    return ApprovalId(_mint("approval", turn, call, args_hash))


def surface_id_for(turn: TurnId, role: str, to: str = "") -> SurfaceId:
    """Return the surface that plays ``role`` for the audience ``to``."""
    return SurfaceId(_mint("surface", turn, role, to))


def replacement_of(surface: SurfaceId) -> SurfaceId:
    """Return what marks the message that stands in for a surface's first one."""
    return SurfaceId(f"{surface}:again")
