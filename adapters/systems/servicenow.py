"""ServiceNow: a ticket is an incident, by the Table API.

An incident carries our key as its ``correlation_id``, by which a query finds it again.
ServiceNow leaves out what it does not like of a query, such as a field that the account
may not read, and returns whatever is left: so what is found is compared with what was
asked for.

Source: https://www.servicenow.com/docs/r/api-reference/rest-apis/c_TableAPI.html
"""

import re
from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

from pydantic import JsonValue
from typing_extensions import override

from adapters.systems.opening import (
    MOST_STATE,
    address,
    asked_once,
    authorization,
    clean,
    entries,
    fields,
    named,
    one_line,
    opened_once,
)
from adapters.systems.wire import Answer, NoAnswerError, Sender, in_path, with_secret
from bot.company.systems import System
from bot.company.tickets import Tickets
from bot.errors import SystemUnsureError
from bot.ports.systems import NotDone
from bot.ports.tickets import NewTicket, TicketSystem, TicketThere

TABLE = "/api/now/table"
MOST_SUMMARY = 160
"""Characters of the field ``short_description``."""
RESOLVED = "6"
"""The state in which an incident is still active and nobody works on it any more."""
_SHOWN = ("number", "sys_id", "state", "active", "correlation_id")
_CODE = re.compile(r"\[(/?code)\]", re.IGNORECASE)
_NOT_IN_QUERY = re.compile(r"[\^\x00-\x1f]|^\s*javascript:", re.IGNORECASE)
"""What would be more than a value: ServiceNow also runs scripts in one."""


class ServiceNow(TicketSystem):
    """One instance's incidents.

    Args:
        name: As in the company file.
        said: What stands there.
        tickets: Where there the queues are.
        secret: The token, or the user's password.
        sender: Sends.
    """

    def __init__(
        self, name: str, said: System, tickets: Tickets, secret: str, sender: Sender
    ) -> None:
        self.name = name
        self._tickets = tickets
        self._clock = sender.clock
        self._portal = said.portal or f"{said.address}/sp"
        self._wire = with_secret(sender, said.address, authorization(said.user, secret))

    @override
    async def open(self, ticket: NewTicket) -> TicketThere | NotDone:
        caller = ticket.account or await self._caller_of(ticket.email)
        if isinstance(caller, NotDone):
            return caller
        body: dict[str, JsonValue] = {
            "caller_id": caller,
            "short_description": one_line(ticket.title, MOST_SUMMARY),
            "description": as_written(ticket.body or ticket.title),
            "correlation_id": ticket.key,
            "correlation_display": "Deskhand",
        }
        if group := self._tickets.queue(ticket.queue).group:
            body["assignment_group"] = group
        path = f"{TABLE}/incident?{_parameters(_SHOWN)}"
        return await opened_once(
            self.name,
            ask=lambda: self._wire.ask("POST", path, body, once=True),
            read=lambda answer: self._incident(answer, 201),
            find=lambda: self.find(ticket.key),
            clock=self._clock,
        )

    @override
    async def find(self, key: str) -> TicketThere | NotDone | None:
        row = await self._row("incident", "correlation_id", key, _SHOWN)
        return self._ticket(row) if isinstance(row, dict) else row

    @override
    async def read(self, reference: str) -> TicketThere | NotDone:
        row = await self._row("incident", "number", reference, _SHOWN)
        if row is None:
            return NotDone(why="unknown", detail=f"no incident {reference}")
        return row if isinstance(row, NotDone) else self._ticket(row)

    @override
    async def comment(self, reference: str, text: str) -> TicketThere | NotDone:
        row = await self._row("incident", "number", reference, _SHOWN)
        if row is None:
            return NotDone(why="unknown", detail=f"no incident {reference}")
        if isinstance(row, NotDone):
            return row
        where = f"{TABLE}/incident/{in_path(_value(row, 'sys_id'))}"
        path = f"{where}?{_parameters(_SHOWN)}"
        body: JsonValue = {"comments": as_written(text)}
        said = await asked_once(
            lambda: self._wire.ask("PATCH", path, body, once=True),
            lambda answer: self._incident(answer, 200),
        )
        if isinstance(said, SystemUnsureError):
            raise SystemUnsureError(self.name, str(said))
        return said

    @override
    async def check(self) -> str | NotDone:
        groups = {q.group: name for name, q in self._tickets.queues.items() if q.group}
        for group, name in groups.items():
            row = await self._row("sys_user_group", "sys_id", group, ("sys_id",))
            if row is None:
                return NotDone(why="unknown", detail=f"group {group} (queue {name})")
            if isinstance(row, NotDone):
                return row
        for table, needed in (("incident", _SHOWN), ("sys_user", ("sys_id", "email"))):
            parameters = _parameters(needed, sysparm_limit="1")
            try:
                answer = await self._wire.ask("GET", f"{TABLE}/{table}?{parameters}")
            except NoAnswerError as error:
                return NotDone(why="unreachable", detail=str(error))
            if answer.status != 200:  # noqa: PLR2004
                return self._why_not(answer, f"({table})")
            for row in entries(fields(answer.body).get("result")):
                if hidden := sorted(set(needed) - set(row)):
                    detail = f"{table}: cannot read {', '.join(hidden)}"
                    return NotDone(why="forbidden", detail=detail)
        return f"incidents can be read, {len(groups)} groups are there"

    async def _caller_of(self, email: str) -> str | NotDone:
        shown = ("sys_id", "email", "active")
        row = await self._row("sys_user", "email", email, shown, also="active=true")
        if isinstance(row, NotDone):
            return row
        if row is None:
            return NotDone(why="unknown", detail="nobody has that e-mail address")
        return _value(row, "sys_id")

    async def _row(
        self, table: str, field: str, value: str, shown: Sequence[str], also: str = ""
    ) -> dict[str, JsonValue] | NotDone | None:
        """Return the first row whose field has a value, for certain."""
        if _NOT_IN_QUERY.search(value) or not value:
            return NotDone(why="unknown", detail=f"{value!r} cannot be looked for")
        query = "^".join(
            filter(None, (f"{field}={value}", also, "ORDERBYsys_created_on"))
        )
        parameters = _parameters(shown, sysparm_query=query, sysparm_limit="2")
        try:
            answer = await self._wire.ask("GET", f"{TABLE}/{table}?{parameters}")
        except NoAnswerError as error:
            return NotDone(why="unreachable", detail=str(error))
        rows = fields(answer.body).get("result")
        if answer.status != 200 or not isinstance(rows, list):  # noqa: PLR2004
            return self._why_not(answer, f"({table})")
        found = entries(rows)
        if any(_value(row, field).casefold() != value.casefold() for row in found):
            detail = f"{table}: the account may not look for {field}"
            return NotDone(why="forbidden", detail=detail)
        if table == "sys_user" and len(found) > 1:
            detail = "several people have that e-mail address"
            return NotDone(why="unknown", detail=detail)
        return found[0] if found else None

    def _incident(self, answer: Answer, hoped_for: int) -> TicketThere | NotDone:
        if answer.status != hoped_for:
            return self._why_not(answer)
        return self._ticket(fields(fields(answer.body).get("result")))

    def _ticket(self, row: dict[str, JsonValue]) -> TicketThere | NotDone:
        reference, sys_id = named(_value(row, "number")), named(_value(row, "sys_id"))
        if not reference or not sys_id:
            return NotDone(why="refused", detail="an incident without a number")
        where = urlencode({"id": "ticket", "table": "incident", "sys_id": sys_id})
        state = _value(row, "state")
        return TicketThere(
            reference=reference,
            state=one_line(fields(row.get("state")).get("display_value"), MOST_STATE),
            done=state == RESOLVED or _value(row, "active") == "false",
            link=address(f"{self._portal}?{where}"),
        )

    def _why_not(self, answer: Answer, about: str = "") -> NotDone:
        error = fields(fields(answer.body).get("error"))
        said = [str(error.get(key) or "") for key in ("message", "detail")]
        return self._wire.not_done(answer, " ".join(filter(None, [*said, about])))


def as_written(text: str) -> str:
    """Return ``text`` so that nothing in it is HTML where ServiceNow would show it."""
    return _CODE.sub(r"[ \1]", clean(text))


def _parameters(shown: Sequence[str], **more: str) -> str:
    return urlencode(
        {"sysparm_fields": ",".join(shown), "sysparm_display_value": "all", **more}
    )


def _value(row: Mapping[str, JsonValue], name: str) -> str:
    value = fields(row.get(name)).get("value")
    return value if isinstance(value, str) else ""
