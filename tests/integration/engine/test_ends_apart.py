"""An ending for which no edit is there: a message of its own, and one only."""

from datetime import timedelta

import pytest

from bot.protocol.ids import surface_id_for
from bot.view import project, wording
from bot.view.project import answer_id
from tests.support.engine import House
from tests.support.fake_platform import FakeMessage, Gate, Lost, Throttled

MINUTE = 60.0


async def without_edits(house: House) -> Gate:
    """Return where a turn stands that will have no edit for a minute."""
    rest = Gate()
    house.agents.say("Half of it", rest, " and the rest.")
    await house.say("maya", "hi")
    await house.sees("Half of it")
    house.halls["slack"].faults["edit"].append(Throttled(seconds=MINUTE))
    return rest


async def comes_to_rest(house: House) -> list[FakeMessage]:
    """Return what is there when there were edits again."""
    messages = house.halls["slack"].messages

    async def rests() -> bool:
        return all(m.view.headline != wording.WORKING for m in messages.values())

    passes(house)
    await house.idle()
    if not await rests():  # it heard of the minute without edits only when it was over
        passes(house)
        await house.signal.until(rests, within=40)
    return list(messages.values())


def passes(house: House) -> None:
    """Let the minute pass in which there are no edits."""
    house.clock.advance(MINUTE)
    for process in house.processes:
        process.kit.delivery._news.set()  # its clock has moved on


async def test_an_ending_without_an_edit_is_a_message_of_its_own(house: House) -> None:
    house.process()
    (await without_edits(house)).open()
    await house.sees("Half of it and the rest.")
    progress, answer = house.halls["slack"].messages.values()
    assert answer.surface == answer_id(await house.turn())
    assert answer.view.headline == wording.ANSWERED
    assert answer.view.footer == house.agents.footer()
    assert progress.view.headline == wording.WORKING, "there was no edit for it yet"
    await comes_to_rest(house)


async def test_the_old_message_is_shortened_when_there_is_room(house: House) -> None:
    house.process()
    (await without_edits(house)).open()
    await house.sees("Half of it and the rest.")
    progress, _ = await comes_to_rest(house)
    assert progress.surface == surface_id_for(await house.turn(), "progress")
    assert progress.view.headline == wording.DONE_BELOW
    assert progress.view.text == ""


async def test_whoever_goes_on_after_a_kill_posts_no_second_ending(
    house: House,
) -> None:
    posting, first = Gate(), house.process("w1")
    rest = await without_edits(house)
    house.halls["slack"].faults["post"].append(posting)
    rest.open()
    await posting.reached.wait()  # it is meant, and nobody has seen it
    await house.goes_on_without(first)
    _, answer = await comes_to_rest(house)
    assert answer.surface == answer_id(await house.turn())


@pytest.mark.parametrize("applied", [False, True])
async def test_no_message_is_made_only_to_say_that_the_answer_is_elsewhere(
    house: House, monkeypatch: pytest.MonkeyPatch, *, applied: bool
) -> None:
    """The first message's receipt is lost; before it is looked for the answer is there."""
    monkeypatch.setattr(project, "SHORT", timedelta(0))  # every turn is long
    house.unshown.add("progress")
    house.agents.say("All of it.")
    house.halls["slack"].faults["post"].append(Lost(applied=applied))
    house.process()
    await house.say("maya", "hi")
    await house.sees("All of it.")
    await house.idle()
    shown = [m.view.headline for m in house.halls["slack"].messages.values()]
    assert shown == [*[wording.DONE_BELOW] * applied, wording.ANSWERED]


async def test_an_ending_edits_its_message_where_edits_are_there(house: House) -> None:
    house.process()
    house.agents.say("All of it.")
    await house.say("maya", "hi")
    await house.idle()
    [message] = house.halls["slack"].messages.values()
    assert message.view.text == "All of it."


async def test_who_stops_a_turn_sees_it_where_they_pressed(house: House) -> None:
    process = house.process()
    await without_edits(house)
    await house.stop("maya", await house.turn())
    await house.throttled(process)
    [message] = await comes_to_rest(house)
    assert message.view.headline == wording.STOPPED


async def test_a_drain_does_not_wait_for_the_old_message(house: House) -> None:
    """Whoever owns the conversation next shortens it."""
    first = house.process("w1")
    (await without_edits(house)).open()
    await house.sees("Half of it and the rest.")
    first.worker.drain()
    await first.drained()
    progress, _ = house.halls["slack"].messages.values()
    assert progress.view.headline == wording.WORKING
    house.process("w2")
    await house.shows_the_end()
    await house.idle()
    assert progress.view.headline == wording.DONE_BELOW
    assert {sent.by for sent in house.halls["slack"].sent[-1:]} == {"w2"}


async def test_a_drain_waits_for_an_ending(house: House) -> None:
    posting, first = Gate(), house.process("w1")
    rest = await without_edits(house)
    house.halls["slack"].faults["post"].append(posting)
    rest.open()
    await posting.reached.wait()
    first.worker.drain()
    assert first.worker.conversations == 1
    posting.open()
    await first.drained()
    words = [message.words for message in house.halls["slack"].messages.values()]
    assert any("Half of it and the rest." in said for said in words)
    house.process("w2")
    await house.shows_the_end()
    await house.idle()
