"""Print what everybody sees of each turn in a database, as JSON.

The tests run this one program with the code of either release, so that both read the
same rows: ``python what_is_shown.py DATABASE_URL``, with the release in PYTHONPATH. It
keeps to what both releases have.
"""

import asyncio
import json
import sys
from functools import reduce
from typing import Any

import asyncpg
from pydantic import TypeAdapter

from bot.errors import SequenceGapError
from bot.protocol.codec import decode
from bot.protocol.events import Recorded
from bot.protocol.ids import TurnId
from bot.store.engine import dsn_of
from bot.turn.reduce import advance
from bot.turn.snapshot import checksum_of, freeze, thaw
from bot.turn.state import TurnState
from bot.view.nodes import TurnView
from bot.view.project import surfaces_of, view_of

_views = TypeAdapter(TurnView)
_EVENTS = "SELECT seq, at, body FROM turn_event WHERE turn_id = $1 ORDER BY seq"
_SNAPSHOTS = "SELECT state, checksum FROM snapshot WHERE turn_id = $1 ORDER BY seq"


def shown(state: TurnState) -> dict[str, Any]:
    """Return every message of a turn by its id, and the state itself."""
    assert state.ending, "only what has ended looks the same at any time"
    messages = {
        plan.surface_id: _views.dump_python(
            view_of(state, plan.audience, state.ending.at), mode="json"
        )
        for plan in surfaces_of(state)
    }
    return {"messages": messages, "state": json.loads(freeze(state)[0])}


def folded(state: TurnState, log: list[Recorded]) -> dict[str, Any] | None:
    """Return what is shown after ``log``; ``None`` where it has a hole."""
    try:
        return shown(reduce(advance, log, state))
    except SequenceGapError:
        return None


async def main() -> None:
    """Read all turns, from the events alone and from each snapshot on."""
    conn = await asyncpg.connect(dsn_of(sys.argv[1]))
    found: dict[str, list[dict[str, Any] | None]] = {}
    for turn in await conn.fetch("SELECT turn_id FROM turn"):
        log = [
            Recorded(
                turn_id=TurnId(turn["turn_id"]),
                seq=row["seq"],
                at=row["at"],
                event=decode(row["body"]),
            )
            for row in await conn.fetch(_EVENTS, turn["turn_id"])
        ]
        states = [TurnState()]
        for row in await conn.fetch(_SNAPSHOTS, turn["turn_id"]):
            assert checksum_of(row["state"]) == row["checksum"], "it is damaged"
            states.append(thaw(row["state"]))
        found[turn["turn_id"]] = [folded(state, log) for state in states]
    await conn.close()
    sys.stdout.write(json.dumps(found))


asyncio.run(main())
