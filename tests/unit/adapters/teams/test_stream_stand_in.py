"""Streams against the stand-in, which enforces what Teams documents."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import cast

import pytest

from adapters.simulator.teams import faults
from adapters.teams.client import TeamsPlatform
from bot.errors import AmbiguousSendError, StoppedByPersonError, StreamRefusedError
from bot.pacing.pacer import Pacer
from bot.pacing.plan import Priority
from bot.pacing.way import Way
from bot.ports.surface import Receipt
from bot.protocol.ids import SurfaceId
from bot.protocol.inbound import Address
from bot.view.nodes import TurnView
from tests.support.platforms import TeamsVenue, teams_venue

SURFACE = SurfaceId("s-1")
VIEW = TurnView(headline="Working on it", mood="running", text="A brown")
LONGER = replace(VIEW, text="A brown fox")
DONE = replace(VIEW, mood="done", headline="Done", text="A brown fox runs.")


@pytest.fixture
async def venue() -> AsyncIterator[TeamsVenue]:
    async with teams_venue(metered=True) as venue:
        yield cast("TeamsVenue", venue)


@pytest.fixture
def platform(venue: TeamsVenue) -> TeamsPlatform:
    return cast("TeamsPlatform", venue.platform)


@pytest.fixture
async def to(venue: TeamsVenue) -> Address:
    return await venue.platform.open_direct(venue.ada, None)


async def begun(platform: TeamsPlatform, to: Address, view: TurnView = VIEW) -> Receipt:
    return await platform.streams.open(to, platform.render(view), surface=SURFACE)


async def test_a_stream_becomes_the_card_under_the_same_id(
    venue: TeamsVenue, platform: TeamsPlatform, to: Address
) -> None:
    render, streams = platform.render, platform.streams
    receipt = await begun(platform, to)
    [shown] = venue.shown()
    assert shown.body["streaming"]
    venue.clock.advance(1.1)
    await streams.append(receipt, render(LONGER), shown=render(VIEW))
    venue.clock.advance(1.1)
    receipt = await streams.close(receipt, render(DONE), shown=render(LONGER))
    assert receipt.stream is None
    [card] = venue.shown()
    assert card.message_id == shown.message_id
    assert card.body["text"] == ""
    assert DONE.text in card.words


async def test_a_group_is_told_apart_by_teams_too(
    venue: TeamsVenue, platform: TeamsPlatform, to: Address
) -> None:
    group = venue.world.open_group("ada", "bob")
    elsewhere = to.model_copy(update={"channel": group})
    with pytest.raises(StreamRefusedError):
        await begun(platform, elsewhere)
    assert venue.world.messages(group) == []


async def test_a_person_who_presses_stop_is_heard_at_the_next_word(
    venue: TeamsVenue, platform: TeamsPlatform, to: Address
) -> None:
    receipt = await begun(platform, to)
    venue.world.stop_stream("ada")
    venue.clock.advance(1.1)
    render = platform.render
    with pytest.raises(StoppedByPersonError):
        await platform.streams.append(receipt, render(LONGER), shown=render(VIEW))
    await platform.edit(receipt, render(DONE))
    assert DONE.text in venue.shown()[0].words


async def test_another_process_closes_what_it_finds_open_and_goes_on(
    venue: TeamsVenue, platform: TeamsPlatform, to: Address
) -> None:
    stored = (await begun(platform, to)).model_dump_json()
    venue.clock.advance(1.1)
    another = cast("TeamsPlatform", await venue.another())
    receipt = Receipt.model_validate_json(stored)
    payload = another.render(LONGER)
    await another.streams.close(receipt, payload, shown=None)
    [card] = venue.shown()
    assert LONGER.text in card.words


async def test_a_stream_that_teams_ended_is_edited_all_the_same(
    venue: TeamsVenue, platform: TeamsPlatform, to: Address
) -> None:
    receipt, render = await begun(platform, to), platform.render
    venue.clock.advance(131)
    closed = await platform.streams.close(receipt, None, shown=render(VIEW))
    await platform.edit(closed, render(DONE))
    assert DONE.text in venue.shown()[0].words


@pytest.mark.parametrize("applied", [True, False])
@pytest.mark.parametrize("status", [500, 502, 504])
async def test_after_a_lost_answer_it_is_closed_and_nothing_is_twice(
    venue: TeamsVenue,
    platform: TeamsPlatform,
    to: Address,
    status: int,
    *,
    applied: bool,
) -> None:
    receipt, render = await begun(platform, to), platform.render
    venue.world.fail_next("stream", faults.ServerError(status, applied=applied))
    venue.clock.advance(1.1)
    with pytest.raises(AmbiguousSendError):
        await platform.streams.append(receipt, render(LONGER), shown=render(VIEW))
    venue.clock.advance(1.1)
    await platform.streams.close(receipt, render(DONE), shown=None)
    [card] = venue.shown()
    assert DONE.text in card.words


async def test_a_lost_start_does_not_keep_the_chat_from_a_message(
    venue: TeamsVenue, platform: TeamsPlatform, to: Address
) -> None:
    venue.world.fail_next("stream", faults.Reset(applied=True))
    with pytest.raises(AmbiguousSendError):
        await begun(platform, to)
    with pytest.raises(StreamRefusedError):  # the first one still streams
        await begun(platform, to)
    await platform.post(to, platform.render(DONE), surface=SURFACE)
    assert len(venue.shown()) == 2, "a possible double: counted, never certain"


async def test_typing_is_seen_and_leaves_nothing(
    venue: TeamsVenue, platform: TeamsPlatform, to: Address
) -> None:
    await platform.typing.say(to, "starting")
    assert venue.shown() == []
    kinds = [change.kind for change in venue.world.journal.after(0)]
    assert "teams.typing" in kinds


async def test_who_keeps_to_the_lanes_is_never_refused(
    venue: TeamsVenue, platform: TeamsPlatform, to: Address
) -> None:
    """As many requests as the lanes allow, from the first to the end in time."""
    streams, pacer = platform.streams, Pacer(min_interval=0.1)
    view, receipt = VIEW, await begun(platform, to)
    assert receipt.stream is not None
    begun_at, sent, until = venue.clock.monotonic(), 0, receipt.stream.until
    # The start was not paced: the lanes have not heard of it.
    venue.clock.advance(1.1)
    while venue.clock.now() < until:
        now = venue.clock.monotonic()
        pacer.offer(
            SURFACE,
            sent,
            priority=Priority.FINAL,
            ways=(Way(lanes=streams.lanes("append", to)),),
            now=now,
        )
        plan = pacer.plan(now)
        for _ in plan.sends:
            sent += 1
            longer = replace(view, text=f"{view.text} {sent}")
            render = platform.render
            await streams.append(receipt, render(longer), shown=render(view))
            view = longer
            pacer.succeeded(SURFACE, now)
        wake = plan.wake_at if plan.wake_at and plan.wake_at > now else now + 0.05
        venue.clock.advance(wake - now)
    await streams.close(receipt, None, shown=platform.render(view))
    [shown] = venue.shown()
    assert str(shown.body["text"]) == view.text
    assert sent > 60
    assert venue.clock.monotonic() - begun_at < 120
