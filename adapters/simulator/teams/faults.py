"""Misfortunes on command: what may go wrong between a bot and Teams."""

import asyncio
from collections import defaultdict, deque
from dataclasses import dataclass
from typing import TypeAlias

from adapters.simulator.profiles import Luck
from adapters.simulator.teams.limits import Operation


@dataclass(frozen=True, slots=True)
class ServerError:
    """A gateway answers with an HTML page."""

    status: int = 502
    """500, 502, 503 or 504."""
    applied: bool = False
    """Whether the request was carried out all the same."""


@dataclass(frozen=True, slots=True)
class Silence:
    """No answer, until the world closes."""

    applied: bool = True


@dataclass(frozen=True, slots=True)
class Reset:
    """The connection breaks instead of an answer."""

    applied: bool = False


@dataclass(frozen=True, slots=True)
class Throttle:
    """429, whatever the budgets say."""

    retry_after: int | None = 1
    """Seconds; ``None`` leaves the header out."""


@dataclass(frozen=True, slots=True)
class Refused:
    """Any other refusal of the connector."""

    status: int
    code: str
    message: str = ""


@dataclass(frozen=True, slots=True)
class Conflict:
    """412: another operation on the same conversation was under way."""


class Hold:
    """The request stays under way until it is released; then it is carried out."""

    def __init__(self) -> None:
        self.reached = asyncio.Event()
        """Set when the request has arrived."""
        self.dropped = False
        """Whether it is not carried out after all."""
        self._open = asyncio.Event()

    def release(self) -> None:
        """Let the request go on."""
        self._open.set()

    def drop(self) -> None:
        """Let the request come to nothing: its connection breaks."""
        self.dropped = True
        self._open.set()

    async def arrive(self) -> None:
        """Say that the request is here and wait for `release`."""
        self.reached.set()
        await self._open.wait()


Fault: TypeAlias = ServerError | Silence | Reset | Throttle | Refused | Conflict | Hold

_GATEWAY = (500, 502, 503, 504)


def misfortune(luck: Luck) -> Fault | None:
    """Return what the weather does to the next request, if anything."""
    match luck.trouble():
        case None:
            return None
        case "refused":
            return ServerError(_GATEWAY[luck.choice(len(_GATEWAY))])
        case "broken":
            return Reset()
        case "lost":
            ways = (ServerError(applied=True), Reset(applied=True), Silence())
            return ways[luck.choice(len(ways))]
        case "throttled":
            return Throttle((None, 1, 2)[luck.choice(3)])


class Faults:
    """The misfortunes that wait for their request."""

    def __init__(self) -> None:
        self._waiting: defaultdict[tuple[Operation, str], deque[Fault]] = defaultdict(
            deque
        )

    def add(self, operation: Operation, fault: Fault, conversation: str = "") -> None:
        """Let ``fault`` happen to the next ``operation`` without one.

        Args:
            operation: What is asked.
            fault: What becomes of it.
            conversation: Where; empty: wherever it is asked first.
        """
        self._waiting[operation, conversation].append(fault)

    def take(self, operation: Operation, conversation: str) -> Fault | None:
        """Return what happens to this ``operation``, if anything."""
        waiting = self._waiting[operation, conversation] or self._waiting[operation, ""]
        return waiting.popleft() if waiting else None
