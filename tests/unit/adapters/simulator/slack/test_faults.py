"""Failures on command, as Slack's own client meets them."""

import asyncio
import json

import aiohttp
import pytest

from adapters.simulator.slack.faults import (
    ConnectionReset,
    NoAnswer,
    RateLimited,
    Refusal,
    ServerError,
)
from tests.unit.adapters.simulator.slack.stage import Stage, refusal_of


def texts(staged: Stage) -> list[str]:
    return [m["text"] for m in staged.world.messages(staged.channel)]


@pytest.mark.parametrize("applied", [True, False])
async def test_a_server_error_leaves_open_whether_it_happened(
    staged: Stage, *, applied: bool
) -> None:
    staged.world.fail_next("chat.postMessage", ServerError(applied=applied))
    assert (await refusal_of(staged.post("x"))).status == 500
    assert texts(staged) == (["x"] if applied else [])


@pytest.mark.parametrize("applied", [True, False])
async def test_a_connection_breaks_before_or_after_it_happened(
    staged: Stage, *, applied: bool
) -> None:
    staged.world.fail_next("chat.postMessage", ConnectionReset(applied=applied))
    with pytest.raises(aiohttp.ClientConnectionError):
        await staged.post("x")
    assert texts(staged) == (["x"] if applied else [])
    (call,) = staged.calls("chat.postMessage")
    assert (call["ok"], call["fault"]) == (False, "ConnectionReset")


async def test_no_answer_comes_though_it_happened(staged: Stage) -> None:
    staged.world.fail_next("chat.postMessage", NoAnswer())
    async with asyncio.TaskGroup() as group:
        post = group.create_task(staged.post("x"))
        await staged.world.wait_for(lambda: texts(staged) == ["x"])
        assert not post.done()
        post.cancel()
    await staged.post("y")


async def test_a_rate_limit_and_a_refusal_change_nothing(staged: Stage) -> None:
    staged.world.fail_next("chat.postMessage", RateLimited(retry_after=12))
    staged.world.fail_next("chat.postMessage", Refusal("internal_error"))
    call = {"channel": staged.channel, "text": "x"}
    limited = await refusal_of(staged.client.chat_postMessage(**call))
    assert (limited.status, limited.headers["Retry-After"]) == (429, "12")
    refused = await refusal_of(staged.client.chat_postMessage(**call))
    assert (refused.status, refused.error) == (200, "internal_error")
    assert texts(staged) == []


async def test_a_fault_hits_the_method_it_is_for_as_often_as_told(
    staged: Stage,
) -> None:
    staged.world.fail_next("chat.update", Refusal("fatal_error"), times=2)
    ts = await staged.post("x")
    edit = {"channel": staged.channel, "ts": ts, "text": "y"}
    for _ in range(2):
        await refusal_of(staged.client.chat_update(**edit))
    assert (await staged.client.chat_update(**edit))["ok"]


async def test_a_snapshot_is_json_and_the_journal_goes_on_from_it(
    staged: Stage,
) -> None:
    await staged.post("before")
    snapshot = json.loads(json.dumps(staged.world.snapshot()))
    ts = await staged.post("after")
    later = staged.world.workspace.journal.after(snapshot["seq"])
    assert [c.body["ts"] for c in later if c.kind == "slack.message"] == [ts]
    json.dumps([dict(change.body) for change in later])
    assert snapshot["channels"][0]["id"] == staged.channel
    assert [m["text"] for m in snapshot["messages"][staged.channel]] == ["before"]
