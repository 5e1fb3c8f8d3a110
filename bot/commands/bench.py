"""``deskhand bench``: measure this machine, print a table, write JSON."""

import argparse
import asyncio
import signal
import sys
from pathlib import Path

from adapters.simulator.bench.figures import as_json, as_table
from adapters.simulator.bench.run import heading, load_now, machine, measured
from adapters.simulator.bench.scene import Bench
from adapters.slack.lanes import lanes_for
from bot.app.database import embedded_postgres, fresh_database
from bot.clock import SystemClock
from bot.pacing.lanes import Lane
from bot.ports.streaming import StreamOperation
from bot.ports.surface import Operation
from bot.protocol.inbound import Address

HOME = Path(".deskhand/bench").absolute()
"""Where the database, the company files and the bot's log are kept."""
STOPPED = 130
"""The exit status of what a signal ended."""


async def run(options: argparse.Namespace) -> int:
    """Measure, and end every process that was started, also when interrupted."""
    task = asyncio.current_task()
    assert task is not None, "commands run in a task"
    # Ctrl+C does the same already.
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    try:
        return await _run(options)
    except asyncio.CancelledError:
        _tell("stopped; nothing of it runs any more")
        return STOPPED


async def _run(options: argparse.Namespace) -> int:
    clock = SystemClock()
    began, load = clock.monotonic(), load_now()
    circumstances = {"at": f"{clock.now():%Y-%m-%d %H:%M} UTC", **machine()}
    HOME.mkdir(parents=True, exist_ok=True)

    def tell(progress: str) -> None:
        _tell(f"{clock.monotonic() - began:4.0f} s  {progress}")

    log = HOME / "bot.log"
    await asyncio.to_thread(log.unlink, missing_ok=True)
    tell(f"the bot's log: {log}")
    async with embedded_postgres(HOME / "postgres") as url:
        found = await measured(
            Bench(
                clock=clock,
                database=lambda name: fresh_database(url, name),
                folder=HOME,
                postgres_pid=lambda: int(
                    (HOME / "postgres" / "postmaster.pid").read_text("utf-8").split()[0]
                ),
                tell=tell,
                slack_lanes=slack_lanes,
            ),
            options.only,
        )
    loads = (load, load_now())
    sys.stdout.write(f"{heading(circumstances, loads)}\n\n{as_table(found.figures)}")
    if options.json:
        load_of = {"load_before": loads[0], "load_after": loads[1]}
        document = as_json(found.figures, {**circumstances, **load_of})
        await asyncio.to_thread(options.json.write_text, document, "utf-8")
    for failure in found.failures:
        tell(f"missing: {failure} {failure.hint}")
    tell("done" if not found.failures else f"the bot's log: {log}")
    return 1 if found.failures else 0


def slack_lanes(
    operation: Operation | StreamOperation, channel: str
) -> tuple[Lane, ...]:
    """Return what an operation in a channel of one workspace draws from."""
    to = Address(platform="slack", workspace="T0BENCH", channel=channel)
    return lanes_for(operation, to)


def _tell(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()
