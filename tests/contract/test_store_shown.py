"""What the engine relies on in a store: what people are asked and shown, and who they are.

See ``test_store.py``.
"""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Literal

import pytest

from bot.errors import StoreRefusedError
from bot.ports.rows import ApprovalRow, Claim, SurfaceRow
from bot.ports.store import Transaction
from bot.ports.surface import Receipt
from bot.protocol.ids import (
    ApprovalId,
    CallId,
    ConversationId,
    PersonId,
    SurfaceId,
    TurnId,
)
from bot.protocol.inbound import Address, UserRef
from bot.protocol.values import Approver, Fact, Stage, Verdict
from bot.turn.state import Approval
from tests.support.store import all_of
from tests.support.stores import (
    LATER,
    NOW,
    OTHER,
    TENANT,
    Ground,
    events,
    on_every_store,
    refused,
)
from tests.support.workshop import MAYA, OMAR, PRIYA, WORKSHOP

T = TurnId("t")
APPROVAL = ApprovalId("a1")
SURFACE = SurfaceId("s1")
PLACE = Address(platform="slack", workspace="T1", channel="C1", thread="1.0")
ELSEWHERE = PLACE.model_copy(update={"thread": "9.0"})
SHOWN = Receipt(message_id="2.0", address=PLACE)
STAGES = (
    Stage(
        label="manager",
        approvers=(Approver(person_id=PRIYA, name="Priya"),),
        within=60.0,
    ),
    Stage(
        label="group:it",
        approvers=(Approver(person_id=OMAR, name="Omar\x00"),),
        within=60.0,
    ),
)
REQUEST = Approval(
    approval_id=APPROVAL,
    call_id=CallId("c1"),
    requester_id=MAYA,
    subject="A seat",
    facts=(Fact(label="Price", value="45 EUR"),),
    args_hash="hash",
    policy="Editing costs money",
    stages=STAGES,
    expires_at=NOW,
    requested_at=NOW,
    stage_at=NOW,
)


async def ask(ground: Ground) -> Claim:
    held = await ground.own()
    await ground.start(held)
    assert await save(ground, held)
    return held


async def save(ground: Ground, held: Claim, request: Approval = REQUEST) -> bool:
    return await ground.do(lambda tx: tx.save_approval(held, T, request))


async def locked(ground: Ground) -> ApprovalRow:
    row = await ground.do(lambda tx: tx.lock_approval(TENANT, APPROVAL))
    assert row is not None
    return row


async def decide(
    tx: Transaction, person: PersonId, verdict: Verdict = "approved", stage: int = 0
) -> bool:
    return await tx.record_decision(
        TENANT,
        APPROVAL,
        stage=stage,
        person_id=person,
        name=person,
        verdict=verdict,
        reason="because\x00",
        said_key="",
        at=NOW - stage * timedelta(minutes=1),  # clocks differ; stages have an order
    )


async def settle(
    tx: Transaction,
    status: Literal["open", "approved", "rejected", "expired"],
    stage: int = 0,
) -> bool:
    return await tx.settle_approval(
        TENANT, APPROVAL, status=status, stage=stage, expires_at=NOW
    )


class TestApprovals:
    @on_every_store
    async def test_one_comes_back_as_it_was_saved(self, ground: Ground):
        held = await ask(ground)
        row = await locked(ground)
        assert row == ApprovalRow(
            tenant_id=TENANT,
            approval_id=APPROVAL,
            turn_id=T,
            conversation_id=held.conversation_id,
            call_id=CallId("c1"),
            requester_id=MAYA,
            subject="A seat",
            facts=REQUEST.facts,
            args_hash="hash",
            policy="Editing costs money",
            stages=STAGES,
            stage=0,
            status="open",
            expires_at=NOW,
            created_at=row.created_at,
        )

    @on_every_store
    async def test_one_of_another_tenant_is_not_there(self, ground: Ground):
        await ask(ground)
        assert await ground.do(lambda tx: tx.lock_approval(OTHER, APPROVAL)) is None

    @on_every_store
    async def test_one_of_no_turn_is_refused(self, ground: Ground):
        with pytest.raises(StoreRefusedError):
            await save(ground, await ground.own())

    @on_every_store
    async def test_an_open_one_may_be_escalated(self, ground: Ground):
        held = await ask(ground)
        changed = replace(REQUEST, stages=(STAGES[1],), expires_at=LATER)
        assert await save(ground, held, changed)
        row = await locked(ground)
        assert (row.stages, row.expires_at) == ((STAGES[1],), LATER)

    @on_every_store
    async def test_the_owner_cannot_undo_what_somebody_decided(self, ground: Ground):
        """The owner has not read the mail yet, and lets the time run out."""
        held = await ask(ground)
        assert await ground.do(lambda tx: settle(tx, "approved"))
        assert not await save(ground, held, replace(REQUEST, status="expired"))
        assert (await locked(ground)).status == "approved"

    @on_every_store
    async def test_the_owner_cannot_go_back_to_an_earlier_stage(self, ground: Ground):
        held = await ask(ground)
        assert await ground.do(lambda tx: settle(tx, "open", 1))
        assert not await save(ground, held, replace(REQUEST, stages=STAGES[::-1]))
        row = await locked(ground)
        assert (row.stages, row.stage) == (STAGES, 1)

    @on_every_store
    async def test_a_settled_one_is_not_settled_again(self, ground: Ground):
        await ask(ground)
        assert await ground.do(lambda tx: settle(tx, "rejected"))
        assert not await ground.do(lambda tx: settle(tx, "approved"))
        assert (await locked(ground)).status == "rejected"

    @on_every_store
    async def test_whoever_looks_at_a_locked_one_waits_and_sees_what_came_of_it(
        self, ground: Ground
    ):
        await ask(ground)
        begun = ground.store.begin("ingress.decision")
        async with asyncio.TaskGroup() as group, begun as tx:
            assert await tx.lock_approval(TENANT, APPROVAL)
            late = group.create_task(locked(ground))
            await ground.somebody_waits()
            await settle(tx, "approved")
        assert late.result().status == "approved"

    @on_every_store
    async def test_a_locked_one_keeps_its_conversation_from_being_claimed(
        self, ground: Ground
    ):
        held = await ask(ground)
        await ground.expire(held)
        async with ground.store.begin("ingress.decision") as tx:
            await tx.lock_approval(TENANT, APPROVAL)
            assert await ground.claim(worker_id="w2") is None
        assert await ground.claim(worker_id="w2") is not None

    @on_every_store
    async def test_a_decision_and_an_append_at_once_do_not_deadlock(
        self, ground: Ground
    ):
        """Both need the conversation and the approval; both take them in this order."""
        held = await ask(ground)

        async def decide_and_tell() -> None:
            async with ground.store.begin("ingress.decision") as tx:
                await tx.lock_approval(TENANT, APPROVAL)
                await tx.deliver(TENANT, held.conversation_id, None, "decided", "{}")

        async def append_and_save(seq: int) -> None:
            async with ground.store.begin("log.append_with") as tx:
                assert await tx.append_events([events(held, T, seq)])
                await tx.save_approval(held, T, REQUEST)

        for seq in range(1, 9):
            await all_of([decide_and_tell(), append_and_save(seq), decide_and_tell()])


class TestDecisions:
    @on_every_store
    async def test_one_person_counts_once_per_stage(self, ground: Ground):
        await ask(ground)
        async with ground.store.begin("ingress.decision") as tx:
            assert await decide(tx, PRIYA)
            assert not await decide(tx, PRIYA, "rejected")
            assert await decide(tx, PRIYA, stage=1)
            assert await decide(tx, OMAR)
        made = await ground.do(lambda tx: tx.decisions_of(TENANT, APPROVAL))
        assert [(d.person_id, d.stage, d.verdict) for d in made] == [
            (OMAR, 0, "approved"),
            (PRIYA, 0, "approved"),
            (PRIYA, 1, "approved"),
        ]
        assert made[0].reason == "because\ufffd"

    @on_every_store
    async def test_the_same_click_twice_at_once_counts_once(self, ground: Ground):
        await ask(ground)
        clicks = await all_of(ground.do(lambda tx: decide(tx, PRIYA)) for _ in range(6))
        assert sum(clicks) == 1

    @on_every_store
    async def test_of_people_who_click_at_once_one_settles_it(self, ground: Ground):
        await ask(ground)

        async def click(n: int) -> bool:
            verdict: Literal["approved", "rejected"] = (
                "approved" if n % 2 else "rejected"
            )
            async with ground.store.begin("ingress.decision") as tx:
                row = await tx.lock_approval(TENANT, APPROVAL)
                if row is None or row.status != "open":
                    return False
                await decide(tx, PersonId(f"p{n}"), verdict)
                return await settle(tx, verdict)

        assert sum(await all_of(click(n) for n in range(9))) == 1
        [made] = await ground.do(lambda tx: tx.decisions_of(TENANT, APPROVAL))
        assert (await locked(ground)).status == made.verdict

    @on_every_store
    async def test_one_about_nothing_is_refused(self, ground: Ground):
        with pytest.raises(StoreRefusedError):
            await ground.do(lambda tx: decide(tx, PRIYA))


async def intend(ground: Ground, held: Claim, place: Address = PLACE):
    return await ground.do(
        lambda tx: tx.record_intent(
            held,
            surface_id=SURFACE,
            turn_id=T,
            role="progress",
            person_id=PersonId(""),
            address=place,
        )
    )


async def show(
    ground: Ground,
    held: Claim,
    digest: str,
    seq: int,
    *,
    receipt: Receipt | None = None,
    closed: bool = False,
    error: str = "",
) -> None:
    await ground.do(
        lambda tx: tx.record_shown(
            held,
            surface_id=SURFACE,
            digest=digest,
            seq=seq,
            receipt=receipt,
            closed=closed,
            error=error,
        )
    )


async def only(ground: Ground) -> SurfaceRow:
    [row] = await ground.do(lambda tx: tx.load_surfaces(TENANT, T))
    return row


class TestSurfaces:
    @on_every_store
    async def test_an_intended_one_has_no_receipt(self, ground: Ground):
        held = await ground.own()
        await ground.start(held)
        at = await intend(ground, held)
        assert await only(ground) == SurfaceRow(
            surface_id=SURFACE,
            turn_id=T,
            role="progress",
            person_id=PersonId(""),
            platform="slack",
            address=PLACE,
            intent_at=at,
            receipt=None,
            shown_digest="",
            shown_seq=0,
            closed=False,
            error="",
        )
        assert at <= await ground.now()

    @on_every_store
    async def test_a_posted_one_has_a_receipt_and_what_it_shows(self, ground: Ground):
        held = await ground.own()
        await ground.start(held)
        await intend(ground, held)
        await show(ground, held, "d1", 3, receipt=SHOWN)
        row = await only(ground)
        assert (row.receipt, row.shown_digest, row.shown_seq) == (SHOWN, "d1", 3)

    @on_every_store
    async def test_a_second_intent_forgets_the_message_that_had_gone(
        self, ground: Ground
    ):
        held = await ground.own()
        await ground.start(held)
        first = await intend(ground, held)
        await show(ground, held, "d1", 3, receipt=SHOWN)
        second = await intend(ground, held, ELSEWHERE)
        row = await only(ground)
        assert (row.receipt, row.address, row.shown_seq) == (None, ELSEWHERE, 3)
        assert second > first

    @on_every_store
    async def test_one_stays_closed_and_never_shows_less(self, ground: Ground):
        held = await ground.own()
        await ground.start(held)
        await intend(ground, held)
        await show(ground, held, "d1", 5, receipt=SHOWN)
        await show(ground, held, "d2", 4, closed=True, error="gone")
        assert (await only(ground)).error == "gone"
        await show(ground, held, "d3", 4)
        row = await only(ground)
        assert (row.closed, row.shown_seq, row.receipt) == (True, 5, SHOWN)
        assert (row.shown_digest, row.error) == ("d3", "")

    @on_every_store
    async def test_one_that_was_never_meant_is_not_shown(self, ground: Ground):
        held = await ground.own()
        await ground.start(held)
        await show(ground, held, "d1", 1, receipt=SHOWN)
        assert await ground.do(lambda tx: tx.load_surfaces(TENANT, T)) == []

    @on_every_store
    async def test_what_shows_an_open_turn_is_found_by_its_message(
        self, ground: Ground
    ):
        held = await ground.own()
        await ground.start(held)
        await intend(ground, held)

        async def showing(*messages: str) -> TurnId | None:
            here = held.conversation_id
            return await ground.do(lambda tx: tx.turn_showing(TENANT, here, messages))

        assert await showing(SHOWN.message_id) is None
        await show(ground, held, "d1", 1, receipt=SHOWN)
        assert await showing("of somebody else", SHOWN.message_id) == T
        assert await showing("of somebody else") is None
        elsewhere = ConversationId("slack:T1:C1:elsewhere")
        assert not await ground.do(
            lambda tx: tx.turn_showing(TENANT, elsewhere, [SHOWN.message_id])
        )

    @on_every_store
    async def test_an_old_owner_writes_nothing_of_it(self, ground: Ground):
        dead, heir = await ground.taken_over()
        await ground.start(heir)
        await intend(ground, heir)
        assert await refused(intend(ground, dead))
        assert await refused(show(ground, dead, "d1", 1, receipt=SHOWN))
        assert (await only(ground)).receipt is None

    @on_every_store
    async def test_an_intent_waits_for_a_takeover_in_flight_and_is_refused(
        self, ground: Ground
    ):
        dead = await ground.own()
        await ground.start(dead)
        await ground.expire(dead)
        begun = ground.store.begin("worker.put_off")  # of several statements: held open
        async with asyncio.TaskGroup() as group, begun as tx:
            taken = await tx.claim_conversations(
                worker_id="w2", lease=timedelta(minutes=1), generation=0, most=1
            )
            assert taken.claims
            late = group.create_task(refused(intend(ground, dead)))
            await ground.somebody_waits()
        assert late.result()


def user(user_id: str, email: str = "", workspace: str = "T1") -> UserRef:
    return UserRef(platform="slack", workspace=workspace, user_id=user_id, email=email)


class TestPeople:
    async def open(self, ground: Ground) -> None:
        """Let a company be there whose people have no Slack ids, but for one."""
        people = tuple(
            person if person.id == OMAR else person.model_copy(update={"slack": ""})
            for person in WORKSHOP.people
        )
        company = WORKSHOP.model_copy(update={"people": people})
        await ground.load(TENANT, company, {"slack": "T1"})

    async def link(self, ground: Ground, ref: UserRef) -> PersonId | None:
        linked = await ground.do(lambda tx: tx.link_platform_user(TENANT, ref))
        return linked.id if linked else None

    async def find(self, ground: Ground, ref: UserRef) -> PersonId | None:
        person = await ground.do(lambda tx: tx.find_by_platform(TENANT, ref))
        return person.id if person else None

    @on_every_store
    async def test_a_workspace_belongs_to_one_tenant(self, ground: Ground):
        await self.open(ground)
        async with ground.store.begin("reach.look_up") as tx:
            assert await tx.tenant_of("slack", "T1") == TENANT
            assert await tx.tenant_of("slack", "T9") is None
            assert await tx.tenant_of("teams", "T1") is None
            assert await tx.workspace_of(TENANT, "slack") == "T1"
            assert await tx.workspace_of(TENANT, "teams") == ""

    @on_every_store
    async def test_each_platform_has_its_own_ids(self, ground: Ground):
        await self.open(ground)
        teams = UserRef(platform="teams", workspace="M1", user_id=f"aad-{OMAR}")
        wrong = UserRef(platform="teams", workspace="M1", user_id=f"U-{OMAR}")
        assert await self.find(ground, user(f"U-{OMAR}")) == OMAR
        assert await self.find(ground, teams) == OMAR
        assert await self.find(ground, wrong) is None
        assert await self.find(ground, user("")) is None
        stranger = await ground.do(
            lambda tx: tx.find_by_platform(OTHER, user(f"U-{OMAR}"))
        )
        assert stranger is None

    @on_every_store
    async def test_an_email_links_a_user_once(self, ground: Ground):
        await self.open(ground)
        assert await self.find(ground, user("U1")) is None
        assert await self.link(ground, user("U1", "MAYA@workshop.test")) == MAYA
        assert await self.find(ground, user("U1")) == MAYA
        assert await self.link(ground, user("U1", "maya@workshop.test")) == MAYA

    @on_every_store
    async def test_an_email_does_not_make_anybody_somebody_else(self, ground: Ground):
        """Neither an account beside the known one, nor an account that is another's."""
        await self.open(ground)
        for ref in (
            user("U9", "omar@workshop.test"),
            user(f"U-{OMAR}", "maya@workshop.test"),
            user("U9", "nobody@workshop.test"),
            user("U9", "maya@wor\u212ashop.test"),  # the Kelvin sign
            user("U9"),
            user("", "maya@workshop.test"),
        ):
            assert await self.link(ground, ref) is None

    @on_every_store
    async def test_an_email_that_two_people_share_links_neither(self, ground: Ground):
        twin = WORKSHOP.people[0].model_copy(
            update={"id": PersonId("twin"), "slack": "", "entra": ""}
        )
        maya = WORKSHOP.people[0].model_copy(update={"slack": ""})
        company = WORKSHOP.model_copy(update={"people": (maya, twin)})
        await ground.load(TENANT, company, {})
        assert await self.link(ground, user("U1", "maya@workshop.test")) is None

    @on_every_store
    async def test_where_somebody_was_met_last_is_known(self, ground: Ground):
        await self.open(ground)
        async with ground.store.begin("reach.remember") as tx:
            assert await tx.address_of(TENANT, MAYA, "slack") is None
            for place in (PLACE, ELSEWHERE):
                await tx.remember_address(TENANT, MAYA, place)
            assert await tx.address_of(TENANT, MAYA, "slack") == ELSEWHERE
            assert await tx.address_of(TENANT, MAYA, "teams") is None

    @on_every_store
    async def test_nobody_is_met_who_is_not_there(self, ground: Ground):
        with pytest.raises(StoreRefusedError):
            await ground.do(
                lambda tx: tx.remember_address(TENANT, PersonId("nobody"), PLACE)
            )
