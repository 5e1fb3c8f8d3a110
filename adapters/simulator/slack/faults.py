"""Failures on command: what goes wrong with the next call of a method."""

from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from adapters.simulator.profiles import Luck, Trouble


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerError:
    """A page of HTML instead of JSON; the call may have been carried out all the same."""

    applied: bool = False
    status: int = 500
    """HTTP's; some proxies' error pages come with 200."""


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
    messages: tuple[str, ...] = ()
    """What is wrong in detail, as ``response_metadata`` has it."""
    more: Mapping[str, object] = field(default_factory=dict[str, object])
    """Further keys of the answer, such as ``needed``."""


Fault: TypeAlias = ServerError | NoAnswer | ConnectionReset | RateLimited | Refusal


SPARED = frozenset({"auth.test"})
"""Methods that the weather spares: a bot that cannot even start shows nothing."""


class Faults:
    """The faults waiting for their call, and the weather."""

    def __init__(self) -> None:
        self.luck: Luck | None = None
        """Decides about calls that nothing waits for."""
        self._waiting: defaultdict[tuple[str, str], deque[Fault]] = defaultdict(deque)

    def add(
        self, method: str, how: Fault, *, times: int = 1, channel: str = ""
    ) -> None:
        """Let the next ``times`` calls of ``method`` fail like this.

        Args:
            method: What is called.
            how: What becomes of it.
            times: How often.
            channel: Where; empty: wherever it is called first.
        """
        self._waiting[method, channel].extend([how] * times)

    def take(self, method: str, channel: str = "") -> Fault | None:
        """Return what is to go wrong with this call, if anything."""
        if waiting := self._waiting[method, channel] or self._waiting[method, ""]:
            return waiting.popleft()
        if self.luck is None or method in SPARED:
            return None
        trouble = self.luck.trouble()
        return _fault_of(trouble, self.luck) if trouble else None

    def clear(self) -> None:
        """Forget the faults that have not happened yet."""
        self._waiting.clear()


def _fault_of(trouble: Trouble, luck: Luck) -> Fault:
    match trouble:
        case "refused":
            return ServerError(status=503)
        case "broken":
            return ConnectionReset(applied=False)
        case "lost":
            lost = (ServerError(applied=True), ConnectionReset(applied=True))
            return (*lost, NoAnswer())[luck.choice(3)]
        case "throttled":
            return RateLimited(retry_after=1 + luck.choice(5))
