"""Agents that would go on for ever, or use too much."""

import pytest

from bot.ports.agent import Limits
from bot.protocol.values import Usage
from bot.view import failures
from tests.support.engine import House
from tests.support.scripted_agents import Tool, Use


def goes_round(house: House, times: int, *, agent: str = "coordinator") -> None:
    """Let an agent look again and again, and then say that it is done."""
    house.agents.tools["look"] = Tool(effect="read")
    for number in range(times):
        house.agents.say(Use("look", f"{agent}-{number}"), agent=agent)
    house.agents.say("Done.", agent=agent)


LIMITS = [
    (Limits(asks=3), Usage(), "limit"),
    (
        Limits(tokens=300),
        Usage(input_tokens=50, output_tokens=10, cache_read_tokens=40),
        "tokens",
    ),
]


@pytest.mark.parametrize(("most", "uses", "code"), LIMITS)
async def test_a_turn_that_has_used_up_what_it_may_ends_and_says_so(
    house: House, most: Limits, uses: Usage, code: str
) -> None:
    house.agents.most, house.agents.uses = most, uses
    goes_round(house, 9)
    house.process()
    await house.say("maya", "please")
    await house.idle()
    assert len(house.agents.asked) == 3
    state = await house.state()
    assert state.ending
    assert state.ending.code == code
    [message] = house.halls["slack"].messages.values()
    assert failures.failure(code) in message.words


@pytest.mark.parametrize(("most", "uses"), [limit[:2] for limit in LIMITS])
async def test_a_turn_that_stays_within_what_it_may_use_succeeds(
    house: House, most: Limits, uses: Usage
) -> None:
    house.agents.most, house.agents.uses = most, uses
    goes_round(house, 2)
    house.process()
    await house.say("maya", "please")
    await house.idle()
    assert len(house.agents.asked) == 3
    assert (await house.types())[-1] == "turn.completed"


async def test_a_specialist_that_goes_round_in_circles_is_told_to_who_handed_over(
    house: House,
) -> None:
    house.agents.most = Limits(asks=2)
    house.agents.hand_off("software")
    house.agents.say(Use("to_software", "h1"))
    house.agents.say("That did not work.")
    goes_round(house, 5, agent="software")
    house.process()
    await house.say("maya", "please")
    await house.idle()
    answer = house.agents.asked[-1].messages[-1].answers[0]
    assert answer.is_error
    assert failures.failed_part("limit") in str(answer.content)
    assert (await house.types())[-1] == "turn.completed"
