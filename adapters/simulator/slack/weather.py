"""How Slack behaves today: latency, faults, rates and lag, as a profile says."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from adapters.simulator.profiles import Luck, Profile
from adapters.simulator.slack.faults import Faults
from adapters.simulator.slack.limits import SlackLimits
from adapters.simulator.slack.meter import Meters
from adapters.simulator.slack.web_api import WebApi
from bot.clock import Clock


class Weather:
    """A fine day until it is changed: every call at once, nothing goes wrong.

    Args:
        clock: Delays go by it.
        api: Whose rates and lag change.
        faults: What is to go wrong.
        limits: The rates of a fine day.
        team_id: Of the workspace.
    """

    def __init__(
        self,
        clock: Clock,
        api: WebApi,
        faults: Faults,
        *,
        limits: SlackLimits,
        team_id: str,
    ) -> None:
        self._clock = clock
        self._api = api
        self._faults = faults
        self._limits = limits
        self._team_id = team_id
        self._fine_lag = api.history_lag

    @property
    def profile(self) -> Profile | None:
        """What the weather is like; ``None``: fine."""
        return self._faults.luck.profile if self._faults.luck else None

    def change(self, profile: Profile | None, *, seed: int = 0) -> None:
        """Let calls from now on go as ``profile`` says; budgets begin anew."""
        self._faults.luck = Luck(profile, seed=seed) if profile else None
        self._api.history_lag = profile.history_lag if profile else self._fine_lag
        budget = profile.budget if profile else 1.0
        limits = self._limits if budget == 1.0 else self._limits.times(budget)
        self._api.meter(Meters(limits, team_id=self._team_id))

    @asynccontextmanager
    async def around(self) -> AsyncGenerator[None]:
        """Take the time that a call takes on its way there, and back."""
        luck = self._faults.luck
        if luck is None:
            yield
            return
        await self._clock.sleep(luck.there())
        yield
        await self._clock.sleep(luck.back())
