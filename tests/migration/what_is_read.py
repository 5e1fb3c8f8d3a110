"""Print the shapes that a release writes and reads, as JSON schemas.

The tests run this one program with the code of either release in PYTHONPATH.
"""

import json
import sys

from pydantic import TypeAdapter

from bot.engine.letters import Letter
from bot.protocol.events import TurnEvent
from bot.turn.state import TurnState

_kinds: dict[str, TypeAdapter[object]] = {
    "events": TypeAdapter(TurnEvent),
    "mail": TypeAdapter(Letter),
    "snapshots": TypeAdapter(TurnState),
}
json.dump(
    {
        kind: {
            "written": adapter.json_schema(mode="serialization"),
            "read": adapter.json_schema(mode="validation"),
        }
        for kind, adapter in _kinds.items()
    },
    sys.stdout,
)
