import asyncio

import aiohttp
import pytest

from adapters.simulator.teams.faults import (
    Conflict,
    Reset,
    ServerError,
    Silence,
    Throttle,
)
from tests.unit.adapters.simulator.teams.stage import Stage


@pytest.mark.parametrize("status", [500, 502, 503, 504])
@pytest.mark.parametrize("applied", [False, True])
async def test_a_gateway_fails_in_html(staged: Stage, status: int, *, applied: bool):
    staged.world.fail_next("send", ServerError(status, applied=applied))
    got, page, headers = await staged.client.send(staged.ada)
    assert got == status
    assert headers["Content-Type"].startswith("text/html")
    assert page.startswith("<html>")
    assert len(staged.world.messages(staged.ada)) == int(applied)
    assert (await staged.client.send(staged.ada))[0] == 201


@pytest.mark.parametrize("applied", [False, True])
async def test_a_connection_breaks(staged: Stage, *, applied: bool):
    staged.world.fail_next("send", Reset(applied=applied))
    with pytest.raises(aiohttp.ClientOSError, match="reset by peer"):
        await staged.client.send(staged.ada)
    assert len(staged.world.messages(staged.ada)) == int(applied)
    assert staged.calls()[-1]["status"] is None
    assert staged.calls()[-1]["fault"] == "Reset"


async def test_an_answer_never_comes_although_the_message_is_there(staged: Stage):
    staged.world.fail_next("send", Silence())
    async with asyncio.TaskGroup() as group:
        call = group.create_task(staged.client.send(staged.ada))
        await staged.world.wait_for(lambda w: w.messages(staged.ada))
        assert not call.done()
        call.cancel()
    assert (await staged.client.send(staged.ada))[0] == 201


async def test_a_request_that_was_held_may_come_to_nothing(staged: Stage):
    hold = staged.world.hold_next("send")
    async with asyncio.TaskGroup() as group:
        call = group.create_task(lost(staged))
        await hold.reached.wait()
        hold.drop()
    assert call.done()
    assert staged.world.messages(staged.ada) == []
    assert staged.calls()[-1]["status"] is None
    assert (await staged.client.send(staged.ada))[0] == 201


async def lost(staged: Stage) -> None:
    with pytest.raises(aiohttp.ClientOSError, match="reset by peer"):
        await staged.client.send(staged.ada)


async def test_a_429_on_command_says_how_long(staged: Stage):
    staged.world.fail_next("update", Throttle(30))
    _, sent, _ = await staged.client.send(staged.ada)
    status, _, headers = await staged.client.update(staged.ada, sent["id"])
    assert (status, headers["Retry-After"]) == (429, "30")
    assert staged.calls()[-1]["retry_after"] == 30
    staged.world.fail_next("update", Throttle(None))
    status, _, headers = await staged.client.update(staged.ada, sent["id"])
    assert status == 429
    assert "Retry-After" not in headers


async def test_a_412_on_command_changes_nothing(staged: Stage):
    staged.world.fail_next("send", Conflict(), times=2)
    answers = [(await staged.client.send(staged.ada))[0] for _ in range(3)]
    assert answers == [412, 412, 201]


async def test_a_fault_waits_for_its_own_operation(staged: Stage):
    staged.world.fail_next("delete", ServerError(503))
    assert (await staged.client.send(staged.ada))[0] == 201


async def test_the_token_endpoint_and_the_keys_can_fail_too(staged: Stage):
    staged.world.fail_next("token", Throttle(5))
    assert (await staged.client.log_in())[0] == 429
    staged.world.fail_next("keys", ServerError(500))
    async with (
        aiohttp.ClientSession() as session,
        session.get(staged.world.openid_metadata_url) as response,
    ):
        document = await response.json()
        async with session.get(document["jwks_uri"]) as keys:
            assert keys.status == 500


async def test_waiting_ends_with_the_first_true_answer_or_in_time(staged: Stage):
    with pytest.raises(TimeoutError):
        await staged.world.wait_for(lambda _: None, within=0.01)
    async with asyncio.TaskGroup() as group:
        found = group.create_task(
            staged.world.wait_for(lambda w: w.messages(staged.ada))
        )
        await staged.client.send(staged.ada, "here")
    assert found.result()[0]["text"] == "here"
