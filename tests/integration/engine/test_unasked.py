"""A decider's card that cannot be shown, and who asked goes on being told so."""

import pytest

from bot.protocol.values import Approver, Stage
from tests.support.engine import House
from tests.support.fake_platform import FakeMessage
from tests.support.scripted_agents import Tool, Use, needs
from tests.support.workshop import PRIYA

MANAGER = Stage(
    label="manager", approvers=(Approver(person_id=PRIYA, name="Priya"),), within=3600
)
UNASKED = "could not show this request to Priya"


def told(house: House) -> FakeMessage:
    """Return what who asked sees."""
    [message] = house.halls["slack"].messages.values()
    return message


async def asks_in_vain(house: House) -> None:
    """Let Maya ask for what Priya must approve, whose card nobody takes."""
    house.agents.tools["grant"] = Tool(rule=needs(MANAGER))
    house.agents.say("I ask for it. ", Use("grant"))
    house.halls["teams"].disliked.add("grant for Maya")
    process = house.process()
    await house.say("maya", "please")
    await house.sees(UNASKED)
    await house.idle()
    await process.kill()


async def taken_over(house: House) -> None:
    """Let another process take the turn over, as after a crash or a restart."""
    await house.execute("UPDATE turn SET delivered_seq = 0")
    await house.execute("UPDATE conversation SET due_at = now(), worker_id = NULL")
    house.process("w2")


@pytest.mark.parametrize("mended", [False, True])
async def test_a_new_owner_goes_on_saying_whose_card_cannot_be_shown(
    house: House, *, mended: bool
) -> None:
    house.unasked = not mended
    if not mended:
        house.unshown.add("approval")
    await asks_in_vain(house)
    before = len(told(house).history)
    if mended:
        house.halls["teams"].disliked.clear()
    await taken_over(house)
    if mended:
        await house.sees("grant for Maya", platform="teams")
    await house.idle()
    assert len(house.halls["teams"].messages) == mended
    assert (UNASKED in told(house).words) is not mended
    later = told(house).history[before:]
    assert all(
        UNASKED in str(payload.body) for payload in later[: -int(mended) or None]
    )
