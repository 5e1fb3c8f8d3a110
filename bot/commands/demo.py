"""``deskhand demo``: the whole product on one machine."""

import argparse
import asyncio
import signal
import sys
import webbrowser
from pathlib import Path

from adapters.simulator.stage import SAMPLE_COMPANY, staged
from bot.commands.logs import set_up_logs


async def run(options: argparse.Namespace) -> int:
    """Run the demo until it is interrupted."""
    set_up_logs("text")
    home = Path(".deskhand/demo")
    home.mkdir(parents=True, exist_ok=True)
    log = home / "bot.log"
    sys.stdout.write("Starting Postgres, the bot, and stand-ins for Slack and Teams…\n")
    sys.stdout.flush()
    async with staged(
        home,
        port=options.port,
        company_file=options.company or SAMPLE_COMPANY,
        log=log,
    ) as stage:
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
