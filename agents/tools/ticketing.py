"""Tickets where the company file says: opened there once, read there, and in our records.

None of the systems keeps two requests with one key apart. So the first attempt at a call
asks, and every later one, and whoever probes, only looks: what an earlier attempt asked
for and nobody finds may still come.
"""

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import structlog
from pydantic import JsonValue

from agents.tools import results, sentences
from agents.tools import ticket_sentences as outside
from agents.tools.tool import Setting, failed
from bot.company.model import Company, Person
from bot.errors import SystemUnsureError
from bot.ports.agent import ToolResult
from bot.ports.records import FiledTicket, Place, Records
from bot.ports.systems import NotDone
from bot.ports.tickets import NewTicket, TicketSystem, TicketThere
from bot.protocol.ids import PersonId, TenantId

log = structlog.get_logger()

REPORT_SECONDS = 6.0
"""For having a report there, too: it is in our records by then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A ticket that somebody wants."""

    key: str
    """The effect's."""
    title: str
    body: str
    queue: str


class Asking(Protocol):
    """In whose name a ticket is opened, and where; a `Setting` is such."""

    @property
    def company(self) -> Company:
        """Whose tickets."""
        ...

    @property
    def records(self) -> Records:
        """Where ours are."""
        ...

    @property
    def tenant(self) -> TenantId:
        """Whose rows."""
        ...

    @property
    def person(self) -> Person:
        """Who asks."""
        ...

    @property
    def person_id(self) -> PersonId:
        """Who that is."""
        ...

    @property
    def accounts(self) -> Mapping[str, str]:
        """Who they are in each system."""
        ...

    @property
    def desk(self) -> TicketSystem | None:
        """Where tickets go beside our records."""
        ...


async def opened_there(
    setting: Setting, desk: TicketSystem, wanted: Wanted
) -> ToolResult:
    """Open a ticket in the company's system, then write it, unless it is there.

    Raises:
        SystemUnsureError: Nobody can tell whether it was opened, or still will be.
    """
    before = await setting.records.ticket_under(setting.tenant, wanted.key)
    if before:  # without a place: opened before the company had its tickets there
        return result_of(setting, before)
    if setting.call.attempt > 1:
        there = await desk.find(mark_of(setting, wanted.key))
        if not isinstance(there, TicketThere):
            why = there.detail if there else "not found"
            raise SystemUnsureError(desk.name, f"an earlier attempt: {why}")
    else:
        there = await desk.open(_new(setting, desk, wanted))
    if isinstance(there, NotDone):
        log.warning(
            "system.refused",
            system=desk.name,
            why=there.why,
            said=there.detail,
            hint=there.hint,
        )
        sentence = outside.not_opened(setting.company, there)
        return failed("No ticket was opened", sentence)
    return await _written(setting, desk, wanted, there)


async def found_there(
    setting: Setting, desk: TicketSystem, wanted: Wanted
) -> ToolResult | None:
    """Return the ticket if one was opened, and write it; ``None``: nobody can tell."""
    before = await setting.records.ticket_under(setting.tenant, wanted.key)
    if before:  # without a place: opened before the company had its tickets there
        return result_of(setting, before)
    there = await desk.find(mark_of(setting, wanted.key))
    if isinstance(there, TicketThere):
        return await _written(setting, desk, wanted, there)
    return None


async def reported(setting: Asking, wanted: Wanted) -> ToolResult:
    """Open a ticket in our records, and in the company's system as far as it takes it.

    Ours is there before anything else: with it begins the only attempt at the other.
    """
    filed = await setting.records.open_ticket(
        setting.tenant,
        key=wanted.key,
        person=setting.person_id,
        queue=wanted.queue,
        title=wanted.title,
        body=wanted.body,
    )
    if desk := setting.desk:
        try:
            async with asyncio.timeout(REPORT_SECONDS):
                there = (
                    await desk.open(_new(setting, desk, wanted))
                    if filed.created
                    else await desk.find(mark_of(setting, wanted.key))
                )
        except (TimeoutError, SystemUnsureError) as error:
            log.warning(
                "report.only_ours",
                system=desk.name,
                error=repr(error),
                hint="Look whether that system answers, and whether it is there.",
            )
        else:
            if isinstance(there, TicketThere):
                return await _written(setting, desk, wanted, there)
            hint = there.hint if there else "Look there whether it has come by now."
            log.warning(
                "report.only_ours", system=desk.name, error=repr(there), hint=hint
            )
    return results.ticket(
        wanted.title,
        reference=filed.reference,
        queue=wanted.queue,
        sentence=sentences.ticket_opened(filed.reference, wanted.title),
    )


async def standing_there(setting: Setting, desk: TicketSystem) -> list[JsonValue]:
    """Return how the requester's tickets stand in the company's system, newest first."""
    filed = await setting.records.tickets_of(setting.tenant, setting.person_id)
    placed = [
        (one, place)
        for one in filed
        if (place := one.place) and place.system == desk.name
    ]
    async with asyncio.TaskGroup() as tasks:
        asked = [
            (one, place, tasks.create_task(desk.read(place.reference)))
            for one, place in placed
        ]
    return [_standing(one, place, there.result()) for one, place, there in asked]


def _standing(
    filed: FiledTicket, place: Place, there: TicketThere | NotDone
) -> dict[str, JsonValue]:
    told: dict[str, JsonValue] = {"ticket": place.reference, "about": filed.title}
    if isinstance(there, NotDone):
        gone = there.why == "unknown"
        return {**told, "state": outside.GONE if gone else outside.NOT_TOLD}
    return {
        **told,
        "ticket": there.reference,
        "state": there.state or outside.NOT_TOLD,
        "done": there.done,
        "link": there.link or place.link,
    }


def mark_of(setting: Asking, key: str) -> str:
    """Return what a ticket is marked with there: one for each tenant and effect."""
    whole = f"{setting.tenant}\n{key}"
    return f"deskhand-{hashlib.sha256(whole.encode()).hexdigest()[:40]}"


def result_of(setting: Asking, filed: FiledTicket) -> ToolResult:
    """Return the result of a ticket that was opened."""
    place = filed.place
    called = place.reference if place else filed.reference
    said = (
        outside.opened(setting.company, called, filed.title)
        if place
        else sentences.ticket_opened(called, filed.title)
    )
    return results.ticket(
        filed.title,
        reference=filed.reference,
        queue=filed.queue,
        key=place.reference if place else "",
        link=place.link if place else "",
        sentence=said,
    )


def _new(setting: Asking, desk: TicketSystem, wanted: Wanted) -> NewTicket:
    return NewTicket(
        key=mark_of(setting, wanted.key),
        title=wanted.title,
        body=wanted.body,
        email=setting.person.email,
        account=setting.accounts.get(desk.name, ""),
        queue=wanted.queue,
    )


async def _written(
    setting: Asking, desk: TicketSystem, wanted: Wanted, there: TicketThere
) -> ToolResult:
    place = Place(system=desk.name, reference=there.reference, link=there.link)
    await setting.records.open_ticket(
        setting.tenant,
        key=wanted.key,
        person=setting.person_id,
        queue=wanted.queue,
        title=wanted.title,
        body=wanted.body,
        place=place,
    )
    filed = await setting.records.ticket_under(setting.tenant, wanted.key)
    assert filed, "it has just been written"
    return result_of(setting, filed)
