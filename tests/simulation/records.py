"""The company's records as the engine and two tools use them: people and requests."""

from collections.abc import Sequence
from typing import Literal

from typing_extensions import override

from bot.company.model import Person
from bot.engine.letters import Letter, send_letter
from bot.ports.records import Directory
from bot.ports.rows import ApprovalRow
from bot.ports.store import Store, Transaction
from bot.protocol.events import ApprovalDecided
from bot.protocol.ids import ApprovalId, PersonId, TenantId, TurnId
from bot.protocol.values import OpenRequest
from tests.simulation.company import PEOPLE
from tests.simulation.database import Database

_PEOPLE = {person.id: person for person in PEOPLE}

Became = Literal["withdrawn", "changed", "not_open", "not_yours"]


class SimRecords(Directory):
    """One process's way to the records.

    Args:
        store: The process's.
        database: For what is only read.
    """

    def __init__(self, store: Store, database: Database) -> None:
        self._store = store
        self._database = database

    @override
    async def find_person(self, tenant: TenantId, person_id: PersonId) -> Person | None:
        return _PEOPLE.get(person_id)

    @override
    async def search_people(
        self, tenant: TenantId, query: str, *, limit: int = 5
    ) -> Sequence[Person]:
        return ()

    async def open_requests(
        self, tenant: TenantId, person: PersonId
    ) -> Sequence[OpenRequest]:
        """Return what the person still waits for."""
        rows = self._database.tables.approval.rows
        return [
            row.open_request
            for (owner, _), row in rows.items()
            if owner == tenant and row.requester_id == person and row.status == "open"
        ]

    def waiting(self) -> list[ApprovalRow]:
        """Return every request that is open."""
        rows = self._database.tables.approval.rows.values()
        return [row for row in rows if row.status == "open"]

    def requester_of(self, turn_id: TurnId | None) -> PersonId:
        """Return who asked; empty: nobody knows."""
        for (_, known), row in self._database.tables.turn.rows.items():
            if known == turn_id:
                return row.requester_id
        return PersonId("")

    async def take_back(
        self, tenant: TenantId, approval: str, *, by: PersonId, change: str = ""
    ) -> Became:
        """Withdraw a request, or change it; as `bot.store.withdrawals` does.

        Raises:
            StoreUnavailableError: Nobody can tell whether it happened.
        """
        done: Became = "changed" if change else "withdrawn"
        approval_id = ApprovalId(approval)
        async with self._store.begin("ingress.decision") as tx:
            row = await tx.lock_approval(tenant, approval_id)
            if row is None:
                return "not_open"
            if row.requester_id != by:
                return "not_yours"
            if row.status != "open":
                decided = await tx.decisions_of(tenant, approval_id)
                said = [row.said_key for row in decided if row.verdict == "withdrawn"]
                again = row.status == "withdrawn" and said == [change]
                return done if again else "not_open"
            await self._withdraw(tx, row, change)
        return done

    async def _withdraw(self, tx: Transaction, row: ApprovalRow, change: str) -> None:
        name = row.requester_id.title()
        event = ApprovalDecided(
            approval_id=row.approval_id,
            stage=row.stage,
            verdict="withdrawn",
            by=row.requester_id,
            by_name=name,
        )
        await tx.settle_approval(
            row.tenant_id,
            row.approval_id,
            status="withdrawn",
            stage=row.stage,
            expires_at=row.expires_at,
        )
        await tx.record_decision(
            row.tenant_id,
            row.approval_id,
            stage=row.stage,
            person_id=row.requester_id,
            name=name,
            verdict="withdrawn",
            reason="",
            said_key=change,
            at=await tx.now(),
        )
        letter = Letter(
            kind="withdrawn",
            person_id=row.requester_id,
            person_name=name,
            turn_id=row.turn_id,
            text=change,
            decision=event.model_dump(mode="json"),
        )
        await send_letter(tx, row.tenant_id, row.conversation_id, None, letter)
