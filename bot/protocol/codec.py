"""Events as stored JSON: a strict writer and a lenient reader.

The reader ignores fields that a newer release added, and keeps an event of an
unknown type as `UnknownEvent`, so that a rolling deploy never makes a log unreadable.
"""

from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json

from bot.protocol.events import TurnEvent, UnknownEvent

_adapter: TypeAdapter[TurnEvent] = TypeAdapter(TurnEvent)


def encode(event: TurnEvent | UnknownEvent) -> str:
    """Return the JSON document to store for ``event``."""
    if isinstance(event, UnknownEvent):
        return event.body
    return event.model_dump_json(exclude_defaults=False)


def decode(body: str) -> TurnEvent | UnknownEvent:
    """Return the event that ``body`` holds.

    Raises:
        ValidationError: The type is known but the body is not a valid instance, or
            it is not a JSON object with a ``type``.
    """
    try:
        return _adapter.validate_json(body, extra="ignore")
    except ValidationError as error:
        if error.errors()[0]["type"] == "union_tag_invalid":
            return UnknownEvent(type=from_json(body)["type"], body=body)
        raise
