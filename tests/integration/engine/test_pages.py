"""Long answers in several messages: people read them in order."""

import pytest

from bot.protocol.ids import SurfaceId
from bot.view import wording
from bot.view.spoken import page_id
from tests.support.engine import House
from tests.support.fake_platform import FakeMessage, Gate, Throttled
from tests.support.long_views import LONG_ANSWERS

LONG = "\n\n".join([LONG_ANSWERS["prose"]] * 2)


async def page(house: House, number: int) -> FakeMessage:
    """Return a page of the only turn, once it is there."""
    await house.happened("turn.started")
    surface = page_id(await house.turn(), number)

    async def found() -> bool:
        return bool(messages(house, surface))

    await house.signal.until(found)
    [message] = messages(house, surface)
    return message


def messages(house: House, surface: SurfaceId) -> list[FakeMessage]:
    """Return what is there of a surface."""
    every = house.halls["slack"].messages.values()
    return [message for message in every if message.surface == surface]


async def test_pages_come_one_after_the_other(house: House) -> None:
    slack, first = house.halls["slack"], Gate()
    slack.faults["post"].append(first)
    house.agents.say(LONG)
    process = house.process()
    await house.say("maya", "hi")
    await first.reached.wait()
    await house.happened("turn.completed")
    turn = await house.turn()
    assert slack.sent == [], "the second page waits for the first"
    assert not process.kit.delivery.settled(turn)
    first.open()
    await house.idle()
    posts = [sent.surface for sent in slack.sent if sent.operation == "post"]
    assert len(posts) > 2
    assert posts == [page_id(turn, n) for n in range(1, len(posts) + 1)]


async def test_a_page_comes_though_the_one_before_is_given_up(house: House) -> None:
    house.unshown.add("progress")
    slack, rest = house.halls["slack"], Gate()
    slack.disliked |= {"Working on it", wording.NOT_TAKEN}
    house.agents.say(rest, LONG)
    house.process()
    await house.say("maya", "hi")
    await rest.reached.wait()
    await house.until("SELECT count(*) = 1 FROM surface WHERE closed")
    assert slack.messages == {}
    rest.open()
    await house.idle()
    turn = await house.turn()
    assert not messages(house, page_id(turn, 1))
    assert messages(house, page_id(turn, 2))


async def test_a_page_waits_while_the_first_is_throttled(house: House) -> None:
    slack = house.halls["slack"]
    slack.faults["post"].append(Throttled(seconds=8))
    house.agents.say(LONG)
    process = house.process()
    await house.say("maya", "hi")
    await house.throttled(process)
    await house.happened("turn.completed")
    assert slack.sent == []
    assert not process.kit.delivery.settled(await house.turn())
    house.clock.advance(9)
    process.kit.delivery._news.set()  # its clock has moved on
    await house.idle()
    assert slack.sent[0].surface == page_id(await house.turn(), 1)


async def test_a_finished_page_is_not_edited_again(house: House) -> None:
    gate, most = Gate(), len(LONG) * 9 // 10
    house.agents.say(LONG[:most], gate, LONG[most:])
    house.process()
    await house.say("maya", "hi")
    second = await page(house, 2)
    await page(house, 3)
    shown = len(second.history)
    gate.open()
    await house.idle()
    assert len(second.history) == shown


async def test_the_next_owner_keeps_pages_that_it_would_not_have_made(
    house: House,
) -> None:
    """A model that is asked again may write less; what is there says so."""
    slack, gate = house.halls["slack"], Gate()
    house.agents.say(LONG, gate)
    house.agents.say("Short.")
    first = house.process("w1")
    await house.say("maya", "hi")
    await page(house, 2)
    before = (await page(house, 3)).words
    await house.until("SELECT count(*) >= 3 FROM surface WHERE receipt IS NOT NULL")
    await first.kill()
    house.process("w2")
    await house.expire_leases()
    await house.sees("Short.")
    house.clock.advance(6)  # what the dead owner sent last has arrived by now
    house.processes[-1].kit.delivery._news.set()
    await house.idle()
    third = await page(house, 3)
    assert third.words != before
    assert third.view.text == ""
    known = {page_id(await house.turn(), number) for number in (1, 2, 3)}
    again = [s.operation for s in slack.sent if s.by == "w2" and s.surface in known]
    assert set(again) == {"edit"}


@pytest.mark.parametrize("streams", [True, False])
async def test_where_the_place_is_closed_the_pages_go_to_their_person_in_order(
    house: House, *, streams: bool
) -> None:
    house.unshown.add("progress")  # the one that nobody can change any more
    if streams:
        house.streams.add("slack")
    slack, gate = house.halls["slack"], Gate()
    house.agents.say(gate, LONG)
    house.process()
    await house.say("maya", "hi")
    await house.sees("Working on it")
    slack.closed.add("C1")
    gate.open()
    await house.idle()
    turn = await house.turn()
    direct = [m.surface for m in slack.at("D-U-maya")]
    assert len(direct) > 2
    assert direct == [page_id(turn, n) for n in range(1, len(direct) + 1)]


async def test_whoever_cannot_be_reached_holds_nothing_up(house: House) -> None:
    """Neither where they wrote nor directly: nothing is tried again and again."""
    house.unshown |= {"progress"}
    slack, gate = house.halls["slack"], Gate()
    house.agents.say(gate, "The answer.")
    process = house.process()
    await house.say("maya", "hi")
    await house.sees("Working on it")
    slack.closed.add("C1")
    slack.users.clear()
    house.halls["teams"].users.clear()
    gate.open()
    await house.idle(within=15)  # and not only when patience is over
    assert process.kit.delivery._shown._all == {}
    assert [sent.operation for sent in slack.sent] == ["post"]
