"""A person deletes the message that follows their turn."""

from datetime import timedelta

import pytest

from bot.protocol.ids import replacement_of, surface_id_for
from bot.view import project
from bot.view.project import answer_id
from tests.support.engine import House
from tests.support.fake_platform import Gate


async def deleted(house: House) -> tuple[Gate, Gate]:
    """Return where a turn stands whose message is gone, and where it goes on to."""
    house.unshown.add("progress")  # it is gone, or there under another mark
    more, rest = Gate(), Gate()
    house.agents.say("One", more, " two", rest, " three.")
    house.process()
    await house.say("maya", "hi")
    await house.sees("One")
    house.halls["slack"].messages.clear()
    return more, rest


async def test_only_how_it_ends_comes_again(house: House) -> None:
    more, rest = await deleted(house)
    more.open()
    await rest.reached.wait()
    assert house.halls["slack"].messages == {}
    rest.open()
    await house.idle()
    [message] = house.halls["slack"].messages.values()
    assert message.view.text == "One two three."
    progress = surface_id_for(await house.turn(), "progress")
    assert message.surface == replacement_of(progress)


async def test_nothing_comes_again_where_the_ending_is_a_message_of_its_own(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(project, "SHORT", timedelta(0))
    more, rest = await deleted(house)
    more.open()
    rest.open()
    await house.idle()
    [message] = house.halls["slack"].messages.values()
    assert message.surface == answer_id(await house.turn())
