"""What went wrong in the engine once: each test was red before its fix, or still is."""

import asyncio
from collections.abc import Callable

from sqlalchemy import text
from typing_extensions import override

from bot.ports.agent import Call, Question, Ruling, ToolResult
from bot.protocol.inbound import Address, UserRef
from bot.protocol.values import Approver, Stage
from tests.support.engine import House
from tests.support.fake_platform import FakePlatform, Gate, Throttled
from tests.support.process import Process
from tests.support.scripted_agents import Reply, Tool, Use, did, needs
from tests.support.workshop import PRIYA

HOUR = 3600.0


def within(seconds: float) -> Callable[[Call], Ruling]:
    approvers = (Approver(person_id=PRIYA, name="Priya"),)
    return needs(Stage(label="manager", approvers=approvers, within=seconds))


async def owned_again(house: House, process: Process) -> None:
    """Let a lease run out and the same process take the conversation again."""
    await house.expire_leases()

    async def found() -> bool:
        house.signal.tell()
        await asyncio.sleep(0)
        return len(process.kit.runners) > 1

    await house.signal.until(found)


# -------------------------------------------------------- the same process owns it again


async def test_a_post_that_outlives_its_owner_does_not_freeze_the_message(
    house: House,
) -> None:
    model, post = Gate(), Gate()
    house.agents.say("Half", model)
    house.halls["slack"].faults["post"].append(post)
    process = house.process()
    await house.say("maya", "hi")
    await post.reached.wait()
    await owned_again(house, process)
    post.open()
    await house.sees("Working on it")
    house.clock.advance(10)
    await house.happened("turn.completed")
    await house.idle()
    [message] = house.halls["slack"].messages.values()
    assert message.view.stop_turn is None


async def test_an_edit_that_outlives_its_owner_neither_covers_the_end_nor_ends_delivery(
    house: House,
) -> None:
    first, second, edit = Gate(), Gate(), Gate()
    house.agents.say("Half", first)
    house.agents.say("Half again", second)
    house.halls["slack"].faults["edit"].append(edit)
    process = house.process()
    await house.say("maya", "hi")
    await edit.reached.wait()
    await owned_again(house, process)
    edit.open()
    await second.reached.wait()
    await house.sees("Half again")
    second.open()
    await house.idle()
    assert process.task is not None
    assert not process.task.done()


# --------------------------------------------------------------------------- the clock


async def test_a_database_clock_ahead_of_ours_does_not_make_us_spin(
    house: House,
) -> None:
    house.agents.tools["grant"] = Tool(rule=within(5))
    house.agents.say(Use("grant"))
    house.clock.advance(-30)
    house.process()
    house.busy_at_the_end = True
    await house.say("maya", "please")
    await house.happened("turn.parked")
    await house.until("SELECT lease_until IS NULL FROM conversation")
    [(rest,)] = await house.rows(
        "SELECT due_at > statement_timestamp() FROM conversation"
    )
    assert rest, "due at once, again and again"


async def test_a_deadline_is_kept_while_something_cannot_be_shown(
    house: House,
) -> None:
    house.agents.tools["grant"] = Tool(rule=within(60))
    house.agents.say("Half", Use("grant"))
    house.halls["slack"].faults["edit"].append(Throttled(seconds=HOUR))
    process = house.process()
    house.busy_at_the_end = True
    house.unshown |= {"progress", "answer", "approval"}
    await house.say("maya", "please")
    await house.happened("turn.parked")
    await house.throttled(process)
    house.clock.advance(61)
    await house.happened("approval.expired", within=5)
    await process.kill()


# -------------------------------------------------------------------- mail and receipts


async def test_a_stop_survives_the_process_that_read_it(house: House) -> None:
    effect = Gate()

    async def slow(_call: Call) -> ToolResult:
        await effect.arrive()
        return did()

    house.agents.tools["grant"] = Tool(effect="idempotent", run=slow)
    house.agents.say("Half", Use("grant"), Gate())
    process = house.process()
    await house.say("maya", "please")
    await effect.reached.wait()
    await house.stop("maya", await house.turn())
    model_left = house.agents.hung_up

    async def hung_up() -> bool:
        house.signal.tell()
        await asyncio.sleep(0)
        [runner] = process.kit.runners
        return not any(type(a).__name__ == "Ask" for a in runner._running)

    assert model_left == 1
    await house.signal.until(hung_up)  # the stop is read, and not yet in the log
    await process.kill()
    await house.expire_leases()
    effect.open()
    house.process("w2")
    await house.happened("turn.cancelled", within=5)


async def test_a_receipt_that_was_not_written_is_written_with_the_next_edit(
    house: House,
) -> None:
    """Postgres fails right after a post; Teams cannot be asked for it later."""
    house.agents.tools["grant"] = Tool(rule=within(HOUR))
    house.agents.say(Use("grant"))
    post = Gate()
    house.halls["teams"].faults["post"].append(post)
    house.process()
    await house.say("maya", "please")
    await post.reached.wait()
    await house.happened("turn.parked")
    async with house.nothing_commits() as conn:
        post.open()
        cancel = text(
            "SELECT bool_or(pg_cancel_backend(pid)) FROM pg_stat_activity"
            " WHERE wait_event_type = 'Lock' AND datname = current_database()"
            " AND query LIKE '%FOR NO KEY UPDATE%'"
        )

        async def cancelled() -> bool:
            house.signal.tell()
            return bool(await conn.scalar(cancel))

        await house.signal.until(cancelled)
    house.clock.advance(5)
    await house.idle()
    assert await house.rows("SELECT 1 FROM surface WHERE receipt IS NULL") == []
    await house.press("priya", await house.approval())
    await house.idle()
    assert len(house.halls["teams"].messages) == 1


# --------------------------------------------------------------------- a rolling deploy


async def test_mail_of_a_newer_release_is_read(house: House) -> None:
    await house.say("maya", "hi")
    await house.execute(
        "UPDATE mailbox SET body = (CAST(body AS jsonb) || '{\"new\": 1}')::json"
    )
    house.process()
    await house.happened("turn.completed")


async def test_an_address_of_a_newer_release_does_not_end_the_process(
    house: House,
) -> None:
    await house.say("maya", "hi")
    await house.execute("UPDATE conversation SET address = address || '{\"new\": 1}'")
    house.process()
    await house.happened("turn.completed")


# ----------------------------------------------------------------- mistakes stay in place


class Mistaken(FakePlatform):
    """A platform with a bug in finding people."""

    @override
    async def open_direct(self, user: UserRef, known: Address | None) -> Address:
        raise KeyError("channel")


async def test_a_mistake_in_finding_one_person_does_not_end_delivery(
    house: House,
) -> None:
    house.agents.tools["grant"] = Tool(rule=within(HOUR))
    house.agents.say("Half", Use("grant"))
    house.unshown |= {"approval"}
    house.unasked = True
    process = house.process()
    process.kit.delivery._reach._platforms["teams"].__class__ = Mistaken
    await house.say("maya", "please")
    await house.idle()
    assert process.task is not None
    assert not process.task.done()


async def test_what_cannot_be_shown_keeps_nobody_else_waiting(house: House) -> None:
    house.halls["slack"].faults["edit"].append(Throttled(seconds=HOUR))
    process = house.process(capacity=1)
    house.busy_at_the_end = True
    await house.say("maya", "please")
    await house.happened("turn.completed")
    await house.throttled(process)
    await house.say("omar", "please", thread="2")
    house.clock.advance(60)
    await house.happened("turn.completed", 2, within=5)


async def test_a_model_that_never_stops_calling_is_stopped(house: House) -> None:
    enough = asyncio.Event()

    def answer(question: Question) -> Reply:
        if question.ask == 60:
            enough.set()
        return (Use("look", f"c{question.ask}"),)

    house.agents.tools["look"] = Tool(effect="read")
    house.agents.answer = answer
    house.busy_at_the_end = True
    house.unshown |= {"progress"}
    process = house.process()
    await house.say("maya", "please")
    ended = asyncio.Event()
    process.kit.writer.follow(
        lambda batch: ended.set() if batch[-1].event.type == "turn.failed" else None
    )
    try:
        async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
            first = [tasks.create_task(event.wait()) for event in (enough, ended)]
            await asyncio.wait(first, return_when=asyncio.FIRST_COMPLETED)
            for task in first:
                task.cancel()
    finally:
        await process.kill()
    assert not enough.is_set()


async def test_text_after_a_call_is_shown_too(house: House) -> None:
    house.agents.tools["grant"] = Tool()
    house.agents.say("Before.", Use("grant"), " After.")
    house.agents.say("End.")
    house.process()
    await house.say("maya", "please")
    await house.idle()
    [message] = house.halls["slack"].messages.values()
    assert "After." in message.words
