"""Play a story: the real bot over real HTTP against both stand-ins.

The bot runs in the test's loop unless a story needs to kill it. What people see is
read from the stand-ins, as text.
"""

# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false
# Messages are JSON of whatever shape a platform was sent.

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
from bot.app.build import Bot, built
from bot.app.run import run
from bot.settings import load_settings
from bot.store.engine import dsn_of

Json = Mapping[str, Any]

_ENDED = """
SELECT count(*) FROM turn
WHERE delivered_seq = last_seq AND status IN ('completed', 'failed', 'cancelled')
"""
_TELL_OF_TURNS = """
CREATE OR REPLACE FUNCTION tell_of_turns() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('turn_changed', '');
  RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER tell_of_turns AFTER UPDATE ON turn
FOR EACH STATEMENT EXECUTE FUNCTION tell_of_turns();
"""

_SHOWN = ("text", "title", "value", "fallback_text", "label", "placeholder")


def text_of(shown: Any) -> str:  # noqa: ANN401 - JSON
    """Return all words of a message, whatever its blocks or cards."""
    return "\n".join(_words(shown))


def _words(shown: Any) -> Iterator[str]:  # noqa: ANN401 - JSON
    match shown:
        case str():
            yield shown
        case dict():
            for key, value in shown.items():
                if not isinstance(value, str) or key in _SHOWN:
                    yield from _words(value)
        case list():
            for entry in shown:
                yield from _words(entry)
        case _:
            pass


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


def _parts(shown: Any) -> Iterator[Json]:  # noqa: ANN401 - JSON
    match shown:
        case dict():
            yield shown
            for value in shown.values():
                yield from _parts(value)
        case list():
            for entry in shown:
                yield from _parts(entry)
        case _:
            pass


def said_by_person(event: Json) -> bool:
    """Whether an event is somebody's message and no echo of the bot's own."""
    return "bot_id" not in event["event"] and "subtype" not in event["event"]


@dataclass(frozen=True, slots=True)
class Play:
    """A running story."""

    stage: Stage
    database_url: str
    bot: Bot | None = None
    """If it runs in this loop."""

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
        self, user: str, *words: str, thread: str | None = None, within: float = 40
    ) -> Json:
        """Return the bot's first message to somebody that has all ``words``."""

        def found() -> Json:
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

    async def teams_shows(self, person: str, *words: str, within: float = 40) -> Json:
        """Return the bot's first message to somebody that has all ``words``."""

        def found() -> Json:
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

    async def ended(self, count: int = 1, within: float = 40) -> None:
        """Return when ``count`` turns have ended and everything of them is shown."""
        await self.turns_are(f"({_ENDED}) >= {count}", within)

    async def turns_are(self, so: str, within: float = 40) -> None:
        """Return when the database says that something is so.

        Args:
            so: An expression that changes only together with a row of ``turn``.
            within: Seconds until it must be.
        """
        news = asyncio.Event()

        def tell(*_notice: object) -> None:
            news.set()

        conn = await asyncpg.connect(dsn_of(self.database_url))
        try:
            await conn.execute(_TELL_OF_TURNS)
            await conn.add_listener("turn_changed", tell)
            async with asyncio.timeout(within):
                while not await conn.fetchval(f"SELECT {so}"):
                    await news.wait()
                    news.clear()
        except TimeoutError as error:
            turns = await self.rows(
                "SELECT text, status, last_seq, delivered_seq FROM turn"
            )
            raise AssertionError(f"not so, {so}: {turns}") from error
        finally:
            await conn.close()

    async def _until(
        self,
        found: Callable[[], Json],
        within: float,
        now: Callable[[], list[Json]],
        words: tuple[str, ...],
    ) -> Json:
        try:
            return await self.stage.slack.wait_for(found, within)
        except TimeoutError as error:
            seen = "\n---\n".join(said_in(message) for message in now())
            raise AssertionError(f"nobody saw {words} in:\n{seen}") from error


def _first(messages: list[Json], words: tuple[str, ...]) -> Json:
    """Return the first message that has all ``words``; empty when none has."""
    for message in messages:
        said = said_in(message).lower()
        if all(word.lower() in said for word in words):
            return message
    return {}


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
                yield Play(stage, database_url, bot)
            finally:
                stopping.set()
