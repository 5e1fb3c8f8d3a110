"""GitHub: a grant is the membership of a team of the organisation.

By its REST API of 2022-11-28. Somebody who is not in the organisation yet is invited,
and has nothing until they accept.
"""

from collections.abc import Mapping, Sequence
from typing import Literal

from typing_extensions import override

from adapters.systems.membership import added, looked, removed
from adapters.systems.wire import Answer, NoAnswerError, Sender, Wire, in_path
from bot.company.systems import System
from bot.ports.systems import AccessSystem, NotDone, Standing

VERSION = "2022-11-28"


class GitHub(AccessSystem):
    """One organisation.

    Args:
        name: As in the company file.
        said: What stands there.
        token: The secret itself.
        sender: Sends.
    """

    def __init__(self, name: str, said: System, token: str, sender: Sender) -> None:
        self.name = name
        self._org = in_path(said.org)
        self._headers = {
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {token}",
            "User-Agent": "Deskhand",
            "X-GitHub-Api-Version": VERSION,
        }
        self._wire = Wire(
            sender=sender,
            url=said.address,
            headers=self._with_token,
            is_limit=_is_limit,
        )

    async def _with_token(self) -> Mapping[str, str]:
        return self._headers

    @override
    async def give(self, target: str, account: str) -> Standing | NotDone:
        return await added(
            self.name,
            look=lambda: self.look(target, account),
            add=lambda: self._wire.ask(
                "PUT", self._path(target, account), {"role": "member"}
            ),
            read=self._standing,
        )

    @override
    async def revoke(self, target: str, account: str) -> Literal["absent"] | NotDone:
        """End a membership or the wait for one; an invitation into the organisation stays.

        GitHub answers 204 also where there is none; 404 is the team's or the account's.
        """

        def read(answer: Answer) -> Literal["absent"] | NotDone:
            if answer.status == 204:  # noqa: PLR2004
                return "absent"
            return self._wire.not_done(answer, answer.text("message"))

        return await removed(
            self.name,
            look=lambda: self.look(target, account),
            remove=lambda: self._wire.ask("DELETE", self._path(target, account)),
            read=read,
        )

    @override
    async def look(self, target: str, account: str) -> Standing | NotDone:
        def read(answer: Answer) -> Standing | NotDone:
            return "absent" if answer.status == 404 else self._standing(answer)  # noqa: PLR2004

        return await looked(
            lambda: self._wire.ask("GET", self._path(target, account)), read
        )

    @override
    async def check(self, targets: Sequence[str]) -> str | NotDone:
        try:
            for team in targets:
                path = f"/orgs/{self._org}/teams/{in_path(team)}"
                answer = await self._wire.ask("GET", path)
                if answer.status != 200:  # noqa: PLR2004
                    said = f"{answer.text('message')} (team {team})"
                    return self._wire.not_done(answer, said)
        except NoAnswerError as error:
            return NotDone(why="unreachable", detail=str(error))
        return f"organisation {self._org}, {len(targets)} teams are there"

    def _path(self, team: str, login: str) -> str:
        where = f"/orgs/{self._org}/teams/{in_path(team)}"
        return f"{where}/memberships/{in_path(login)}"

    def _standing(self, answer: Answer) -> Standing | NotDone:
        if answer.status == 200:  # noqa: PLR2004
            match answer.text("state"):
                case "active":
                    return "active"
                case "pending":
                    return "invited"
                case other:
                    return NotDone(why="refused", detail=f"state {other!r}")
        return self._wire.not_done(answer, answer.text("message"))


def _is_limit(answer: Answer) -> bool:
    """Return whether we asked too much: GitHub says 403 to that as often as 429."""
    if answer.status == 429:  # noqa: PLR2004
        return True
    return answer.status == 403 and (  # noqa: PLR2004
        answer.wait is not None
        or answer.headers.get("x-ratelimit-remaining") == "0"
        or "rate limit" in answer.text("message").casefold()
    )
