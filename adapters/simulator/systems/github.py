"""A stand-in for GitHub's team memberships, from its REST documentation (2022-11-28).

Only what Deskhand uses: a team, and the membership of a user in it. A user outside of
the organisation becomes ``pending``, as there. Ending a membership that is none is fine,
as there: https://github.com/integrations/terraform-provider-github/pull/3461.
"""

from dataclasses import dataclass, field

from aiohttp import web

from adapters.simulator.systems.misbehaving import Handler, Misbehaving

DOCS = "https://docs.github.com/rest/teams/members"


@dataclass(slots=True, kw_only=True)
class GitHubStandIn(Misbehaving):
    """One organisation."""

    token: str
    org: str
    users: set[str]
    """Logins that exist."""
    members: set[str]
    """Those who are in the organisation."""
    teams: dict[str, dict[str, str]] = field(default_factory=dict[str, dict[str, str]])
    """For each slug the states of its memberships, by login."""

    def app(self) -> web.Application:
        """Return the API as a web application."""
        app = web.Application()
        app.router.add_get("/users/{login}", self._guarded(self._user))
        team = "/orgs/{org}/teams/{slug}"
        app.router.add_get(team, self._guarded(self._team))
        one = f"{team}/memberships/{{login}}"
        app.router.add_get(one, self._guarded(self._membership))
        app.router.add_put(one, self._guarded(self._add))
        app.router.add_delete(one, self._guarded(self._remove))
        return self.wrap(app)

    def _guarded(self, handler: Handler) -> Handler:
        async def guarded(request: web.Request) -> web.StreamResponse:
            if request.headers.get("Authorization") != f"Bearer {self.token}":
                return _refusal(401, "Bad credentials")
            said = request.match_info
            for key, known in (
                ("org", {self.org}),
                ("slug", set(self.teams)),
                ("login", self.users),
            ):
                if key in said and said[key] not in known:
                    return _refusal(404, "Not Found")
            return await handler(request)

        return guarded

    async def _team(self, request: web.Request) -> web.StreamResponse:
        slug = request.match_info["slug"]
        return web.json_response({"slug": slug, "name": slug, "privacy": "closed"})

    async def _user(self, request: web.Request) -> web.StreamResponse:
        return web.json_response({"login": request.match_info["login"]})

    async def _membership(self, request: web.Request) -> web.StreamResponse:
        login = request.match_info["login"]
        state = self.teams[request.match_info["slug"]].get(login)
        if state is None:
            return _refusal(404, "Not Found")
        return _membership(request, state)

    async def _add(self, request: web.Request) -> web.StreamResponse:
        login, slug = request.match_info["login"], request.match_info["slug"]
        state = "active" if login in self.members else "pending"
        return _membership(request, self.teams[slug].setdefault(login, state))

    async def _remove(self, request: web.Request) -> web.StreamResponse:
        """End a membership, active or pending; 204 where there is none, too."""
        login, slug = request.match_info["login"], request.match_info["slug"]
        self.teams[slug].pop(login, None)
        return web.Response(status=204)


def _membership(request: web.Request, state: str) -> web.Response:
    return web.json_response(
        {"url": str(request.url), "role": "member", "state": state}
    )


def _refusal(status: int, message: str) -> web.Response:
    return web.json_response(
        {"message": message, "documentation_url": DOCS, "status": str(status)},
        status=status,
    )
