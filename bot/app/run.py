"""Run the bot, and shut it down in order.

First nothing new is taken in or claimed, then turns end or park, then what is left
is handed back to whoever claims it next.
"""

import asyncio
import errno
import signal

import structlog
from aiohttp import web

from bot.app.build import Bot, built
from bot.app.database import opened_database
from bot.app.memory import settle_memory
from bot.errors import ConfigError, PortInUseError
from bot.settings import Settings

log = structlog.get_logger()

DRAIN_SECONDS = 20.0
"""How long turns may take to end or park once the process is told to stop."""

SEND_SECONDS = 2.0
"""How long what is being sent to a platform may take to be answered after that."""

_NO_PLATFORM = (
    "no platform is set up; set SLACK_SIGNING_SECRET and SLACK_BOT_TOKEN, or "
    "MICROSOFT_APP_ID, MICROSOFT_APP_PASSWORD and MICROSOFT_APP_TENANT_ID, or try "
    "`deskhand demo`, which needs no account"
)


async def serve(settings: Settings, *, host: str, port: int) -> None:
    """Run the bot until SIGTERM or SIGINT, then drain.

    Raises:
        ConfigError: No platform is set up, or the company file is wrong.
        StoreUnavailableError: Postgres cannot be reached.
        PlatformError: A platform does not accept the bot's token.
    """
    if not (settings.slack or settings.teams):
        raise ConfigError("the environment", [_NO_PLATFORM])
    async with opened_database(settings) as url, built(settings, url) as bot:
        stopping = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stopping.set)
        settle_memory()
        await run(bot, host=host, port=port, stopping=stopping)


async def run(
    bot: Bot,
    *,
    host: str,
    port: int,
    stopping: asyncio.Event,
    ready: asyncio.Event | None = None,
) -> None:
    """Serve and work until ``stopping`` is set, then drain.

    Args:
        bot: What to run.
        host: Where to listen.
        port: Where to listen.
        stopping: Set by whoever wants it to end.
        ready: Set once requests are taken.
    """
    runner = web.AppRunner(
        bot.web, handler_cancellation=True, access_log=None, shutdown_timeout=2.0
    )
    await runner.setup()
    try:
        await _listen(runner, host, port)
        log.info("serve.ready", host=host, port=port)
        await _work(bot, runner, stopping, ready)
    finally:
        await runner.cleanup()
    log.info("serve.stopped")


async def _work(
    bot: Bot,
    runner: web.AppRunner,
    stopping: asyncio.Event,
    ready: asyncio.Event | None,
) -> None:
    async with asyncio.TaskGroup() as tasks:
        background = [
            tasks.create_task(bot.writer.run()),
            tasks.create_task(bot.delivery.run()),
            tasks.create_task(bot.sweeper.run()),
            tasks.create_task(bot.timekeeper.run()),
            tasks.create_task(bot.ender.run()),
            tasks.create_task(bot.knowledge.run()),
            tasks.create_task(bot.attached.run()),
        ]
        working = tasks.create_task(bot.worker.run())
        if ready:
            ready.set()
        await stopping.wait()
        log.info("serve.draining", conversations=bot.worker.conversations)
        await runner.cleanup()
        bot.worker.drain()
        await asyncio.wait([working], timeout=DRAIN_SECONDS)
        await bot.delivery.finish(SEND_SECONDS)
        await bot.worker.let_go()
        for task in (*background, working):
            task.cancel()


async def _listen(runner: web.AppRunner, host: str, port: int) -> None:
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise PortInUseError(host, port) from error
        raise
