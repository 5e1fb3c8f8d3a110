"""Many people who keep the bot busy: each says something, and again when it is done.

Most ask a question whose answer streams for the better part of a minute; every fifth
wants things that have an effect, and a manager's approval. Who writes in Slack is few,
because Slack lets a bot edit 50 times a minute in a whole workspace.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path

from adapters.simulator.bench.company import (
    APPS,
    QUESTION,
    slack_id,
    staff_id,
    wish_for,
    write_company,
)
from bot.errors import PlatformError
from tests.crash.site import Site
from tests.crash.yard import AWAY
from tests.support.play import actions_in

STAFF_PER_MANAGER = 5
LOOK_SECONDS = 0.5
START_RATE = 20.0
"""People who begin to write, a second."""
SENTENCES = 8
_SENTENCE = (
    "To print at the office you send the document to the printer that is nearest to "
    "the desk at which you work on that day."
)
_STANDING = """
SELECT requester_id, count(*) AS turns, count(*) FILTER (WHERE ended_at IS NULL) AS open
FROM turn GROUP BY 1
"""
_TO_DECIDE = """
SELECT approval_id, requester_id FROM approval WHERE status = 'open'
"""
LIVE = "SELECT count(*) FROM turn WHERE status = 'running'"


def company_of(folder: Path, people: int) -> Path:
    """Write a company of so many employees; return its file."""
    file = write_company(folder / "company", staff=people)
    article = "\n\n".join([_SENTENCE] * SENTENCES)
    (folder / "company" / "articles" / "printing.md").write_text(
        f"---\ntitle: Printing at the office\n---\n\n{article}\n", "utf-8"
    )
    return file


def _wishes() -> Iterator[str]:
    yield from (wish_for(app) for app in APPS)
    for number in cycle((1, 2, 3)):
        yield f"Open a ticket: printer {number} is broken"


@dataclass(slots=True, kw_only=True)
class Throng:
    """The people, and what they have said."""

    site: Site
    people: int
    said: Counter[str] = field(default_factory=Counter[str])
    _wishes: dict[int, Iterator[str]] = field(default_factory=dict[int, Iterator[str]])
    _over: bool = False

    async def live(self) -> int:
        """Return how many turns run."""
        return await self.site.count(LIVE)

    def stop(self) -> None:
        """Let nobody begin anything new."""
        self._over = True

    async def meet(self) -> None:
        """Let the managers install the bot, so that they can be asked."""
        for number in range(-(-self.people // STAFF_PER_MANAGER)):
            await self.site.play.stage.teams.install(f"m{number}")

    async def talk(self) -> None:
        """Let everybody who has nothing under way say something, until stopped."""
        while not self._over:
            try:
                idle = await self._idle()
            except AWAY:
                idle = []
            for number in idle:
                if self._over:
                    return
                await self._say(number)
                await self.site.clock.sleep(1 / START_RATE)
            await self.site.clock.sleep(LOOK_SECONDS)

    async def decide(self) -> None:
        """Let managers approve whatever they are asked, until cancelled."""
        while True:
            try:
                for row in await self.site.rows(_TO_DECIDE):
                    await self._approve(row["requester_id"], row["approval_id"])
            except AWAY:
                pass
            await self.site.clock.sleep(LOOK_SECONDS)

    async def _idle(self) -> list[int]:
        rows = await self.site.rows(_STANDING)
        standing = {row["requester_id"]: (row["turns"], row["open"]) for row in rows}
        return [
            number
            for number in range(self.people)
            if standing.get(staff_id(number), (0, 0))
            == (self.said[staff_id(number)], 0)
        ]

    async def _say(self, number: int) -> None:
        person = staff_id(number)
        self.said[person] += 1
        if number % 10 == 1:
            await self.site.say_in_slack(slack_id(number), QUESTION)
        elif number % 5 == 0:
            wishes = self._wishes.setdefault(number, _wishes())
            await self.site.say_in_teams(person, next(wishes))
        else:
            await self.site.say_in_teams(person, QUESTION)

    async def _approve(self, requester: str, approval_id: str) -> None:
        manager = f"m{int(requester.removeprefix('p')) // STAFF_PER_MANAGER}"
        for message in reversed(self.site.play.bot_in_teams(manager)):
            for action in actions_in(message):
                if action.get("verb") == "approval.approve" and (
                    approval_id in str(action)
                ):
                    with suppress(PlatformError):  # tried again with the next look
                        await self.site.play.stage.teams.invoke(
                            manager, message["id"], action
                        )
                    return
