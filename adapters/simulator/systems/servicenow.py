"""A stand-in for ServiceNow's Table API, from its documentation.

Only what Deskhand uses: incidents, users and groups. As there, a part of a query with a
field that is not there or may not be read is left out, so that the rest finds more; two
incidents may have one ``correlation_id``; and a reference to nobody is taken.
"""

import base64
from dataclasses import dataclass, field

from aiohttp import web
from pydantic import JsonValue

from adapters.simulator.systems.misbehaving import Handler, Misbehaving

STATES = {
    "1": "New",
    "2": "In Progress",
    "3": "On Hold",
    "6": "Resolved",
    "7": "Closed",
    "8": "Canceled",
}
TAKEN = (
    "caller_id",
    "short_description",
    "description",
    "correlation_id",
    "correlation_display",
    "assignment_group",
)
OVER = {"7", "8"}

Row = dict[str, str]


@dataclass(slots=True, kw_only=True)
class ServiceNowStandIn(Misbehaving):
    """One instance."""

    user: str
    """Empty: a bearer's token is asked for."""
    secret: str
    people: dict[str, str]
    """For each sys_id the e-mail."""
    groups: set[str] = field(default_factory=set[str])
    """Their sys_ids."""
    hidden: set[str] = field(default_factory=set[str])
    """Fields that the account may not read."""
    incidents: list[Row] = field(default_factory=list[Row])

    def app(self) -> web.Application:
        """Return the API as a web application."""
        app = web.Application()
        table = "/api/now/table/{table}"
        app.router.add_get(table, self._guarded(self._query))
        app.router.add_post(table, self._guarded(self._insert))
        app.router.add_patch(f"{table}/{{sys_id}}", self._guarded(self._change))
        return self.wrap(app)

    def _guarded(self, handler: Handler) -> Handler:
        pair = base64.b64encode(f"{self.user}:{self.secret}".encode()).decode()
        wanted = f"Basic {pair}" if self.user else f"Bearer {self.secret}"

        async def guarded(request: web.Request) -> web.StreamResponse:
            if request.headers.get("Authorization") != wanted:
                said = "Required to provide Auth information"
                return _refusal(401, "User Not Authenticated", said)
            if request.match_info["table"] not in self._tables():
                return _refusal(400, "Invalid table " + request.match_info["table"])
            return await handler(request)

        return guarded

    def _tables(self) -> dict[str, list[Row]]:
        people = [
            {"sys_id": sys_id, "email": email, "active": "true"}
            for sys_id, email in self.people.items()
        ]
        groups = [{"sys_id": group} for group in sorted(self.groups)]
        return {
            "incident": self.incidents,
            "sys_user": people,
            "sys_user_group": groups,
        }

    async def _query(self, request: web.Request) -> web.StreamResponse:
        rows = self._tables()[request.match_info["table"]]
        for part in request.query.get("sysparm_query", "").split("^"):
            name, equals, value = part.partition("=")
            known = any(name in row for row in rows) and name not in self.hidden
            if equals and known:
                rows = [
                    row
                    for row in rows
                    if row.get(name, "").casefold() == value.casefold()
                ]
        limit = int(request.query.get("sysparm_limit", "10000"))
        shown: list[JsonValue] = [self._shown(request, row) for row in rows[:limit]]
        return web.json_response({"result": shown})

    async def _insert(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        number = len(self.incidents) + 1
        row = {
            **dict.fromkeys(TAKEN, ""),
            **{name: str(value) for name, value in body.items() if name in TAKEN},
            "sys_id": f"{number:032x}",
            "number": f"INC{number:07}",
            "state": "1",
            "active": "true",
            "comments": "",
        }
        self.incidents.append(row)
        answer = web.json_response({"result": self._shown(request, row)}, status=201)
        answer.headers["Location"] = f"{request.url.with_query(None)}/{row['sys_id']}"
        return answer

    async def _change(self, request: web.Request) -> web.StreamResponse:
        sys_id, body = request.match_info["sys_id"], await request.json()
        row = next((one for one in self.incidents if one["sys_id"] == sys_id), None)
        if row is None:
            said = "Record doesn't exist or ACL restricts the record retrieval"
            return _refusal(404, "No Record found", said)
        row["comments"] += str(body.get("comments", ""))
        return web.json_response({"result": self._shown(request, row)})

    def close(self, number: str, state: str) -> None:
        """Have somebody set an incident's state."""
        row = next(one for one in self.incidents if one["number"] == number)
        row["state"], row["active"] = state, "false" if state in OVER else "true"

    def _shown(self, request: web.Request, row: Row) -> dict[str, JsonValue]:
        asked = request.query.get("sysparm_fields", "").split(",")
        assert request.query.get("sysparm_display_value") == "all"
        return {
            name: {
                "value": row[name],
                "display_value": STATES[row[name]] if name == "state" else row[name],
            }
            for name in asked
            if name in row and name not in self.hidden
        }


def _refusal(status: int, message: str, detail: str = "") -> web.Response:
    error = {"message": message, "detail": detail or None}
    return web.json_response({"error": error, "status": "failure"}, status=status)
