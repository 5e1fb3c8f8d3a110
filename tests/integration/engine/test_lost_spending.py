"""What counts of requests that brought no reply, and of those that are still out."""

import asyncio

import pytest

from bot.company.limits import Allowance, Purse, SpendingLimits
from bot.engine.asking import MODEL_ATTEMPTS
from bot.errors import ModelError
from bot.ports.agent import Counted
from bot.protocol.values import Usage
from bot.turn.spending import used_by
from tests.support.engine import House
from tests.support.fake_platform import Gate
from tests.support.scripted_agents import Tool, Use

BROKEN = ModelError("the connection broke", transient=True)
HUNDRED = Usage(input_tokens=99, output_tokens=1)
BEGUN = Counted(model="a script", usage=HUNDRED, begins=True)
USED = "SELECT model, input_tokens + output_tokens + cache_read_tokens FROM model_use"


@pytest.fixture
def costly(house: House) -> House:
    """A house whose questions are guessed to take 90 tokens, and take 100."""
    house.agents.weighs = 90
    house.agents.uses = HUNDRED
    return house


async def ended(house: House) -> str:
    await house.idle()
    ending = (await house.state((await house.turns())[-1])).ending
    assert ending
    return ending.code


async def newest(house: House) -> str:
    return (await house.turns())[-1]


async def talk_until_a_summary_is_made(house: House, rests: Gate) -> None:
    """Let somebody say much, until older turns are folded; that turn goes to a gate."""
    house.agents.sums_up = "Maya said a lot."
    house.agents.answer = lambda _: (
        (rests, "There.") if house.agents.summed_up else ("There.",)
    )
    house.process()
    for number in range(1, 10):
        await house.say("maya", "word " * 3000)
        ends = asyncio.create_task(house.happened("turn.completed", number))
        waits = asyncio.create_task(rests.reached.wait())
        await asyncio.wait({ends, waits}, return_when=asyncio.FIRST_COMPLETED)
        ends.cancel()
        waits.cancel()
        if house.agents.summed_up:
            return
        await house.idle()
        house.clock.advance(60)


async def test_a_reply_that_broke_off_counts_with_what_was_written(costly: House):
    costly.agents.say(BEGUN, "abcdef", BROKEN)
    costly.process()
    await costly.say("maya", "hi")
    assert not await ended(costly)
    assert await costly.rows(USED) == [("a script", 102 + 100)]
    [lost] = (await costly.state()).frames[0].lost
    assert (lost.usage.total, lost.estimated) == (102, True)
    told = costly.telemetry.model_tokens.labels("a script", "lost")
    assert told._value.get() == 102


async def test_a_reply_that_was_stopped_counts(costly: House):
    said = Gate()
    costly.agents.say(BEGUN, "abc", said)
    costly.process()
    await costly.say("maya", "hi")
    await said.reached.wait()
    await costly.stop("maya", await costly.turn())
    await costly.idle()
    assert (await costly.types())[-1] == "turn.cancelled"
    assert await costly.rows(USED) == [("a script", 101)]


async def test_what_a_model_failed_with_for_good_counts(costly: House):
    for _ in range(MODEL_ATTEMPTS):
        costly.agents.say(BEGUN, BROKEN)
    costly.process()
    await costly.say("maya", "hi")
    assert await ended(costly) == "model"
    assert await costly.rows(USED) == [("a script", 100 * MODEL_ATTEMPTS)]


async def test_a_request_that_was_refused_costs_nothing(costly: House):
    for _ in range(MODEL_ATTEMPTS):
        costly.agents.say(BROKEN)
    costly.process()
    await costly.say("maya", "hi")
    assert await ended(costly) == "model"
    assert not used_by(await costly.state())


async def test_what_a_dead_process_had_asked_counts_as_long_as_it_was_guessed(
    costly: House,
):
    out = Gate()
    costly.agents.say(BEGUN, "Half an ans", out)
    first = costly.process()
    await costly.say("maya", "hi")
    await out.reached.wait()
    await costly.goes_on_without(first)
    assert not await ended(costly)
    [lost] = (await costly.state()).frames[0].lost
    assert (lost.usage.total, lost.estimated) == (90, True)
    assert await costly.rows(USED) == [("a script", 90 + 100)]


async def test_what_a_dead_process_had_asked_counts_where_its_calls_are_its_reply(
    costly: House,
):
    """The calls were complete: the question is not asked again."""
    out = Gate()
    costly.agents.tools["look"] = Tool(effect="read")
    costly.agents.say(BEGUN, Use("look"), out)
    costly.agents.say("There.")
    first = costly.process()
    await costly.say("maya", "hi")
    await out.reached.wait()
    await costly.happened("tool.requested")
    await costly.goes_on_without(first)
    assert not await ended(costly)
    assert await costly.rows(USED) == [("a script", 90 + 100)]


async def test_a_turn_that_loses_too_much_is_not_asked_again(costly: House):
    costly.limits = SpendingLimits(turn=Allowance(tokens=150))
    for _ in range(MODEL_ATTEMPTS):
        costly.agents.say(BEGUN, BROKEN)
    costly.process()
    await costly.say("maya", "hi")
    assert await ended(costly) == "budget"
    assert len(costly.agents.asked) == 2


async def test_what_an_agent_lost_counts_for_how_far_it_may_go(costly: House):
    costly.agents.most = type(costly.agents.most)(tokens=150)
    costly.agents.tools["look"] = Tool(effect="read")
    costly.agents.say(BEGUN, BROKEN)
    costly.agents.say(Use("look"))
    costly.process()
    await costly.say("maya", "hi")
    assert await ended(costly) == "tokens"


async def test_a_summary_counts_from_the_question_on_that_it_is_for(costly: House):
    costly.limits = SpendingLimits(company=Purse(tokens=1_000_000))
    out = Gate()
    await talk_until_a_summary_is_made(costly, out)
    used = await costly.rows(f"{USED} WHERE turn_id = :turn", turn=await newest(costly))
    assert sorted(used) == [("a script", 90), ("a summariser", 100)]
    out.open()
    assert not await ended(costly)


async def test_a_summary_counts_where_it_leaves_nothing_for_its_question(
    costly: House,
):
    costly.limits = SpendingLimits(turn=Allowance(tokens=100))
    costly.agents.sums_up = "Maya said a lot."
    costly.process()
    while not costly.agents.summed_up:
        await costly.say("maya", "word " * 3000)
        await costly.idle()
        costly.clock.advance(60)
    assert await ended(costly) == "budget"
    used = await costly.rows(f"{USED} WHERE turn_id = :turn", turn=await newest(costly))
    assert used == [("a summariser", 100)]


async def test_a_question_that_is_out_counts_for_whoever_asks_beside_it(
    costly: House,
):
    costly.limits = SpendingLimits(person=Purse(tokens=90))
    out = Gate()
    costly.agents.say(out, "At last.")
    costly.process()
    await costly.say("maya", "hi", thread="1")
    await out.reached.wait()
    await costly.say("maya", "hi", thread="2")
    await costly.happened("turn.failed")
    assert len(costly.agents.asked) == 1
    out.open()
    assert await ended(costly) == "budget_person_day"


async def test_of_many_that_ask_at_once_only_those_are_let_out_for_whom_there_is_some(
    costly: House,
):
    costly.limits = SpendingLimits(company=Purse(tokens=200))
    out = Gate()
    costly.agents.answer = lambda _: (out, "There.")
    for name in ("w1", "w2"):
        costly.process(name)
    async with asyncio.TaskGroup() as tasks:
        for thread in range(8):
            person = "maya" if thread % 2 else "omar"
            tasks.create_task(costly.say(person, "hi", thread=str(thread)))
    await costly.happened("turn.failed", 5)
    assert len(costly.agents.asked) == 3, (
        "270 tokens are out: at 180 there was some left"
    )
    out.open()
    await costly.idle()
    assert sum(int(str(row[1])) for row in await costly.rows(USED)) == 300
