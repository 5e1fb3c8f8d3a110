"""Whether every effect happened once, and everybody says so.

An effect leaves a row in the ledger and a record; a call of a turn says that it did it.
All three must agree.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import asyncpg

from bot.protocol.events import ToolStarted
from bot.turn.state import Call
from tests.crash.findings import Findings, Turn
from tests.crash.site import Site

_RECORDS = {
    "grant": "access_grant",
    "order": "hardware_order",
    "waitlist": "waitlist_entry",
    "reset": "password_reset",
    "ticket": "ticket",
}
"""Where the effects of a kind leave their records."""
_EFFECTS = """
SELECT key, kind, reference, result->>'created' AS created, at FROM effect
"""
CLOCKS = timedelta(seconds=1)
"""How far apart the worker's time and Postgres' may be."""
_STOCK = """
SELECT r.resource_id FROM resource r
WHERE r.stock <> r.stock_counted - (
  SELECT count(*) FROM hardware_order o
  WHERE o.tenant_id = r.tenant_id AND o.resource_id = r.resource_id AND o.from_stock
)
"""


async def check_effects(site: Site, turns: Sequence[Turn], found: Findings) -> None:
    """Each record is one effect, each effect one call, each call that did has one."""
    rows = await site.rows(_EFFECTS)
    made = {row["key"]: row for row in rows if row["kind"] != "void"}
    found.effects = len(made)
    calls = {
        call.key: (turn, call)
        for turn in turns
        for call in turn.state.calls
        if call.key and call.effect != "read"
    }
    _check_calls(calls, made, found)
    for kind, table in _RECORDS.items():
        query = "SELECT reference FROM " + table
        records = {row["reference"] for row in await site.rows(query)}
        _check_records(kind, records, made, found)
    found.effects_doubled += [
        f"the stock of {row['resource_id']} is off" for row in await site.rows(_STOCK)
    ]


def _check_calls(
    calls: Mapping[str, tuple[Turn, Call]],
    made: Mapping[str, asyncpg.Record],
    found: Findings,
) -> None:
    for key, row in made.items():
        turn, call = calls.get(key.removesuffix(":report"), (None, None))
        if call is None or turn is None:
            found.effects_doubled.append(f"{row['kind']} {row['reference']}: no call")
        elif _started(turn, call) > row["at"] + CLOCKS:
            found.effects_doubled.append(f"{turn.name}: {call.name} before its intent")
        elif call.outcome not in {"done", "unknown"} and turn.state.ending:
            said = call.outcome or call.status
            found.effects_doubled.append(f"{turn.name}: {call.name} happened, {said}")
    for key, (turn, call) in calls.items():
        if call.outcome == "unknown" and not call.reference:
            found.unreported.append(f"{turn.name}: {call.name}")
        if call.outcome == "done" and call.reference and key not in made:
            found.effects_doubled.append(f"{turn.name}: {call.name} did not happen")


def _started(turn: Turn, call: Call) -> datetime:
    """Return when a call was first said to be about to happen."""
    return next(
        recorded.at
        for recorded in turn.log
        if isinstance(recorded.event, ToolStarted)
        and recorded.event.call_id == call.call_id
    )


def _check_records(
    kind: str,
    records: set[str],
    made: Mapping[str, asyncpg.Record],
    found: Findings,
) -> None:
    created = Counter(
        row["reference"]
        for row in made.values()
        if row["kind"] == kind and row["created"] == "true"
    )
    for reference in records:
        if created[reference] != 1:
            times = f"{created[reference]} effects"
            found.effects_doubled.append(f"{kind} {reference}: {times}")
    for reference in created.keys() - records:
        found.effects_doubled.append(f"{kind} {reference}: no record")
