"""What parked turns cost: they are rows, and should be nothing else.

Requests are made in Teams, because that platform lets a bot send 50 times a second;
Slack's 200 messages a minute would make this a benchmark of waiting.
"""

from collections.abc import Callable

from adapters.simulator.bench.company import GREETING, WISH
from adapters.simulator.bench.figures import Aim, Baseline, Figure
from adapters.simulator.bench.letters import teams_letters
from adapters.simulator.bench.process import resident_mib
from adapters.simulator.bench.scene import Bench, BenchError, Scene, playing
from adapters.simulator.bench.volley import fire

TURNS = 1000
_RATE = 25.0
"""Requests a second: about what the bot finishes, so that they do not pile up."""
_WITHIN = 150.0
_SETTLE = 3.0

NAMES = ("memory.1000-ended", "memory.1000-parked")

_DELIVERED = (
    "SELECT count(*) AS n FROM turn WHERE status = ANY($1) AND delivered_seq = last_seq"
)


async def measure(bench: Bench, wanted: Callable[[str], bool]) -> list[Figure]:
    """Return the figures that are ``wanted``."""
    if not any(wanted(name) for name in NAMES):
        return []
    async with playing(bench, staff=TURNS, words_per_second=0) as scene:
        await bench.clock.sleep(_SETTLE)
        idle = resident_mib(scene.process.pid)
        ended = await _after(scene, GREETING, ("completed", "failed"))
        parked = await _after(scene, WISH, ("parked",))
    return [figure for figure in _figures(idle, ended, parked) if wanted(figure.name)]


async def _after(scene: Scene, text: str, status: tuple[str, ...]) -> float:
    """Return the memory once every employee's turn is so and everything is shown."""
    bench = scene.bench
    bench.tell(f"memory: {TURNS} turns that are {status[0]} in the end")
    letters = teams_letters(scene.stage, range(TURNS), text)
    shots = [letter.shot for letter in letters]
    hits = await fire(shots, rate=_RATE, clock=bench.clock)
    if refused := [hit.status for hit in hits if not hit.ok]:
        raise BenchError(f"the bot answered {refused[0]}")

    async def reached() -> bool:
        await bench.clock.sleep(0.5)
        return (await scene.rows(_DELIVERED, list(status)))[0]["n"] >= TURNS

    await scene.until(reached, _WITHIN)
    await scene.until_live(0)
    await bench.clock.sleep(_SETTLE)
    return resident_mib(scene.process.pid)


def _figures(idle: float, ended: float, parked: float) -> list[Figure]:
    return [
        Figure(
            name="memory.1000-ended",
            unit="MiB",
            values={"median": ended},
            what=f"resident memory of the bot after {TURNS:,} turns have ended, "
            f"{TURNS:,} employees: what having worked leaves behind",
            baseline=Baseline(
                what="the same process before the first turn", value=idle
            ),
        ),
        Figure(
            name="memory.1000-parked",
            unit="MiB",
            values={"median": parked, "growth": parked - ended},
            what=f"resident memory of the same process after {TURNS:,} more turns, "
            "all of them parked, each with a request at a manager",
            baseline=Baseline(what=f"after {TURNS:,} turns that ended", value=ended),
            notes={
                "growth, MiB": parked - ended,
                "KiB per parked turn": (parked - ended) * 1024 / TURNS,
            },
            aim=Aim(of="growth", below=5.0),
        ),
    ]
