"""A store that loses answers or notifications loses nothing else."""

import pytest

from bot.ports.store import Point, Store
from bot.protocol.values import Approver, Stage
from bot.turn.state import Phase
from tests.support.engine import House
from tests.support.faulty_store import FaultyStore
from tests.support.scripted_agents import Tool, Use, needs
from tests.support.workshop import PRIYA

MANAGER = Stage(
    label="manager", approvers=(Approver(person_id=PRIYA, name="Priya"),), within=3600
)
POINTS: tuple[Point, ...] = (
    "log.append",
    "log.append_with",
    "turn.begin",
    "conversation.open",
    "conversation.mail",
    "conversation.delivered",
    "conversation.release",
    "surface.intent",
    "surface.receipt",
    "worker.claim",
)


@pytest.mark.parametrize("point", POINTS)
async def test_a_commit_whose_answer_is_lost_is_neither_lost_nor_made_twice(
    house: House, point: Point
) -> None:
    house.agents.tools["grant"] = Tool(rule=needs(MANAGER))
    house.agents.say("Let me see", Use("grant"))
    house.agents.say("Granted.")

    def losing(store: Store) -> Store:
        faulty = FaultyStore(store)
        faulty.lose_answers.append(point)
        return faulty

    process = house.process(on=losing)
    await house.say("maya", "please")
    if point == "worker.claim":
        # Nobody knows of this claim: it runs out.
        await house.until("SELECT lease_until IS NOT NULL FROM conversation")
        await house.expire_leases()
    await house.happened("turn.parked")
    await house.press("priya", await house.approval())
    await house.happened("turn.completed")
    await house.idle()
    assert (await house.state()).phase is Phase.COMPLETED
    assert len(house.agents.ran) == 1
    assert len(await house.turns()) == 1
    messages = house.halls["slack"].messages.values()
    assert len({m.receipt.message_id for m in messages}) == len(messages)
    assert process.metrics.registry.get_sample_value("deskhand_leases_lost_total") == 0


async def test_without_any_notification_everything_happens_a_little_later(
    house: House,
) -> None:
    house.agents.tools["grant"] = Tool(rule=needs(MANAGER))
    house.agents.say(Use("grant"))
    house.agents.say("Granted.")

    def deaf(store: Store) -> Store:
        faulty = FaultyStore(store)
        faulty.deaf = True
        return faulty

    house.process("w1", on=deaf)
    house.process("w2", on=deaf)
    await house.say("maya", "please")
    await house.happened("turn.parked")
    await house.press("priya", await house.approval())
    await house.happened("turn.completed")
    await house.idle()
    assert (await house.state()).phase is Phase.COMPLETED
