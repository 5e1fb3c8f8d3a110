"""When people saw something new of a turn, and when its log grew.

What a dead worker had on the wire arrives after its death; so the first moments after
a blow show nothing about who goes on.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from adapters.simulator.journal import Change, Journal
from bot.protocol.ids import PlatformName
from tests.crash.site import Site

ON_THE_WIRE = timedelta(seconds=0.25)
"""How long what was sent before a blow may take to arrive."""
DEADLY = ("kill", "stop")
"""Blows after which somebody else must go on."""
BEFORE, AFTER = timedelta(seconds=2), timedelta(seconds=8)
"""Around the end of a worker that was told to end: it hands over just before."""

_RUNNING = """
SELECT t.turn_id, t.conversation_id FROM turn t
JOIN conversation c USING (tenant_id, conversation_id)
WHERE c.worker_id = $1 AND t.status = 'running'
"""
_GREW = """
SELECT turn_id, at FROM turn_event WHERE turn_id = ANY($1) ORDER BY at
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A turn that ran when its owner was struck."""

    turn_id: str
    conversation: str
    kind: str
    """What was done to its owner."""
    at: datetime

    @property
    def deadly(self) -> bool:
        """Whether its owner did not go on."""
        return self.kind in DEADLY

    @property
    def platform(self) -> PlatformName:
        """Where it is shown."""
        return "slack" if self.conversation.startswith("slack:") else "teams"


@dataclass(slots=True)
class Screens:
    """When each conversation's messages changed."""

    journal: Journal
    _changed: dict[str, list[datetime]] = field(
        default_factory=lambda: defaultdict[str, list[datetime]](list)
    )

    async def watch(self) -> None:
        """Take note of every change, until cancelled."""
        async for change in self.journal.follow(self.journal.last_seq):
            if where := _conversation_of(change):
                self._changed[where].append(change.at)

    def times_of(self, hit: Hit) -> list[datetime]:
        """Return when people saw something new in a hit turn's conversation."""
        return self._changed.get(hit.conversation.split(":", 2)[2], [])


def _conversation_of(change: Change) -> str | None:
    """Return the end of the conversation's id that the bot changed a message in."""
    body: Mapping[str, Any] = change.body
    if change.kind == "slack.message" and body["bot_id"]:
        return f"{body['channel']}:{body['thread_ts']}"
    if change.kind == "teams.activity" and body["from"]["id"].startswith("28:"):
        return body["conversation"]
    return None


def next_after(times: Sequence[datetime], hit: Hit) -> float | None:
    """Return seconds from the blow until something new, if it ever came."""
    place = bisect_right(times, hit.at + (ON_THE_WIRE if hit.deadly else timedelta()))
    return (times[place] - hit.at).total_seconds() if place < len(times) else None


def gap_around(times: Sequence[datetime], at: datetime) -> float | None:
    """Return the longest time without anything new around an instant, in seconds."""
    near = [time for time in times if -BEFORE <= time - at <= AFTER]
    gaps = [later - earlier for earlier, later in pairwise(near)]
    return max(gaps).total_seconds() if gaps else None


async def running_at(site: Site, worker_id: str, kind: str) -> list[Hit]:
    """Return the turns that a worker runs now, as hit by what comes next."""
    rows = await site.rows(_RUNNING, worker_id)
    now = site.clock.now()
    return [Hit(turn_id=row[0], conversation=row[1], kind=kind, at=now) for row in rows]


async def growth_of(site: Site, hits: Iterable[Hit]) -> dict[str, list[datetime]]:
    """Return when the log of each hit turn grew; ask before it is compacted."""
    found: dict[str, list[datetime]] = defaultdict(list)
    for row in await site.rows(_GREW, sorted({hit.turn_id for hit in hits})):
        found[row["turn_id"]].append(row["at"])
    return found
