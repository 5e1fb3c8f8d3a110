"""``deskhand demo``: the whole product on one machine."""

import argparse
import asyncio
import fcntl
import signal
import sys
import webbrowser
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from adapters.simulator.demo_company import lay_demo_company
from adapters.simulator.profiles import PROFILES
from adapters.simulator.stage import staged
from bot.app.database import embedded_postgres, fresh_database
from bot.commands.logs import set_up_logs
from bot.errors import ConfigError

HOME = Path(".deskhand/demo").absolute()
"""Where the demo keeps its database and the bot's log."""


@contextmanager
def _home() -> Generator[Path]:
    """Give the demo's folder to one demo at a time: it begins with an empty database."""
    HOME.mkdir(parents=True, exist_ok=True)
    with (HOME / "lock").open("ab") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            problem = (
                f"one runs already in {HOME}; stop it, or start from another folder"
            )
            raise ConfigError("the demo", [problem]) from error
        yield HOME


async def run(options: argparse.Namespace) -> int:
    """Run the demo until it is interrupted."""
    set_up_logs("text")
    with _home() as home:
        return await _play(options, home)


async def _play(options: argparse.Namespace, home: Path) -> int:
    log = home / "bot.log"
    sys.stdout.write("Starting Postgres, the bot, and stand-ins for Slack and Teams…\n")
    sys.stdout.flush()
    async with (
        embedded_postgres(home / "postgres") as url,
        staged(
            # The stand-ins begin empty each time, so the database does too.
            extra={"DATABASE_URL": await fresh_database(url, "demo")},
            port=options.port,
            company_file=options.company or lay_demo_company(home / "company"),
            log=log,
            profile=PROFILES[options.profile],
        ) as (stage, _bot),
    ):
        sys.stdout.write(f"Deskhand demo: {stage.url}\n")
        sys.stdout.write(f"The bot's log: {log}. Stop with Ctrl+C.\n")
        sys.stdout.flush()
        if not options.no_browser:
            await asyncio.to_thread(webbrowser.open, stage.url)
        stopping = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stopping.set)
        await stopping.wait()
        sys.stdout.write("Stopping…\n")
    return 0
