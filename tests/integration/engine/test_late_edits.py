"""An edit that its sender gave up on arrives after all, owners later."""

import pytest

from bot.engine import delivery
from tests.support.engine import House
from tests.support.fake_platform import Gate

LATE = 20.0
"""Seconds for which an edit may be late here: two owners come and go meanwhile."""


async def sent(house: House, by: str) -> None:
    """Return when a process has changed what people see."""

    async def found() -> bool:
        return any(sent.by == by for sent in house.halls["slack"].sent)

    await house.signal.until(found)


async def test_what_the_last_owner_sent_is_believed_once_nothing_can_cover_it(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "LATE", LATE)
    house.streams.add("slack")  # whoever closes one writes its message down
    slack, closing = house.halls["slack"], Gate()
    house.agents.say("Half an ans", Gate())
    house.agents.say("The whole answer.")
    first = house.process("w1")
    await house.say("maya", "hi")
    await house.sees("Half an ans")
    [message] = slack.messages.values()
    late = message.payload
    slack.faults["close"].append(closing)
    await house.goes_on_without(first)
    await house.happened("turn.completed")
    closing.open()
    await house.sees("The whole answer.")
    await house.until(
        "SELECT receipt ->> 'stream' IS NULL FROM surface WHERE role = 'progress'"
    )

    await house.processes[-1].kill()
    third = house.process("w3")
    await house.expire_leases()
    await sent(house, by="w3")
    message.payload = late
    house.clock.advance(LATE + 1)
    third.kit.delivery._news.set()  # its clock has moved on
    await house.idle()
    assert message.view.text == "The whole answer."
