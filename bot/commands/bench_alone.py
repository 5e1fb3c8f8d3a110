"""The process in which `deskhand bench` measures the engine alone.

Started by the benchmark, not by people: it reads one order as JSON from its standard
input and writes what it measured to its standard output.
"""

import asyncio
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from adapters.simulator.bench.alone import appenders, crowd, parked, size, steps
from adapters.simulator.bench.alone.agents import Asking, OneTool
from adapters.simulator.bench.scene import dsn_of
from bot.app.alone import built_alone
from bot.clock import SystemClock
from bot.commands.logs import set_up_logs
from bot.ports.store import Store


async def measured(order: Mapping[str, Any]) -> dict[str, object]:
    """Return what the workload that ``order`` names showed.

    Args:
        order: ``work``: ``steps``, ``crowd``, ``appenders``, ``size`` or ``parked``; ``url`` of a
            database,
            ``company``: a company file; and ``with``: the workload's own arguments.
    """
    url, company = order["url"], Path(order["company"])
    clock, arguments = SystemClock(), order["with"]
    match order["work"]:
        case "steps":
            async with built_alone(url, company, OneTool(), clock) as alone:
                return await steps.run(alone, **arguments)
        case "appenders":
            async with built_alone(url, company, OneTool(), clock) as alone:
                return await appenders.run(alone, **arguments)
        case "size":
            agents = size.Stepping(clock)
            async with built_alone(url, company, agents, clock) as alone:
                return await size.run(alone, dsn=dsn_of(url), **arguments)
        case "crowd":
            talk = crowd.talking(clock)
            async with built_alone(url, company, talk[0], clock) as alone:
                return await crowd.run(alone, talk, **arguments)
        case "parked":
            timed: list[parked.Timed] = []

            def seen_through(store: Store) -> Store:
                timed.append(parked.Timed(store, clock))
                return timed[0]

            async with built_alone(
                url, company, Asking(), clock, seen_through=seen_through
            ) as alone:
                dsn = dsn_of(url)
                return await parked.run(alone, timed[0], dsn=dsn, **arguments)
        case other:
            raise ValueError(f"{other!r} is no workload")


def _main() -> None:
    set_up_logs("text")
    order = json.load(sys.stdin)
    json.dump(asyncio.run(measured(order)), sys.stdout)


if __name__ == "__main__":
    _main()
