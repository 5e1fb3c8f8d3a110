"""Entra: a grant is the membership of a group, by Microsoft Graph.

With an application's own token (client credentials). To look is a POST there, but it
changes nothing; members of a group inside the group count as members.
"""

from collections.abc import Mapping, Sequence
from typing import Literal, cast

import structlog
from aiohttp import ClientError, ClientTimeout
from pydantic import JsonValue
from typing_extensions import override

from adapters.systems.membership import added, looked, removed
from adapters.systems.wire import FAILING, Answer, NoAnswerError, Sender, Wire, in_path
from bot.company.systems import System
from bot.ports.systems import AccessSystem, NotDone, Standing

log = structlog.get_logger()

SCOPE = "https://graph.microsoft.com/.default"
EARLY = 60.0
"""Seconds before its end at which a token is renewed."""
_THERE_ALREADY = "added object references already exist"


class Entra(AccessSystem):
    """One tenant's groups.

    Args:
        name: As in the company file.
        said: What stands there.
        secret: The application's.
        sender: Sends.
    """

    def __init__(self, name: str, said: System, secret: str, sender: Sender) -> None:
        self.name = name
        self._said = said
        self._sender = sender
        self._secret = secret
        self._token, self._until = "", 0.0
        self._wire = Wire(
            sender=sender,
            url=said.address,
            headers=self._with_token,
            is_limit=lambda answer: answer.status == 429,  # noqa: PLR2004
        )

    async def _with_token(self) -> Mapping[str, str]:
        """Return the headers; without a token where there is none, which is a 401."""
        if self._sender.clock.monotonic() >= self._until:
            await self._sign_in()
        bearer = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        return {"Accept": "application/json", "User-Agent": "Deskhand", **bearer}

    async def _sign_in(self) -> None:
        url = (
            f"{self._said.login_address}/{in_path(self._said.tenant)}/oauth2/v2.0/token"
        )
        form = {
            "grant_type": "client_credentials",
            "client_id": self._said.client_id,
            "client_secret": self._secret,
            "scope": SCOPE,
        }
        try:
            async with self._sender.session.post(
                url,
                data=form,
                timeout=ClientTimeout(total=self._sender.seconds),
                allow_redirects=False,
            ) as response:
                body: object = await response.json(content_type=None)
        except (ClientError, TimeoutError, ValueError) as error:
            raise NoAnswerError(f"signing in: {error!r}", doubt=False) from error
        if response.status >= FAILING or not isinstance(body, dict):
            detail = f"signing in: {response.status}"
            raise NoAnswerError(detail, doubt=False)
        said = cast("dict[str, JsonValue]", body)
        self._token = str(said.get("access_token", ""))
        if not self._token:
            log.warning("entra.not_signed_in", error=str(said.get("error", ""))[:300])
            return
        life = float(str(said.get("expires_in", 0))) - EARLY
        self._until = self._sender.clock.monotonic() + life

    @override
    async def give(self, target: str, account: str) -> Standing | NotDone:
        who = f"{self._wire.url}/directoryObjects/{in_path(account)}"
        path = f"/groups/{in_path(target)}/members/$ref"
        return await added(
            self.name,
            look=lambda: self.look(target, account),
            add=lambda: self._wire.ask("POST", path, {"@odata.id": who}),
            read=self._read_added,
        )

    def _read_added(self, answer: Answer) -> Standing | NotDone:
        there = answer.status == 400 and _THERE_ALREADY in _message(answer)  # noqa: PLR2004
        return "active" if there or answer.status == 204 else self._why_not(answer)  # noqa: PLR2004

    @override
    async def revoke(self, target: str, account: str) -> Literal["absent"] | NotDone:
        """End a direct membership.

        404 is the group's, the user's or the membership's: a look tells them apart. Who
        is a member by a group inside still has access, which is not said to be gone.
        """

        def read(answer: Answer) -> Literal["absent"] | NotDone:
            return "absent" if answer.status == 204 else self._why_not(answer)  # noqa: PLR2004

        path = f"/groups/{in_path(target)}/members/{in_path(account)}/$ref"
        return await removed(
            self.name,
            look=lambda: self.look(target, account),
            remove=lambda: self._wire.ask("DELETE", path),
            read=read,
        )

    @override
    async def look(self, target: str, account: str) -> Standing | NotDone:
        def read(answer: Answer) -> Standing | NotDone:
            if answer.status != 200 or not isinstance(answer.body, dict):  # noqa: PLR2004
                return self._why_not(answer)
            found = answer.body.get("value")
            return "active" if isinstance(found, list) and target in found else "absent"

        path = f"/users/{in_path(account)}/checkMemberGroups"
        body: JsonValue = {"groupIds": [target]}
        return await looked(lambda: self._wire.ask("POST", path, body), read)

    @override
    async def check(self, targets: Sequence[str]) -> str | NotDone:
        try:
            for group in targets:
                answer = await self._wire.ask("GET", f"/groups/{in_path(group)}")
                if answer.status != 200:  # noqa: PLR2004
                    return self._why_not(answer, f"(group {group})")
        except NoAnswerError as error:
            return NotDone(why="unreachable", detail=str(error))
        return f"{len(targets)} groups are there"

    def _why_not(self, answer: Answer, about: str = "") -> NotDone:
        if answer.status == 401:  # noqa: PLR2004
            self._until = 0.0  # whatever it said of its end, the token is not good
        return self._wire.not_done(answer, f"{_message(answer)} {about}".strip())


def _message(answer: Answer) -> str:
    error = answer.body.get("error") if isinstance(answer.body, dict) else None
    said = error.get("message") if isinstance(error, dict) else None
    return said if isinstance(said, str) else ""
