"""What cannot be read, and would be found again and again, silences nobody."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
from typing_extensions import override

from bot.errors import StoreRefusedError
from bot.ports.store import Point, Store, Transaction
from bot.protocol.values import Approver, Stage
from bot.turn.state import Phase
from tests.support.engine import House
from tests.support.fake_platform import Gate
from tests.support.faulty_store import FaultyStore
from tests.support.scripted_agents import Tool, Use, needs
from tests.support.workshop import PRIYA, TENANT

MANAGER = Stage(
    label="manager", approvers=(Approver(person_id=PRIYA, name="Priya"),), within=3600
)


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


class _Refusing(FaultyStore):
    """Refuses once, when told to."""

    armed = False

    @override
    @asynccontextmanager
    async def begin(self, point: Point) -> AsyncGenerator[Transaction]:
        if self.armed and point == "log.append_with":
            self.armed = False
            raise StoreRefusedError("just once")
        async with super().begin(point) as tx:
            yield tx


async def test_a_decision_that_its_turn_broke_over_is_handed_to_it_again(
    house: House,
) -> None:
    rest = Gate()
    house.agents.tools["grant"] = Tool(rule=needs(MANAGER))
    house.agents.say(Use("grant"))
    house.agents.say("Something else", rest)  # keeps the conversation
    house.agents.say("Granted.")
    stores: list[_Refusing] = []

    def refusing(store: Store) -> Store:
        stores.append(_Refusing(store))
        return stores[-1]

    house.process(on=refusing)
    await house.say("maya", "please")
    await house.happened("turn.parked")
    turn = await house.turn()
    await house.say("maya", "another thing")
    await rest.reached.wait()
    stores[0].armed = True
    await house.press("priya", await house.approval())
    await house.happened("turn.completed", within=15)
    assert not stores[0].armed
    assert (await house.state(turn)).phase is Phase.COMPLETED
    rest.open()
    await house.idle()
    assert len(house.agents.ran) == 1
