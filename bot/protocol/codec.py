"""Events as stored JSON: a strict writer and a lenient reader.

The reader ignores fields that a newer release added, and keeps an event of an
unknown type as `UnknownEvent`, so that a rolling deploy never makes a log unreadable.
"""

# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false
# Documents are walked before they have a type.

import re
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError, from_json

from bot.protocol.events import TurnEvent, UnknownEvent

_adapter: TypeAdapter[TurnEvent] = TypeAdapter(TurnEvent)


VERSION = 1
"""The newest version of an event's fields that this release understands. One that is
newer, and that it cannot read, is like a type that it does not know."""

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
"""NUL, which Postgres refuses in jsonb, and halves of surrogate pairs, which are no
text at all. People paste the one; broken JSON from outside holds the other."""

_ESCAPED_NUL = r"\u0000"
"""How JSON writes NUL. A backslash in the text may make it look so, too."""


def cleaned(event: TurnEvent) -> TurnEvent:
    """Return ``event`` with characters that no log can hold replaced by U+FFFD.

    An event from inside passes unchanged and uncopied.
    """
    document = event.model_dump()
    if _is_clean(document):
        return event
    return _adapter.validate_python(_clean(document))


def _is_clean(value: Any) -> bool:  # noqa: ANN401 - a document of any shape
    match value:
        case str():
            return not _UNSTORABLE.search(value)
        case dict():
            return all(map(_is_clean, value)) and all(map(_is_clean, value.values()))
        case list() | tuple():
            return all(map(_is_clean, value))
        case _:
            return True


def _clean(value: Any) -> Any:  # noqa: ANN401 - a document of any shape
    match value:
        case str():
            return _UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", value)
        case dict():
            return {_clean(key): _clean(part) for key, part in value.items()}
        case list() | tuple():
            return [_clean(part) for part in value]
        case _:
            return value


def _newer(body: str, error: ValidationError) -> UnknownEvent | None:
    """Return what a newer release wrote; ``None`` if it is a damaged event of ours."""
    if error.errors()[0]["type"] == "union_tag_invalid":
        return UnknownEvent(type=from_json(body)["type"], body=body)
    try:
        document = from_json(body)
    except ValueError:
        return None
    match document:
        case {"type": str(kind), "v": int(version)} if version > VERSION:
            return UnknownEvent(type=kind, body=body)
        case _:
            return None


def sealed(event: TurnEvent) -> tuple[TurnEvent, str]:
    """Return ``event``, cleaned, and the JSON document to store for it.

    As `cleaned` and `encode`, at the price of `encode` for a clean event.
    """
    try:
        body = encode(event)
    except PydanticSerializationError:  # half of a surrogate pair
        pass
    else:
        if _ESCAPED_NUL not in body:
            return event, body
    clean = cleaned(event)
    return clean, encode(clean)


def encode(event: TurnEvent | UnknownEvent) -> str:
    """Return the JSON document to store for ``event``."""
    if isinstance(event, UnknownEvent):
        return event.body
    return event.model_dump_json(exclude_defaults=False)


def decode(body: str) -> TurnEvent | UnknownEvent:
    """Return the event that ``body`` holds.

    Raises:
        ValidationError: The type and version are known but the body is not a valid
            instance, or it is not a JSON object with a ``type``.
    """
    try:
        return _adapter.validate_json(body, extra="ignore")
    except ValidationError as error:
        if newer := _newer(body, error):
            return newer
        raise
