"""Damaged rows and rows of a newer release: one turn's trouble, and nobody else's."""

import pytest

from bot.engine.generation import GENERATION
from bot.protocol.values import Approver, Stage
from bot.turn.state import Phase
from tests.support.engine import House
from tests.support.fake_platform import Gate
from tests.support.scripted_agents import Tool, Use, needs
from tests.support.workshop import PRIYA

MANAGER = Stage(
    label="manager", approvers=(Approver(person_id=PRIYA, name="Priya"),), within=3600
)


async def interrupted(house: House) -> None:
    """Leave a turn behind in mid-answer, after a tool has done its work."""
    rest = Gate()
    house.agents.tools["grant"] = Tool()
    house.agents.say(Use("grant"))
    house.agents.say("Half an answer", rest)
    first = house.process("w1")
    await house.say("maya", "please")
    await house.sees("Half an answer")
    await first.kill()


async def found_again(house: House) -> None:
    """Let somebody else find it."""
    house.process("w2")
    await house.expire_leases()
    await house.idle()


async def degraded(house: House) -> str:
    [(what,)] = await house.rows("SELECT degraded FROM turn WHERE text = 'please'")
    return str(what)


DAMAGES = {
    "a row is missing": "DELETE FROM turn_event WHERE type = 'model.asked' AND seq > 4",
    "a row is no event": (
        'UPDATE turn_event SET body = \'{"type": "tool.finished"}\''
        " WHERE type = 'tool.finished'"
    ),
    "a row is nonsense": (
        "UPDATE turn_event SET body = '[1, 2]' WHERE type = 'tool.authorized'"
    ),
    "the last rows are missing": (
        "DELETE FROM turn_event WHERE seq > (SELECT last_seq - 2 FROM turn)"
    ),
    "the beginning is missing": "DELETE FROM turn_event WHERE seq = 1",
    "everything is missing": "DELETE FROM turn_event",
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
async def test_a_damaged_turn_is_ended_and_says_so(house: House, damage: str) -> None:
    await interrupted(house)
    await house.execute(damage)
    house.damaged.add(await house.turn())
    await found_again(house)
    assert await degraded(house)
    state = await house.loaded()
    assert state and state.ending
    assert (state.ending.phase, state.ending.code) == (Phase.FAILED, "degraded")
    await house.shows_the_end()
    assert await house.rows("SELECT status FROM turn") == [("failed",)]


async def test_a_damaged_turn_leaves_the_others_of_its_conversation_alone(
    house: House,
) -> None:
    await interrupted(house)
    await house.execute("DELETE FROM turn_event WHERE seq = 3")
    house.damaged.add(await house.turn())
    house.agents.say("Hello Omar")
    await house.say("omar", "hello")
    await found_again(house)
    await house.sees("Hello Omar")
    _, omar = await house.turns()
    assert (await house.state(omar)).phase is Phase.COMPLETED


async def test_a_parked_turn_goes_on_from_a_snapshot_after_the_damage(
    house: House,
) -> None:
    """What the snapshot has is not missed: the events before it are for the audit."""
    house.agents.tools["grant"] = Tool(rule=needs(MANAGER))
    house.agents.say(Use("grant"))
    house.agents.say("Granted.")
    house.process()
    await house.say("maya", "please")
    await house.happened("turn.parked")
    await house.execute("DELETE FROM turn_event WHERE seq = 3")
    house.damaged.add(await house.turn())
    await house.press("priya", await house.approval())
    await house.idle()
    state = await house.loaded()
    assert state and state.phase is Phase.COMPLETED
    assert await degraded(house) == ""


async def test_a_damaged_snapshot_falls_back_to_the_one_before_it(
    house: House,
) -> None:
    house.agents.tools["grant"] = Tool(rule=needs(MANAGER))
    house.agents.say(Use("grant"))
    house.agents.say("Granted.")
    house.process()
    await house.say("maya", "please")
    await house.happened("turn.parked")
    await house.press("priya", await house.approval())
    await house.idle()
    whole = await house.state()
    await house.execute(
        "UPDATE snapshot SET state = 'nonsense' WHERE seq ="
        " (SELECT max(seq) FROM snapshot)"
    )
    assert await house.loaded() == whole
    await house.execute("UPDATE snapshot SET state = 'nonsense'")
    assert await house.loaded() == whole


# -------------------------------------------------------------------- newer releases


async def newer_event(house: House) -> None:
    await house.execute(
        "INSERT INTO turn_event (tenant_id, turn_id, seq, type, at, body)"
        " SELECT tenant_id, turn_id, last_seq + 1, 'tool.delegated', updated_at,"
        ' \'{"type": "tool.delegated", "v": 1}\' FROM turn'
    )
    await house.execute("UPDATE turn SET last_seq = last_seq + 1")


async def test_an_event_of_a_newer_release_parks_its_turn_for_a_newer_worker(
    house: House,
) -> None:
    house.busy_at_the_end = True
    await interrupted(house)
    await newer_event(house)
    log = await house.types()
    house.process("w2")
    await house.expire_leases()
    await house.until(f"SELECT needs = {GENERATION + 1} FROM conversation")
    await house.until("SELECT lease_until IS NULL FROM conversation")
    assert await house.types() == log
    assert await house.rows("SELECT status FROM turn") == [("running",)]


async def test_mail_of_a_kind_of_a_newer_release_is_left_for_a_newer_worker(
    house: House,
) -> None:
    house.busy_at_the_end = True
    await house.say("maya", "please")
    await house.execute("UPDATE mailbox SET kind = 'delegated'")
    house.process()
    await house.until(f"SELECT needs = {GENERATION + 1} FROM conversation")
    await house.until("SELECT lease_until IS NULL FROM conversation")
    assert await house.rows("SELECT kind FROM mailbox") == [("delegated",)]
