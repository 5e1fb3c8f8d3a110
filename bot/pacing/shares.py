"""How replicas divide a platform's budget among themselves. Pure; time is an argument.

A platform counts the calls of the whole app, whichever process made them. So each lane
has one account that all replicas read and write (`LaneAccount`, a row in Postgres):
what was used in the last slices of time, and what each replica holds. A replica tells
what has become of the operations it held and asks for more (`LaneAccount.exchange`);
it spends only what it holds. What it holds counts as used until it says otherwise, or
until it has said nothing for `SILENT` seconds, and then as used at that moment: so
whatever dies, stands still or is late,

    no half-open interval of ``window.seconds`` contains more than ``window.count``
    operations of all replicas together, for every window of the lane

as long as an operation is settled within `SILENT` seconds of the exchange before it
(a property in ``tests/unit/bot/pacing/test_shares.py``). What a dead replica held comes
back by itself once its window is over.

Who gets how much: what is free is divided by how many surfaces each replica shows.
What is urgent goes first, and to whom it is urgent.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import ceil, floor
from typing import Any

from bot.pacing.window import Window

SLICE = 1.0
"""Seconds that uses are counted together for. A use counts a slice too long, never too
short."""
SILENT = 20.0
"""Seconds after which a replica that says nothing has spent what it held. Longer than
any call to a platform may take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stake:
    """One replica's part of a lane."""

    held: int
    """Operations that it may begin, or whose answer it awaits."""
    live: int
    """Surfaces that it shows through the lane."""
    until: float
    """When it has been silent for too long: Unix seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What a replica says of a lane, and wants of it."""

    settled: tuple[float, ...] = ()
    """When operations that it held came to their end since it last asked: Unix
    seconds."""
    out: int = 0
    """Operations whose answer it awaits."""
    urgent: int = 0
    """Operations that it wants for approvals and endings, whatever others want."""
    wants: int = 0
    """Further operations that it could use in the next slice."""
    live: int = 0
    """Surfaces that it shows through the lane."""
    keep: int = 0
    """Operations that are to be left for what is urgent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What a replica is given."""

    held: int
    """Operations that it may begin, those whose answer it awaits not counted."""
    free: int
    """Operations that nobody holds."""
    live: int
    """Surfaces that all replicas show through the lane."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneAccount:
    """What all replicas have used of one lane, and what each of them holds."""

    used: Mapping[int, int] = field(default_factory=dict[int, int])
    """Operations that came to their end, by slice."""
    stakes: Mapping[str, Stake] = field(default_factory=dict[str, Stake])
    """By replica."""

    def exchange(
        self, me: str, ask: Ask, windows: Iterable[Window], now: float
    ) -> tuple["LaneAccount", Part]:
        """Take note of what a replica did, and give it what it may do next.

        Args:
            me: The replica.
            ask: What it says and wants.
            windows: The lane's, as the platform documents them.
            now: Unix seconds; all replicas' clocks follow one.

        Returns:
            The account as it is to be written, and the replica's part.
        """
        windows = tuple(windows)
        used = dict(self.used)
        others: dict[str, Stake] = {}
        for name, stake in self.stakes.items():
            if stake.until <= now:  # dead or as good as: it may have spent all of it
                _count(used, stake.until, stake.held)
            elif name != me:
                others[name] = stake
        for at in ask.settled:
            _count(used, at, 1)
        free = max(0, self._free(used, others, windows, now) - ask.out)
        granted = _granted(ask, others, free)
        account = LaneAccount(
            used=_recent(used, windows, now),
            stakes=others
            | {me: Stake(held=ask.out + granted, live=ask.live, until=now + SILENT)},
        )
        live = ask.live + sum(stake.live for stake in others.values())
        return account, Part(held=granted, free=free - granted, live=live)

    @staticmethod
    def _free(
        used: Mapping[int, int],
        others: Mapping[str, Stake],
        windows: tuple[Window, ...],
        now: float,
    ) -> int:
        """Return what nobody has used or holds, by the tightest window."""
        held = sum(stake.held for stake in others.values())
        return min(
            (
                floor(window.count)
                - sum(
                    n for at, n in used.items() if at > _slice(now - window.seconds) - 1
                )
                - held
                for window in windows
            ),
            default=0,
        )

    def as_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {
            "used": {str(at): n for at, n in self.used.items()},
            "stakes": {
                name: [stake.held, stake.live, stake.until]
                for name, stake in self.stakes.items()
            },
        }

    @staticmethod
    def from_json(value: Mapping[str, Any]) -> "LaneAccount":
        """Return the account that `as_json` wrote."""
        return LaneAccount(
            used={int(at): n for at, n in value["used"].items()},
            stakes={
                name: Stake(held=held, live=live, until=until)
                for name, (held, live, until) in value["stakes"].items()
            },
        )


def _granted(ask: Ask, others: Mapping[str, Stake], free: int) -> int:
    urgent = min(ask.urgent, free)
    spare = max(0, free - urgent - ask.keep)
    shown = ask.live + sum(stake.live for stake in others.values())
    mine = ceil(spare * ask.live / shown) if shown else spare
    return urgent + min(ask.wants, spare, mine)


def _slice(at: float) -> int:
    return floor(at / SLICE)


def _count(used: dict[int, int], at: float, many: int) -> None:
    used[_slice(at)] = used.get(_slice(at), 0) + many


def _recent(
    used: Mapping[int, int], windows: tuple[Window, ...], now: float
) -> dict[int, int]:
    longest = max((window.seconds for window in windows), default=0.0)
    oldest = _slice(now - longest) - 1
    return {at: n for at, n in used.items() if at > oldest and n}
