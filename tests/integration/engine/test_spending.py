"""What may be spent on models, across turns, people and processes."""

import asyncio
from datetime import timedelta

from bot.company.limits import Allowance, Price, Purse, SpendingLimits
from bot.protocol.values import Usage
from bot.store.engine import begin, create_engine
from bot.store.model_use import lock_use
from bot.view import failures
from tests.support.engine import House
from tests.support.fake_platform import Gate
from tests.support.scripted_agents import Tool, Use
from tests.support.workshop import TENANT

HUNDRED = Usage(input_tokens=60, output_tokens=30, cache_read_tokens=10)


async def turn_of(house: House, person: str, thread: str) -> str:
    """Let somebody ask; return how the turn ended: why it failed, or nothing."""
    await house.say(person, "hi", thread=thread)
    await house.idle()
    turn = (await house.turns())[-1]
    ending = (await house.state(turn)).ending
    assert ending
    return ending.code


async def test_a_turn_ends_when_it_has_spent_what_it_may(house: House) -> None:
    prices = {"a script": Price(input=10_000, output=10_000, cached=10_000)}
    house.limits = SpendingLimits(turn=Allowance(money=2.0), prices=prices)
    house.agents.uses = HUNDRED  # one unit of money each
    house.agents.tools["look"] = Tool(effect="read")
    for number in range(5):
        house.agents.say(Use("look", f"c{number}"))
    house.process()
    assert await turn_of(house, "maya", "1") == "budget"
    assert len(house.agents.asked) == 2


async def test_what_a_person_has_used_counts_for_every_process_and_survives_them(
    house: House,
) -> None:
    house.limits = SpendingLimits(person=Purse(tokens=150))
    house.agents.uses = HUNDRED
    first = house.process()
    assert not await turn_of(house, "maya", "1")
    await first.kill()
    house.process("w2")
    assert not await turn_of(house, "maya", "2")
    assert await turn_of(house, "maya", "3") == "budget_person_day"
    assert not await turn_of(house, "omar", "4"), "others have their own"
    told = [m.words for m in house.halls["slack"].messages.values()]
    assert any(failures.failure("budget_person_day") in words for words in told)
    reached = house.telemetry.budgets_reached.labels("budget_person_day")
    assert reached._value.get() == 1


async def test_what_everybody_has_used_counts_for_the_company(house: House) -> None:
    house.limits = SpendingLimits(company=Purse(tokens=150, per="month"))
    house.agents.uses = HUNDRED
    house.process()
    assert not await turn_of(house, "maya", "1")
    assert not await turn_of(house, "omar", "2")
    assert await turn_of(house, "maya", "3") == "budget_company_month"


async def test_a_new_day_gives_a_person_everything_anew(house: House) -> None:
    house.limits = SpendingLimits(person=Purse(tokens=100))
    house.agents.uses = HUNDRED
    house.process()
    assert not await turn_of(house, "maya", "1")
    assert await turn_of(house, "maya", "2") == "budget_person_day"
    await house.execute(
        "UPDATE model_use SET started_at = started_at - CAST(:day AS interval)",
        day=timedelta(days=1),
    )
    assert not await turn_of(house, "maya", "3")


async def test_who_waits_to_be_let_out_keeps_no_connection_from_others(
    house: House, database_url: str
) -> None:
    """Somebody who stands still has the lock, and more want to ask than can connect."""
    house.limits = SpendingLimits(company=Purse(tokens=1_000_000))
    out = Gate()
    house.agents.say("Half of it", out, " and the rest.")
    house.process()
    await house.say("maya", "hi", thread="0")
    await house.sees("Half of it")
    elsewhere = create_engine(database_url, pool_size=1, statement=None)
    async with begin(elsewhere) as conn:
        await lock_use(conn, TENANT)
        async with asyncio.TaskGroup() as tasks:
            for thread in range(1, 16):
                tasks.create_task(house.say("maya", "hi", thread=str(thread)))
        await house.happened("frame.opened", 16)
        out.open()
        await house.sees("Half of it and the rest.")
    await elsewhere.dispose()
    await house.idle()
    assert len(house.agents.asked) == 16


async def test_a_turn_is_counted_once_however_often_it_rests(house: House) -> None:
    house.agents.uses = HUNDRED
    house.agents.hand_off("software")
    house.agents.say(Use("to_software", "h1"))
    house.process()
    assert not await turn_of(house, "maya", "1")
    query = (
        "SELECT model, input_tokens, output_tokens, cache_read_tokens FROM model_use"
    )
    assert await house.rows(query) == [("a script", 180, 90, 30)]
