"""The real bot, but for its agents, which replay what `deskhand bench` wants said.

Started by the benchmark, not by people: ``--order FILE`` names the JSON that says what
and where to note when, ``--port`` where to listen; all else is in the environment.
"""

import argparse
import asyncio
import json
import os
import signal
from collections.abc import Sequence
from pathlib import Path

from adapters.simulator.bench.delivery.agents import Replaying
from adapters.simulator.bench.delivery.orders import traces_in
from bot.app.build import Seams, built
from bot.app.database import opened_database
from bot.app.memory import settle_memory
from bot.app.run import run
from bot.clock import SystemClock
from bot.commands.logs import set_up_logs
from bot.settings import load_settings


async def serve(order: str, *, port: int) -> None:
    """Run the bot until SIGTERM, as ``deskhand serve`` does."""
    settings = load_settings(os.environ)
    set_up_logs(settings.log_format)
    asked = json.loads(order)
    traces, stamps = traces_in(asked["traces"]), Path(asked["stamps"])
    agents = Replaying(traces, SystemClock(), stamps)
    seams = Seams(agents=lambda _: agents)
    async with (
        opened_database(settings) as url,
        built(settings, url, seams=seams) as bot,
    ):
        stopping = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
        settle_memory()
        await run(bot, host="127.0.0.1", port=port, stopping=stopping)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--order", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    options = parser.parse_args(arguments)
    asyncio.run(serve(options.order.read_text("utf-8"), port=options.port))


if __name__ == "__main__":
    main()
