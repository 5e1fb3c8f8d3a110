"""What every `bot.ports.surface.Platform` must do, tried on each.

Slack and Teams are the real adapters over HTTP against their stand-ins; the fake that
the engine's tests stand on is held to the same.
"""

from dataclasses import replace
from functools import partial

import pytest

from bot.errors import (
    AmbiguousSendError,
    MessageGoneError,
    PlatformError,
    RateLimitedError,
)
from bot.pacing.pacer import Pacer
from bot.pacing.plan import Priority
from bot.pacing.way import Way
from bot.ports.surface import Operation, Receipt
from bot.protocol.ids import SurfaceId, TurnId
from bot.protocol.inbound import Address
from bot.view.nodes import Step, TurnView
from tests.support.platforms import EMAIL, Loss, Open, Venue

SURFACE = SurfaceId("5e9f7b52-0000-4000-8000-000000000001")
HELLO = TurnView(headline="Working on it", mood="running", text="Hello **there**")
BYE = replace(HELLO, headline="Done", mood="done", text="Good bye")


async def post(
    venue: Venue, to: Address, view: TurnView = HELLO, surface: SurfaceId = SURFACE
) -> Receipt:
    payload = venue.platform.render(view)
    return await venue.platform.post(to, payload, surface=surface)


async def edit(venue: Venue, receipt: Receipt, view: TurnView = BYE) -> Receipt:
    return await venue.platform.edit(receipt, venue.platform.render(view))


# ------------------------------------------------------------------------ rendering


def test_equal_views_give_equal_payloads(venue: Venue) -> None:
    first, second = map(venue.platform.render, (HELLO, replace(HELLO)))
    assert first == second
    assert first.digest


@pytest.mark.parametrize(
    "other",
    [
        replace(HELLO, headline="Another"),
        replace(HELLO, text="Hello *there*"),
        replace(HELLO, notices=("Careful",)),
        replace(HELLO, footer="by a machine"),
        replace(HELLO, stop_turn=TurnId("t")),
        replace(HELLO, steps=(Step(id="s", title="Looking", status="running"),)),
    ],
)
def test_what_looks_different_has_another_digest(venue: Venue, other: TurnView) -> None:
    render = venue.platform.render
    assert render(HELLO).digest != render(other).digest


# --------------------------------------------------------------------------- posting


async def test_a_post_shows_exactly_one_message(venue: Venue, to: Address) -> None:
    receipt = await post(venue, to)
    [shown] = venue.shown()
    assert shown.message_id == receipt.message_id
    assert "Working on it" in shown.words
    assert "there" in shown.words


async def test_a_receipt_says_where_the_message_is(venue: Venue, to: Address) -> None:
    receipt = await post(venue, to)
    assert receipt.address == to


async def test_a_post_to_nowhere_is_refused_and_shows_nothing(
    venue: Venue, to: Address
) -> None:
    with pytest.raises(PlatformError) as caught:
        await post(venue, venue.nowhere(to))
    assert not isinstance(caught.value, AmbiguousSendError | RateLimitedError)
    assert not venue.shown()


async def test_a_post_that_is_too_many_shows_nothing_and_says_when(
    venue: Venue, to: Address
) -> None:
    venue.throttle("post", 7)
    with pytest.raises(RateLimitedError) as caught:
        await post(venue, to)
    assert caught.value.retry_after == 7
    assert not venue.shown()
    await post(venue, to)
    assert len(venue.shown()) == 1


# --------------------------------------------------------------------------- editing


async def test_an_edit_replaces_the_message(venue: Venue, to: Address) -> None:
    receipt = await post(venue, to, replace(HELLO, notices=("Only at first",)))
    await edit(venue, receipt)
    [shown] = venue.shown()
    assert "Good bye" in shown.words
    assert "Only at first" not in shown.words
    assert "there" not in shown.words


async def test_an_edits_receipt_is_accepted_again(venue: Venue, to: Address) -> None:
    receipt = await post(venue, to)
    for view in (BYE, HELLO, BYE):
        receipt = await edit(venue, receipt, view)
    [shown] = venue.shown()
    assert "Good bye" in shown.words


async def test_a_stored_receipt_is_edited_by_another_process(
    venue: Venue, to: Address
) -> None:
    stored = (await post(venue, to)).model_dump_json()
    another = await venue.another()
    receipt = Receipt.model_validate_json(stored)
    await another.edit(receipt, another.render(BYE))
    [shown] = venue.shown()
    assert "Good bye" in shown.words


async def test_the_same_edit_again_is_harmless(venue: Venue, to: Address) -> None:
    receipt = await post(venue, to)
    once = await edit(venue, receipt)
    before = venue.shown()[0].words
    await edit(venue, once)
    assert [shown.words for shown in venue.shown()] == [before]


async def test_an_edit_that_is_too_many_changes_nothing_and_says_when(
    venue: Venue, to: Address
) -> None:
    receipt = await post(venue, to)
    venue.throttle("edit", 9)
    with pytest.raises(RateLimitedError) as caught:
        await edit(venue, receipt)
    assert caught.value.retry_after == 9
    assert "Good bye" not in venue.shown()[0].words
    await edit(venue, receipt)
    assert "Good bye" in venue.shown()[0].words


@pytest.mark.parametrize("applied", [True, False])
async def test_an_edit_whose_answer_is_lost_may_simply_be_repeated(
    venue: Venue, to: Address, *, applied: bool
) -> None:
    receipt = await post(venue, to)
    venue.lose("edit", "error", applied=applied)
    with pytest.raises(AmbiguousSendError):
        await edit(venue, receipt)
    await edit(venue, receipt)
    [shown] = venue.shown()
    assert "Good bye" in shown.words


async def test_what_was_deleted_cannot_be_edited(venue: Venue, to: Address) -> None:
    receipt = await post(venue, to)
    venue.delete(receipt.message_id)
    with pytest.raises(MessageGoneError):
        await edit(venue, receipt)
    assert not venue.shown()


# ----------------------------------------------------------------------- looking for


@pytest.mark.parametrize("how", ["reset", "error"])
async def test_a_post_whose_answer_is_lost_is_found_where_one_can_look(
    venue: Venue, to: Address, how: Loss
) -> None:
    since = venue.clock.now()
    venue.lose("post", how, applied=True)
    with pytest.raises(AmbiguousSendError):
        await post(venue, to)
    [shown] = venue.shown()
    venue.clock.advance(venue.platform.history_lag or 60)
    look = partial(venue.platform.find_post, to, since=since)
    found = await look(surface=SURFACE)
    if venue.platform.history_lag is None:
        assert found is None
        return
    assert found is not None
    assert found.message_id == shown.message_id
    assert await look(surface=SurfaceId("another")) is None
    await edit(venue, found)
    assert [s.message_id for s in venue.shown()] == [shown.message_id]
    assert (await look(surface=SURFACE)) == found, "an edit keeps the mark"


@pytest.mark.parametrize("how", ["reset", "error"])
async def test_a_post_that_was_not_made_is_not_found(
    venue: Venue, to: Address, how: Loss
) -> None:
    since = venue.clock.now()
    venue.lose("post", how, applied=False)
    with pytest.raises(AmbiguousSendError):
        await post(venue, to)
    venue.clock.advance(venue.platform.history_lag or 60)
    find = venue.platform.find_post
    assert await find(to, surface=SURFACE, since=since) is None
    assert not venue.shown()


# ---------------------------------------------------------------------------- people


async def test_a_person_who_never_wrote_is_reached_alone(venue: Venue) -> None:
    to = await venue.platform.open_direct(venue.ada, None)
    assert to.personal
    assert (to.platform, to.workspace) == (venue.platform.name, venue.ada.workspace)
    assert to.user == venue.ada.user_id
    await post(venue, to)
    assert len(venue.shown()) == 1


async def test_a_person_met_before_is_reached_in_the_same_place(venue: Venue) -> None:
    first = await venue.platform.open_direct(venue.ada, None)
    another = await venue.another()
    assert await another.open_direct(venue.ada, first) == first


async def test_who_cannot_be_reached_is_refused(venue: Venue) -> None:
    with pytest.raises(PlatformError):
        await venue.platform.open_direct(venue.nobody, None)


async def test_a_person_is_known_by_their_email(venue: Venue, to: Address) -> None:
    found = await venue.platform.find_user(venue.ada, to)
    assert (found.email, found.name) == (EMAIL, "Ada Byron")
    assert found.user_id == venue.ada.user_id


async def test_who_is_unknown_is_returned_as_they_came(
    venue: Venue, to: Address
) -> None:
    assert await venue.platform.find_user(venue.nobody, to) == venue.nobody


async def test_a_person_is_found_by_their_email_where_one_can_look(
    venue: Venue,
) -> None:
    found = await venue.platform.find_by_email(EMAIL)
    if venue.platform.name == "teams":
        assert found is None
    else:
        assert found is not None
        assert (found.user_id, found.email) == (venue.ada.user_id, EMAIL)
        assert found.workspace == venue.ada.workspace
    assert await venue.platform.find_by_email("nobody@x.test") is None


def test_a_platform_knows_its_name_and_workspace(venue: Venue) -> None:
    assert venue.platform.name == venue.ada.platform
    assert venue.platform.workspace == venue.ada.workspace


# ----------------------------------------------------------------------------- lanes


@pytest.mark.parametrize("operation", ["post", "edit"])
async def test_every_operation_has_lanes_that_stay_the_same(
    venue: Venue, to: Address, operation: Operation
) -> None:
    lanes = venue.platform.lanes(operation, to)
    assert lanes
    assert lanes == venue.platform.lanes(operation, to)
    assert len({lane.key for lane in lanes}) == len(lanes)
    assert lanes == (await venue.another()).lanes(operation, to)


async def test_workspaces_do_not_share_lanes(venue: Venue, to: Address) -> None:
    other = to.model_copy(update={"workspace": "elsewhere", "channel": "elsewhere"})
    mine, theirs = (
        {lane.key for lane in venue.platform.lanes("edit", place)}
        for place in (to, other)
    )
    assert not mine & theirs


async def test_who_keeps_to_the_lanes_is_never_refused(opening: Open) -> None:
    """Two minutes of as many edits as the lanes allow, against the real limits."""
    async with opening(metered=True) as venue:
        to = await venue.platform.open_direct(venue.ada, None)
        receipt, pacer, edits = await post(venue, to), Pacer(min_interval=0.1), 0
        while (now := venue.clock.monotonic()) < 120:
            pacer.offer(
                SURFACE,
                edits,
                priority=Priority.FINAL,
                ways=(Way(lanes=venue.platform.lanes("edit", to)),),
                now=now,
            )
            plan = pacer.plan(now)
            for _ in plan.sends:
                edits += 1
                view = replace(HELLO, headline=f"Edit {edits}")
                receipt = await edit(venue, receipt, view)
                pacer.succeeded(SURFACE, now)
            wake = plan.wake_at if plan.wake_at and plan.wake_at > now else now + 0.1
            venue.clock.advance(wake - now)
        assert edits > 80
