"""Whose a stream is, where Slack could not be told: over the wire, with the stand-in."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from adapters.simulator.slack.faults import Refusal
from bot.ports.surface import OpenStream, Receipt
from bot.protocol.ids import SurfaceId
from bot.protocol.inbound import Address
from bot.view.nodes import TurnView
from tests.support.slack_wire import ADA, Wire, wired

SURFACE = SurfaceId("5e9f7b52-0000-4000-8000-000000000001")
OTHER = SurfaceId("5e9f7b52-0000-4000-8000-000000000002")
BEGUN = TurnView(headline="Working", mood="running", text="One\n")
DONE = replace(BEGUN, headline="Done", mood="done", text="One\nTwo\n")


@pytest.fixture
async def wire() -> AsyncIterator[Wire]:
    async with wired() as wire:
        yield wire


async def stream(wire: Wire, to: Address) -> Receipt:
    payload = wire.platform.render(BEGUN)
    return await wire.platform.streams.open(to, payload, surface=SURFACE)


async def over(wire: Wire, receipt: Receipt) -> Receipt:
    """Close a stream that Slack has ended: its end marks nothing."""
    wire.clock.advance(301)
    return await wire.platform.streams.close(receipt, None, shown=None)


async def find(
    wire: Wire, to: Address, since: datetime, surface: SurfaceId = SURFACE
) -> Receipt | None:
    wire.clock.advance(11)
    return await wire.platform.find_post(to, surface=surface, since=since)


async def test_a_stream_that_was_over_is_marked_by_its_next_edit(wire: Wire):
    to, begun = await wire.thread(), wire.clock.now()
    closed = await over(wire, await stream(wire, to))
    await wire.platform.edit(closed, wire.platform.render(DONE))
    found = await find(wire, to, begun)
    assert found
    assert found.stream is None
    assert found.message_id == closed.message_id


async def test_a_mark_that_slack_refuses_does_not_keep_an_edit_from_being_shown(
    wire: Wire,
):
    to = await wire.thread()
    closed = await over(wire, await stream(wire, to))
    wire.world.fail_next("chat.update", Refusal("invalid_metadata_schema"))
    await wire.platform.edit(closed, wire.platform.render(DONE))
    assert "Two" in str(wire.shown(to))


async def test_a_stream_that_this_process_began_is_found_by_what_it_was_begun_for(
    wire: Wire,
):
    to, begun = await wire.thread(), wire.clock.now()
    receipt = await stream(wire, to)
    found = await find(wire, to, begun)
    assert found
    assert found.message_id == receipt.message_id
    assert found.stream
    assert not await find(wire, to, begun, OTHER)


async def test_a_stream_that_another_process_began_is_nobody_elses(wire: Wire):
    to, begun = await wire.thread(), wire.clock.now()
    answer = wire.world.api.call(
        "chat.startStream",
        {
            "channel": to.channel,
            "thread_ts": to.thread,
            "recipient_user_id": ADA.id,
            "recipient_team_id": to.workspace,
        },
        token="xoxb-wire",
    )
    growing = OpenStream(until=begun + timedelta(seconds=200))
    receipt = Receipt(message_id=str(answer.body["ts"]), address=to, stream=growing)
    wire.platform.streams.recall(receipt, SURFACE)
    assert not await find(wire, to, begun, OTHER)
    closed = await wire.platform.streams.close(receipt, None, shown=None)
    assert await find(wire, to, begun) == closed
