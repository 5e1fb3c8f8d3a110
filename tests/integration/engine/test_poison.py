"""What cannot be read, and would be found again and again, silences nobody."""

import json

import pytest

from bot.errors import StoreRefusedError
from bot.ports.store import Transaction
from bot.turn.state import Phase
from tests.support.engine import House
from tests.support.fake_platform import Gate
from tests.support.workshop import TENANT


async def _send(tx: Transaction, house: House, body: object) -> None:
    conversation = house.channel().conversation_id
    await tx.deliver(TENANT, conversation, None, "decided", json.dumps(body))
    await tx.notify(TENANT, conversation)


async def test_a_decision_that_means_nothing_does_not_silence_its_conversation(
    house: House,
) -> None:
    rest = Gate()
    house.agents.say("Let me see", rest)
    house.process()
    await house.say("maya", "hi")
    await rest.reached.wait()
    decision = {"type": "approval.decided", "verdict": "abstained"}
    letter = {"kind": "decided", "person_id": "priya", "turn_id": await house.turn()}
    async with house.store.begin("ingress.decision") as tx:
        await _send(tx, house, {**letter, "decision": decision})
    await house.until("SELECT count(*) = 0 FROM mailbox")
    rest.open()
    await house.idle()
    assert (await house.state()).phase is Phase.COMPLETED


async def test_somebody_whose_requests_cannot_be_read_is_told_so(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(*_: object) -> None:
        raise StoreRefusedError("a row is of no known shape")

    process = house.process()
    monkeypatch.setattr(process.kit.records, "open_requests", refuse)
    await house.say("maya", "hi")
    await house.happened("turn.failed")
    await house.idle()
    ending = (await house.state()).ending
    assert ending and ending.code == "internal"
    assert await house.rows("SELECT count(*) FROM mailbox") == [(0,)]
