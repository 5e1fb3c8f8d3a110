"""Play a story: the real bot over real HTTP against both stand-ins.

The bot runs in the test's loop unless a story needs to kill it. What people see is
read from the stand-ins, as text.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import asyncpg

from adapters.simulator.slack.limits import DOCUMENTED, SlackLimits
from adapters.simulator.stage import SAMPLE_COMPANY, Stage, set_stage
from bot.app.build import built
from bot.app.run import run
from bot.settings import load_settings
from bot.store.engine import dsn_of

Json = Mapping[str, Any]

_SHOWN = ("text", "title", "value", "fallback_text", "label", "placeholder")


def text_of(shown: object) -> str:
    """Return all words of a message, whatever its blocks or cards."""
    return "\n".join(_words(shown))


def _words(shown: object) -> Iterator[str]:
    if isinstance(shown, str):
        yield shown
    elif isinstance(shown, Mapping):
        for key, value in shown.items():  # pyright: ignore[reportUnknownVariableType] - JSON
            if not isinstance(value, str) or key in _SHOWN:
                yield from _words(value)  # pyright: ignore[reportUnknownArgumentType] - JSON
    elif isinstance(shown, list):
        for entry in shown:  # pyright: ignore[reportUnknownVariableType] - JSON
            yield from _words(entry)


def said_in(message: Json) -> str:
    """Return what a person reads of a message's body."""
    return text_of(message.get("blocks") or message.get("attachments") or message)


def actions_in(message: Json) -> list[Json]:
    """Return every button of a Slack message or Teams card."""
    return [
        part
        for part in _parts(message.get("blocks") or message.get("attachments"))
        if part.get("type") in {"button", "Action.Execute"}
    ]


def _parts(shown: object) -> Iterator[Json]:
    if isinstance(shown, Mapping):
        yield shown
        for value in shown.values():  # pyright: ignore[reportUnknownVariableType] - JSON
            yield from _parts(value)
    elif isinstance(shown, list):
        for entry in shown:  # pyright: ignore[reportUnknownVariableType] - JSON
            yield from _parts(entry)


def said_by_person(event: Json) -> bool:
    """Whether an event is somebody's message and no echo of the bot's own."""
    return "bot_id" not in event["event"] and "subtype" not in event["event"]


@dataclass(frozen=True, slots=True)
class Play:
    """A running story."""

    stage: Stage
    database_url: str

    # ------------------------------------------------------------------- in Slack

    def direct(self, user: str) -> str:
        """Return the Slack channel of a person and the bot."""
        channels = self.stage.slack.snapshot()["channels"]
        return next(c["id"] for c in channels if c.get("user") == user)

    async def say_in_slack(
        self, user: str, text: str, thread: str | None = None
    ) -> str:
        """Let somebody write to the bot; return the message's ts."""
        return await self.stage.slack.say(
            user, self.direct(user), text, thread_ts=thread
        )

    def bot_in_slack(self, user: str, thread: str | None = None) -> list[Json]:
        """Return the bot's messages to somebody, oldest first."""
        return [
            message
            for message in self.stage.slack.messages(self.direct(user))
            if message.get("bot_id")
            and (thread is None or message.get("thread_ts") == thread)
        ]

    async def slack_shows(
        self, user: str, *words: str, thread: str | None = None, within: float = 20
    ) -> Json:
        """Return the bot's first message to somebody that has all ``words``."""

        def found() -> Json | None:
            return _first(self.bot_in_slack(user, thread), words)

        return await self._until(
            found, within, lambda: self.bot_in_slack(user, thread), words
        )

    async def press_as_forged(self, payload: Json) -> int:
        """Send a click that no card offered, signed as Slack signs; its status."""
        body = urlencode({"payload": json.dumps(payload)}).encode()
        headers = {
            **self.stage.slack.sign(body),
            "Content-Type": "application/x-www-form-urlencoded",
        }
        attempt = await self.stage.slack.deliver_raw(body, headers)
        return attempt.status or 0

    def last_said_event(self) -> str:
        """Return the id of the newest event that a person caused."""
        events = [e for e in self.stage.slack.sent_events() if said_by_person(e)]
        return events[-1]["event_id"]

    # ------------------------------------------------------------------- in Teams

    def bot_in_teams(self, person: str) -> list[Json]:
        """Return the bot's messages to somebody, oldest first."""
        chat = self.stage.teams.conversation_of(person)
        return [
            message
            for message in self.stage.teams.messages(chat)
            if message["from"]["id"].startswith("28:")
        ]

    async def teams_shows(self, person: str, *words: str, within: float = 20) -> Json:
        """Return the bot's first message to somebody that has all ``words``."""

        def found() -> Json | None:
            return _first(self.bot_in_teams(person), words)

        return await self._until(
            found, within, lambda: self.bot_in_teams(person), words
        )

    async def press_in_teams(
        self, person: str, message: Json, verb: str, inputs: Json | None = None
    ) -> Json:
        """Press a card's button; return the invoke's answer."""
        action = next(a for a in actions_in(message) if a.get("verb") == verb)
        return await self.stage.teams.invoke(person, message["id"], action, inputs)

    # ------------------------------------------------------------------- everywhere

    async def rows(self, query: str, *arguments: object) -> list[asyncpg.Record]:
        """Return what the database says."""
        conn = await asyncpg.connect(dsn_of(self.database_url))
        try:
            return await conn.fetch(query, *arguments)
        finally:
            await conn.close()

    async def ended(self, count: int = 1, within: float = 20) -> None:
        """Return when ``count`` turns have ended and everything is shown."""
        query = (
            "SELECT count(*) FROM turn WHERE delivered_seq = last_seq "
            "AND status IN ('completed', 'failed', 'cancelled')"
        )
        async with asyncio.timeout(within):
            async for _ in self.stage.journal.follow(0):
                if (await self.rows(query))[0][0] >= count:
                    return

    async def _until(
        self,
        found: Callable[[], Json | None],
        within: float,
        now: Callable[[], list[Json]],
        words: tuple[str, ...],
    ) -> Json:
        try:
            return await self.stage.slack.wait_for(found, within)
        except TimeoutError as error:
            seen = "\n---\n".join(said_in(message) for message in now())
            raise AssertionError(f"nobody saw {words} in:\n{seen}") from error


def _first(messages: list[Json], words: tuple[str, ...]) -> Json | None:
    for message in messages:
        said = said_in(message).lower()
        if all(word.lower() in said for word in words):
            return message
    return None


@asynccontextmanager
async def playing(
    database_url: str,
    home: Path,
    *,
    company_file: Path = SAMPLE_COMPANY,
    words_per_second: float = 0,
    limits: SlackLimits = DOCUMENTED,
    extra: Mapping[str, str] | None = None,
) -> AsyncGenerator[Play]:
    """Set the stage and run the bot on it, in this loop."""
    async with set_stage(
        company_file=company_file, retry_delays=(0.0, 0.2, 0.4), limits=limits
    ) as stage:
        environment = {
            **stage.environment,
            "DATABASE_URL": database_url,
            "DESKHAND_HOME": str(home),
            "DESKHAND_WORDS_PER_SECOND": str(words_per_second),
            **(extra or {}),
        }
        settings = load_settings(environment)
        stopping = asyncio.Event()
        async with built(settings, database_url) as bot, asyncio.TaskGroup() as tasks:
            ready = asyncio.Event()
            tasks.create_task(
                run(
                    bot,
                    host="127.0.0.1",
                    port=stage.bot_port,
                    stopping=stopping,
                    ready=ready,
                )
            )
            await ready.wait()
            await stage.teams.install_everyone()
            try:
                yield Play(stage, database_url)
            finally:
                stopping.set()
