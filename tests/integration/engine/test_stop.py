"""Stop: what only thinks is cancelled at once, what changes things may finish."""

import asyncio

from bot.ports.agent import Call, ToolResult
from bot.protocol.values import Approver, Stage
from bot.view import replies
from tests.support.engine import House
from tests.support.fake_platform import Gate
from tests.support.scripted_agents import Tool, Use, did, needs
from tests.support.workshop import PRIYA


async def test_stop_hangs_up_on_a_model_within_a_second(house: House) -> None:
    rest = Gate()
    house.agents.say("Let me think", rest)
    house.process()
    await house.say("maya", "hi")
    await house.sees("Let me think")
    loop = asyncio.get_running_loop()
    began = loop.time()
    stopped = await house.stop("maya", await house.turn())
    await house.happened("turn.cancelled")
    assert loop.time() - began < 1
    assert stopped.outcome == "accepted"
    await house.idle()
    assert house.agents.hung_up == 1
    [message] = house.halls["slack"].messages.values()
    assert message.view.mood == "cancelled"
    assert message.view.stop_turn is None


async def test_an_effect_under_way_may_finish(house: House) -> None:
    effect, rest = Gate(), Gate()

    async def slow(_call: Call) -> ToolResult:
        await effect.arrive()
        return did("Granted in time")

    house.agents.tools["grant"] = Tool(run=slow)
    house.agents.say(Use("grant"), rest)
    process = house.process()
    await house.say("maya", "please")
    await effect.reached.wait()
    await house.stop("maya", await house.turn())
    await rest.left.wait()  # the model has been hung up on
    effect.open()
    await house.idle()
    types = await house.types()
    assert types.index("tool.finished") < types.index("turn.cancelled")
    [call] = (await house.state()).calls
    assert call.outcome == "done"
    assert process.worker.conversations == 0
    [message] = house.halls["slack"].messages.values()
    assert "Granted in time" in message.words


async def test_an_effect_that_does_not_finish_is_unknown_and_ticketed(
    house: House,
) -> None:
    effect = Gate()

    async def hang(_call: Call) -> ToolResult:
        await effect.arrive()
        return did()

    house.agents.tools["grant"] = Tool(run=hang)
    house.agents.say(Use("grant"))
    house.process()
    await house.say("maya", "please")
    await effect.reached.wait()
    await house.stop("maya", await house.turn())
    await house.idle()
    ending = (await house.state()).ending
    assert ending and ending.ledger
    [entry] = ending.ledger.unknown
    assert entry.reference == "T-1"
    [message] = house.halls["slack"].messages.values()
    assert "T-1" in message.words


async def test_only_the_requester_may_stop(house: House) -> None:
    rest = Gate()
    house.agents.say("Let me think", rest)
    house.process()
    await house.say("maya", "hi")
    await rest.reached.wait()
    refused = await house.stop("omar", await house.turn())
    assert refused.outcome == "not_entitled"
    assert refused.sentence == replies.STOP_NOT_YOURS
    rest.open()
    await house.idle()
    assert (await house.types())[-1] == "turn.completed"


async def test_a_parked_turn_can_be_stopped(house: House) -> None:
    stage = Stage(
        label="manager", approvers=(Approver(person_id=PRIYA, name="P"),), within=60
    )
    house.agents.tools["grant"] = Tool(rule=needs(stage))
    house.agents.say(Use("grant"))
    house.process()
    await house.say("maya", "please")
    await house.idle()
    await house.stop("maya", await house.turn())
    await house.idle()
    assert (await house.types())[-1] == "turn.cancelled"
    assert await house.rows("SELECT status FROM approval") == [("withdrawn",)]
    [card] = house.halls["teams"].messages.values()
    assert not any(approval.can_decide for approval in card.view.approvals)


async def test_a_turn_that_is_over_cannot_be_stopped(house: House) -> None:
    house.process()
    await house.say("maya", "hi")
    await house.idle()
    await house.stop("maya", await house.turn())
    await house.idle()
    assert (await house.types())[-1] == "turn.completed"
    assert await house.rows("SELECT 1 FROM mailbox") == []


async def test_after_a_stop_the_next_message_starts_a_new_turn(house: House) -> None:
    rest = Gate()
    house.agents.say("Let me think", rest)
    house.agents.say("Fresh start.")
    house.process()
    await house.say("maya", "hi")
    await rest.reached.wait()
    await house.stop("maya", await house.turn())
    await house.say("maya", "again")
    await house.idle()
    first, second = [await house.types(turn) for turn in await house.turns()]
    assert first[-1] == "turn.cancelled"
    assert second[-1] == "turn.completed"


async def test_where_the_probe_hangs_too_a_ticket_is_open_within_the_second(
    house: House,
) -> None:
    effect, probe = Gate(), Gate()

    async def hang(_call: Call) -> ToolResult:
        await effect.arrive()
        return did()

    async def hang_too(_call: Call) -> ToolResult:
        await probe.arrive()
        return did()

    house.agents.tools["grant"] = Tool(run=hang, probe=hang_too)
    house.agents.say(Use("grant"))
    house.process()
    await house.say("maya", "please")
    await effect.reached.wait()
    await house.stop("maya", await house.turn())
    await house.idle()
    ending = (await house.state()).ending
    assert ending and ending.ledger
    assert [entry.reference for entry in ending.ledger.unknown] == ["T-1"]
