"""Approvals: one decision per person and stage; what is settled stays settled."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Literal

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.protocol.ids import ApprovalId, CallId, PersonId, TenantId, TurnId
from bot.protocol.values import Approver, Fact, Stage
from bot.store.approvals import (
    ApprovalRow,
    decisions_of,
    due_approvals,
    lock_approval,
    open_approvals_of,
    record_decision,
    save_approval,
    settle_approval,
)
from bot.store.conversations import Claim
from bot.store.engine import begin
from bot.store.log import append_events
from bot.store.mailbox import deliver
from tests.support.store import NOW, TENANT, all_of, events, own, start

APPROVAL = ApprovalId("a1")
ASKER = PersonId("maya.chen")
STAGES = (
    Stage(
        label="manager",
        approvers=(Approver(person_id=PersonId("priya"), name="Priya"),),
        within=60.0,
    ),
    Stage(
        label="group:it",
        approvers=(Approver(person_id=PersonId("jonas"), name="Jonas\x00"),),
        within=60.0,
    ),
)


def request(held: Claim) -> ApprovalRow:
    return ApprovalRow(
        tenant_id=TENANT,
        approval_id=APPROVAL,
        turn_id=TurnId("t"),
        conversation_id=held.conversation_id,
        call_id=CallId("c1"),
        requester_id=ASKER,
        subject="A seat",
        facts=(Fact(label="Price", value="45 EUR"),),
        args_hash="hash",
        policy="Editing costs money",
        stages=STAGES,
        stage=0,
        status="open",
        expires_at=NOW,
        created_at=NOW,
    )


async def save(conn: AsyncConnection, row: ApprovalRow) -> bool:
    return await save_approval(
        conn,
        tenant_id=row.tenant_id,
        approval_id=row.approval_id,
        turn_id=row.turn_id,
        conversation_id=row.conversation_id,
        call_id=row.call_id,
        requester_id=row.requester_id,
        subject=row.subject,
        facts=row.facts,
        args_hash=row.args_hash,
        policy=row.policy,
        stages=row.stages,
        stage=row.stage,
        status=row.status,
        expires_at=row.expires_at,
    )


async def ask(engine: AsyncEngine) -> tuple[Claim, ApprovalRow]:
    held = await own(engine)
    await start(engine, held, "t")
    row = request(held)
    async with begin(engine) as conn:
        assert await save(conn, row)
    return held, row


async def decide(
    conn: AsyncConnection,
    person: str,
    verdict: Literal["approved", "rejected"] = "approved",
    *,
    stage: int = 0,
) -> bool:
    return await record_decision(
        conn,
        TENANT,
        APPROVAL,
        stage=stage,
        person_id=PersonId(person),
        name=person,
        verdict=verdict,
        reason="",
        said_key="",
        at=NOW,
    )


async def locked(engine: AsyncEngine) -> ApprovalRow:
    async with begin(engine) as conn:
        row = await lock_approval(conn, TENANT, APPROVAL)
    assert row is not None
    return row


async def test_an_approval_comes_back_as_it_was_saved(engine: AsyncEngine):
    _, row = await ask(engine)
    assert replace(await locked(engine), created_at=NOW) == row


async def test_an_approval_of_another_tenant_is_not_there(engine: AsyncEngine):
    await ask(engine)
    async with begin(engine) as conn:
        assert await lock_approval(conn, TenantId("other"), APPROVAL) is None


async def test_one_person_counts_once_per_stage(engine: AsyncEngine):
    await ask(engine)
    async with begin(engine) as conn:
        assert await decide(conn, "priya")
        assert not await decide(conn, "priya", "rejected")
        assert await decide(conn, "priya", stage=1)
        assert await decide(conn, "elena")
        decided = await decisions_of(conn, TENANT, APPROVAL)
    assert [(d.person_id, d.stage, d.verdict) for d in decided] == [
        ("elena", 0, "approved"),
        ("priya", 0, "approved"),
        ("priya", 1, "approved"),
    ]


async def test_of_people_who_click_at_once_one_settles_it(engine: AsyncEngine):
    await ask(engine)

    async def click(person: str, status: Literal["approved", "rejected"]) -> bool:
        async with begin(engine) as conn:
            row = await lock_approval(conn, TENANT, APPROVAL)
            assert row is not None
            if row.status != "open":
                return False
            await decide(conn, person, status)
            return await settle_approval(
                conn, TENANT, APPROVAL, status=status, stage=0, expires_at=NOW
            )

    clicks = [click(f"p{n}", "approved" if n % 2 else "rejected") for n in range(12)]
    assert sum(await all_of(clicks)) == 1
    async with begin(engine) as conn:
        [decision] = await decisions_of(conn, TENANT, APPROVAL)
    assert (await locked(engine)).status == decision.verdict


async def test_the_owner_cannot_undo_what_somebody_decided(engine: AsyncEngine):
    """The owner has not read the mail yet, and lets the time run out."""
    _, row = await ask(engine)
    async with begin(engine) as conn:
        await settle_approval(
            conn, TENANT, APPROVAL, status="approved", stage=0, expires_at=NOW
        )
        assert not await save(conn, replace(row, status="expired"))
    assert (await locked(engine)).status == "approved"


async def test_the_owner_cannot_go_back_to_an_earlier_stage(engine: AsyncEngine):
    _, row = await ask(engine)
    async with begin(engine) as conn:
        await settle_approval(
            conn, TENANT, APPROVAL, status="open", stage=1, expires_at=NOW
        )
        assert not await save(conn, replace(row, stages=STAGES[::-1]))
    assert (await locked(engine)).stages == STAGES


async def test_an_open_approval_may_be_escalated(engine: AsyncEngine):
    _, row = await ask(engine)
    later = NOW + timedelta(hours=1)
    other = replace(row, stages=(STAGES[1],), expires_at=later)
    async with begin(engine) as conn:
        assert await save(conn, other)
    assert replace(await locked(engine), created_at=NOW) == other


async def test_a_settled_approval_is_not_settled_again(engine: AsyncEngine):
    await ask(engine)
    async with begin(engine) as conn:
        for first in (True, False):
            assert first is await settle_approval(
                conn, TENANT, APPROVAL, status="rejected", stage=0, expires_at=NOW
            )


async def test_a_decision_and_an_append_at_once_do_not_deadlock(engine: AsyncEngine):
    """Both need the conversation and the approval; both take them in this order."""
    held, row = await ask(engine)

    async def decide_and_tell() -> None:
        async with begin(engine) as conn:
            await lock_approval(conn, TENANT, APPROVAL)
            await deliver(conn, TENANT, held.conversation_id, None, "decided", "{}")

    async def append_and_save(seq: int) -> None:
        async with begin(engine) as conn:
            await append_events(conn, [events(held, TurnId("t"), seq)])
            await save(conn, row)

    for seq in range(1, 16):
        async with asyncio.TaskGroup() as group:
            group.create_task(decide_and_tell())
            group.create_task(append_and_save(seq))
            group.create_task(decide_and_tell())


async def test_open_requests_name_who_is_waited_for(engine: AsyncEngine):
    await ask(engine)
    async with begin(engine) as conn:
        [mine] = await open_approvals_of(conn, TENANT, ASKER)
        assert await open_approvals_of(conn, TENANT, PersonId("priya")) == []
    assert mine.open_request.waiting_for == ("Priya",)
    assert mine.open_request.subject == "A seat"


async def test_only_open_approvals_fall_due(engine: AsyncEngine):
    await ask(engine)
    async with begin(engine) as conn:
        assert await due_approvals(conn, NOW - timedelta(seconds=1)) == []
        assert len(await due_approvals(conn, NOW)) == 1
        await settle_approval(
            conn, TENANT, APPROVAL, status="expired", stage=0, expires_at=NOW
        )
        assert await due_approvals(conn, NOW) == []
