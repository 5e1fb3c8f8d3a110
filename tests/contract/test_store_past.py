"""What the engine relies on in a store: what was said. See ``test_store.py``."""

from datetime import datetime, timedelta

from bot.ports.rows import Append, Claim, SoFar
from bot.protocol.codec import encode
from bot.protocol.events import ModelAsked, TurnCompleted, TurnEvent, TurnStarted
from bot.protocol.ids import CallId, FrameId, PersonId, TenantId, TurnId
from bot.protocol.values import Ledger, LedgerEntry, Requester, Summary
from tests.support.stores import LATER, NOW, OTHER, TENANT, Ground, on_every_store

LEDGER = Ledger(
    did=(LedgerEntry(call_id=CallId("c"), tool="t", title="It", reference="IT-7"),)
)
SUMMARY = Summary(text="before", until=NOW - timedelta(days=1))


async def so_far(
    ground: Ground, held: Claim, newest: int = 9, *, tenant: TenantId = TENANT
) -> SoFar:
    return await ground.do(lambda tx: tx.so_far(tenant, held.conversation_id, newest))


async def tell(ground: Ground, held: Claim, turn: TurnId, *told: TurnEvent) -> None:
    await ground.append(
        Append(
            claim=held,
            turn_id=turn,
            first_seq=1,
            bodies=[encode(event) for event in told],
            types=[event.type for event in told],
            at=NOW,
        )
    )


def started(summary: Summary | None = None) -> TurnStarted:
    return TurnStarted.model_validate(
        {
            "tenant_id": TENANT,
            "requester": {"person_id": "maya", "name": "Maya"},
            "address": {"platform": "slack", "workspace": "T1", "channel": "C1"},
            "text": "hello",
            "summary": summary,
        }
    )


def asked(summary: Summary | None = None) -> ModelAsked:
    return ModelAsked(frame_id=FrameId("f1"), ask=1, model="m", summary=summary)


async def end(
    ground: Ground, held: Claim, turn: TurnId, answer: str = "", at: datetime = LATER
) -> None:
    await ground.do(
        lambda tx: tx.set_turn_status(held, turn, "completed", at=at, answer=answer)
    )


class TestSoFar:
    @on_every_store
    async def test_past_turns_tell_what_was_asked_and_answered_when_and_by_whom(
        self, ground: Ground
    ):
        held = await ground.own()
        for n in range(4):
            turn = await ground.start(held, f"t{n}", at=NOW + timedelta(seconds=n))
            await end(ground, held, turn, f"answer {n}\x00")
        await ground.start(held, "running", at=LATER)
        past = (await so_far(ground, held, 3)).turns
        assert [p.answered for p in past] == ["answer 2\ufffd", "answer 3\ufffd"]
        first = past[0]
        assert (first.asked, first.person_id, first.name) == ("hello", "maya", "Maya")
        assert (first.at, first.ended_at) == (NOW + timedelta(seconds=2), LATER)
        assert (first.turn_id, first.status) == ("t2", "completed")
        assert (await so_far(ground, held, tenant=OTHER)).turns == []

    @on_every_store
    async def test_what_others_said_there_is_told_and_what_strangers_said_is_not(
        self, ground: Ground
    ):
        held = await ground.own()
        for person in ("omar", ""):
            turn = TurnId(f"of {person}")
            requester = Requester(person_id=PersonId(person), name=person)
            await ground.do(
                lambda tx, turn=turn, requester=requester: tx.create_turn(
                    held, turn_id=turn, requester=requester, text="hi", at=NOW
                )
            )
            await end(ground, held, turn)
        assert [p.person_id for p in (await so_far(ground, held)).turns] == ["omar"]

    @on_every_store
    async def test_the_ledger_of_a_turn_that_ended_is_told(self, ground: Ground):
        held = await ground.own()
        turn = await ground.start(held)
        await tell(ground, held, turn, started(), TurnCompleted(ledger=LEDGER))
        await end(ground, held, turn)
        [past] = (await so_far(ground, held)).turns
        assert past.ledger == LEDGER

    @on_every_store
    async def test_what_is_in_the_summary_is_not_told_again_but_what_waits_is(
        self, ground: Ground
    ):
        held = await ground.own()
        parked = await ground.start(held, "parked", at=NOW - timedelta(days=4))
        await ground.do(lambda tx: tx.set_turn_status(held, parked, "parked", at=NOW))
        for name, days in (("old", 3), ("at the limit", 1), ("new", 0)):
            at = NOW - timedelta(days=days)
            turn = await ground.start(held, name, at=at)
            await tell(ground, held, turn, started(SUMMARY), asked())
            await end(ground, held, turn, at=at)
        found = await so_far(ground, held)
        assert found.summary == SUMMARY
        assert [past.turn_id for past in found.turns] == ["parked", "new"]

    @on_every_store
    async def test_the_newest_summary_that_a_model_was_told_counts(
        self, ground: Ground
    ):
        held = await ground.own()
        newer = SUMMARY.model_copy(update={"text": "newer"})
        for second, told in enumerate(
            (
                [started(), asked(SUMMARY)],
                [started(SUMMARY), asked(newer), asked()],
                [started()],  # of a release that knows no summaries
                [started(), asked()],
            )
        ):
            at = NOW + timedelta(seconds=second)
            turn = await ground.start(held, f"t{second}", at=at)
            await tell(ground, held, turn, *told)
        assert (await so_far(ground, held)).summary == newer

    @on_every_store
    async def test_a_summary_before_the_newest_turns_is_forgotten_with_them(
        self, ground: Ground
    ):
        held = await ground.own()
        for second, told in enumerate(([started(SUMMARY)], [started()], [started()])):
            at = NOW + timedelta(seconds=second)
            turn = await ground.start(held, f"t{second}", at=at)
            await tell(ground, held, turn, *told)
        assert (await so_far(ground, held, 3)).summary == SUMMARY
        assert (await so_far(ground, held, 2)).summary is None
