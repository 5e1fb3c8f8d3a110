"""When to leave a model alone for a while: a circuit breaker. Pure; time is told.

Closed, every question goes out. `FAILURES` in a row open it: for a while no question
goes out, so that a model that is down is not asked by every turn. Then one is tried,
and only one for each such while; if it succeeds the breaker is closed, and if it fails
the next while is twice as long.
"""

from dataclasses import dataclass, replace

FAILURES = 5
"""Failures in a row that open the breaker."""
REST = 10.0
"""Seconds that a model is left alone at first; doubles with each trial that fails."""
LONGEST_REST = 120.0
"""Seconds that it is left alone at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaker:
    """What is known of one model."""

    failures: int = 0
    """Failures since it last succeeded."""
    rest: float = REST
    """Seconds that it is left alone after the next failed trial."""
    resting_until: float | None = None
    """When the next question may go out; ``None``: at any time."""

    @property
    def is_open(self) -> bool:
        """Whether the model is left alone, but for trials."""
        return self.resting_until is not None

    def wait(self, now: float) -> float:
        """Return for how many seconds no question may go out; 0: one may now."""
        until = self.resting_until
        return 0.0 if until is None else max(0.0, until - now)

    def asking(self, now: float) -> "Breaker":
        """Return what is known once a question goes out, which is allowed."""
        if not self.is_open:
            return self
        # A trial that is never heard of again must not be the last one.
        return replace(self, resting_until=now + self.rest)

    def succeeded(self) -> "Breaker":
        """Return what is known after a whole reply."""
        return Breaker()

    def failed(self, now: float, *, retry_after: float = 0.0) -> "Breaker":
        """Return what is known after a failure that may pass.

        Args:
            now: When.
            retry_after: Seconds for which the model wants to be left alone.
        """
        failures = self.failures + 1
        if failures < FAILURES:
            return replace(self, failures=failures)
        rest = min(2 * self.rest, LONGEST_REST) if self.is_open else self.rest
        until = now + min(max(rest, retry_after), LONGEST_REST)
        return Breaker(failures=failures, rest=rest, resting_until=until)
