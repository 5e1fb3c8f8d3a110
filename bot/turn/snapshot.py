"""A state as stored: JSON with a checksum, so that damage is seen and not believed."""

from hashlib import sha256

from pydantic import TypeAdapter

from bot.turn.state import TurnState

_adapter: TypeAdapter[TurnState] = TypeAdapter(TurnState)


def freeze(state: TurnState) -> tuple[str, str]:
    """Return the state as JSON and the JSON's checksum (hex SHA-256)."""
    body = _adapter.dump_json(state).decode()
    return body, checksum_of(body)


def thaw(body: str) -> TurnState:
    """Return the state that `freeze` stored, in this release or another.

    Fields that a newer release added are ignored, older ones' get their defaults.

    Raises:
        ValidationError: The body is of another shape.
    """
    return _adapter.validate_json(body, extra="ignore")


def checksum_of(body: str) -> str:
    """Return the checksum of a stored state."""
    return sha256(body.encode()).hexdigest()
