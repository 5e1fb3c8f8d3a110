"""A stand-in for Jira Service Management (Cloud), from its REST API's documentation.

Only what Deskhand uses: customer requests, the form of a request type, users and JQL by
label. As there, a search is behind what was written, nothing makes a request unique, and
a form takes the fields that it has and no others.
"""

import base64
import re
from dataclasses import dataclass, field

from aiohttp import web
from pydantic import JsonValue
from typing_extensions import override

from adapters.simulator.systems.misbehaving import Handler, Misbehaving

JQL = re.compile(r'labels = "([^"\\\s]+)"(?: ORDER BY created ASC)?')
USUAL_FORM = {"summary": True, "description": False, "labels": False}


@dataclass(slots=True, kw_only=True)
class JiraRequest:
    """One customer request."""

    key: str
    reporter: str
    summary: str
    description: str
    labels: list[str]
    where: tuple[str, str]
    unseen: int
    """How many more searches do not find it."""
    status: tuple[str, str] = ("Waiting for support", "NEW")
    """Its name and its category."""
    comments: list[str] = field(default_factory=list[str])


@dataclass(slots=True, kw_only=True)
class JiraStandIn(Misbehaving):
    """One site."""

    user: str
    token: str
    people: dict[str, str]
    """Account ids, and each one's e-mail; "" where it is hidden."""
    forms: dict[tuple[str, str], dict[str, bool]]
    """For each service desk and request type its fields, and whether one is required."""
    project: str = "DESK"
    portal: str = "https://desk.example/servicedesk/customer/portal/10"
    agent: bool = True
    """Whether the account may raise requests on behalf of others."""
    lag: int = 0
    """How many searches do not find what was just written."""
    requests: list[JiraRequest] = field(default_factory=list[JiraRequest])

    @override
    def label(self, request: web.Request) -> str:
        return "GET" if request.path.endswith("/search/jql") else request.method

    def app(self) -> web.Application:
        """Return the API as a web application."""
        app = web.Application()
        desk, one = "/rest/servicedeskapi", "/rest/servicedeskapi/request/{key}"
        form = f"{desk}/servicedesk/{{desk}}/requesttype/{{kind}}/field"
        app.router.add_post(f"{desk}/request", self._guarded(self._create))
        app.router.add_get(one, self._guarded(self._request))
        app.router.add_post(f"{one}/comment", self._guarded(self._comment))
        app.router.add_get(form, self._guarded(self._form))
        app.router.add_get("/rest/api/3/user/search", self._guarded(self._users))
        app.router.add_post("/rest/api/3/search/jql", self._guarded(self._search))
        return self.wrap(app)

    def _guarded(self, handler: Handler) -> Handler:
        pair = base64.b64encode(f"{self.user}:{self.token}".encode()).decode()

        async def guarded(request: web.Request) -> web.StreamResponse:
            if request.headers.get("Authorization") != f"Basic {pair}":
                return web.Response(status=401, text="Client must be authenticated")
            return await handler(request)

        return guarded

    async def _create(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        where = (body.get("serviceDeskId"), body.get("requestTypeId"))
        form = self.forms.get(where)
        if form is None:
            return _refusal(404, "The Service Desk or request type does not exist.")
        if not self.agent:
            return _refusal(403, "You may not raise requests on behalf of others.")
        if body.get("raiseOnBehalfOf") not in self.people:
            return _refusal(400, "The user given is not a valid customer.")
        given = body.get("requestFieldValues", {})
        if problem := _misfit(form, given):
            return _refusal(400, problem)
        made = JiraRequest(
            key=f"{self.project}-{len(self.requests) + 1}",
            reporter=body["raiseOnBehalfOf"],
            summary=given["summary"],
            description=given.get("description", ""),
            labels=given.get("labels", []),
            where=where,
            unseen=self.lag,
        )
        self.requests.append(made)
        return web.json_response(self._shown(made), status=201)

    async def _request(self, request: web.Request) -> web.StreamResponse:
        found = self._find(request)
        if found is None:
            return _refusal(404, "The request does not exist.")
        return web.json_response(self._shown(found))

    async def _comment(self, request: web.Request) -> web.StreamResponse:
        found, body = self._find(request), await request.json()
        if found is None:
            return _refusal(404, "The request does not exist.")
        if not isinstance(body.get("body"), str) or not body["body"].strip():
            return _refusal(400, "Comment body can not be empty!")
        found.comments.append(body["body"])
        shown = {"id": str(len(found.comments)), **body}
        return web.json_response(shown, status=201)

    async def _form(self, request: web.Request) -> web.StreamResponse:
        form = self.forms.get((request.match_info["desk"], request.match_info["kind"]))
        if form is None:
            return _refusal(404, "The Service Desk or request type does not exist.")
        listed = [{"fieldId": name, "required": must} for name, must in form.items()]
        return web.json_response(
            {"canRaiseOnBehalfOf": self.agent, "requestTypeFields": listed}
        )

    async def _users(self, request: web.Request) -> web.StreamResponse:
        """Answer as there: whoever's name or e-mail begins so; some e-mails hidden."""
        wanted = request.query.get("query", "").casefold()
        found = [
            {"accountId": account, "active": True, "emailAddress": email}
            for account, email in self.people.items()
            if not email or email.casefold().startswith(wanted)
        ]
        return web.json_response(found)

    async def _search(self, request: web.Request) -> web.StreamResponse:
        asked = JQL.fullmatch(str((await request.json()).get("jql")))
        if asked is None:
            errors = ["Error in the JQL Query."]
            return web.json_response(
                {"errorMessages": errors, "warningMessages": []}, status=400
            )
        found: list[JsonValue] = []
        for one in self.requests:
            if asked[1] in one.labels:
                if not one.unseen:
                    found.append({"id": one.key, "key": one.key})
                one.unseen = max(0, one.unseen - 1)
        return web.json_response({"issues": found, "isLast": True})

    def _find(self, request: web.Request) -> JiraRequest | None:
        key = request.match_info["key"]
        return next((one for one in self.requests if one.key == key), None)

    def _shown(self, one: JiraRequest) -> dict[str, JsonValue]:
        status, category = one.status
        return {
            "issueId": one.key,
            "issueKey": one.key,
            "serviceDeskId": one.where[0],
            "requestTypeId": one.where[1],
            "reporter": {"accountId": one.reporter},
            "currentStatus": {"status": status, "statusCategory": category},
            "_links": {"web": f"{self.portal}/{one.key}"},
        }


def _misfit(form: dict[str, bool], given: dict[str, object]) -> str:
    if odd := sorted(set(given) - set(form)):
        return f"Field {odd[0]} is not on the request type's form."
    if missing := [name for name, must in form.items() if must and not given.get(name)]:
        return f"Field {missing[0]} is required."
    summary, labels = str(given.get("summary")), given.get("labels", [])
    if "\n" in summary or len(summary) > 255:  # noqa: PLR2004 - as documented
        return "The summary is invalid: one line of at most 255 characters."
    if not isinstance(labels, list) or any(" " in str(label) for label in labels):  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
        return "The label contains spaces which is invalid."
    return ""


def _refusal(status: int, message: str) -> web.Response:
    said = {"i18nKey": "sd.error", "parameters": list[str]()}
    return web.json_response(
        {"errorMessage": message, "i18nErrorMessage": said}, status=status
    )
