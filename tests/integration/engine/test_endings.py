"""A turn always ends, in time and truthfully, whatever went wrong in it."""

import asyncio
from datetime import timedelta

from bot.engine import live
from bot.engine.sweeper import Sweeper
from bot.ports.agent import Call, ToolResult
from bot.turn.deadlines import FRAME_LIMIT, TURN_LIMIT
from bot.turn.state import Phase
from tests.support.engine import House
from tests.support.fake_platform import Gate
from tests.support.process import Process
from tests.support.scripted_agents import Tool, Use, did

PAST = (TURN_LIMIT + timedelta(minutes=1)).total_seconds()


async def beat(house: House, process: Process) -> None:
    """Let a heartbeat pass, which is when deadlines are looked at."""
    house.clock.advance(2)
    for runner in process.kit.runners:
        runner.nudge()
    await asyncio.sleep(0)


async def test_a_turn_that_overruns_is_ended_with_what_it_did(house: House) -> None:
    rest = Gate()
    house.agents.tools["grant"] = Tool()
    house.agents.say(Use("grant"))
    house.agents.say("Now I think for ever", rest)
    process = house.process()
    await house.say("maya", "please")
    await rest.reached.wait()
    house.clock.advance(PAST)
    await beat(house, process)
    await house.idle()
    ending = (await house.state()).ending
    assert ending and (ending.phase, ending.code) == (Phase.FAILED, "deadline")
    assert ending.ledger and [e.tool for e in ending.ledger.did] == ["grant"]
    await house.shows_the_end()


async def test_a_turn_that_nobody_ran_is_closed_when_somebody_is_back(
    house: House,
) -> None:
    rest = Gate()
    house.agents.say("Half", rest)
    first = house.process("w1")
    await house.say("maya", "please")
    await house.sees("Half")
    await first.kill()
    house.clock.advance(PAST)
    house.process("w2")
    await house.expire_leases()
    await house.idle()
    ending = (await house.state()).ending
    assert ending and ending.code == "deadline"


async def test_an_effect_that_hangs_at_the_deadline_is_looked_up(house: House) -> None:
    effect = Gate()

    async def hang(_call: Call) -> ToolResult:
        await effect.arrive()
        return did()

    async def it_did(_call: Call) -> ToolResult:
        return did("It had happened")

    house.agents.tools["grant"] = Tool(run=hang, probe=it_did, timeout=1e6)
    house.agents.say(Use("grant"))
    process = house.process()
    await house.say("maya", "please")
    await effect.reached.wait()
    house.clock.advance(PAST)
    await beat(house, process)
    await house.idle()
    state = await house.state()
    assert state.ending and state.ending.ledger
    [entry] = state.ending.ledger.did
    assert entry.title == "It had happened"
    assert house.agents.probed


async def test_a_specialist_that_overruns_is_closed_and_its_asker_goes_on(
    house: House,
) -> None:
    rest = Gate()
    house.agents.tools["ask_it"] = Tool(effect="read", handoff_to="it")
    house.agents.say(Use("ask_it"))
    house.agents.say("A specialist thinks", rest, agent="it")
    house.agents.say("They took too long.")
    process = house.process()
    await house.say("maya", "please")
    await rest.reached.wait()
    house.clock.advance((FRAME_LIMIT + timedelta(minutes=1)).total_seconds())
    await beat(house, process)
    await house.idle()
    state = await house.state()
    assert [f.outcome for f in state.frames] == ["done", "failed"]
    assert state.phase is Phase.COMPLETED
    await house.sees("They took too long.")


async def test_a_turn_that_breaks_us_again_and_again_is_ended(house: House) -> None:
    """The third time it is given up; the person is told it was our mistake."""

    async def break_down(*_: object) -> None:
        raise RuntimeError("a mistake of ours")

    process = house.process()
    process.kit.performer._asker.ask = break_down  # type: ignore[method-assign]
    await house.say("maya", "please")
    for failures in range(1, live.MOST_FAILURES + 1):
        await house.until(f"SELECT failures >= {failures} FROM turn")
        await house.until("SELECT lease_until IS NULL FROM conversation")
        await house.execute("UPDATE conversation SET due_at = statement_timestamp()")
        process.worker._news.set()
    await house.idle()
    ending = (await house.state()).ending
    assert ending and ending.code == "internal"


async def test_a_broken_turn_does_not_stop_the_others_of_its_conversation(
    house: House,
) -> None:
    broken = Gate()

    async def break_down(*_: object) -> None:
        await broken.arrive()
        raise RuntimeError("a mistake of ours")

    process = house.process()
    working = process.kit.performer._asker.ask
    process.kit.performer._asker.ask = break_down  # type: ignore[method-assign]
    await house.say("maya", "please")
    await broken.reached.wait()
    process.kit.performer._asker.ask = working
    house.agents.say("For Omar")
    house.agents.say("For Maya, at last")
    await house.say("omar", "me too")
    await house.sees("In line behind")
    broken.open()
    await house.sees("For Omar")
    house.clock.advance(30)
    await house.idle()
    phases = [(await house.state(turn)).phase for turn in await house.turns()]
    assert phases == [Phase.COMPLETED, Phase.COMPLETED]


async def test_the_sweeper_takes_a_turn_from_an_owner_that_stands_still(
    house: House,
) -> None:
    rest = Gate()
    house.agents.say("Half", rest)
    stuck = house.process("stuck")
    await house.say("maya", "please")
    await house.sees("Half")
    await house.execute(
        "UPDATE turn SET wake_at = statement_timestamp() - interval '1 hour'"
    )
    sweeper = Sweeper(stuck.kit)
    assert await sweeper.sweep() == 0  # it has just been claimed
    await house.execute(
        "UPDATE conversation SET claimed_at = statement_timestamp() - interval '1 hour'"
    )
    house.agents.say("Whole.")
    assert await sweeper.sweep() == 1
    await house.idle()
    assert (await house.state()).phase is Phase.COMPLETED
    assert stuck.metrics.registry.get_sample_value("deskhand_turns_swept_total") == 1


async def test_the_sweeper_wakes_what_nobody_would_ever_look_at(house: House) -> None:
    rest = Gate()
    house.agents.say("Half", rest)
    first = house.process("w1")
    await house.say("maya", "please")
    await house.sees("Half")
    await first.kill()
    await house.execute(
        "UPDATE conversation SET due_at = NULL, lease_until = NULL, worker_id = NULL"
    )
    await house.execute(
        "UPDATE turn SET wake_at = statement_timestamp() - interval '1 hour'"
    )
    house.clock.advance(PAST)
    second = house.process("w2")
    assert await Sweeper(second.kit).sweep() == 1
    await house.idle()
    ending = (await house.state()).ending
    assert ending and ending.code == "deadline"


async def test_finished_turns_lose_their_text_and_can_still_be_read(
    house: House,
) -> None:
    house.agents.tools["look"] = Tool(effect="read")
    house.agents.say("First ", "some ", "words", Use("look"), "and more")
    house.agents.say("The ", "answer.")
    process = house.process()
    await house.say("maya", "please")
    await house.idle()
    before = await house.state()
    sweeper = Sweeper(process.kit)
    assert await sweeper.compact() == 0  # somebody may still read along
    await house.execute("UPDATE turn SET ended_at = ended_at - interval '1 hour'")
    assert await sweeper.compact() > 0
    assert await sweeper.compact() == 0
    rows = await house.rows("SELECT DISTINCT type FROM turn_event")
    assert ("item.appended",) not in rows
    assert {("tool.finished",), ("model.replied",)} < set(rows)
    assert await house.state() == before == await house.loaded()


async def test_a_turn_whose_snapshot_is_damaged_is_not_compacted(house: House) -> None:
    house.agents.say("Words")
    process = house.process()
    await house.say("maya", "please")
    await house.idle()
    await house.execute("UPDATE turn SET ended_at = ended_at - interval '1 hour'")
    await house.execute("UPDATE snapshot SET checksum = 'nonsense'")
    assert await Sweeper(process.kit).compact() == 0
    assert "item.appended" in await house.types()
