"""Where native streaming will live. Until then Teams' answers to an app without it.

Source: https://learn.microsoft.com/microsoftteams/platform/bots/streaming-ux
"""

from adapters.simulator.teams.answers import Answer, refusal
from adapters.simulator.teams.wire import SentActivity

STREAM_ENTITY = "streaminfo"


def refuse_stream(activity: SentActivity) -> Answer | None:
    """Return the refusal of an activity that belongs to a stream, else ``None``."""
    if any(entity.get("type") == STREAM_ENTITY for entity in activity.entities):
        return refusal(403, "ContentStreamNotAllowed", "Content stream is not allowed")
    return None
