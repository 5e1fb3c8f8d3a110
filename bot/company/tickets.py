"""Tickets in the company file: in which system, and where there each queue is."""

from collections.abc import Mapping

from pydantic import Field

from bot.company.entries import Entry
from bot.company.systems import Segment, System, SystemKind

HELPDESK = "helpdesk"
"""The queue of whatever belongs to no specialist."""
_NEEDS: dict[SystemKind, tuple[str, ...]] = {
    "jira": ("service_desk", "request_type"),
    "servicenow": (),
}
_MAY: dict[SystemKind, tuple[str, ...]] = {
    "jira": ("service_desk", "request_type"),
    "servicenow": ("group",),
}


class TicketQueue(Entry):
    """Where in the system the tickets of one queue go."""

    service_desk: Segment = ""
    """Jira: the service desk's id."""
    request_type: Segment = ""
    """Jira: the request type's id."""
    group: Segment = ""
    """ServiceNow: the assignment group's sys_id; empty: nobody's yet."""


class Tickets(Entry):
    """Where tickets go."""

    system: str = ""
    """Empty: into Deskhand's own records alone."""
    queues: dict[str, TicketQueue] = Field(default_factory=dict)
    """By the name of a specialist, and ``helpdesk`` for all others."""

    def queue(self, name: str) -> TicketQueue:
        """Return where the tickets of a queue go."""
        return self.queues.get(name, self.queues.get(HELPDESK, TicketQueue()))


def problems_of_tickets(tickets: Tickets, systems: Mapping[str, System]) -> list[str]:
    """Return what is said of tickets and cannot be done."""
    found = [
        f"systems {name!r}: {said.shown} is for tickets, and [tickets] does not name it"
        for name, said in systems.items()
        if said.has_tickets and name != tickets.system
    ]
    if not tickets.system:
        return found + (["tickets: queues need a system"] if tickets.queues else [])
    system = systems.get(tickets.system)
    if system is None:
        return [*found, f"tickets: there is no system {tickets.system!r}"]
    if not system.has_tickets:
        return [*found, f"tickets: {system.shown} has no tickets ({tickets.system!r})"]
    if HELPDESK not in tickets.queues:
        found.append(f"tickets: queues must have {HELPDESK!r}, for what fits no other")
    for name, queue in tickets.queues.items():
        where = f"tickets queue {name!r}"
        said = {key for key in type(queue).model_fields if getattr(queue, key)}
        if missing := [key for key in _NEEDS[system.kind] if key not in said]:
            found.append(f"{where}: {system.kind} needs {', '.join(missing)}")
        if odd := sorted(said - set(_MAY[system.kind])):
            found.append(f"{where}: {', '.join(odd)} is not for {system.kind}")
    return found
