"""The same turns on DBOS Transact: what others' durable steps cost on this Postgres.

Run as a process of its own, with ``dbos`` from the dependency group ``bench``. A turn is
a workflow, started from a queue, of as many steps as one of our turns has effects and
replies: a reply that calls a tool, the tool, the reply that answers. Their results are
as long as ours.

DBOS is given what its pages recommend: a system database in Postgres, a registered
queue, synchronous steps in its own threads. Its queue is polled; the interval is far
below its default of one second, at which a turn alone would mostly wait.

Source: https://docs.dbos.dev/python/reference/queues
    https://docs.dbos.dev/python/reference/configuration
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false
# It is not installed where types are checked.

import importlib
import json
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from time import sleep
from typing import Any

from adapters.simulator.bench.alone.agents import ANSWER, FOUND
from adapters.simulator.bench.alone.engine import cpu_now
from adapters.simulator.bench.alone.steps import WARM_UP
from adapters.simulator.bench.process import family_cpu_seconds
from bot.clock import SystemClock

QUEUE = "turns"
_SETTLE = 2.5
"""Seconds until a registered queue is polled: its manager looks once a second."""


class Turns:
    """Turns as workflows."""

    def __init__(self, dbos: Any) -> None:  # noqa: ANN401 - a module without types
        self._dbos = dbos
        reply, tool, answer = (
            dbos.step()(function) for function in (_reply, _tool, _answer)
        )

        def turn(text: str) -> str:
            return answer(tool(reply(text)))

        self._turn = dbos.workflow()(turn)

    def queued(self, polling: float) -> float:
        """Run one from the queue; return the seconds it took."""
        clock = SystemClock()
        started = clock.monotonic()
        handle = self._dbos.enqueue_workflow(QUEUE, self._turn, "Hello!")
        handle.get_result(polling_interval_sec=polling)
        return clock.monotonic() - started

    def called(self, _polling: float) -> float:
        """Run one at once, without any queue; return the seconds it took."""
        clock = SystemClock()
        started = clock.monotonic()
        self._turn("Hello!")
        return clock.monotonic() - started


def _reply(text: str) -> dict[str, str]:
    return {"tool": "look_up", "name": text}


def _tool(_call: dict[str, str]) -> dict[str, str]:
    return {"found": FOUND}


def _answer(_found: dict[str, str]) -> str:
    return ANSWER


def run(order: Mapping[str, Any]) -> dict[str, object]:
    """Return what turns cost.

    Args:
        order: ``url`` of an empty database, as SQLAlchemy writes it for psycopg;
            ``polling``: seconds between looks at the queue; ``lanes``: turns always
            under way; ``turns``: how many; ``queued``: whether they go through the
            queue; ``postgres``: the server's process.
    """
    dbos = importlib.import_module("dbos").DBOS
    dbos(
        config={
            "name": "bench",
            "system_database_url": order["url"],
            "log_level": "ERROR",
        }
    )
    turns, clock, polling = Turns(dbos), SystemClock(), order["polling"]
    dbos.launch()
    dbos.register_queue(QUEUE, polling_interval_sec=polling)
    sleep(_SETTLE)
    turn = turns.queued if order["queued"] else turns.called
    for _ in range(WARM_UP):
        turn(polling)
    with ThreadPoolExecutor(order["lanes"]) as lanes:
        server = family_cpu_seconds(order["postgres"])
        started, cpu = clock.monotonic(), cpu_now()
        latencies = list(lanes.map(turn, [polling] * order["turns"]))
        used, seconds = cpu_now() - cpu, clock.monotonic() - started
        server = family_cpu_seconds(order["postgres"]) - server
    dbos.destroy()
    return {
        "turns": order["turns"],
        "seconds": seconds,
        "cpu": used,
        "postgres": server,
        "latencies": latencies,
    }


if __name__ == "__main__":
    json.dump(run(json.load(sys.stdin)), sys.stdout)
