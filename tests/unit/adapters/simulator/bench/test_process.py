import asyncio
import os
import sys

import pytest

from adapters.simulator.bench.process import (
    NoProcError,
    cpu_seconds,
    family_cpu_seconds,
    resident_mib,
)

MIB = 1024 * 1024


def test_memory_that_is_written_to_is_resident() -> None:
    before = resident_mib(os.getpid())
    filled = bytearray(b"x" * (64 * MIB))
    after = resident_mib(os.getpid())

    assert len(filled) == 64 * MIB
    assert 48 < after - before < 160


def test_work_is_cpu_time() -> None:
    before = cpu_seconds(os.getpid())
    user, system = os.times()[:2]
    while sum(os.times()[:2]) < user + system + 0.2:
        sum(range(10_000))

    assert cpu_seconds(os.getpid()) - before >= 0.15


WORK = """
import os
while sum(os.times()[:2]) < 0.3:
    sum(range(10_000))
print("done", flush=True)
input()
"""


async def test_a_family_s_work_is_that_of_its_children_too() -> None:
    before = family_cpu_seconds(os.getpid())
    pipe = asyncio.subprocess.PIPE
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", WORK, stdin=pipe, stdout=pipe
    )
    assert child.stdin is not None and child.stdout is not None
    assert await child.stdout.readline() == b"done\n"
    assert family_cpu_seconds(os.getpid()) - before >= 0.25
    child.stdin.close()
    await child.communicate()
    assert family_cpu_seconds(os.getpid()) - before >= 0.25


async def test_a_process_that_is_gone_is_an_error() -> None:
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", "")
    await process.wait()

    with pytest.raises(NoProcError, match="status"):
        resident_mib(process.pid)
    with pytest.raises(NoProcError, match="stat"):
        cpu_seconds(process.pid)
