"""The token endpoint: a bot proves its secret and gets a bearer token.

Source: https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow
and …/identity-platform/reference-error-codes
"""

import secrets
from collections.abc import Mapping

from adapters.simulator.teams.answers import Answer
from bot.clock import Clock

SCOPE = "https://api.botframework.com/.default"
BOT_FRAMEWORK_TENANT = "botframework.com"
"""Where multi-tenant bots log in."""


def _denied(status: int, error: str, description: str) -> Answer:
    body = {"error": error, "error_description": description}
    return Answer(status, body, error)


class Login:
    """Grants and checks tokens of one app.

    Args:
        clock: Tells when tokens end.
        app_id: The app's client id.
        app_password: The app's client secret.
        tenant_id: The tenant that the app lives in.
        lifetime: Seconds a token holds.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        app_id: str,
        app_password: str,
        tenant_id: str,
        lifetime: int,
    ) -> None:
        self._clock = clock
        self._app_id = app_id
        self._app_password = app_password
        self._tenants = {tenant_id, BOT_FRAMEWORK_TENANT}
        self._lifetime = lifetime
        self._ends: dict[str, float] = {}

    def grant(self, tenant: str, form: Mapping[str, str]) -> Answer:
        """Return a token, or Entra's reason for none."""
        if tenant not in self._tenants:
            return _denied(
                400, "invalid_request", f"AADSTS90002: Tenant '{tenant}' not found."
            )
        if form.get("grant_type") != "client_credentials":
            return _denied(
                400,
                "unsupported_grant_type",
                "AADSTS70003: The app requested an unsupported grant type.",
            )
        if form.get("client_id") != self._app_id:
            return _denied(
                400,
                "unauthorized_client",
                "AADSTS700016: Application was not found in the directory.",
            )
        if form.get("client_secret") != self._app_password:
            return _denied(
                401, "invalid_client", "AADSTS7000215: Invalid client secret provided."
            )
        if form.get("scope") != SCOPE:
            return _denied(
                400, "invalid_scope", "AADSTS70011: The provided scope is not valid."
            )
        return Answer(200, self._issue())

    def accepts(self, authorization: str) -> bool:
        """Return whether the header carries a token that still holds."""
        scheme, _, token = authorization.partition(" ")
        ends = self._ends.get(token, float("-inf"))
        return scheme.lower() == "bearer" and self._clock.monotonic() < ends

    def revoke(self) -> None:
        """Forget every token: the next call of the bot is answered 401."""
        self._ends.clear()

    def _issue(self) -> dict[str, object]:
        token = secrets.token_urlsafe(96)
        self._ends[token] = self._clock.monotonic() + self._lifetime
        return {
            "token_type": "Bearer",
            "expires_in": self._lifetime,
            "ext_expires_in": self._lifetime,
            "access_token": token,
        }
