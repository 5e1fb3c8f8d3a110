"""What a model is given of a tool's answer: as much as fits, with the rest owned up to.

Pure. The shape of the answer stays; short entries, which say what became of a call, go
before long ones.
"""

import json

from pydantic import JsonValue

MOST_CHARS = 24_000
"""Characters of one answer, as JSON, unless the company file or the tool says so."""
FEWEST_CHARS = 500
"""No limit may be smaller: how a call ended must be readable."""
_SHORT = 300
_DEEPEST = 30
_OVERHEAD = 6
"""Characters that an entry takes beside its own, for quotes, a comma and a space."""


def fitted(content: JsonValue, most: int) -> JsonValue:
    """Return ``content`` if it has at most ``most`` characters, else what fits of it."""
    content = _shallow(content, 0)
    whole = len(_written(content))
    if whole <= most:
        return content
    said = f"{whole} characters, of which the first that fit are here"
    room = _Room(most - len(said) - 40)
    kept = room.take(content)
    if isinstance(kept, dict):
        return {**kept, "cut": said}
    return {"content": kept, "cut": said}


def _written(content: JsonValue) -> str:
    return json.dumps(content, ensure_ascii=False)


def _shallow(content: JsonValue, depth: int) -> JsonValue:
    """Return ``content`` without what is nested deeper than anybody reads."""
    if isinstance(content, dict | list) and depth >= _DEEPEST:
        return "…"
    if isinstance(content, dict):
        return {key: _shallow(value, depth + 1) for key, value in content.items()}
    if isinstance(content, list):
        return [_shallow(value, depth + 1) for value in content]
    return content


class _Room:
    """Characters that are left."""

    def __init__(self, left: int) -> None:
        self._left = left

    def take(self, content: JsonValue) -> JsonValue:
        """Return what fits of ``content``, and count it."""
        if isinstance(content, str):
            return self._text(content)
        if isinstance(content, dict):
            return self._entries(content)
        if isinstance(content, list):
            return self._items(content)
        self._left -= len(_written(content))
        return content

    def _text(self, text: str) -> str:
        room = max(self._left - _OVERHEAD, 0)
        kept = text
        while kept and len(_written(kept)) > room + 2:
            # Escapes make it longer than it looks.
            over = len(_written(kept)) - room - 2
            kept = kept[: -max(over // 6, 1)] if len(kept) <= room else kept[:room]
        self._left -= len(_written(kept))
        return kept if kept == text else f"{kept}…"

    def _entries(self, content: dict[str, JsonValue]) -> dict[str, JsonValue]:
        kept: dict[str, JsonValue] = {}
        for key in sorted(
            content, key=lambda key: len(_written(content[key])) > _SHORT
        ):
            cost = len(_written(key)) + _OVERHEAD
            if self._left <= cost:
                break
            self._left -= cost
            kept[key] = self.take(content[key])
        return {key: kept[key] for key in content if key in kept}

    def _items(self, content: list[JsonValue]) -> list[JsonValue]:
        kept: list[JsonValue] = []
        for value in content:
            if self._left <= _OVERHEAD:
                break
            self._left -= _OVERHEAD
            kept.append(self.take(value))
        return kept
