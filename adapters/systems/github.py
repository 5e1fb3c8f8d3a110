"""GitHub: a grant is the membership of a team of the organisation.

By its REST API of 2022-11-28. Somebody who is not in the organisation yet is invited,
and has nothing until they accept.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
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

        GitHub answers 204 also where there is none.
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
        """Return how an account stands.

        404 is the membership's, the team's or the account's: two more looks tell them
        apart, for who or what has another name by now may still be a member.
        """

        def read(answer: Answer) -> Standing | NotDone:
            return "absent" if answer.status == 404 else self._standing(answer)  # noqa: PLR2004

        found = await self._looked(self._path(target, account), read)
        if found != "absent":
            return found

        def is_there(answer: Answer) -> Standing | NotDone:
            if answer.status == 200:  # noqa: PLR2004
                return "absent"
            return self._wire.not_done(answer, answer.text("message"))

        who = f"/users/{in_path(account)}"
        async with asyncio.TaskGroup() as looks:
            team = looks.create_task(self._looked(self._team(target), is_there))
            login = looks.create_task(self._looked(who, is_there))
        return login.result() if team.result() == "absent" else team.result()

    async def _looked(
        self, path: str, read: Callable[[Answer], Standing | NotDone]
    ) -> Standing | NotDone:
        return await looked(lambda: self._wire.ask("GET", path), read)

    @override
    async def check(self, targets: Sequence[str]) -> str | NotDone:
        try:
            for team in targets:
                answer = await self._wire.ask("GET", self._team(team))
                if answer.status != 200:  # noqa: PLR2004
                    said = f"{answer.text('message')} (team {team})"
                    return self._wire.not_done(answer, said)
        except NoAnswerError as error:
            return NotDone(why="unreachable", detail=str(error))
        return f"organisation {self._org}, {len(targets)} teams are there"

    def _team(self, team: str) -> str:
        return f"/orgs/{self._org}/teams/{in_path(team)}"

    def _path(self, team: str, login: str) -> str:
        return f"{self._team(team)}/memberships/{in_path(login)}"

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
