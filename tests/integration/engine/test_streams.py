"""Messages that grow by themselves, whatever becomes of their streams.

One message stands at the end and shows all of the text, once: the house checks it.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
from typing_extensions import override

from bot.engine.refusals import LATE
from bot.errors import StoreUnavailableError, StreamOverError, StreamRefusedError
from bot.ports.store import Point, Transaction
from bot.protocol.values import Approver, Stage
from tests.support.engine import House
from tests.support.fake_platform import (
    Gate,
    Hall,
    Lost,
    Refused,
    Throttled,
)
from tests.support.fake_streams import LIFE, MARGIN
from tests.support.faulty_store import FaultyStore
from tests.support.process import Process
from tests.support.scripted_agents import Tool, Use, needs
from tests.support.workshop import PRIYA

MANAGER = Stage(
    label="manager", approvers=(Approver(person_id=PRIYA, name="Priya"),), within=3600
)


@pytest.fixture
def slack(house: House) -> Hall:
    house.streams.add("slack")
    return house.halls["slack"]


def done(hall: Hall, *, by: str = "") -> list[str]:
    """Return what was done in the channel, repeats in a row left out."""
    here = {message.surface for message in hall.at("C1")}
    steps: list[str] = []
    for sent in hall.sent:
        mine = sent.surface in here and by in {"", sent.by}
        if mine and steps[-1:] != [sent.operation]:
            steps.append(sent.operation)
    return steps


async def closed(house: House, hall: Hall) -> None:
    """Return when a stream was closed."""

    async def found() -> bool:
        return "close" in done(hall)

    await house.signal.until(found)


async def opened(house: House, hall: Hall) -> None:
    """Return when a message is there."""

    async def found() -> bool:
        return bool(hall.messages)

    await house.signal.until(found)


def wake(process: Process) -> None:
    """Let its delivery see that the clock has moved on."""
    process.kit.delivery._news.set()


async def written_down(house: House, *, streams: bool) -> None:
    """Return when it is written down that the message streams, or does not."""
    await house.until(
        f"SELECT coalesce(receipt -> 'stream', 'null') {'!=' if streams else '='} "
        "'null' AND receipt IS NOT NULL FROM surface WHERE role = 'progress'"
    )


async def settled(house: House) -> None:
    """Let the time pass in which what was given up on may still arrive."""
    house.clock.advance(LATE + 1)
    for process in house.processes:
        wake(process)
    await house.idle()


class ForgetfulStore(FaultyStore):
    """Does not write down the first message."""

    forgot = False

    @override
    @asynccontextmanager
    async def begin(self, point: Point) -> AsyncGenerator[Transaction]:
        async with self._store.begin(point) as tx:
            yield tx
            if point == "surface.receipt" and not self.forgot:
                self.forgot = True
                raise StoreUnavailableError("the connection broke")


async def test_a_message_grows_and_is_closed_with_the_last_word(
    house: House, slack: Hall
) -> None:
    more, rest = Gate(), Gate()
    house.agents.say("One", more, " two", rest, " three.")
    house.process()
    await house.say("maya", "hi")
    await house.sees("One")
    await written_down(house, streams=True)
    more.open()
    await house.sees("One two")
    rest.open()
    await house.idle()
    [message] = slack.messages.values()
    assert message.view.text == "One two three."
    assert done(slack) == ["open", "append", "close"]
    await written_down(house, streams=False)


async def test_a_throttled_append_is_made_later(house: House, slack: Hall) -> None:
    more, rest = Gate(), Gate()
    house.agents.say("One", more, " two", rest, " three.")
    process = house.process()
    await house.say("maya", "hi")
    await house.sees("One")
    slack.faults["append"].append(Throttled(seconds=30))
    more.open()
    await house.throttled(process)
    house.clock.advance(31)
    wake(process)
    await house.sees("One two")
    assert done(slack) == ["open", "append"]
    rest.open()
    await house.idle()
    assert done(slack) == ["open", "append", "close"]


@pytest.mark.parametrize("applied", [True, False])
async def test_after_a_lost_answer_the_text_is_shown_once(
    house: House, slack: Hall, *, applied: bool
) -> None:
    more, rest = Gate(), Gate()
    house.agents.say("One", more, " two", rest, " three.")
    house.process()
    await house.say("maya", "hi")
    await house.sees("One")
    appended = done(slack)
    slack.faults["append"].append(Lost(applied=applied))
    more.open()
    await closed(house, slack)
    await house.sees("One two")
    rest.open()
    await settled(house)
    [message] = slack.messages.values()
    assert message.view.text == "One two three."
    grew = ["append"] if applied and appended[-1] != "append" else []
    assert done(slack) == [*appended, *grew, "close", "edit"]
    await written_down(house, streams=False)


@pytest.mark.parametrize("applied", [True, False])
async def test_after_a_lost_opening_there_is_one_message(
    house: House, slack: Hall, *, applied: bool
) -> None:
    rest = Gate()
    slack.faults["open"].append(Lost(applied=applied))
    house.agents.say("One", rest, " two.")
    process = house.process()
    await house.say("maya", "hi")
    await rest.reached.wait()
    for _ in range(3):  # its retry, and the history's lag
        house.clock.advance(5)
        wake(process)
        await asyncio.sleep(0)
    await house.sees("One")
    rest.open()
    await settled(house)
    [message] = slack.messages.values()
    assert message.view.text == "One two."
    first = ["open", "close", "edit"] if applied else ["post", "edit"]
    assert done(slack)[: len(first)] == first
    await written_down(house, streams=False)


async def test_where_nothing_can_be_streamed_a_message_is_posted(
    house: House, slack: Hall
) -> None:
    slack.faults["open"].append(StreamRefusedError("slack", "not_here"))
    rest = Gate()
    house.agents.say("One", rest, " two.")
    house.process()
    await house.say("maya", "hi")
    await house.sees("One")
    rest.open()
    await house.idle()
    assert done(slack) == ["post", "edit"]


async def test_when_the_platform_ended_a_stream_its_message_is_edited(
    house: House, slack: Hall
) -> None:
    more, rest = Gate(), Gate()
    house.agents.say("One", more, " two", rest, " three.")
    house.process()
    await house.say("maya", "hi")
    await house.sees("One")
    before = done(slack)
    slack.faults["append"].append(StreamOverError("slack", "over"))
    for message in slack.messages.values():
        message.ends_at = None
    more.open()
    await house.sees("One two")
    assert done(slack) == [*before, "edit"]
    await written_down(house, streams=False)
    rest.open()
    await house.idle()


async def test_a_stream_whose_time_is_up_is_closed_though_nothing_is_new(
    house: House, slack: Hall
) -> None:
    rest = Gate()
    house.agents.say("One", rest, " two.")
    process = house.process()
    await house.say("maya", "hi")
    await house.sees("One")
    before = done(slack)
    house.clock.advance(LIFE - MARGIN + 1)
    wake(process)
    await closed(house, slack)
    await written_down(house, streams=False)
    house.unshown.add("answer")  # it took long: its ending is a new message
    rest.open()
    await house.idle()
    assert done(slack) == [*before, "close", "post", "edit"]
    assert len(slack.messages) == 2


async def test_a_turn_that_parks_leaves_no_stream_open(
    house: House, slack: Hall
) -> None:
    house.agents.tools["grant"] = Tool(rule=needs(MANAGER))
    house.agents.say("I ask for it. ", Use("grant"))
    house.agents.say("Granted.")
    house.process()
    await house.say("maya", "please")
    await house.idle()
    assert done(slack)[-2:] == ["close", "edit"]
    await written_down(house, streams=False)
    await house.press("priya", await house.approval())
    await house.idle()


async def test_the_next_owner_closes_a_dead_ones_stream_and_edits(
    house: House, slack: Hall
) -> None:
    rest = Gate()
    house.agents.say("Half an ans", rest)
    house.agents.say("The whole answer.")
    first = house.process("w1")
    await house.say("maya", "hi")
    await house.sees("Half an ans")
    await house.goes_on_without(first)
    await house.sees("The whole answer.")
    await settled(house)
    [message] = slack.messages.values()
    assert message.view.text == "The whole answer."
    assert done(slack, by="w2")[:2] == ["close", "edit"]
    assert "open" not in done(slack, by="w2")
    await written_down(house, streams=False)


async def test_the_next_owner_closes_a_stream_that_was_never_written_down(
    house: House, slack: Hall
) -> None:
    """The owner died between opening it and saying so."""
    hold = Gate()
    slack.faults["open"].append(Lost(applied=True))
    house.agents.answer = lambda _question: ("Half an ans", hold)
    first = house.process("w1")
    await house.say("maya", "hi")
    await hold.reached.wait()
    await opened(house, slack)
    await first.kill()
    hold.open()
    house.agents.answer = lambda _question: ("The whole answer.",)
    house.clock.advance(20)  # the platform's history has it by now
    house.process("w2")
    await house.expire_leases()
    await house.sees("The whole answer.")
    await settled(house)
    [message] = slack.messages.values()
    assert message.view.text == "The whole answer."
    assert done(slack, by="w2")[:2] == ["close", "edit"]
    await written_down(house, streams=False)


async def test_an_open_stream_is_only_edited_where_streams_are_off_now(
    house: House, slack: Hall
) -> None:
    """An operator turns them off: what the releases before left open is shown too."""
    rest = Gate()
    house.agents.say("Half an ans", rest)
    house.agents.say("The whole answer.")
    first = house.process("w1")
    await house.say("maya", "hi")
    await house.sees("Half an ans")
    await first.kill()
    for message in slack.messages.values():
        message.ends_at = house.clock.now()  # the platform has ended it
    house.streams.clear()
    house.process("w2")
    await house.expire_leases()
    await house.sees("The whole answer.")
    await settled(house)
    assert done(slack, by="w2") == ["edit"]


async def test_what_a_stream_may_not_show_is_passed_over_and_it_is_closed(
    house: House, slack: Hall
) -> None:
    more, rest = Gate(), Gate()
    house.agents.say("One", more, " two", rest, " three.")
    house.process()
    await house.say("maya", "hi")
    await house.sees("One")
    slack.faults["append"].append(Refused(code="invalid_blocks"))
    more.open()
    await closed(house, slack)
    await house.sees("One two")
    rest.open()
    await house.idle()
    [message] = slack.messages.values()
    assert message.view.text == "One two three."
    await written_down(house, streams=False)


async def test_a_message_deleted_in_mid_stream_comes_again_with_its_ending(
    house: House, slack: Hall
) -> None:
    house.unshown.add("progress")  # it is there under another mark
    more, rest = Gate(), Gate()
    house.agents.say("One", more, " two", rest, " three.")
    house.process()
    await house.say("maya", "hi")
    await house.sees("One")
    slack.messages.clear()
    more.open()
    await rest.reached.wait()
    rest.open()
    await house.idle()
    [message] = slack.messages.values()
    assert message.view.text == "One two three."


async def test_what_does_not_extend_a_stream_is_edited_once_it_is_closed(
    house: House, slack: Hall
) -> None:
    more, rest = Gate(), Gate()
    house.agents.say(more, "One.")
    house.process()
    await house.say("maya", "hi")
    await house.sees("Working on it")
    await house.stop("maya", await house.turn())
    await house.idle()
    [message] = slack.messages.values()
    assert message.view.mood != "running"
    assert done(slack) == ["open", "close", "edit"]
    rest.open()


async def test_a_stream_whose_opening_could_not_be_written_down_is_later(
    house: House, slack: Hall
) -> None:
    more, rest = Gate(), Gate()
    house.agents.say("One", more, " two", rest, " three.")
    house.process(on=ForgetfulStore)
    await house.say("maya", "hi")
    await house.sees("One")
    more.open()
    await house.sees("One two")
    await house.until("SELECT receipt IS NOT NULL FROM surface")
    rest.open()
    await house.idle()
    assert done(slack) == ["open", "append", "close"]
