"""The way in: one transaction per delivery, before the webhook is answered.

Everything a delivery changes (that it was seen, the mail it becomes, the wake-up)
is committed together or not at all. A second copy of it, under the same id or the
same ``said_key``, changes nothing.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, tzinfo

import structlog
from typing_extensions import override

from bot.clock import Clock
from bot.company.model import Person
from bot.engine.decisions import take_decision
from bot.engine.letters import Letter, send_letter
from bot.engine.telemetry import Telemetry
from bot.engine.turns import read_turn
from bot.ports.inbox import Acceptance, Inbox
from bot.ports.store import Store, Transaction
from bot.ports.surface import Acquaintance
from bot.protocol.ids import PersonId, PlatformName, TenantId, TurnId
from bot.protocol.inbound import (
    Address,
    Continued,
    Decided,
    Inbound,
    Met,
    Said,
    Stopped,
)
from bot.turn.replies import can_continue
from bot.view import replies

log = structlog.get_logger()


class Ingress(Inbox):
    """Takes in what adapters verified and parsed."""

    def __init__(
        self,
        store: Store,
        platforms: Mapping[PlatformName, Acquaintance],
        clock: Clock,
        telemetry: Telemetry,
        zone: tzinfo = UTC,
    ) -> None:
        self._store = store
        self._platforms = platforms
        self._clock = clock
        self._telemetry = telemetry
        self._zone = zone

    @override
    async def accept(self, inbound: Inbound) -> Acceptance:
        acceptance = await self._take_in(inbound)
        self._telemetry.deliveries.labels(
            inbound.user.platform, acceptance.outcome
        ).inc()
        return acceptance

    @override
    async def turn_shown(
        self, place: Address, messages: Sequence[str]
    ) -> TurnId | None:
        async with self._store.begin("journal.read") as tx:
            tenant = await tx.tenant_of(place.platform, place.workspace)
            if tenant is None:
                return None
            return await tx.turn_showing(tenant, place.conversation_id, messages)

    async def _take_in(self, inbound: Inbound) -> Acceptance:
        async with self._store.begin("ingress.message") as tx:
            tenant, person = await tx.recognise(inbound.user)
            if tenant and person and isinstance(inbound, Said):
                # By far the most frequent: one connection, one transaction.
                return await self._said(tx, tenant, person, inbound)
        if tenant is None:
            log.warning(
                "delivery.foreign",
                platform=inbound.user.platform,
                workspace=inbound.user.workspace,
                hint="This workspace is not installed; nothing was stored.",
            )
            return Acceptance(outcome="unknown")
        person = person or await self._linked(tenant, inbound)
        match inbound:
            case Said():
                async with self._store.begin("ingress.message") as tx:
                    return await self._said(tx, tenant, person, inbound)
            case Met():
                return await self._met(tenant, person, inbound)
            case Stopped():
                return await self._stopped(tenant, person, inbound)
            case Continued():
                return await self._continued(tenant, person, inbound)
            case Decided():
                return await take_decision(
                    self._store,
                    tenant,
                    person,
                    inbound,
                    now=self._clock.now(),
                    zone=self._zone,
                )

    async def _said(
        self,
        tx: Transaction,
        tenant: TenantId,
        person: Person | None,
        said: Said,
    ) -> Acceptance:
        letter = Letter(
            kind="said",
            person_id=person.id if person else PersonId(""),
            person_name=person.name if person else said.user.name,
            said_key=said.said_key,
            text=said.text,
            address=said.address,
        )
        new = await tx.receive(
            tenant,
            delivery_id=said.delivery_id,
            said_key=said.said_key,
            address=said.address,
            kind=letter.kind,
            body=letter.model_dump_json(),
            met=person.id if person and said.address.personal else None,
        )
        if not new:
            return Acceptance(outcome="duplicate")
        await tx.notify(tenant, said.address.conversation_id)
        return Acceptance(outcome="accepted")

    async def _met(
        self, tenant: TenantId, person: Person | None, met: Met
    ) -> Acceptance:
        async with self._store.begin("ingress.met") as tx:
            if person and met.address.personal:
                await tx.remember_address(tenant, person.id, met.address)
        return Acceptance(outcome="accepted")

    async def _stopped(
        self, tenant: TenantId, person: Person | None, stopped: Stopped
    ) -> Acceptance:
        async with self._store.begin("ingress.stop") as tx:
            turn = await tx.find_turn(stopped.turn_id)
            if turn is None or turn.tenant_id != tenant:
                return Acceptance(outcome="unknown", sentence=replies.STOP_UNKNOWN)
            if person is None or turn.requester_id != person.id:
                sentence = replies.STOP_NOT_YOURS
                return Acceptance(outcome="not_entitled", sentence=sentence)
            if not await _first(tx, tenant, stopped):
                return Acceptance(outcome="duplicate")
            letter = Letter(
                kind="stop",
                person_id=person.id,
                person_name=person.name,
                turn_id=stopped.turn_id,
            )
            await send_letter(tx, tenant, turn.conversation_id, None, letter)
        return Acceptance(outcome="accepted", sentence=replies.STOP_TAKEN)

    async def _continued(
        self, tenant: TenantId, person: Person | None, pressed: Continued
    ) -> Acceptance:
        """Let a new turn go on with what the old one has said, once."""
        async with self._store.begin("ingress.message") as tx:
            found = await read_turn(tx, pressed.turn_id)
            state = found.state if found and found.stored.tenant_id == tenant else None
            if found is None or state is None or not can_continue(state):
                return Acceptance(outcome="unknown", sentence=replies.CONTINUE_UNKNOWN)
            if person is None or found.stored.requester_id != person.id:
                sentence = replies.CONTINUE_NOT_YOURS
                return Acceptance(outcome="not_entitled", sentence=sentence)
            conversation = found.stored.conversation_id
            newest = (await tx.so_far(tenant, conversation, 1)).turns
            if [turn.turn_id for turn in newest] != [pressed.turn_id]:
                # It went on, or they talk of something else: for good, whatever
                # became of the note below, which is kept for some days only.
                if not await _first(tx, tenant, pressed):
                    return Acceptance(outcome="duplicate")
                sentence = replies.CONTINUE_PASSED
                return Acceptance(outcome="unknown", sentence=sentence)
            once = pressed.model_copy(update={"said_key": f"continue:{state.turn_id}"})
            if not await _first(tx, tenant, once):
                sentence = replies.CONTINUE_TAKEN
                return Acceptance(outcome="duplicate", sentence=sentence)
            letter = Letter(
                kind="said",
                person_id=person.id,
                person_name=person.name,
                said_key=once.said_key,
                text=replies.CONTINUE_SAID,
                address=state.address,
            )
            await send_letter(tx, tenant, conversation, state.address, letter)
        return Acceptance(outcome="accepted", sentence=replies.CONTINUE_TAKEN)

    async def _linked(self, tenant: TenantId, inbound: Inbound) -> Person | None:
        """Return who the platform says it is, linked by e-mail from now on."""
        address = inbound.address if isinstance(inbound, Said | Met) else None
        platform = self._platforms[inbound.user.platform]
        user = await platform.find_user(inbound.user, address)
        if not user.email:
            return None
        async with self._store.begin("ingress.link") as tx:
            return await tx.link_platform_user(tenant, user)


async def _first(tx: Transaction, tenant: TenantId, inbound: Inbound) -> bool:
    return await tx.first_time(
        tenant,
        platform=inbound.user.platform,
        delivery_id=inbound.delivery_id,
        said_key=inbound.said_key,
    )
