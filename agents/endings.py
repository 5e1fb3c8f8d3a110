"""End grants when their time is over: take them away where they were given.

Every replica looks; each ending is worked on by whoever claims it. Asking a system again
is harmless, so an ending whose worker died, or that failed, begins anew. What fails goes
on being tried, ever more seldom; IT gets a ticket once it has failed for a while, and has
to do it by hand if it fails for good.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

import structlog

from agents import ending_sentences as sentences
from agents.catalog import includes
from agents.tools.ticketing import Wanted, reported
from bot.clock import Clock
from bot.company.model import Company, Person
from bot.company.tickets import HELPDESK
from bot.errors import DeskhandError, SystemUnsureError
from bot.ports.endings import Ending, Endings, How
from bot.ports.records import Records
from bot.ports.systems import AccessSystem, Membership, NotDone, Standing
from bot.ports.tickets import TicketSystem
from bot.protocol.ids import PersonId, TenantId

log = structlog.get_logger()

LOOK = 5.0
"""Seconds between two looks of one replica."""
AT_ONCE = 20
"""Endings that are claimed in one look."""
LEASE = timedelta(seconds=60)
"""After this somebody else may work on an ending."""
SECONDS = 45.0
"""For a system's answers; well within the lease."""
SOON = timedelta(seconds=15)
"""The pause after the first failure, and while a request is under way; then doubled."""
SELDOM = timedelta(hours=6)
"""The longest pause."""
REPORTED_AFTER = timedelta(hours=1)
"""From then on a failure is IT's to know."""
GIVEN_UP_AFTER = timedelta(days=30)
"""By then people have to do it. Entra keeps who was deleted, with what they were members
of, for as long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Meter:
    """Where counts go; nowhere, unless told."""

    ended: Callable[[str], None] = lambda _outcome: None
    """Called with what became of a claimed ending: how it ended, or ``put_off``."""
    overdue: Callable[[int], None] = lambda _count: None
    """Called with how many grants should have ended a while ago."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ender:
    """Ends the grants of one tenant on behalf of one replica."""

    tenant: TenantId
    company: Company
    endings: Endings
    records: Records
    systems: Mapping[str, AccessSystem]
    clock: Clock
    desk: TicketSystem | None = None
    """Where tickets go beside our records."""
    meter: Meter = Meter()

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            try:
                await self.look()
            except DeskhandError as error:
                log.warning("endings.failed", error=str(error), hint=error.hint)
            await self.clock.sleep(LOOK)

    async def look(self) -> int:
        """End what is due; return how much was claimed."""
        claimed = await self.endings.claim(LEASE, AT_ONCE)
        async with asyncio.TaskGroup() as tasks:
            for ending in claimed:
                tasks.create_task(self._look_after(ending))
        self.meter.overdue(await self.endings.overdue())
        return len(claimed)

    async def _look_after(self, ending: Ending) -> None:
        """End one grant; whatever goes wrong with it stays with it."""
        try:
            await (self._end(ending) if ending.given else self._settle(ending))
        except DeskhandError as error:
            log.warning(
                "ending.interrupted",
                grant=ending.reference,
                error=str(error),
                hint="It is claimed again after its lease.",
            )
        except Exception:
            log.exception("ending.broke", grant=ending.reference, hint="Report this.")

    async def _end(self, ending: Ending) -> None:
        if ending.awaited:
            await self.endings.wait(ending, SOON, "asked for again just now")
            return
        if not ending.kept:
            gone = await self._asked(ending, "revoke")
            if isinstance(gone, NotDone):
                await self._failed(ending, gone)
            else:
                await self._over(ending)
            return
        # A newer grant goes on. Should an earlier try have taken it away, it is put back.
        there = await self._asked(ending, "give") if ending.tries > 1 else "active"
        if isinstance(there, NotDone):
            await self._failed(ending, there)
        else:
            await self._write(ending, "kept")

    async def _over(self, ending: Ending) -> None:
        resource = self.company.resource(ending.resource_id)
        still = resource and any(
            grant.resource_id == ending.resource_id
            and includes(resource, grant.grant, ending.grant)
            for grant in await self.records.grants_of(self.tenant, ending.person_id)
        )
        told = "" if still else sentences.ended(self.company, ending)
        await self._write(ending, "over", told=told)

    async def _settle(self, ending: Ending) -> None:
        """Find out what became of a request of which nobody has heard."""
        standing = await self._asked(ending, "look")
        if isinstance(standing, NotDone):
            await self._failed(ending, standing)
        elif standing == "absent":
            await self._write(ending, "not_given")
        else:
            await self.endings.adopt(ending)
            self.meter.ended("found")

    async def _write(
        self,
        ending: Ending,
        how: How,
        *,
        told: str = "",
    ) -> None:
        if await self.endings.end(ending, how, told=told):
            log.info("grant.ended", grant=ending.reference, how=how)
            self.meter.ended(how)

    async def _failed(self, ending: Ending, why: NotDone) -> None:
        pause = min(SOON * 2 ** min(ending.tries - 1, 20), SELDOM)
        log.warning(
            "ending.put_off",
            grant=ending.reference,
            system=ending.where and ending.where.system,
            why=why.why,
            said=why.detail,
            tries=ending.tries,
            seconds=pause.total_seconds(),
            hint=why.hint,
        )
        self.meter.ended("put_off")
        if ending.late >= REPORTED_AFTER:
            await self._report(ending, why)
        if ending.late >= GIVEN_UP_AFTER:
            log.error(
                "ending.given_up",
                grant=ending.reference,
                hint="Take it away by hand, if it is still there.",
            )
            await self._write(ending, "given_up")
            return
        await self.endings.put_off(ending, pause, f"{why.why}: {why.detail}")

    async def _report(self, ending: Ending, why: NotDone) -> None:
        """Open one ticket, however often it fails."""
        person = await self.records.find_person(self.tenant, ending.person_id)
        title, body = sentences.report(
            self.company, ending, person, f"{why.why} {why.detail}".strip()
        )
        wanted = Wanted(
            key=f"ending:{ending.reference}", title=title, body=body, queue=HELPDESK
        )
        asking = _InTheName(
            company=self.company,
            records=self.records,
            tenant=self.tenant,
            person=person
            or Person(id=ending.person_id, name=ending.person_id, email=""),
            desk=self.desk if person else None,
        )
        await reported(asking, wanted)

    async def _asked(
        self, ending: Ending, what: Literal["revoke", "give", "look"]
    ) -> Standing | NotDone:
        """Ask a grant's system; in our records alone there is nothing to ask."""
        where = ending.where
        if where is None:
            return "absent"
        system = self.systems.get(where.system)
        if system is None:
            return NotDone(why="unreachable", detail="not in the company file any more")
        try:
            async with asyncio.timeout(SECONDS):
                return await _ask(system, where, what)
        except SystemUnsureError as error:
            return NotDone(why="unreachable", detail=str(error))
        except TimeoutError:
            return NotDone(why="unreachable", detail=f"no answer in {SECONDS:g} s")


@dataclass(frozen=True, slots=True, kw_only=True)
class _InTheName:
    """Whose grant a ticket is about."""

    company: Company
    records: Records
    tenant: TenantId
    person: Person
    desk: TicketSystem | None

    @property
    def person_id(self) -> PersonId:
        return self.person.id

    @property
    def accounts(self) -> Mapping[str, str]:
        return self.person.accounts


async def _ask(
    system: AccessSystem,
    where: Membership,
    what: Literal["revoke", "give", "look"],
) -> Standing | NotDone:
    match what:
        case "revoke":
            return await system.revoke(where.target, where.account)
        case "give":
            return await system.give(where.target, where.account)
        case "look":
            return await system.look(where.target, where.account)
