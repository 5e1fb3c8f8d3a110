"""The demo page's choice of good and bad days, for both stand-ins at once."""

from collections.abc import Callable
from typing import Any

from aiohttp import web
from pydantic import BaseModel, ConfigDict

from adapters.simulator.journal import Journal
from adapters.simulator.profiles import PROFILES, Profile, ProfileName


class _Chosen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    profile: ProfileName


class DemoWeather:
    """What the weather is, and how it is changed.

    Args:
        journal: Told of changes.
        now: What it is; ``None``: calls go at once, and well.
        stand_ins: Change the weather of each.
    """

    def __init__(
        self,
        journal: Journal,
        now: Profile | None,
        *stand_ins: Callable[[Profile], object],
    ) -> None:
        self._journal = journal
        self._now = now
        self._stand_ins = stand_ins

    def as_json(self) -> dict[str, Any]:
        """Return what the page shows."""
        return {
            "now": self._now.name if self._now else None,
            "choices": [
                {"name": profile.name, "said": profile.said}
                for profile in PROFILES.values()
            ],
        }

    async def choose(self, request: web.Request) -> object:
        """Change the weather, as somebody chose on the page."""
        chosen = _Chosen.model_validate_json(await request.read())
        self._now = PROFILES[chosen.profile]
        for change in self._stand_ins:
            change(self._now)
        self._journal.record("weather", now=self._now.name)
        return None
