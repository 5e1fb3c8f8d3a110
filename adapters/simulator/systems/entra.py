"""A stand-in for Entra's groups, from Microsoft Graph's documentation (v1.0).

Only what Deskhand uses: a token, a group, whether a user is in it, adding one
and removing one.
"""

from dataclasses import dataclass, field

from aiohttp import web
from typing_extensions import override

from adapters.simulator.systems.misbehaving import Handler, Misbehaving

ISSUED = "issued-by-the-stand-in"


@dataclass(slots=True, kw_only=True)
class EntraStandIn(Misbehaving):
    """One tenant, its sign-in and its Graph at one address."""

    secret: str
    users: set[str]
    """Object ids that exist."""
    groups: dict[str, set[str]] = field(default_factory=dict[str, set[str]])
    """For each id the members' ids."""
    inside: dict[str, set[str]] = field(default_factory=dict[str, set[str]])
    """For each id those who are members by a group inside it."""

    @override
    def label(self, request: web.Request) -> str:
        if request.path.endswith("/token"):
            return "SIGN"
        if request.path.endswith("$ref"):
            return request.method
        return "GET"

    def app(self) -> web.Application:
        """Return sign-in and API as a web application."""
        app = web.Application()
        app.router.add_post("/{tenant}/oauth2/v2.0/token", self._issue)
        app.router.add_get("/v1.0/groups/{group}", self._guarded(self._group))
        app.router.add_post(
            "/v1.0/groups/{group}/members/$ref", self._guarded(self._add)
        )
        app.router.add_delete(
            "/v1.0/groups/{group}/members/{user}/$ref", self._guarded(self._remove)
        )
        app.router.add_post(
            "/v1.0/users/{user}/checkMemberGroups", self._guarded(self._check)
        )
        return self.wrap(app)

    async def _issue(self, request: web.Request) -> web.StreamResponse:
        form = await request.post()
        if form.get("client_secret") != self.secret:
            return web.json_response({"error": "invalid_client"}, status=401)
        return web.json_response(
            {"token_type": "Bearer", "expires_in": 3599, "access_token": ISSUED}
        )

    def _guarded(self, handler: Handler) -> Handler:
        async def guarded(request: web.Request) -> web.StreamResponse:
            if request.headers.get("Authorization") != f"Bearer {ISSUED}":
                return _refusal(401, "InvalidAuthenticationToken", "No valid token.")
            group, user = (request.match_info.get(key) for key in ("group", "user"))
            missing = group is not None and group not in self.groups
            if missing or (user is not None and user not in self.users):
                said = f"Resource '{group or user}' does not exist"
                return _refusal(404, "Request_ResourceNotFound", said)
            return await handler(request)

        return guarded

    async def _group(self, request: web.Request) -> web.StreamResponse:
        return web.json_response({"id": request.match_info["group"]})

    async def _check(self, request: web.Request) -> web.StreamResponse:
        user, asked = request.match_info["user"], (await request.json())["groupIds"]
        found = [
            group
            for group in asked
            if user in self.groups.get(group, set()) | self.inside.get(group, set())
        ]
        return web.json_response({"value": found})

    async def _add(self, request: web.Request) -> web.StreamResponse:
        members = self.groups[request.match_info["group"]]
        user = str((await request.json())["@odata.id"]).rpartition("/")[2]
        if user in members:
            said = (
                "One or more added object references already exist for the following "
                "modified properties: 'members'."
            )
            return _refusal(400, "Request_BadRequest", said)
        members.add(user)
        return web.Response(status=204)

    async def _remove(self, request: web.Request) -> web.StreamResponse:
        user = request.match_info["user"]
        members = self.groups[request.match_info["group"]]
        if user not in members:
            said = (
                f"Resource '{user}' does not exist or one of its queried "
                "reference-property objects are not present."
            )
            return _refusal(404, "Request_ResourceNotFound", said)
        members.remove(user)
        return web.Response(status=204)


def _refusal(status: int, code: str, message: str) -> web.Response:
    return web.json_response(
        {"error": {"code": code, "message": message}}, status=status
    )
