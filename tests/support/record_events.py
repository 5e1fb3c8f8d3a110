"""Write a golden document for each shape of an event that has none yet.

Run it after adding an event type, or a field to one:
``.venv/bin/python -m tests.support.record_events``. Documents that exist are never
touched: logs of that age are in databases. ``turn.started.json`` is the first shape
of its type, ``turn.started.2.json`` the second.
"""

import json
import sys
from pathlib import Path
from typing import get_args

from hypothesis import find, settings
from pydantic import JsonValue

from bot.protocol.codec import encode
from bot.protocol.events import TurnEvent
from tests.support.turns import events

GOLDEN = Path(__file__).parents[1] / "golden" / "events"


def kind_of(path: Path) -> str:
    """Return the type of the event that a document holds."""
    return path.stem.rstrip("0123456789").rstrip(".")


def documents_of(kind: str) -> list[Path]:
    """Return all documents of one type, oldest first."""
    found = [path for path in GOLDEN.glob(f"{kind}*.json") if kind_of(path) == kind]
    return sorted(found, key=lambda path: (len(path.stem), path.stem))


def _is_full(value: JsonValue) -> bool:
    """Whether a new field says something, in every part of it."""
    match value:
        case dict():
            return all(map(_is_full, value.values()))
        case list():
            return bool(value) and all(map(_is_full, value))
        case _:
            return bool(value)


def main() -> None:
    """Write what is missing; new fields get values that say something."""
    for model in get_args(get_args(TurnEvent)[0]):
        kind = model.model_fields["type"].default
        older = documents_of(kind)
        known: set[str] = set()
        if older:
            known = set(json.loads(older[-1].read_text("utf-8")))
        missing = model.model_fields.keys() - known
        if not missing:
            continue
        added = missing if older else set[str]()
        event = find(
            events,
            lambda e, model=model, added=added: (
                isinstance(e, model)
                and all(_is_full(e.model_dump(mode="json")[field]) for field in added)
            ),
            settings=settings(max_examples=20_000),
        )
        name = f"{kind}.{len(older) + 1}.json" if older else f"{kind}.json"
        document = json.dumps(json.loads(encode(event)), indent=2, sort_keys=True)
        (GOLDEN / name).write_text(document + "\n", "utf-8")
        sys.stdout.write(f"{name}\n")


if __name__ == "__main__":
    main()
