"""Jira Service Management (Cloud): a ticket is a customer request.

By its own REST API and the platform's (3). A request carries our key as a label, by
which JQL finds it again; that search is some seconds behind what was written.

Source: https://developer.atlassian.com/cloud/jira/service-desk/rest/api-group-request/
and https://developer.atlassian.com/cloud/jira/platform/search-and-reconcile/
"""

import re
from urllib.parse import quote

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

DESK = "/rest/servicedeskapi"
PLATFORM = "/rest/api/3"
MOST_SUMMARY = 255
"""Characters that Jira takes for a summary."""
FILLED = {"summary", "description", "labels"}
"""Fields that we fill; the form of a request type must have them, and require no other."""
_MARKS = re.compile(r"\{(\s*noformat)", re.IGNORECASE)


class Jira(TicketSystem):
    """One site's service desks.

    Args:
        name: As in the company file.
        said: What stands there.
        tickets: Where there the queues are.
        token: The secret itself.
        sender: Sends.
    """

    def __init__(
        self, name: str, said: System, tickets: Tickets, token: str, sender: Sender
    ) -> None:
        self.name = name
        self._user = said.user
        self._tickets = tickets
        self._clock = sender.clock
        self._wire = with_secret(sender, said.address, authorization(said.user, token))

    @override
    async def open(self, ticket: NewTicket) -> TicketThere | NotDone:
        account = ticket.account or await self._account_of(ticket.email)
        if isinstance(account, NotDone):
            return account
        queue = self._tickets.queue(ticket.queue)
        body: JsonValue = {
            "serviceDeskId": queue.service_desk,
            "requestTypeId": queue.request_type,
            "raiseOnBehalfOf": account,
            "requestFieldValues": {
                "summary": one_line(ticket.title, MOST_SUMMARY),
                "description": as_written(ticket.body or ticket.title),
                "labels": [ticket.key],
            },
        }
        return await opened_once(
            self.name,
            ask=lambda: self._wire.ask("POST", f"{DESK}/request", body, once=True),
            read=lambda answer: self._request(answer, 201),
            find=lambda: self.find(ticket.key),
            clock=self._clock,
        )

    @override
    async def find(self, key: str) -> TicketThere | NotDone | None:
        try:
            answer = await self._search(key)
        except NoAnswerError as error:
            return NotDone(why="unreachable", detail=str(error))
        if answer.status != 200:  # noqa: PLR2004
            return self._why_not(answer)
        issues = entries(fields(answer.body).get("issues"))
        keys = [key for issue in issues if (key := named(issue.get("key")))]
        if not keys:
            return None
        there = await self.read(keys[0])
        return TicketThere(reference=keys[0]) if isinstance(there, NotDone) else there

    async def _search(self, key: str) -> Answer:
        jql = f'labels = "{key}" ORDER BY created ASC'
        body: JsonValue = {"jql": jql, "fields": ["created"], "maxResults": 2}
        return await self._wire.ask("POST", f"{PLATFORM}/search/jql", body)

    @override
    async def read(self, reference: str) -> TicketThere | NotDone:
        try:
            answer = await self._wire.ask("GET", f"{DESK}/request/{in_path(reference)}")
        except NoAnswerError as error:
            return NotDone(why="unreachable", detail=str(error))
        return self._request(answer, 200)

    @override
    async def comment(self, reference: str, text: str) -> TicketThere | NotDone:
        path = f"{DESK}/request/{in_path(reference)}/comment"
        body: JsonValue = {"body": as_written(text), "public": True}

        def read(answer: Answer) -> TicketThere | NotDone:
            if answer.status != 201:  # noqa: PLR2004
                return self._why_not(answer)
            return TicketThere(reference=reference)

        said = await asked_once(
            lambda: self._wire.ask("POST", path, body, once=True), read
        )
        if isinstance(said, SystemUnsureError):
            raise SystemUnsureError(self.name, str(said))
        return said

    @override
    async def check(self) -> str | NotDone:
        try:
            for name, queue in self._tickets.queues.items():
                desk, kind = in_path(queue.service_desk), in_path(queue.request_type)
                path = f"{DESK}/servicedesk/{desk}/requesttype/{kind}/field"
                answer = await self._wire.ask("GET", path)
                if answer.status != 200:  # noqa: PLR2004
                    return self._why_not(answer, f"(queue {name})")
                if problem := _unfit(answer):
                    return NotDone(why="refused", detail=f"queue {name}: {problem}")
            searched = await self._search("deskhand-check")
            if searched.status != 200:  # noqa: PLR2004
                return self._why_not(searched, "(search)")
            if self._user:
                found = await self._account_of(self._user)
                if isinstance(found, NotDone):
                    return found
        except NoAnswerError as error:
            return NotDone(why="unreachable", detail=str(error))
        return f"{len(self._tickets.queues)} request types are there"

    async def _account_of(self, email: str) -> str | NotDone:
        """Return whose e-mail it is; a hidden one is "", and a name does not count."""
        path = f"{PLATFORM}/user/search?query={quote(email, safe='')}"
        try:
            answer = await self._wire.ask("GET", path)
        except NoAnswerError as error:
            return NotDone(why="unreachable", detail=str(error))
        if answer.status != 200:  # noqa: PLR2004
            return self._why_not(answer, "(people)")
        ids = [
            str(one.get("accountId", ""))
            for one in entries(answer.body)
            if email
            and str(one.get("emailAddress", "")).casefold() == email.casefold()
            and one.get("active") is True
        ]
        if len(ids) != 1 or not ids[0]:
            detail = f"{len(ids)} active people with that e-mail address are visible"
            return NotDone(why="unknown", detail=detail)
        return ids[0]

    def _request(self, answer: Answer, hoped_for: int) -> TicketThere | NotDone:
        body = fields(answer.body)
        reference = named(body.get("issueKey"))
        if answer.status != hoped_for or not reference:
            return self._why_not(answer)
        status = fields(body.get("currentStatus"))
        return TicketThere(
            reference=reference,
            state=one_line(status.get("status"), MOST_STATE),
            done=status.get("statusCategory") == "DONE",
            link=address(fields(body.get("_links")).get("web")),
        )

    def _why_not(self, answer: Answer, about: str = "") -> NotDone:
        body = fields(answer.body)
        listed = body.get("errorMessages")
        more = [str(one) for one in listed] if isinstance(listed, list) else []
        said = [answer.text("errorMessage"), *more, about]
        return self._wire.not_done(answer, " ".join(filter(None, said)))


def as_written(text: str) -> str:
    """Return wiki markup that shows ``text`` as it is: no link, no mention, no image."""
    shown = _MARKS.sub(r"{ \1", clean(text))
    return f"{{noformat}}\n{shown}\n{{noformat}}"


def _unfit(answer: Answer) -> str:
    """Return why requests of a type cannot be opened for others by us, or ""."""
    body = fields(answer.body)
    if body.get("canRaiseOnBehalfOf") is not True:
        return "the account may not raise requests on behalf of others"
    form = entries(body.get("requestTypeFields"))
    there = {str(field.get("fieldId")) for field in form}
    if missing := sorted(FILLED - there):
        return f"its form has no {', '.join(missing)}"
    required = {str(f.get("fieldId")) for f in form if f.get("required") is True}
    if odd := sorted(required - FILLED):
        return f"its form requires {', '.join(odd)}"
    return ""
