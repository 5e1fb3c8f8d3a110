"""A stand-in for Okta's groups, from its management API's documentation.

Only what Deskhand uses: a group, the groups of a user (a page at a time), adding
one and removing one.
"""

from dataclasses import dataclass, field

from aiohttp import web
from pydantic import JsonValue

from adapters.simulator.systems.misbehaving import Handler, Misbehaving


@dataclass(slots=True, kw_only=True)
class OktaStandIn(Misbehaving):
    """One organisation."""

    token: str
    users: set[str]
    """Ids that exist."""
    groups: dict[str, set[str]] = field(default_factory=dict[str, set[str]])
    """For each id the members' ids."""
    imported: set[str] = field(default_factory=set[str])
    """Groups that come from an application."""
    page: int = 2
    """How many groups are listed at once."""

    def app(self) -> web.Application:
        """Return the API as a web application."""
        app = web.Application()
        group = "/api/v1/groups/{group}"
        app.router.add_get(group, self._guarded(self._group))
        one = f"{group}/users/{{user}}"
        app.router.add_put(one, self._guarded(self._add))
        app.router.add_delete(one, self._guarded(self._remove))
        app.router.add_get("/api/v1/users/{user}/groups", self._guarded(self._of_user))
        return self.wrap(app)

    def _guarded(self, handler: Handler) -> Handler:
        async def guarded(request: web.Request) -> web.StreamResponse:
            if request.headers.get("Authorization") != f"SSWS {self.token}":
                return _refusal(401, "E0000011", "Invalid token provided")
            group, user = (request.match_info.get(key) for key in ("group", "user"))
            for kind, name, known in (
                ("UserGroup", group, set(self.groups)),
                ("User", user, self.users),
            ):
                if name is not None and name not in known:
                    said = f"Not found: Resource not found: {name} ({kind})"
                    return _refusal(404, "E0000007", said)
            return await handler(request)

        return guarded

    async def _group(self, request: web.Request) -> web.StreamResponse:
        return web.json_response(self._shown(request.match_info["group"]))

    async def _of_user(self, request: web.Request) -> web.StreamResponse:
        user, after = request.match_info["user"], request.query.get("after", "")
        ids = sorted(g for g, who in self.groups.items() if user in who and g > after)
        shown = ids[: self.page]
        answer = web.json_response([self._shown(group) for group in shown])
        here = f"{request.scheme}://{request.host}{request.path}"
        answer.headers.add("Link", f'<{here}>; rel="self"')
        if len(ids) > self.page:
            answer.headers.add("Link", f'<{here}?after={shown[-1]}>; rel="next"')
        return answer

    async def _add(self, request: web.Request) -> web.StreamResponse:
        self.groups[request.match_info["group"]].add(request.match_info["user"])
        return web.Response(status=204)

    async def _remove(self, request: web.Request) -> web.StreamResponse:
        """End a membership; 204 where there is none, too."""
        members = self.groups[request.match_info["group"]]
        members.discard(request.match_info["user"])
        return web.Response(status=204)

    def _shown(self, group: str) -> dict[str, JsonValue]:
        kind = "APP_GROUP" if group in self.imported else "OKTA_GROUP"
        return {"id": group, "type": kind, "profile": {"name": group}}


def _refusal(status: int, code: str, summary: str) -> web.Response:
    body = {"errorCode": code, "errorSummary": summary}
    return web.json_response(body, status=status)
