"""What must hold when all is still again, whatever was done to the workers.

Looked at from outside: rows that any SQL client reads, and what people see on the
stand-ins. Nothing of a worker's memory is asked, because it may be dead.
"""

from collections import Counter
from collections.abc import Sequence
from functools import reduce

import asyncpg

from bot.protocol.codec import decode
from bot.protocol.events import (
    Recorded,
    TurnCancelled,
    TurnCompleted,
    TurnFailed,
    TurnSteered,
)
from bot.protocol.ids import TurnId
from bot.turn.reduce import advance
from bot.turn.snapshot import checksum_of, thaw
from bot.turn.state import TurnState
from tests.crash.effects import check_effects
from tests.crash.findings import Findings, Turn
from tests.crash.screens import check_screens
from tests.crash.site import Site

ENDS = (TurnCompleted, TurnFailed, TurnCancelled)
_APPROVALS = "SELECT approval_id, status, stage FROM approval"


async def examine(site: Site) -> Findings:
    """Look at everything; call it when all is still."""
    found = Findings()
    async with site.at_one_moment():
        await _examine(site, found)
    return found


async def _examine(site: Site, found: Findings) -> None:
    turns = [await _turn(site, row) for row in await site.rows("SELECT * FROM turn")]
    found.turns = len(turns)
    found.ended = sum(turn.state.ending is not None for turn in turns)
    found.parked = sum(turn.state.parked for turn in turns)
    found.events = sum(turn.row["last_seq"] for turn in turns)
    for turn in turns:
        await _check_log(site, turn, found)
    _check_said(site, turns, found)
    await check_effects(site, turns, found)
    await _check_approvals(site, turns, found)
    await check_screens(site, turns, found)


async def _turn(site: Site, row: asyncpg.Record) -> Turn:
    log = [
        Recorded(
            turn_id=TurnId(row["turn_id"]),
            seq=event["seq"],
            at=event["at"],
            event=decode(event["body"]),
        )
        for event in await site.rows(
            "SELECT seq, at, body FROM turn_event WHERE turn_id = $1 ORDER BY seq",
            row["turn_id"],
        )
    ]
    start = TurnState()
    if row["compacted_seq"]:
        [kept] = await site.rows(
            "SELECT state FROM snapshot WHERE turn_id = $1 AND seq = $2",
            row["turn_id"],
            row["compacted_seq"],
        )
        start = thaw(kept["state"])
    return Turn(row=row, log=log, state=reduce(advance, log, start))


# ------------------------------------------------------------------------------- logs


async def _check_log(site: Site, turn: Turn, found: Findings) -> None:
    row, upto = turn.row, turn.row["compacted_seq"]
    later = [recorded.seq for recorded in turn.log if recorded.seq > upto]
    if later != list(range(upto + 1, row["last_seq"] + 1)):
        found.gapped.append(f"{turn.name}: {later} up to {row['last_seq']}")
    ends = [r.seq for r in turn.log if isinstance(r.event, ENDS)]
    if len(ends) > 1 or (ends and ends[0] != row["last_seq"]):
        found.doubled.append(f"{turn.name} ended at {ends} of {row['last_seq']}")
    if row["status"] != turn.state.phase.value:
        found.gapped.append(f"{turn.name}: {row['status']} in its row")
    if not (turn.state.ending or turn.state.parked):
        found.lost.append(f"{turn.name} is {turn.state.phase.value}")
    if turn.state.parked and not turn.state.open_approvals:
        found.lost.append(f"{turn.name} is parked, and nobody is asked")
    if row["degraded"]:
        found.gapped.append(f"{turn.name} is degraded: {row['degraded']}")
    for frame in turn.state.frames:
        for reply in frame.replies:
            begins = f"{frame.frame_id}-{reply.ask}-t"
            pieces = [i.text for i in turn.state.items if i.item_id.startswith(begins)]
            if "".join(pieces) != reply.text:
                what = f"{turn.name}: {''.join(pieces)!r} and not {reply.text!r}"
                found.gapped.append(what)
    await _check_snapshots(site, turn, found)


async def _check_snapshots(site: Site, turn: Turn, found: Findings) -> None:
    kept = await site.rows(
        "SELECT seq, state, checksum FROM snapshot WHERE turn_id = $1",
        turn.row["turn_id"],
    )
    for snapshot in kept:
        whole = checksum_of(snapshot["state"]) == snapshot["checksum"]
        if not turn.row["compacted_seq"]:
            upto = [r for r in turn.log if r.seq <= snapshot["seq"]]
            whole &= reduce(advance, upto, TurnState()) == thaw(snapshot["state"])
        if not whole:
            found.gapped.append(f"{turn.name}: snapshot {snapshot['seq']} differs")


# ----------------------------------------------------------------------------- turns


def _check_said(site: Site, turns: Sequence[Turn], found: Findings) -> None:
    """Everything accepted is the beginning of one turn, or a steer of one."""
    heard: Counter[tuple[str, str]] = Counter()
    for turn in turns:
        conversation = turn.row["conversation_id"]
        heard[conversation, turn.row["text"]] += 1
        for recorded in turn.log:
            if isinstance(recorded.event, TurnSteered):
                heard[conversation, recorded.event.text] += 1
    said: Counter[tuple[str, str]] = Counter()
    maybe: Counter[tuple[str, str]] = Counter()
    names = {turn.row["conversation_id"] for turn in turns}
    for told in site.deliveries.told:
        ending = f":{told.conversation}"
        where = next((n for n in names if n.endswith(ending)), told.conversation)
        accepted = site.deliveries.accepted(told)
        (said if accepted else maybe)[where, told.text] += 1
    for name in said.keys() | maybe.keys() | heard.keys():
        if heard[name] < said[name]:
            found.lost.append(f"{name[1]!r} in {name[0]}")
        if heard[name] > said[name] + maybe[name]:
            found.doubled.append(f"{name[1]!r} in {name[0]}: {heard[name]} times")


async def _check_approvals(site: Site, turns: Sequence[Turn], found: Findings) -> None:
    rows = {
        row["approval_id"]: (row["status"], row["stage"])
        for row in await site.rows(_APPROVALS)
    }
    logged = {
        approval.approval_id: (approval.status, approval.stage)
        for turn in turns
        for approval in turn.state.approvals
    }
    for approval_id in rows.keys() | logged.keys():
        row, log = rows.get(approval_id), logged.get(approval_id)
        if row != log:
            found.gapped.append(f"approval {approval_id}: {row} in its row, {log}")
