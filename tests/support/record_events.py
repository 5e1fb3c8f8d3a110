"""Write a golden document for each event type that has none yet.

Run it after adding an event type: ``.venv/bin/python -m tests.support.record_events``.
Documents that exist are never touched: logs of that age are in databases.
"""

import json
import sys
from pathlib import Path
from typing import get_args

from hypothesis import find, settings

from bot.protocol.codec import encode
from bot.protocol.events import TurnEvent
from tests.support.turns import events

GOLDEN = Path(__file__).parents[1] / "golden" / "events"


def main() -> None:
    """Write what is missing."""
    for model in get_args(get_args(TurnEvent)[0]):
        path = GOLDEN / f"{model.model_fields['type'].default}.json"
        if path.exists():
            continue
        event = find(
            events,
            lambda e, model=model: isinstance(e, model),
            settings=settings(max_examples=20_000),
        )
        document = json.dumps(json.loads(encode(event)), indent=2, sort_keys=True)
        path.write_text(document + "\n", "utf-8")
        sys.stdout.write(f"{path.name}\n")


if __name__ == "__main__":
    main()
