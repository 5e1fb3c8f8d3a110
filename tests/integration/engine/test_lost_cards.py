"""Cards whose requests are lost with a damaged log."""

from bot.protocol.values import Approver, Stage
from bot.view import failures, replies, wording
from tests.support.engine import House
from tests.support.fake_platform import FakeMessage
from tests.support.scripted_agents import Tool, Use, needs
from tests.support.workshop import PRIYA

MANAGER = Stage(
    label="manager", approvers=(Approver(person_id=PRIYA, name="Priya"),), within=3600
)


def card(house: House) -> FakeMessage:
    """Return what the manager sees."""
    [message] = house.halls["teams"].messages.values()
    return message


async def test_a_card_whose_request_is_lost_locks_like_the_others(
    house: House,
) -> None:
    house.agents.tools["grant"] = Tool(rule=needs(MANAGER))
    house.agents.say(Use("grant"))
    house.process()
    await house.say("maya", "please")
    await house.idle()
    assert card(house).view.approvals[0].can_decide
    approval = await house.approval()
    await house.execute("DELETE FROM turn_event WHERE seq > 3")
    await house.execute("DELETE FROM snapshot")
    house.damaged.add(await house.turn())

    told = await house.press("priya", approval)
    await house.idle()

    assert told.sentence == replies.CLICK_UNKNOWN
    await house.stop("maya", await house.turn())
    await house.idle()
    assert card(house).view.headline == wording.UNKNOWN_REQUEST
    assert not card(house).view.approvals
    assert failures.failure("degraded") in "".join(
        message.words for message in house.halls["slack"].messages.values()
    )
