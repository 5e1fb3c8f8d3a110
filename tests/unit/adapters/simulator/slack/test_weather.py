"""Profiles as the stand-in carries them out."""

import asyncio
from collections import Counter
from collections.abc import Awaitable
from dataclasses import replace
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError

from adapters.simulator.profiles import PROFILES, Latency
from tests.unit.adapters.simulator.slack.stage import Stage, stage

EVEN = Latency(median=2.0, spread=0.0, longest=9.0)
TROUBLED = replace(
    PROFILES["calm"], there=EVEN, back=EVEN, refused=0.2, broken=0.2, throttled=0.2
)


async def test_a_call_takes_its_time_there_and_back() -> None:
    slow = replace(PROFILES["calm"], there=EVEN, back=EVEN)
    async with stage(profile=slow) as staged, asyncio.TaskGroup() as tasks:
        post = tasks.create_task(staged.post("x"))
        await staged.clock.someone_sleeps(2.0)
        assert not staged.world.messages(staged.channel)
        staged.clock.advance(2)
        await staged.world.wait_for(lambda: staged.world.messages(staged.channel))
        await staged.clock.someone_sleeps(2.0)
        assert not post.done()
        staged.clock.advance(2)


async def _outcome(call: Awaitable[object]) -> str:
    try:
        await call
    except SlackApiError as error:
        response: Any = error.response
        return str(response["error"])
    except aiohttp.ClientConnectionError:
        return "broken"
    except AttributeError:  # the SDK trips over pages of HTML
        return "page"
    return "ok"


async def test_troubles_are_what_the_profile_says(staged: Stage) -> None:
    at_once = Latency(median=1e-9, spread=0.0, longest=0.0)
    profile = replace(TROUBLED, there=at_once, back=at_once)
    staged.world.weather.change(profile, seed=3)
    client = staged.client
    told = Counter([await _outcome(client.api_test()) for _ in range(60)])
    assert set(told) >= {"ok", "broken", "ratelimited"}
    assert told["ok"] < 50
    assert await _outcome(client.auth_test()) == "ok"
    staged.world.weather.change(None)
    assert {await _outcome(client.api_test()) for _ in range(9)} == {"ok"}


async def test_rationed_leaves_a_third_and_history_lags_as_told(staged: Stage) -> None:
    at_once = Latency(median=1e-9, spread=0.0, longest=0.0)
    rationed = replace(
        PROFILES["rationed"],
        there=at_once,
        back=at_once,
        throttled=0.0,
        history_lag=8.0,
    )
    staged.world.weather.change(rationed)
    await staged.post("x")
    await staged.client.auth_test()
    lanes = {b["lane"]: b["of"] for b in staged.world.budgets()}
    assert lanes["slack/T0TEAM/posts"] == 100
    assert lanes["slack/T0TEAM/auth.test"] == 200
    for seconds, seen in ((7.9, 0), (0.2, 1)):
        staged.clock.advance(seconds)
        told = await staged.client.conversations_history(channel=staged.channel)
        assert len(told["messages"]) == seen
