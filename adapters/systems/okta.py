"""Okta: a grant is the membership of a group.

By its management API with an API token. Adding a member who is one changes nothing.
"""

import re
from collections.abc import Sequence
from typing import Literal

from typing_extensions import override

from adapters.systems.membership import added, looked, removed
from adapters.systems.wire import Answer, NoAnswerError, Sender, in_path, with_secret
from bot.company.systems import System
from bot.ports.systems import AccessSystem, NotDone, Standing

CHANGEABLE = "OKTA_GROUP"
"""Members of groups of other types are another system's, and Okta refuses to add any."""
MOST_PAGES = 20
_NEXT = re.compile(r'<([^>]+)>;\s*rel="next"')


class Okta(AccessSystem):
    """One organisation's groups.

    Args:
        name: As in the company file.
        said: What stands there.
        token: The secret itself.
        sender: Sends.
    """

    def __init__(self, name: str, said: System, token: str, sender: Sender) -> None:
        self.name = name
        self._wire = with_secret(sender, said.address, f"SSWS {token}")

    @override
    async def give(self, target: str, account: str) -> Standing | NotDone:
        def read(answer: Answer) -> Standing | NotDone:
            return "active" if answer.status == 204 else self._why_not(answer)  # noqa: PLR2004

        path = f"/api/v1/groups/{in_path(target)}/users/{in_path(account)}"
        return await added(
            self.name,
            look=lambda: self.look(target, account),
            add=lambda: self._wire.ask("PUT", path),
            read=read,
        )

    @override
    async def revoke(self, target: str, account: str) -> Literal["absent"] | NotDone:
        """End a membership; Okta answers 204 also where there is none."""

        def read(answer: Answer) -> Literal["absent"] | NotDone:
            return "absent" if answer.status == 204 else self._why_not(answer)  # noqa: PLR2004

        path = f"/api/v1/groups/{in_path(target)}/users/{in_path(account)}"
        return await removed(
            self.name,
            look=lambda: self.look(target, account),
            remove=lambda: self._wire.ask("DELETE", path),
            read=read,
        )

    @override
    async def look(self, target: str, account: str) -> Standing | NotDone:
        path = f"/api/v1/users/{in_path(account)}/groups"
        for _ in range(MOST_PAGES):
            page: list[Answer] = []

            def read(answer: Answer, page: list[Answer] = page) -> Standing | NotDone:
                page.append(answer)
                if answer.status != 200:  # noqa: PLR2004
                    return self._why_not(answer)
                return "active" if target in _ids(answer) else "absent"

            found = await looked(lambda path=path: self._wire.ask("GET", path), read)
            following = _NEXT.search(page[0].headers.get("link", "")) if page else None
            if found != "absent" or following is None:
                return found
            path = following[1].removeprefix(self._wire.url)
            if not path.startswith("/"):
                return NotDone(why="refused", detail="the next page is elsewhere")
        return NotDone(why="refused", detail=f"more than {MOST_PAGES} pages of groups")

    @override
    async def check(self, targets: Sequence[str]) -> str | NotDone:
        try:
            for group in targets:
                answer = await self._wire.ask("GET", f"/api/v1/groups/{in_path(group)}")
                if answer.status != 200:  # noqa: PLR2004
                    return self._why_not(answer, f"(group {group})")
                if (kind := answer.text("type")) != CHANGEABLE:
                    detail = f"group {group} is of the type {kind}; no one can be added"
                    return NotDone(why="refused", detail=detail)
        except NoAnswerError as error:
            return NotDone(why="unreachable", detail=str(error))
        return f"{len(targets)} groups are there"

    def _why_not(self, answer: Answer, about: str = "") -> NotDone:
        said = f"{answer.text('errorCode')} {answer.text('errorSummary')} {about}"
        return self._wire.not_done(answer, said.strip())


def _ids(answer: Answer) -> set[str]:
    groups = answer.body if isinstance(answer.body, list) else []
    return {str(group.get("id")) for group in groups if isinstance(group, dict)}
