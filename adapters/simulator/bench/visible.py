"""How long people wait for the first sign that the bot has heard them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from adapters.simulator.bench.company import GREETING, QUESTION
from adapters.simulator.bench.figures import (
    Aim,
    Baseline,
    Figure,
    median,
    quantile,
    spread_over,
)
from adapters.simulator.bench.letters import Letter, slack_letters, teams_letters
from adapters.simulator.bench.scene import PACE, Bench, Scene, playing
from adapters.simulator.bench.volley import Shot, fire
from adapters.simulator.stage import Stage

PROBES = 15
LIVE = 50
STAFF = 2 * LIVE
_FAST = 200.0
"""Words a second."""
_WITHIN = 30.0
_MS = 1000.0

Write = Callable[[Stage, Sequence[int], str], Sequence[Letter]]


@dataclass(frozen=True, slots=True)
class _Kind:
    name: str
    platform: str
    live: int
    write: Write
    aim: Aim | None = None


_KINDS = (
    _Kind(
        "visible.slack.1-live", "Slack", 1, slack_letters, Aim(of="p50", below=100.0)
    ),
    _Kind(
        "visible.teams.1-live", "Teams", 1, teams_letters, Aim(of="p50", below=100.0)
    ),
    _Kind("visible.slack.50-live", "Slack", LIVE, slack_letters),
)
NAMES = tuple(kind.name for kind in _KINDS)


async def measure(bench: Bench, wanted: Callable[[str], bool]) -> list[Figure]:
    """Return the figures that are ``wanted``."""
    found: list[Figure] = []
    for pace, busy in ((_FAST, False), (PACE, True)):
        kinds = [k for k in _KINDS if wanted(k.name) and (k.live > 1) == busy]
        if kinds:
            # The first message does not depend on the pace; alone, each turn must end.
            async with playing(bench, staff=STAFF, words_per_second=pace) as scene:
                bare = await _bare(scene)
                found += [await _figure(scene, kind, bare) for kind in kinds]
    return found


async def _figure(scene: Scene, kind: _Kind, bare: float) -> Figure:
    scene.bench.tell(f"{kind.name}: {PROBES} probes")
    if kind.live == 1:
        seen = [await _probe(scene, kind, number) for number in range(PROBES)]
        company = "no other turn lives"
    else:
        seen = await _probes_among(scene, kind)
        company = f"{kind.live} other turns stream"
    waits = [wait for wait, _ in seen]
    return Figure(
        name=kind.name,
        unit="ms",
        values=spread_over([waits]),
        what=f"signed {kind.platform} webhook, from when it was due, to the stand-in's "
        f"receipt of the first message that answers it; {company}",
        samples=PROBES,
        baseline=Baseline(
            what="median of a bare chat.postMessage to the stand-in: what a bot "
            "without a log would take",
            value=bare,
        ),
        aim=kind.aim,
        notes={"of it until the ack, median": median([ack for _, ack in seen])},
    )


async def _probe(scene: Scene, kind: _Kind, number: int) -> tuple[float, float]:
    """Let one person say hello and wait until their turn has ended."""
    [seen] = await _sent(scene, kind.write(scene.stage, [number], GREETING), rate=1)
    await scene.until_live(0)
    return seen


async def _probes_among(scene: Scene, kind: _Kind) -> list[tuple[float, float]]:
    busy = slack_letters(scene.stage, range(LIVE, 2 * LIVE), QUESTION)
    await scene.start_turns(busy, rate=LIVE)
    letters = kind.write(scene.stage, range(PROBES), GREETING)
    return await _sent(scene, letters, rate=2)


async def _sent(
    scene: Scene, letters: Sequence[Letter], *, rate: float
) -> list[tuple[float, float]]:
    """Return how long it took until each was seen, and acked, in milliseconds."""
    after = scene.stage.journal.last_seq
    shots = [letter.shot for letter in letters]
    hits = await fire(shots, rate=rate, clock=scene.bench.clock)
    changes = await scene.seen(letters, after=after, within=_WITHIN)
    return [
        ((change.at.timestamp() - hit.due_at) * _MS, hit.seconds * _MS)
        for change, hit in zip(changes, hits, strict=True)
    ]


async def _bare(scene: Scene) -> float:
    """Return the milliseconds that a post to the stand-in takes by itself."""
    token = scene.stage.environment["SLACK_BOT_TOKEN"]
    channel = scene.stage.slack.help_channel.id
    shot = Shot(
        url=f"{scene.stage.environment['SLACK_API_URL']}chat.postMessage",
        headers={
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/json; charset=utf-8",
        },
        body=f'{{"channel": "{channel}", "text": "Hello"}}',
    )
    # No faster than a channel takes messages.
    hits = await fire([shot] * 4, rate=1, clock=scene.bench.clock)
    return quantile([hit.seconds * _MS for hit in hits[1:]], 0.5)
