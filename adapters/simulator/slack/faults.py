"""Failures on command: what goes wrong with the next call of a method."""

from collections import defaultdict, deque
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerError:
    """HTTP 500 with an HTML page; the call may have been carried out all the same."""

    applied: bool = False


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """The call is carried out, the answer never comes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionReset:
    """The connection breaks, before or after the call is carried out."""

    applied: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimited:
    """HTTP 429; the call is not carried out."""

    retry_after: int


@dataclass(frozen=True, slots=True)
class Refusal:
    """``ok: false`` with this error; the call is not carried out."""

    error: str


Fault: TypeAlias = ServerError | NoAnswer | ConnectionReset | RateLimited | Refusal


class Faults:
    """The faults waiting for their call."""

    def __init__(self) -> None:
        self._waiting: defaultdict[str, deque[Fault]] = defaultdict(deque)

    def add(self, method: str, how: Fault, *, times: int = 1) -> None:
        """Let the next ``times`` calls of ``method`` fail like this."""
        self._waiting[method].extend([how] * times)

    def take(self, method: str) -> Fault | None:
        """Return what is to go wrong with this call, if anything."""
        waiting = self._waiting.get(method)
        return waiting.popleft() if waiting else None

    def clear(self) -> None:
        """Forget the faults that have not happened yet."""
        self._waiting.clear()
