"""The weather of the stand-ins."""

from collections import Counter
from statistics import median

import pytest

from adapters.simulator.profiles import PROFILES, Luck, ProfileName
from bot.cli import parser

DRAWS = 20_000


@pytest.mark.parametrize("name", PROFILES)
def test_troubles_come_as_often_as_the_profile_says(name: ProfileName):
    profile = PROFILES[name]
    luck = Luck(profile, seed=7)
    counted = Counter(luck.trouble() for _ in range(DRAWS))
    for trouble in ("refused", "broken", "lost", "throttled"):
        share = getattr(profile, trouble)
        assert counted[trouble] / DRAWS == pytest.approx(share, abs=0.006)


@pytest.mark.parametrize("name", PROFILES)
def test_calls_take_about_the_median_and_never_too_long(name: ProfileName):
    profile = PROFILES[name]
    luck = Luck(profile, seed=7)
    drawn = [luck.there() for _ in range(DRAWS)]
    assert median(drawn) == pytest.approx(profile.there.median, rel=0.05)
    assert max(drawn) <= profile.there.longest


def test_the_same_seed_gives_the_same_weather():
    one, other, third = (Luck(PROFILES["flaky"], seed=seed) for seed in (1, 1, 2))
    draws = [
        [(luck.there(), luck.trouble(), luck.back(), luck.choice(3)) for _ in range(99)]
        for luck in (one, other, third)
    ]
    assert draws[0] == draws[1]
    assert draws[0] != draws[2]


@pytest.mark.parametrize("name", PROFILES)
def test_the_demo_can_be_given_every_profile(name: ProfileName):
    assert parser().parse_args(["demo", "--profile", name]).profile == name
