"""A scene: a stage, the real bot on it, a fresh database, and means to look at them."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import aiohttp
import asyncpg

from adapters.simulator.bench.budgets import Budgets
from adapters.simulator.bench.company import write_company
from adapters.simulator.bench.letters import Letter
from adapters.simulator.bench.volley import fire
from adapters.simulator.journal import Change
from adapters.simulator.profiles import Profile
from adapters.simulator.stage import BOT, BotProcess, Stage, staged
from bot.clock import Clock
from bot.errors import DeskhandError

PACE = 25.0
"""Words a second that the scripted model writes, as by default."""
NOTHING_SET: Mapping[str, str] = MappingProxyType({})
_LOOK_SECONDS = 0.1


class BenchError(DeskhandError):
    """What should be measured did not come about."""

    hint = "Read the bot's log, which is named above; run it on a quieter machine."


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What measuring needs from outside."""

    clock: Clock
    database: Callable[[str], Awaitable[str]]
    """Makes an empty database of this name, in place of an older one; its URL."""
    folder: Path
    """For company files and logs."""
    postgres_pid: Callable[[], int]
    """Of the server that the databases are on."""
    tell: Callable[[str], None]
    """Says how far it is."""
    slack_lanes: Budgets
    """What our pacer may use of a Slack workspace."""

    @property
    def log(self) -> Path:
        """Where the bot, and parts that run apart, write their logs."""
        return self.folder / "bot.log"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """The bot at work."""

    bench: Bench
    stage: Stage
    process: BotProcess
    database_url: str
    http: aiohttp.ClientSession

    async def count(self, name: str, **labels: str) -> float:
        """Return what ``/metrics`` says of a metric, summed over other labels."""
        async with self.http.get(f"{self.process.url}/metrics") as answer:
            return summed(await answer.text(), name, labels)

    async def until(
        self, reached: Callable[[], Awaitable[bool]], within: float
    ) -> None:
        """Return when ``reached`` says yes.

        Raises:
            BenchError: It did not ``within`` so many seconds.
        """
        try:
            async with asyncio.timeout(within):
                while not await reached():
                    await self.bench.clock.sleep(_LOOK_SECONDS)
        except TimeoutError as error:
            raise BenchError(f"it took longer than {within:g} s") from error

    async def until_live(self, turns: int, within: float = 20.0) -> None:
        """Return when so many turns are live in the bot, no fewer and no more."""

        async def reached() -> bool:
            return await self.count("deskhand_turns_live") == turns

        await self.until(reached, within)

    async def rows(self, query: str, *arguments: object) -> list[asyncpg.Record]:
        """Return what the database says."""
        conn = await asyncpg.connect(dsn_of(self.database_url))
        try:
            return await conn.fetch(query, *arguments)
        finally:
            await conn.close()

    async def seen(
        self, letters: Sequence[Letter], *, after: int, within: float
    ) -> list[Change]:
        """Return the first answer that the stand-ins received to each letter.

        Args:
            letters: What was sent.
            after: The journal's number before that.
            within: Seconds.

        Raises:
            BenchError: Not all were answered in time.
        """
        found: dict[int, Change] = {}
        try:
            async with asyncio.timeout(within):
                async for change in self.stage.journal.follow(after):
                    for number, letter in enumerate(letters):
                        if number not in found and letter.is_answered_by(change):
                            found[number] = change
                    if len(found) == len(letters):
                        break
        except TimeoutError as error:
            missing = len(letters) - len(found)
            problem = f"{missing} of {len(letters)} letters unanswered for {within:g} s"
            raise BenchError(problem) from error
        return [found[number] for number in range(len(letters))]

    async def start_turns(self, letters: Sequence[Letter], *, rate: float) -> None:
        """Send letters and return when each of them is a live turn.

        Raises:
            BenchError: One was refused, or they were not live at once.
        """
        before = int(await self.count("deskhand_turns_live"))
        shots = [letter.shot for letter in letters]
        hits = await fire(shots, rate=rate, clock=self.bench.clock)
        if refused := [hit.status for hit in hits if not hit.ok]:
            raise BenchError(f"the bot answered {refused[0]}")
        await self.until_live(before + len(letters))

    def throttled(self) -> int:
        """Return how many calls of the bot the stand-ins answered with 429."""
        return sum(
            change.kind == "api" and change.body.get("status") == 429  # noqa: PLR2004
            for change in self.stage.journal.after(0)
        )


@asynccontextmanager
async def playing(
    bench: Bench,
    *,
    staff: int,
    words_per_second: float = PACE,
    settings: Mapping[str, str] = NOTHING_SET,
    program: Sequence[str] = BOT,
    profile: Profile | None = None,
) -> AsyncGenerator[Scene]:
    """Run the bot for the block, with every employee's installation behind it.

    The database is new, the stand-ins are empty, their limits as documented.

    Args:
        bench: What it needs from outside.
        staff: How many employees there are.
        words_per_second: How fast the scripted model writes.
        settings: More settings of the bot.
        program: What Python runs as the bot.
        profile: How calls of both platforms go; ``None``: at once, and well.

    Raises:
        BotDownError: It did not start, or died.
    """
    try:
        pace = {"DESKHAND_WORDS_PER_SECOND": str(words_per_second)}
        async with _playing(
            bench,
            staff=staff,
            settings={**pace, **settings},
            program=program,
            profile=profile,
        ) as scene:
            yield scene
    except ExceptionGroup as group:
        # The stage's tasks wrap everything; callers want the error itself.
        raise _first_of(group) from group


def _first_of(group: BaseExceptionGroup[Exception]) -> Exception:
    first: Exception | BaseExceptionGroup[Exception] = group.exceptions[0]
    if not isinstance(first, BaseExceptionGroup):
        return first
    return _first_of(first)


@asynccontextmanager
async def _playing(
    bench: Bench,
    *,
    staff: int,
    settings: Mapping[str, str],
    program: Sequence[str],
    profile: Profile | None,
) -> AsyncGenerator[Scene]:
    company = write_company(bench.folder / f"company-{staff}", staff=staff)
    url = await bench.database("bench")
    extra = {"DATABASE_URL": url, **settings}
    async with (
        aiohttp.ClientSession() as http,
        staged(
            company_file=company,
            extra=extra,
            log=bench.log,
            program=program,
            profile=profile,
        ) as (stage, process),
    ):
        scene = Scene(
            bench=bench, stage=stage, process=process, database_url=url, http=http
        )
        try:
            await _installed(scene)
            yield scene
        finally:
            await process.kill()  # nobody needs its turns to end well


async def _installed(scene: Scene) -> None:
    """Return when the bot has been told of everybody who installed it."""
    # Each is told to it as a roster change and as an installation.
    expected = 2 * sum(bool(person.entra) for person in scene.stage.company.people)

    async def done() -> bool:
        deliveries = sum(
            change.kind == "delivery" for change in scene.stage.journal.after(0)
        )
        return deliveries >= expected

    await scene.until(done, within=60)


def summed(exposition: str, name: str, labels: Mapping[str, str]) -> float:
    """Return the sum of a metric's samples that have all ``labels``.

    Source: https://prometheus.io/docs/instrumenting/exposition_formats/
    """
    wanted = [f'{label}="{value}"' for label, value in labels.items()]
    total = 0.0
    for line in exposition.splitlines():
        series, _, value = line.rpartition(" ")
        if series.partition("{")[0] == name and all(w in series for w in wanted):
            total += float(value)
    return total


def dsn_of(url: str) -> str:
    """Return a database's URL as asyncpg wants it."""
    return f"postgresql://{url.partition('://')[2]}"
