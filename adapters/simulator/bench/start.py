"""How long `deskhand demo` takes until its page works."""

import asyncio
import os
import shutil
import signal
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

import aiohttp

from adapters.simulator.bench.figures import Baseline, Figure, median
from adapters.simulator.bench.scene import Bench, BenchError
from adapters.simulator.stage import free_port

RUNS = 3
NAMES = ("demo.start",)
_FOLDER = "demo"
_WITHIN = 60.0
_STOP = 15.0


async def measure(bench: Bench, wanted: Callable[[str], bool]) -> list[Figure]:
    """Return the figures that are ``wanted``."""
    if not wanted(NAMES[0]):
        return []
    bench.tell("demo.start: the first run, which makes the database")
    await asyncio.to_thread(shutil.rmtree, bench.folder / _FOLDER, ignore_errors=True)
    first = await _start(bench)
    runs: list[float] = []
    for run in range(1, RUNS + 1):
        bench.tell(f"demo.start: run {run} of {RUNS}")
        runs.append(await _start(bench))
    return [
        Figure(
            name=NAMES[0],
            unit="s",
            values={"median": median(runs)},
            what="`deskhand demo --no-browser` from its start to a GET / answered 200 "
            "by the page and the line that says that the bot is ready (printed when "
            "/readyz answers 200); the database folder is there from an earlier run",
            runs=RUNS,
            baseline=Baseline(what="the first run, in an empty folder", value=first),
        )
    ]


async def _start(bench: Bench) -> float:
    port = free_port()
    started = bench.clock.monotonic()
    async with _demo(bench, port) as process, aiohttp.ClientSession() as http:
        try:
            async with asyncio.timeout(_WITHIN):
                await _says_ready(process)
                async with http.get(f"http://127.0.0.1:{port}/") as answer:
                    answer.raise_for_status()
        except TimeoutError as error:
            raise BenchError(f"no demo after {_WITHIN:g} s") from error
        return bench.clock.monotonic() - started


async def _says_ready(process: asyncio.subprocess.Process) -> None:
    assert process.stdout is not None, "it was started with a pipe"
    async for line in process.stdout:
        if line.startswith(b"Deskhand demo: "):
            return
    raise BenchError("the demo ended by itself")


@asynccontextmanager
async def _demo(bench: Bench, port: int) -> AsyncGenerator[asyncio.subprocess.Process]:
    """Run the demo in a folder of its own, so that nobody's real one is disturbed."""
    folder = bench.folder / _FOLDER
    folder.mkdir(exist_ok=True)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bot.cli",
        "demo",
        "--no-browser",
        "--port",
        str(port),
        cwd=folder,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        # Ctrl+C is for whoever started us; we end these processes ourselves.
        start_new_session=True,
    )
    try:
        yield process
    finally:
        await _end(process)


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    # Not SIGTERM: until the demo is ready, only Ctrl+C lets it clean up.
    process.send_signal(signal.SIGINT)
    try:
        async with asyncio.timeout(_STOP):
            await process.wait()
    except TimeoutError:
        os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
