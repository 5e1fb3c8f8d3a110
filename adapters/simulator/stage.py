"""Put the stand-ins on one local server and run the real bot against them.

The bot is a process of its own (``deskhand serve``) that knows nothing of stand-ins:
it is given other URLs, nothing else. So it can be killed as in real life, and its
supervisor starts it again.
"""

import asyncio
import errno
import os
import secrets
import signal
import socket
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import aiohttp
from aiohttp import web

from adapters.simulator.demo import demo_routes
from adapters.simulator.demo_weather import DemoWeather
from adapters.simulator.journal import Journal
from adapters.simulator.last_words import last_words
from adapters.simulator.profiles import Profile
from adapters.simulator.slack.limits import DOCUMENTED, SlackLimits
from adapters.simulator.slack.routes import slack_world_routes
from adapters.simulator.slack.world import SlackWorld
from adapters.simulator.suggestions import load_suggestions
from adapters.simulator.teams.world import TeamsWorld, teams_world_routes
from bot.clock import Clock, SystemClock
from bot.company.file import load_company
from bot.company.model import Company
from bot.errors import DeskhandError, PortInUseError

SAMPLE_COMPANY = Path(__file__).parent / "acme" / "company.toml"
"""The company of the demo."""
START_SECONDS = 60.0
"""How long the bot may take until it is ready, its database included."""
BOT = ("-m", "bot.cli", "serve")
"""What Python runs as the bot."""
QUIET_PORTS = range(20_000, 32_000)
"""Ports that outgoing connections are not given by default: Linux begins at 32768, others
above.

Source: https://www.kernel.org/doc/html/latest/networking/ip-sysctl.html
"""
RESTART_DELAY = 0.3
"""Seconds until a bot that died is started again."""

TENANT_ID = "7e0ff1ce-0000-4000-8000-000000000001"
APP_ID = "0b07b07b-0000-4000-8000-000000000002"


class BotDownError(DeskhandError):
    """The bot did not become ready, or died at once."""

    hint = "Read the bot's log; `deskhand doctor` checks what it needs."


@dataclass(slots=True, kw_only=True)
class BotProcess:
    """The bot as a process of its own, started again whenever it dies.

    Args:
        environment: Its whole environment.
        port: Where it listens.
        log: Where its log goes; ``None``: this process's standard error.
        program: What Python runs; ``--port`` is added.
    """

    environment: Mapping[str, str]
    port: int
    log: Path | None = None
    program: Sequence[str] = BOT
    clock: Clock = field(default_factory=SystemClock)
    starts: int = 0
    _process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        """Where the bot is reached, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """The process's number, to look at it from outside. It must have started."""
        assert self._process is not None, "it has not started"
        return self._process.pid

    async def supervise(self) -> None:
        """Run the bot and start it again when it dies, until cancelled."""
        try:
            while True:
                await self._start()
                assert self._process is not None, "just started"
                status = await self._process.wait()
                if status > 0:  # it gave up by itself; starting it again will not help
                    words = await asyncio.to_thread(last_words, self.log)
                    raise BotDownError(f"the bot ended with status {status}{words}")
                await self.clock.sleep(RESTART_DELAY)
        finally:
            await self._stop()

    async def kill(self) -> None:
        """End the bot at once, as ``kill -9`` does."""
        if self._process and self._process.returncode is None:
            self._process.send_signal(signal.SIGKILL)

    async def ready(self) -> None:
        """Return when the bot answers that it works.

        Raises:
            BotDownError: It does not, for `START_SECONDS`.
        """
        try:
            async with asyncio.timeout(START_SECONDS), aiohttp.ClientSession() as http:
                while not await self._is_ready(http):
                    await self.clock.sleep(0.05)
        except TimeoutError as error:
            raise BotDownError(f"no answer from {self.url}/readyz") from error

    async def _is_ready(self, http: aiohttp.ClientSession) -> bool:
        try:
            async with http.get(f"{self.url}/readyz") as answer:
                return answer.status == 200  # noqa: PLR2004 - HTTP's OK
        except aiohttp.ClientError:
            return False

    async def _start(self) -> None:
        log = self.log.open("ab") if self.log else None
        try:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                *self.program,
                "--port",
                str(self.port),
                env=dict(self.environment),
                stderr=log,
                stdin=asyncio.subprocess.DEVNULL,
            )
        finally:
            if log:
                log.close()
        self.starts += 1

    async def _stop(self) -> None:
        process = self._process
        if process is None or process.returncode is not None:
            return
        process.terminate()
        try:
            async with asyncio.timeout(10):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Both worlds on one local server, and what a bot must be told to play here."""

    company: Company
    company_file: Path
    journal: Journal
    slack: SlackWorld
    teams: TeamsWorld
    url: str
    """Of the page, without a slash at the end."""
    bot_port: int
    console_token: str
    environment: Mapping[str, str]
    """The bot's settings. It does not learn that these are stand-ins."""


def free_port() -> int:
    """Return a port that nothing uses just now, nor will by chance.

    The bot takes seconds until it listens. A port that the kernel chose would be one of
    those that it gives to outgoing connections, and often be gone by then.
    """
    while True:
        port = secrets.choice(QUIET_PORTS)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


@asynccontextmanager
async def set_stage(
    *,
    port: int = 0,
    company_file: Path = SAMPLE_COMPANY,
    kill: Callable[[], Awaitable[None]] | None = None,
    retry_delays: Sequence[float] = (0.0, 2.0, 10.0),
    limits: SlackLimits = DOCUMENTED,
    profile: Profile | None = None,
) -> AsyncGenerator[Stage]:
    """Serve both worlds and the page for the block; no bot plays yet.

    Args:
        port: Of the page and the stand-ins; 0: a free one.
        company_file: Whose people play.
        kill: Ends the bot, for the page's button.
        retry_delays: Slack's redelivery schedule, shortened for people who wait.
        limits: How many calls Slack accepts.
        profile: How calls of both platforms go; ``None``: at once, and well.
    """
    clock = SystemClock()
    company = load_company(company_file)
    journal = Journal(clock)
    bot_port, own_port = free_port(), port or free_port()
    base, bot_url = f"http://127.0.0.1:{own_port}", f"http://127.0.0.1:{bot_port}"
    secret, token = secrets.token_hex(16), f"xoxb-{secrets.token_hex(12)}"
    console_token, password = secrets.token_hex(16), secrets.token_hex(16)
    slack = SlackWorld(
        journal,
        clock,
        bot_url=f"{bot_url}/slack/events",
        signing_secret=secret,
        bot_token=token,
        company=company,
        public_url=f"{base}/slack",
        retry_delays=retry_delays,
        limits_profile=limits,
        profile=profile,
    )
    teams = TeamsWorld(
        journal,
        clock,
        bot_url=f"{bot_url}/api/messages",
        base_url=base,
        app_id=APP_ID,
        app_password=password,
        tenant_id=TENANT_ID,
        company=company,
        profile=profile,
    )
    stage = Stage(
        company=company,
        company_file=company_file,
        journal=journal,
        slack=slack,
        teams=teams,
        url=base,
        bot_port=bot_port,
        console_token=console_token,
        environment={
            "DESKHAND_CONFIG": str(company_file),
            "DESKHAND_CONSOLE_TOKEN": console_token,
            "DESKHAND_LOG": "text",
            "SLACK_SIGNING_SECRET": secret,
            "SLACK_BOT_TOKEN": token,
            "SLACK_API_URL": f"{base}/slack/api/",
            "MICROSOFT_APP_ID": APP_ID,
            "MICROSOFT_APP_PASSWORD": password,
            "MICROSOFT_APP_TENANT_ID": TENANT_ID,
            "TEAMS_OPENID_METADATA_URL": teams.openid_metadata_url,
            "TEAMS_TOKEN_URL": teams.token_url,
            "TEAMS_SERVICE_URLS": teams.service_url,
        },
    )
    weather = DemoWeather(
        journal, profile, slack.weather.change, partial(setattr, teams, "profile")
    )
    async with _served(stage, own_port, kill or _nobody, weather), slack, teams:
        yield stage


@asynccontextmanager
async def staged(
    *,
    port: int = 0,
    company_file: Path = SAMPLE_COMPANY,
    extra: Mapping[str, str],
    log: Path | None = None,
    program: Sequence[str] = BOT,
    profile: Profile | None = None,
) -> AsyncGenerator[tuple[Stage, BotProcess]]:
    """Set the stage and run the bot on it as a process; ready when the block begins.

    Args:
        port: Of the page and the stand-ins; 0: a free one.
        company_file: Whose people play.
        extra: More settings for the bot, its database among them.
        log: Where the bot's log goes.
        program: What Python runs as the bot.
        profile: How calls of both platforms go; ``None``: at once, and well.
    """
    process: BotProcess | None = None

    async def kill() -> None:
        if process:
            await process.kill()

    async with set_stage(
        port=port, company_file=company_file, kill=kill, profile=profile
    ) as stage:
        environment = {**_inherited(os.environ), **stage.environment, **extra}
        process = BotProcess(
            environment=environment, port=stage.bot_port, log=log, program=program
        )
        async with asyncio.TaskGroup() as tasks:
            supervisor = tasks.create_task(process.supervise())
            try:
                await process.ready()
                await stage.teams.install_everyone()
                yield stage, process
            finally:
                supervisor.cancel()


async def _nobody() -> None:
    """Kill nobody."""


def _inherited(environment: Mapping[str, str]) -> dict[str, str]:
    """Return what the bot may know of this shell: no settings but the model's."""
    ours = ("SLACK_", "MICROSOFT_", "TEAMS_", "DESKHAND_", "DATABASE_URL")
    return {
        name: value
        for name, value in environment.items()
        if not name.startswith(ours) or name == "DESKHAND_MODEL"
    }


@asynccontextmanager
async def _served(
    stage: Stage,
    port: int,
    kill: Callable[[], Awaitable[None]],
    weather: DemoWeather,
) -> AsyncGenerator[None]:
    suggestions = load_suggestions(
        stage.company_file.with_name("suggestions.toml"), stage.company
    )
    application = web.Application()
    application.add_routes(slack_world_routes(stage.slack))
    application.add_routes(teams_world_routes(stage.teams))
    application.add_routes(
        demo_routes(
            stage.slack,
            stage.teams,
            stage.journal,
            stage.company,
            suggestions,
            bot_url=f"http://127.0.0.1:{stage.bot_port}",
            console_token=stage.console_token,
            kill=kill,
            weather=weather,
        )
    )
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    try:
        await _listen(runner, port)
        yield
    finally:
        await runner.cleanup()


async def _listen(runner: web.AppRunner, port: int) -> None:
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise PortInUseError("127.0.0.1", port) from error
        raise
