"""The harness's side of `tests.crash.worker`: start workers, and end them badly."""

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import bot
from tests.crash.fuse import Charge
from tests.crash.worker import Order


@dataclass(slots=True, kw_only=True)
class Worker:
    """One bot, from its start to its end."""

    pid: int
    port: int
    charges: Sequence[Charge]
    role: str = ""
    """Who it is to Postgres."""
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    status: int | None = None
    """Its exit status, negative for a signal; ``None`` while it lives."""
    draining: bool = False
    paused: bool = False

    @property
    def worker_id(self) -> str:
        """What it writes into the rows it owns."""
        return f"{socket.gethostname()}:{self.pid}"

    @property
    def url(self) -> str:
        """Where it listens, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def alive(self) -> bool:
        """Whether it has not ended."""
        return not self.ended.is_set()

    @property
    def stands_still(self) -> bool:
        """Whether the kernel has stopped it. Linux only."""
        try:
            stat = Path(f"/proc/{self.pid}/stat").read_text("utf-8")
        except (FileNotFoundError, ProcessLookupError):
            return False  # it has ended, and we have yet to hear of it
        return stat.rpartition(")")[2].split()[0] == "T"

    def kill(self) -> None:
        """End it at once, as ``kill -9`` does."""
        self._send(signal.SIGKILL)

    def terminate(self) -> None:
        """Ask it to end in order."""
        self.draining = True
        self._send(signal.SIGTERM)

    def pause(self) -> None:
        """Let it stand still, with all its connections."""
        self.paused = True
        self._send(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let it go on after a pause."""
        self.paused = False
        self._send(signal.SIGCONT)

    def _send(self, number: signal.Signals) -> None:
        if self.alive:
            # It may have ended, and we have yet to hear of it.
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)


class Nursery:
    """Starts workers and hears when they end."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._numbers = count(1)
        self._awaited: dict[int, tuple[Order, asyncio.Future[Worker]]] = {}
        self._workers: dict[int, Worker] = {}

    async def start(
        self,
        environment: Mapping[str, str],
        *,
        port: int,
        log: Path,
        marks: Path,
        charges: Sequence[Charge] = (),
        trace: Path | None = None,
    ) -> Worker:
        """Start a worker; it is there when this returns, and not yet ready."""
        number = next(self._numbers)
        order = Order(
            number=number,
            environment=environment,
            port=port,
            log=str(log),
            marks=str(marks),
            charges=charges,
            trace=str(trace or ""),
        )
        started: asyncio.Future[Worker] = asyncio.get_running_loop().create_future()
        self._awaited[number] = order, started
        assert self._process.stdin, "it is a pipe"
        self._process.stdin.write(order.as_line())
        await self._process.stdin.drain()
        return await started

    async def listen(self) -> None:
        """Take note of who has started and who has ended."""
        assert self._process.stdout, "it is a pipe"
        async for line in self._process.stdout:
            said: dict[str, int] = json.loads(line)
            if "started" in said:
                order, started = self._awaited.pop(said["started"])
                pid = said["pid"]
                worker = Worker(pid=pid, port=order.port, charges=order.charges)
                self._workers[pid] = worker
                if started.done():  # who wanted it is gone
                    worker.kill()
                else:
                    started.set_result(worker)
            else:
                worker = self._workers.pop(said["ended"])
                worker.status = said["status"]
                worker.ended.set()
        for _, waiting in self._awaited.values():
            if not waiting.done():
                waiting.set_exception(EOFError("the workers' parent has ended"))


@asynccontextmanager
async def nursery_in(folder: Path) -> AsyncGenerator[Nursery]:
    """Have a parent of workers for the block; whoever lives at its end is killed.

    Args:
        folder: For the parent's log.
    """
    with (folder / "nursery.log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.crash.worker",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=log,
            cwd=Path(bot.__file__).parents[1],
            start_new_session=True,  # Ctrl+C is for the harness
        )
    nursery = Nursery(process)
    async with asyncio.TaskGroup() as tasks:
        listening = tasks.create_task(nursery.listen())
        try:
            yield nursery
        finally:
            assert process.stdin, "it is a pipe"
            process.stdin.close()
            await process.wait()
            # Until its last word is read its pipe is open, and would be for ever.
            await asyncio.wait([listening])
