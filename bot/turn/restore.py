"""Restore a turn from what is left of its log. Pure; never raises.

A log can be damaged: rows lost, rows that cannot be read. Until the first damage
everything is believed. After it nothing is, because it may rest on what is lost,
except the turn's ending: an ended turn never comes back to life. A snapshot from
after the damage heals it.

A turn restored with damage must be ended, not driven on: calls that it knows as
merely authorized may have been started in the part that is lost. Its ledger is
``ledger_of(state, damaged=True)``.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from bot.protocol.events import Recorded, TurnCancelled, TurnCompleted, TurnFailed
from bot.turn.reduce import advance
from bot.turn.state import TurnState


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """Stands for a row whose body cannot be decoded."""

    seq: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Damage:
    """One place where the log is damaged."""

    seq: int
    """The unreadable row, or the first row of a gap."""
    what: Literal["missing", "unreadable"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """A turn, as far as its log tells of it."""

    state: TurnState
    """``state.seq`` is the newest row's, so that the log goes on without a gap."""
    damage: tuple[Damage, ...] = ()


def restore(
    base: TurnState | None,
    rows: Sequence[Recorded | Unreadable],
    *,
    compacted_to: int = 0,
    last_seq: int = 0,
) -> Restored:
    """Return the turn after ``rows``, and what is wrong with them.

    Args:
        base: A snapshot; ``None`` without a believable one.
        rows: What is left of the log. Rows that ``base`` contains are ignored.
        compacted_to: Rows up to here may have been removed. Where the snapshot that
            holds their text is lost as well, the gaps are skipped: the text is gone,
            decisions and calls are not.
        last_seq: The newest row that was ever written, where that is known: rows
            missing at the end are damage as well.
    """
    state = base or TurnState()
    damage: list[Damage] = []
    believed = True
    for row in sorted(rows, key=lambda row: row.seq):
        if row.seq <= state.seq:
            continue
        if row.seq > state.seq + 1:
            damage.append(Damage(seq=state.seq + 1, what="missing"))
            believed = believed and row.seq <= compacted_to + 1
        if isinstance(row, Unreadable):
            damage.append(Damage(seq=row.seq, what="unreadable"))
            believed = False
        state = _after(state, row, believed=believed)
    if state.seq < last_seq:
        damage.append(Damage(seq=state.seq + 1, what="missing"))
        state = replace(state, seq=last_seq)
    return Restored(state=state, damage=tuple(damage))


def _after(
    state: TurnState, row: Recorded | Unreadable, *, believed: bool
) -> TurnState:
    reached = replace(state, seq=row.seq)
    if isinstance(row, Unreadable):
        return reached
    endings = TurnCompleted | TurnFailed | TurnCancelled
    if not (believed or isinstance(row.event, endings)):
        return reached
    return advance(replace(state, seq=row.seq - 1), row)
