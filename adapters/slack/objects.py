"""JSON objects where JSON has not been parsed into models. Pure."""

from collections.abc import Mapping
from typing import Any, cast


def as_object(value: object) -> Mapping[str, Any]:
    """Return a JSON object; empty for anything else, so that look-ups may follow."""
    return cast("Mapping[str, Any]", value) if isinstance(value, dict) else {}
