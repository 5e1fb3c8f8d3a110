"""What is found when all is still again, in the words of the aims."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import asyncpg

from bot.protocol.events import Recorded
from bot.turn.state import TurnState


@dataclass(slots=True, kw_only=True)
class Findings:
    """What was found; empty lists are what is aimed at."""

    turns: int = 0
    ended: int = 0
    parked: int = 0
    events: int = 0
    effects: int = 0
    messages: int = 0
    """Surfaces that people see."""
    lost: list[str] = field(default_factory=list[str])
    """Accepted messages without a turn, and turns that neither ended nor are parked."""
    doubled: list[str] = field(default_factory=list[str])
    """Messages that became two turns, turns that ended twice."""
    effects_doubled: list[str] = field(default_factory=list[str])
    """Also: effects without a call that says so, and calls without their effect."""
    gapped: list[str] = field(default_factory=list[str])
    """Logs with a gap, or that say something else than their snapshot or rows."""
    unshown: list[str] = field(default_factory=list[str])
    """Surfaces that are not there, not once, or do not show the end."""
    unreported: list[str] = field(default_factory=list[str])
    """Calls of which nobody knows whether they happened, and without a ticket."""
    given_up: list[str] = field(default_factory=list[str])
    """Surfaces that a platform refused to show."""
    copies: list[str] = field(default_factory=list[str])
    """Teams messages that are there twice: where the answer to a post is lost, nobody
    can look for it (docs/teams.md)."""

    @property
    def wrong(self) -> list[str]:
        """Everything that must never be.

        Copies, what is unreported and what was given up are judged by whoever knows what was done.
        """
        named = {
            "lost": self.lost,
            "doubled": self.doubled,
            "effect": self.effects_doubled,
            "log": self.gapped,
            "screen": self.unshown,
        }
        return [f"{kind}: {what}" for kind, found in named.items() for what in found]


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A turn as the tables have it."""

    row: asyncpg.Record
    log: Sequence[Recorded]
    state: TurnState
    """As its log has it; its last snapshot's, once the log is compacted."""

    @property
    def name(self) -> str:
        """What findings call it."""
        return f"{self.row['text'][:30]!r} ({self.row['turn_id'][:8]})"
