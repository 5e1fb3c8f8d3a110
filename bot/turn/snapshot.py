"""A state as stored: JSON with a checksum, so that damage is seen and not believed."""

import re
from hashlib import sha256

from pydantic import TypeAdapter

from bot.turn.state import TurnState

SHAPE = 5
"""Grows when a state gets a field that is made from events. The first release had 0."""

_adapter: TypeAdapter[TurnState] = TypeAdapter(TurnState)
_shape = re.compile(r'\{"shape":(\d+),')


def freeze(state: TurnState) -> tuple[str, str]:
    """Return the state as JSON and the JSON's checksum (hex SHA-256)."""
    body = f'{{"shape":{SHAPE},{_adapter.dump_json(state).decode()[1:]}'
    return body, checksum_of(body)


def is_outdated(body: str) -> bool:
    """Whether an older release stored it: the events may say more than it does.

    In a rolling deploy an older release goes on with what a newer one began, and its
    snapshots leave out what it does not know.
    """
    found = _shape.match(body)
    return not found or int(found[1]) < SHAPE


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
