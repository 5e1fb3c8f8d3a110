"""Workers to be killed: real bots, each a process of its own, forked on demand.

``python -m tests.crash.worker`` imports the whole bot once and then reads orders from
standard input, a JSON object a line. Per order it forks a process that runs the bot
as ``deskhand serve`` does (`bot.app.build.built`, `bot.app.run.run`), with a fuse in
its seams. It says on standard output who has started and who has ended, and how.

A bot takes over 3 s of CPU to import, and a hundred of them are killed in a minute:
that is why they are forked and not started from nothing. What dies is a process all
the same, with its own memory, sockets and connections. The parent opens none of these
and has no thread and no loop. When its input ends, everybody it forked is killed.
"""

import asyncio
import gc
import json
import os
import select
import signal
import sys
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NoReturn

from bot.app.build import built
from bot.app.run import run
from bot.commands.logs import set_up_logs
from bot.engine import sweeper
from bot.settings import load_settings
from tests.crash.fuse import Charge, Fuse
from tests.crash.seams import seams_with

SWEEP = 0.5
"""Seconds between two sweeps: a scenario is over in seconds, and must meet one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What one worker is told."""

    number: int
    environment: Mapping[str, str]
    """Its settings, its database among them."""
    port: int
    log: str
    """The file that its log goes to."""
    marks: str
    """The folder that says which charges went off."""
    charges: Sequence[Charge] = ()
    trace: str = ""
    """The file that every crossing is written to; empty: none is."""

    def as_line(self) -> bytes:
        """Return it as `read_order` reads it."""
        return json.dumps(asdict(self)).encode() + b"\n"


def read_order(line: str) -> Order:
    """Return the order that a line holds."""
    body: dict[str, Any] = json.loads(line)
    charges = [Charge(**charge) for charge in body.pop("charges")]
    return Order(**body, charges=charges)


async def work(order: Order) -> None:
    """Be a bot until told to stop by SIGTERM."""
    settings = load_settings(order.environment)
    set_up_logs(settings.log_format)
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
    trace = os.open(order.trace, flags, 0o644) if order.trace else None
    fuse = Fuse(order.charges, Path(order.marks), trace)
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    async with built(settings, settings.database_url, seams=seams_with(fuse)) as bot:
        await run(bot, host="127.0.0.1", port=order.port, stopping=stopping)


def _become(order: Order) -> NoReturn:
    """Turn this fork into a worker."""
    status = 1
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
        log = os.open(order.log, flags, 0o644)
        nothing = os.open(os.devnull, os.O_RDONLY)
        for source, target in ((nothing, 0), (log, 1), (log, 2)):
            os.dup2(source, target)
        sweeper.SWEEP = SWEEP  # here only: whoever tests imports this module too
        asyncio.run(work(order))
        status = 0
    except BaseException:  # noqa: BLE001 - it ends here, whatever it was
        traceback.print_exc()
    finally:
        os._exit(status)


class _Parent:
    """Forks on orders, and says who has ended."""

    def __init__(self) -> None:
        self._living: set[int] = set()

    def run(self) -> None:
        """Take orders until the input ends; then kill everybody."""
        woken, wake = os.pipe()
        os.set_blocking(wake, False)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, _look)
        rest = b""
        while True:
            ready, _, _ = select.select([0, woken], [], [])
            if woken in ready:
                os.read(woken, 4096)
                self._bury()
            if 0 in ready:
                read = os.read(0, 1 << 16)
                if not read:
                    break
                *lines, rest = (rest + read).split(b"\n")
                for line in lines:
                    self._obey(read_order(line.decode()))
        for pid in self._living:
            os.kill(pid, signal.SIGKILL)
        for pid in self._living:  # they are gone when this process is
            os.waitpid(pid, 0)

    def _obey(self, order: Order) -> None:
        pid = os.fork()
        if pid == 0:
            _become(order)
        self._living.add(pid)
        _tell(started=order.number, pid=pid)

    def _bury(self) -> None:
        for pid in tuple(self._living):
            found, status = os.waitpid(pid, os.WNOHANG)
            if found:
                self._living.discard(pid)
                _tell(ended=pid, status=os.waitstatus_to_exitcode(status))


def _look(_number: int, _frame: object) -> None:
    """Be there, so that the signal wakes the parent up."""


def _tell(**what: int) -> None:
    os.write(1, json.dumps(what).encode() + b"\n")


if __name__ == "__main__":
    gc.freeze()  # so that the forks share what is never thrown away
    _Parent().run()
    sys.exit(0)
