"""How often the bot may call, and what it is told when it calls too often."""

import pytest

from adapters.simulator.slack.limits import DOCUMENTED, METHOD_RATES, UNLIMITED
from adapters.simulator.slack.meter import Meters
from tests.unit.adapters.simulator.slack.stage import Stage, refusal_of, stage


def accepted(meters: Meters, method: str, *, at: list[float]) -> int:
    return sum(meters.admit(method, "C1", now) == 0 for now in at)


@pytest.mark.parametrize("method", sorted(METHOD_RATES))
def test_a_minute_holds_the_documented_calls_and_a_modest_burst(method: str) -> None:
    rate = METHOD_RATES[method]
    meters = Meters(DOCUMENTED, team_id="T1")
    tried = accepted(meters, method, at=[0.0] * 1_000)
    if method == "chat.startStream":
        assert tried == DOCUMENTED.channel_burst
    else:
        assert tried == rate.count + rate.burst
    assert rate.count < tried + 20 <= rate.count * 1.1 + 20


async def test_every_method_is_rationed(staged: Stage) -> None:
    counted = {*METHOD_RATES, "chat.postMessage"}  # that one by channel and workspace
    assert set(staged.world.api.methods) == counted


def test_no_sustained_rate_above_the_documented_one_is_accepted() -> None:
    meters = Meters(DOCUMENTED, team_id="T1")
    hour = accepted(meters, "chat.update", at=[second / 2 for second in range(7_200)])
    assert 49 * 60 <= hour <= 50 * 60 + 5 * 12


def test_posts_are_one_a_second_in_each_channel_after_a_short_burst() -> None:
    meters = Meters(DOCUMENTED, team_id="T1")
    assert accepted(meters, "chat.postMessage", at=[0.0] * 20) == 5
    assert meters.admit("chat.postMessage", "C2", 0.0) == 0
    assert accepted(meters, "chat.postMessage", at=[n / 10 for n in range(301)]) == 30


def test_retry_after_is_when_the_call_is_accepted() -> None:
    meters = Meters(DOCUMENTED, team_id="T1")
    for second in range(55):
        assert meters.admit("chat.update", "C1", second / 10) == 0
    wait = meters.admit("chat.update", "C1", 10.0)
    assert wait == 50
    assert meters.admit("chat.update", "C1", 10.0 + wait - 1) > 0
    assert meters.admit("chat.update", "C1", 10.0 + wait) == 0


def test_a_refused_call_costs_nothing() -> None:
    meters = Meters(DOCUMENTED, team_id="T1")
    accepted(meters, "chat.update", at=[0.0] * 500)
    assert accepted(meters, "chat.update", at=[60.0] * 500) == 55


def test_budgets_are_what_is_left() -> None:
    meters = Meters(DOCUMENTED, team_id="T1")
    accepted(meters, "chat.update", at=[0.0] * 52)
    assert meters.budgets(0.0) == [
        {
            "lane": "slack/T1/chat.update",
            "left": 0,
            "of": 50,
            "seconds": 60,
            "burst_left": 3,
        }
    ]
    assert meters.budgets(61.0)[0]["left"] == 50


async def test_a_call_too_many_gets_429_and_other_methods_go_on(staged: Stage) -> None:
    ts = await staged.post()
    for n in range(55):
        await staged.client.chat_update(channel=staged.channel, ts=ts, text=str(n))
    refusal = await refusal_of(
        staged.client.chat_update(channel=staged.channel, ts=ts, text="more")
    )
    assert refusal.status == 429
    assert refusal.error == "ratelimited"
    assert refusal.headers["Retry-After"] == "60"
    assert await staged.post("another method")
    (call,) = [c for c in staged.calls("chat.update") if not c["ok"]]
    assert (call["status"], call["retry_after"]) == (429, 60)
    assert staged.world.messages(staged.channel)[0]["text"] == "54"
    staged.clock.advance(60)
    assert (
        await staged.client.chat_update(channel=staged.channel, ts=ts, text="later")
    )["ok"]


async def test_posts_of_one_channel_wait_and_another_channels_do_not(
    staged: Stage,
) -> None:
    for _ in range(5):
        await staged.post()
    refusal = await refusal_of(
        staged.client.chat_postMessage(channel=staged.channel, text="six")
    )
    assert (refusal.status, refusal.headers["Retry-After"]) == (429, "1")
    await staged.post(channel=staged.ada_dm)
    staged.clock.advance(1)
    await staged.post("after a second")
    lanes = {b["lane"]: b["left"] for b in staged.world.budgets()}
    assert lanes[f"slack/T0TEAM/posts/{staged.channel}"] == 0


async def test_limits_can_be_lifted_to_measure_the_bot_alone() -> None:
    async with stage(limits_profile=UNLIMITED) as staged:
        for _ in range(30):
            await staged.post()
        assert len(staged.world.messages(staged.channel)) == 30
