"""How long a webhook waits for its answer, which comes after the commit."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from adapters.simulator.bench.company import GREETING, QUESTION
from adapters.simulator.bench.figures import Aim, Baseline, Figure, median, spread_over
from adapters.simulator.bench.letters import slack_letters, teams_letters
from adapters.simulator.bench.scene import Bench, BenchError, Scene, playing
from adapters.simulator.bench.volley import Hit, Shot, fire_apart

RATE = 200.0
"""Requests a second."""
SECONDS = 5.0
LIVE = 50
STAFF = 100
_SECOND_HALF = range(STAFF // 2, STAFF)
_MS = 1000.0
_COUNT = int(RATE * SECONDS)
_PAUSE = 3.0
"""Seconds for what starting leaves to do."""


@dataclass(frozen=True, slots=True)
class _Kind:
    name: str
    what: str
    shots: Callable[[Scene], Sequence[Shot]]
    live: int = 0
    bots: int = 1
    """How many, one after the other: what a run starts would burden the next one."""
    runs_each: int = 1


def _slack(scene: Scene) -> list[Shot]:
    people = [number % STAFF for number in range(_COUNT)]
    return [letter.shot for letter in slack_letters(scene.stage, people, GREETING)]


def _teams(scene: Scene) -> list[Shot]:
    people = [number % STAFF for number in range(_COUNT)]
    return [letter.shot for letter in teams_letters(scene.stage, people, GREETING)]


def _again(scene: Scene) -> list[Shot]:
    letters = slack_letters(scene.stage, range(1), GREETING)
    return [letters[0].shot] * _COUNT


_KINDS = (
    _Kind(
        "ack.slack.50-live",
        "signed Slack message events, each of which is a new turn in a thread of its "
        f"own, while {LIVE} turns stream from before",
        _slack,
        live=LIVE,
        bots=3,
    ),
    _Kind(
        "ack.slack",
        "the same while nothing else is live",
        _slack,
    ),
    _Kind(
        "ack.slack.again",
        "one and the same signed Slack event, again and again: what ingress alone "
        "costs, as only the first starts a turn",
        _again,
        runs_each=2,
    ),
    _Kind(
        "ack.teams",
        f"signed Teams messages in {STAFF} chats: some start a turn, some steer one",
        _teams,
    ),
)
NAMES = tuple(kind.name for kind in _KINDS)


async def measure(bench: Bench, wanted: Callable[[str], bool]) -> list[Figure]:
    """Return the figures that are ``wanted``."""
    return [await _figure(bench, kind) for kind in _KINDS if wanted(kind.name)]


async def _figure(bench: Bench, kind: _Kind) -> Figure:
    runs: list[list[Hit]] = []
    floor: list[float] = []
    for bot in range(1, kind.bots + 1):
        bench.tell(f"{kind.name}: bot {bot} of {kind.bots}")
        async with playing(bench, staff=STAFF) as scene:
            await bench.clock.sleep(_PAUSE)
            floor = floor or await _floor(scene)
            if kind.live:
                letters = slack_letters(scene.stage, _SECOND_HALF, QUESTION)
                await scene.start_turns(letters, rate=25)
            runs += [
                await fire_apart(kind.shots(scene), rate=RATE)
                for _ in range(kind.runs_each)
            ]
    answered = [[hit.seconds * _MS for hit in hits if hit.ok] for hits in runs]
    if not all(answered):
        raise BenchError(f"{kind.name}: a run without any answer")
    refused = sum(not hit.ok for hits in runs for hit in hits)
    return Figure(
        name=kind.name,
        unit="ms",
        values=spread_over(answered),
        what=f"webhook to its 2xx, {RATE:g} requests/s, open-loop, "
        f"from when each was due: {kind.what}",
        runs=len(runs),
        samples=len(runs[0]),
        baseline=Baseline(
            what="p50 of GET /healthz at the same rate on the idle bot: HTTP alone",
            value=median(floor),
        ),
        aim=Aim(of="p99", below=50.0),
        notes={"answered otherwise or not at all, over all runs": float(refused)},
    )


async def _floor(scene: Scene) -> list[float]:
    """Return what an answer costs that needs neither a database nor a signature."""
    shot = Shot(url=f"{scene.process.url}/healthz", headers={}, method="GET")
    hits = await fire_apart([shot] * int(RATE * 2), rate=RATE)
    return [hit.seconds * _MS for hit in hits]
