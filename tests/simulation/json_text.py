"""What a ``json`` column takes."""

import json

from bot.errors import StoreRefusedError


def check_json(body: str) -> None:
    """Return if ``body`` is a JSON document.

    Raises:
        StoreRefusedError: It is not.
    """
    try:
        json.loads(body)
    except ValueError as error:
        raise StoreRefusedError(
            f"invalid input syntax for type json: {error}"
        ) from error
