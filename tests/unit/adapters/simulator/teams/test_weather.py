"""The profiles, as the Teams stand-in carries them out."""

import asyncio
from dataclasses import replace
from math import exp, log

import aiohttp
import pytest

from adapters.simulator.profiles import PROFILES, Latency, Luck, Profile
from adapters.simulator.teams.faults import (
    Refused,
    Reset,
    ServerError,
    Silence,
    Throttle,
    misfortune,
)
from tests.unit.adapters.simulator.teams.stage import Stage, stage

AT_ONCE = Latency(median=1e-9, spread=0, longest=0)
STILL = Profile(name="calm", said="", there=AT_ONCE, back=AT_ONCE)


def drawn(seconds: float) -> float:
    """Return what comes of ``seconds`` after a logarithm and back."""
    return exp(log(seconds))


@pytest.mark.parametrize(
    ("share", "outcomes"),
    [
        ("refused", {ServerError(status) for status in (500, 502, 503, 504)}),
        ("broken", {Reset()}),
        ("lost", {ServerError(applied=True), Reset(applied=True), Silence()}),
        ("throttled", {Throttle(None), Throttle(1), Throttle(2)}),
    ],
)
def test_each_trouble_has_its_faults(share: str, outcomes: set[object]):
    luck = Luck(replace(STILL, **{share: 1.0}))
    assert {misfortune(luck) for _ in range(100)} == outcomes


def test_a_calm_day_has_none():
    luck = Luck(PROFILES["calm"])
    assert {misfortune(luck) for _ in range(100)} == {None}


async def test_bad_weather_breaks_calls_but_never_the_login(staged: Stage):
    staged.world.profile = replace(STILL, broken=1.0)
    with pytest.raises(aiohttp.ClientOSError):
        await staged.client.send(staged.ada)
    assert (await staged.client.log_in())[0] == 200
    staged.world.profile = None
    assert (await staged.client.send(staged.ada))[0] == 201


async def test_a_call_takes_its_time_there_and_back(staged: Stage):
    there, back = (Latency(median=s, spread=0, longest=9) for s in (2, 3))
    staged.world.profile = replace(STILL, there=there, back=back)
    clock, world = staged.clock, staged.world
    async with asyncio.TaskGroup() as group:
        call = group.create_task(staged.client.send(staged.ada))
        await clock.someone_sleeps(drawn(2))
        assert world.messages(staged.ada) == []
        await clock.advance(2.1)
        await clock.someone_sleeps(drawn(3))
        assert len(world.messages(staged.ada)) == 1
        assert not call.done()
        await clock.advance(3.1)
    assert call.result()[0] == 201


async def test_less_of_the_rates_is_left_on_a_rationed_day():
    async with stage() as staged:
        staged.world.profile = replace(STILL, budget=1 / 3)
        answers = [(await staged.client.send(staged.ada))[0] for _ in range(3)]
        assert answers == [201, 201, 429]
        staged.world.profile = None
        assert (await staged.client.send(staged.ada))[0] == 201


async def test_any_refusal_can_be_had_on_command(staged: Stage):
    how = Refused(403, "InvalidBotApiHost", "Use the other host")
    staged.world.fail_next("send", how)
    status, body, _ = await staged.client.send(staged.ada)
    assert (status, body["error"]["code"]) == (403, "InvalidBotApiHost")
