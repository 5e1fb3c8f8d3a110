"""What parked turns cost: they are rows, and should be nothing else.

Requests are made in Teams, because that platform lets a bot send 50 times a second;
Slack's 200 messages a minute would make this a benchmark of waiting.
"""

from collections.abc import Callable, Sequence

from adapters.simulator.bench.company import APPS, GREETING, wish_for
from adapters.simulator.bench.figures import Aim, Baseline, Figure
from adapters.simulator.bench.letters import teams_letters
from adapters.simulator.bench.process import resident_mib
from adapters.simulator.bench.scene import Bench, BenchError, Scene, playing
from adapters.simulator.bench.volley import fire

STAFF = 100
TURNS = STAFF * len(APPS)
_RATE = 100.0
"""Requests a second."""
_WITHIN = 90.0
"""Seconds for one turn of everybody."""
_SETTLE = 3.0
_LOOK = 0.5

NAMES = ("memory.500-ended", "memory.500-parked")

_SHOWN = "SELECT count(*) AS n FROM turn WHERE status = $1 AND delivered_seq = last_seq"


async def measure(bench: Bench, wanted: Callable[[str], bool]) -> list[Figure]:
    """Return the figures that are ``wanted``."""
    if not any(wanted(name) for name in NAMES):
        return []
    async with playing(bench, staff=STAFF, words_per_second=0) as scene:
        await bench.clock.sleep(_SETTLE)
        idle = resident_mib(scene.process.pid)
        ended = await _after(scene, [GREETING] * len(APPS), "completed")
        parked = await _after(scene, [wish_for(app) for app in APPS], "parked")
        throttled = scene.throttled()
    bench.tell(f"memory: the stand-ins refused {throttled} calls with 429")
    return [figure for figure in _figures(idle, ended, parked) if wanted(figure.name)]


async def _after(scene: Scene, texts: Sequence[str], status: str) -> float:
    """Return the memory after everybody said each of ``texts``, one by one.

    Each time it waits until everything is shown: what waits to be shown is memory
    too, and another question.
    """
    for number, text in enumerate(texts, start=1):
        scene.bench.tell(f"memory: {number * STAFF} of {TURNS} turns, then {status}")
        await _everybody_says(scene, text)
        await _until_shown(scene, status, number * STAFF)
    await scene.until_live(0)
    await scene.bench.clock.sleep(_SETTLE)
    return resident_mib(scene.process.pid)


async def _everybody_says(scene: Scene, text: str) -> None:
    letters = teams_letters(scene.stage, range(STAFF), text)
    shots = [letter.shot for letter in letters]
    hits = await fire(shots, rate=_RATE, clock=scene.bench.clock)
    if refused := [hit.status for hit in hits if not hit.ok]:
        raise BenchError(f"the bot answered {refused[0]}")


async def _until_shown(scene: Scene, status: str, turns: int) -> None:
    async def reached() -> bool:
        await scene.bench.clock.sleep(_LOOK)
        return (await scene.rows(_SHOWN, status))[0]["n"] >= turns

    await scene.until(reached, _WITHIN)


def _figures(idle: float, ended: float, parked: float) -> list[Figure]:
    return [
        Figure(
            name="memory.500-ended",
            unit="MiB",
            values={"median": ended},
            what=f"resident memory of the bot after {TURNS:,} turns have ended, "
            f"{STAFF} employees: what having worked leaves behind",
            baseline=Baseline(
                what="the same process before the first turn", value=idle
            ),
        ),
        Figure(
            name="memory.500-parked",
            unit="MiB",
            values={"median": parked, "growth": parked - ended},
            what=f"resident memory of the same process after {TURNS:,} more turns, "
            "all of them parked, each with a request at a manager; the growth holds "
            "the allocator's reserves, which come in steps of a MiB and more",
            baseline=Baseline(what=f"after {TURNS:,} turns that ended", value=ended),
            notes={
                "growth, MiB": parked - ended,
                "KiB per parked turn": (parked - ended) * 1024 / TURNS,
            },
            aim=Aim(of="growth", below=10.0),
        ),
    ]
