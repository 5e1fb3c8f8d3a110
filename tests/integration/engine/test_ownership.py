"""Who owns a conversation: takeovers, fences, waking, parking, draining."""

import asyncio
from datetime import timedelta

import pytest

from bot.engine import worker as worker_module
from bot.protocol.values import Approver, Stage
from tests.support.engine import House
from tests.support.fake_platform import Gate, Throttled
from tests.support.process import Process
from tests.support.scripted_agents import Tool, Use, needs
from tests.support.workshop import PRIYA

MANAGER = Stage(
    label="manager", approvers=(Approver(person_id=PRIYA, name="Priya"),), within=3600
)


async def lost_interest(house: House, process: Process) -> None:
    """Return when a process owns nothing any more."""

    async def found() -> bool:
        return process.worker.conversations == 0

    await house.signal.until(found)


async def test_a_dead_owners_turn_is_finished_in_the_same_message(
    house: House,
) -> None:
    rest = Gate()
    house.agents.say("Half an ans", rest)
    house.agents.say("The whole answer.")
    first = house.process("w1")
    await house.say("maya", "hi")
    await house.sees("Half an ans")
    await house.goes_on_without(first)
    await house.idle()
    [message] = house.halls["slack"].messages.values()
    assert message.view.text == "The whole answer."
    assert {(s.by, s.operation) for s in house.halls["slack"].sent} >= {
        ("w1", "post"),
        ("w2", "edit"),
    }
    assert ("w2", "post") not in {
        (s.by, s.operation) for s in house.halls["slack"].sent
    }


async def test_whoever_is_left_is_there_when_a_dead_owners_lease_runs_out(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without anybody's telling, and without looking now and then."""
    monkeypatch.setattr(worker_module, "POLL", 3600.0)
    rest = Gate()
    house.agents.say("Half an ans", rest)
    house.agents.say("The whole answer.")
    first = house.process("w1", lease=timedelta(seconds=3))
    await house.say("maya", "hi")
    await house.sees("Half an ans")
    await first.kill()
    house.process("w2")
    await house.sees("The whole answer.")
    await house.idle()


async def test_a_lease_that_has_not_run_out_is_respected(house: House) -> None:
    rest = Gate()
    house.agents.say("Half an ans", rest)
    first = house.process("w1")
    second = house.process("w2")
    await house.say("maya", "hi")
    await rest.reached.wait()
    owners = [p for p in (first, second) if p.worker.conversations]
    assert len(owners) == 1
    await house.say("maya", "more")
    await house.happened("turn.steered")
    assert [p for p in (first, second) if p.worker.conversations] == owners
    rest.open()


async def test_an_owner_whose_fence_moved_writes_nothing_more(house: House) -> None:
    rest = Gate()
    house.agents.say("Half an ans", rest, " that nobody may see")
    house.agents.say("The whole answer.")
    first = house.process("w1")
    await house.say("maya", "hi")
    await house.sees("Half an ans")
    house.process("w2")
    await house.expire_leases()
    await house.sees("The whole answer.")
    await house.happened("turn.completed")
    before, sent = await house.log(), len(house.halls["slack"].sent)
    rest.open()
    await lost_interest(house, first)
    assert await house.log() == before
    later = house.halls["slack"].sent[sent:]
    assert [s for s in later if s.by == "w1"] == []
    assert first.metrics.registry.get_sample_value("deskhand_leases_lost_total") == 1


async def test_a_heartbeat_tells_an_owner_that_it_is_none(house: House) -> None:
    rest = Gate()
    house.agents.say("Half an ans", rest)
    house.agents.say("The whole answer.")
    first = house.process("w1")
    await house.say("maya", "hi")
    await house.sees("Half an ans")
    house.process("w2")
    await house.expire_leases()
    await house.sees("The whole answer.")
    house.clock.advance(2)
    await lost_interest(house, first)
    assert rest.left.is_set(), "its model is hung up on"


async def test_a_heartbeat_renews_a_lease(house: House) -> None:
    rest = Gate()
    house.agents.say("Half an ans", rest)
    house.process("w1", lease=timedelta(seconds=30))
    await house.say("maya", "hi")
    await rest.reached.wait()
    await house.execute(
        "UPDATE conversation SET lease_until = statement_timestamp() + interval '1 s'"
    )
    house.clock.advance(2)
    await house.until(
        "SELECT lease_until > statement_timestamp() + interval '20 s' FROM conversation"
    )
    rest.open()


async def test_a_late_edit_of_an_old_owner_does_not_cover_the_final_one(
    house: House,
) -> None:
    """A process stands still with an edit to make, and wakes as owner of nothing."""
    house.unshown = {"progress"}  # said below, so that the failure has one name
    more, rest = Gate(), Gate()
    house.agents.say("One", more, " two", rest)
    house.agents.say("The whole answer.")
    first = house.process("w1")
    await house.say("maya", "hi")
    await house.sees("One")
    house.halls["slack"].faults["edit"].append(Throttled(seconds=30))
    more.open()
    await house.happened("item.appended", 2)
    await house.throttled(first)
    house.process("w2")
    await house.expire_leases()
    await house.happened("turn.completed")
    await house.shows_the_end()
    final = [m.view for m in house.halls["slack"].messages.values()]

    house.clock.advance(31)
    first.kit.delivery._news.set()  # it notices before its heartbeat does
    await lost_interest(house, first)
    assert [m.view for m in house.halls["slack"].messages.values()] == final


async def test_a_lost_notification_only_costs_the_poll(
    house: House, empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_module, "POLL", 0.05)
    rest = Gate()
    house.agents.say("First", rest)
    house.process(url=empty_database_url)  # it listens where nobody speaks
    await house.say("maya", "hi")
    await rest.reached.wait()
    await house.say("maya", "and this")
    house.clock.advance(2)  # the poll of a conversation is its heartbeat
    await house.happened("turn.steered")
    rest.open()


async def test_with_notifications_nobody_waits_for_the_poll(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_module, "POLL", 3600.0)
    rest = Gate()
    house.agents.say("Before", rest)
    house.process()
    await house.say("maya", "hi")  # found by looking, or by being told
    await rest.reached.wait()
    await house.say("omar", "hi", thread="2")
    await house.happened("turn.completed")
    rest.open()


async def test_a_listener_that_comes_back_looks_for_what_it_missed(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_module, "POLL", 3600.0)
    house.process()
    await house.say("maya", "hi", thread="1")
    await house.idle()
    listeners = (
        "FROM pg_stat_activity WHERE datname = current_database() "
        "AND application_name = 'deskhand listener'"
    )
    await house.until(f"SELECT count(*) = 1 {listeners} AND state = 'idle'")
    await house.rows(f"SELECT pg_terminate_backend(pid) {listeners}")
    await house.until(f"SELECT count(*) = 0 {listeners}")
    await house.say("omar", "hi", thread="2")
    await house.happened("turn.completed", 2)


async def test_a_parked_turn_leaves_no_task_and_no_memory(house: House) -> None:
    house.agents.tools["grant"] = Tool(rule=needs(MANAGER))
    process = house.process()
    await house.say("maya", "hello", thread="0")
    await house.idle()
    before = len(asyncio.all_tasks())
    for number in range(1, 11):
        house.agents.say(Use("grant", f"c{number}"))
        await house.say("maya", "please", thread=str(number))
        await house.idle()
    assert await house.rows("SELECT count(*) FROM turn WHERE status = 'parked'") == [
        (10,)
    ]
    assert len(asyncio.all_tasks()) <= before
    assert process.worker.conversations == 0
    assert process.kit.delivery._shown._all == {}
    assert process.kit.delivery._shown._of_turn == {}
    live = process.metrics.registry.get_sample_value("deskhand_turns_live")
    assert live == 0
    held = "SELECT count(*) FROM conversation WHERE lease_until IS NOT NULL"
    assert await house.rows(held) == [(0,)]


async def test_a_parked_turn_is_resumed_by_any_process(house: House) -> None:
    house.agents.tools["grant"] = Tool(rule=needs(MANAGER))
    house.agents.say(Use("grant"))
    house.agents.say("Granted.")
    first = house.process("w1")
    await house.say("maya", "please")
    await house.idle()
    await first.kill()
    house.process("w2")
    await house.press("priya", await house.approval())
    await house.idle()
    assert [call.name for call in house.agents.ran] == ["grant"]
    assert (await house.types())[-1] == "turn.completed"
    roles = {s.by for s in house.halls["slack"].sent}
    assert roles == {"w1", "w2"}


async def test_a_drained_worker_takes_nothing_new_and_finishes_its_own(
    house: House,
) -> None:
    rest = Gate()
    house.agents.say("Mine", rest)
    first = house.process("w1")
    await house.say("maya", "hi", thread="1")
    await rest.reached.wait()
    first.worker.drain()
    await house.say("omar", "hi", thread="2")
    await house.say("maya", "and this", thread="1")
    await house.happened("turn.steered")  # signals still reach a turn that runs
    assert len(await house.turns()) == 1
    rest.open()
    await house.happened("turn.completed")
    await first.drained()
    assert len(await house.turns()) == 1
    assert await house.rows(
        "SELECT count(*) FROM conversation WHERE lease_until IS NOT NULL"
    ) == [(0,)]
    house.process("w2")


async def test_a_drained_worker_lets_turns_park(house: House) -> None:
    rest = Gate()
    house.agents.tools["grant"] = Tool(rule=needs(MANAGER))
    house.agents.say(Use("grant"), rest)
    first = house.process("w1")
    await house.say("maya", "please")
    await rest.reached.wait()
    first.worker.drain()
    rest.open()
    await first.drained()
    assert await house.rows("SELECT status FROM turn") == [("parked",)]


async def test_what_is_handed_back_is_taken_up_without_waiting_for_a_lease(
    house: House,
) -> None:
    rest = Gate()
    house.agents.say("Half an ans", rest)
    house.agents.say("The whole answer.")
    first = house.process("w1")
    house.process("w2")
    await house.say("maya", "hi")
    await rest.reached.wait()
    await house.sees("Half an ans")
    owner = next(p for p in house.processes if p.worker.conversations)
    owner.worker.drain()
    await owner.worker.let_go()
    await house.sees("The whole answer.")
    await house.happened("turn.completed")
    assert len(house.halls["slack"].messages) == 1
    assert first.task


async def test_a_worker_owns_no_more_than_it_may(house: House) -> None:
    rest = Gate()
    house.agents.answer = lambda _question: ("Wait", rest)
    process = house.process(capacity=2)
    for number in range(4):
        await house.say("maya", "hi", thread=str(number))
    await house.happened("model.asked", 2)
    assert process.worker.conversations == 2
    assert len(await house.turns()) == 2
    rest.open()
    await house.happened("turn.completed", 4)


async def test_many_processes_share_the_work_and_nothing_is_done_twice(
    house: House,
) -> None:
    house.agents.tools["grant"] = Tool()
    house.agents.answer = lambda question: (
        (Use("grant"),) if question.ask == 1 else ("Granted.",)
    )
    for number in range(3):
        house.process(f"w{number}", capacity=3)
    for number in range(12):
        await house.say("maya", "please", thread=str(number))
    await house.happened("turn.completed", 12)
    keys = [call.key for call in house.agents.ran]
    assert len(keys) == len(set(keys)) == 12
    await house.idle()
    assert len(house.halls["slack"].messages) == 12


async def test_three_replicas_share_a_rush_fairly(house: House) -> None:
    """They claim one at a time, so nobody is left without while others have all."""
    rest = Gate()
    house.agents.answer = lambda _question: ("Wait", rest)
    processes = [house.process(f"w{number}") for number in range(3)]
    for number in range(30):
        await house.say("maya", "please", thread=str(number))
    await house.happened("model.asked", 30)
    shares = [process.worker.conversations for process in processes]
    assert sum(shares) == 30
    assert min(shares) >= 3, shares
    rest.open()
    await house.happened("turn.completed", 30)
