"""Weather: how the stand-ins behave on a good day, and on bad ones. Pure data, and dice.

A profile says the same of both platforms; each stand-in carries it out in its own
words (the worlds' argument `profile`): it draws `Luck.there`, carries the
call out or not as `Luck.trouble` says, draws `Luck.back`, and answers. The same seed
gives the same weather.

The figures are ours: what people report of bad days, a little exaggerated.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from math import log
from types import MappingProxyType
from typing import Literal, TypeAlias, get_args

ProfileName: TypeAlias = Literal["calm", "slow", "flaky", "rationed"]
Trouble: TypeAlias = Literal["refused", "broken", "lost", "throttled"]
"""What goes wrong with one call: see the shares of `Profile` by the same names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """A log-normal distribution, cut off."""

    median: float
    """Seconds."""
    spread: float
    """Standard deviation of the logarithm; 0: always the median."""
    longest: float
    """Seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """How a platform behaves. Shares are of all calls, 0 to 1."""

    name: ProfileName
    said: str
    """One line for people who choose."""
    there: Latency
    """From a call's arrival until it is carried out."""
    back: Latency
    """From then until its answer."""
    refused: float = 0.0
    """Answered with HTTP 5xx and a page of HTML, and not carried out."""
    broken: float = 0.0
    """The connection breaks before the call is carried out."""
    lost: float = 0.0
    """Carried out, and the answer is lost: 5xx, a reset, or silence."""
    throttled: float = 0.0
    """Answered with 429 though within every limit: other apps are busy too."""
    budget: float = 1.0
    """Share of the documented rates that is left for us."""
    history_lag: float = 3.0
    """Seconds until a message can be read back, on platforms that can be asked."""


_PROMPT = Latency(median=0.04, spread=0.3, longest=0.3)
_SLUGGISH = Latency(median=0.4, spread=0.8, longest=6.0)

PROFILES: Mapping[ProfileName, Profile] = MappingProxyType(
    {
        profile.name: profile
        for profile in (
            Profile(
                name="calm",
                said="a good day: 80 ms a call, nothing goes wrong",
                there=_PROMPT,
                back=_PROMPT,
            ),
            Profile(
                name="slow",
                said="0.8 s a call, at times 10 s; history lags by 12 s",
                there=_SLUGGISH,
                back=_SLUGGISH,
                history_lag=12.0,
            ),
            Profile(
                name="flaky",
                said="one call in twelve fails or happens without an answer",
                there=_PROMPT,
                back=_PROMPT,
                refused=0.03,
                broken=0.02,
                lost=0.03,
                throttled=0.01,
                history_lag=8.0,
            ),
            Profile(
                name="rationed",
                said="a third of the documented rates: other apps use up the rest",
                there=_PROMPT,
                back=_PROMPT,
                throttled=0.02,
                budget=1 / 3,
            ),
        )
    }
)

assert set(PROFILES) == set(get_args(ProfileName))


class Luck:
    """What happens to each call in turn.

    Args:
        profile: The weather.
        seed: Equal seeds give equal luck.
    """

    def __init__(self, profile: Profile, *, seed: int = 0) -> None:
        self.profile = profile
        self._dice = random.Random(seed)  # noqa: S311 - weather, not secrets

    def there(self) -> float:
        """Return the seconds until the next call is carried out."""
        return self._seconds(self.profile.there)

    def back(self) -> float:
        """Return the seconds from then until its answer."""
        return self._seconds(self.profile.back)

    def trouble(self) -> Trouble | None:
        """Return what goes wrong with the next call; ``None``: nothing."""
        profile, cast = self.profile, self._dice.random()
        shares: tuple[tuple[Trouble, float], ...] = (
            ("refused", profile.refused),
            ("broken", profile.broken),
            ("lost", profile.lost),
            ("throttled", profile.throttled),
        )
        for trouble, share in shares:
            cast -= share
            if cast < 0:
                return trouble
        return None

    def choice(self, count: int) -> int:
        """Return a number from 0 to ``count - 1``, for kinds of one trouble."""
        return self._dice.randrange(count)

    def _seconds(self, latency: Latency) -> float:
        drawn = self._dice.lognormvariate(log(latency.median), latency.spread)
        return min(latency.longest, drawn)
