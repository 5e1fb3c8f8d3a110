"""What turns that stream cost the bot, shown on both platforms: CPU and memory."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from adapters.simulator.bench.company import ANSWER_WORDS, QUESTION
from adapters.simulator.bench.figures import Baseline, Figure, median
from adapters.simulator.bench.letters import Letter, slack_letters, teams_letters
from adapters.simulator.bench.process import cpu_seconds, resident_mib
from adapters.simulator.bench.scene import PACE, Bench, Scene, playing

LIVE = (1, 20, 100)
MOST = max(LIVE)
STAFF = 2 * MOST
WINDOWS = 2
WINDOW_SECONDS = 5.0
_SETTLE = 2.0
"""Seconds until what a scene begins with is over."""
_WORDS = 1000.0

NAMES = (
    *(f"cpu.{live}-live" for live in LIVE),
    "memory.idle",
    f"memory.{MOST}-live",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Window:
    """What happened in some seconds."""

    seconds: float
    events: float
    commits: float
    words: int
    cpu: float
    resident: float
    """MiB at the end."""

    @property
    def cpu_per_words(self) -> float:
        """Seconds of CPU per 1,000 words."""
        return self.cpu * _WORDS / max(1, self.words)


async def measure(bench: Bench, wanted: Callable[[str], bool]) -> list[Figure]:
    """Return the figures that are ``wanted``."""
    if not any(wanted(name) for name in NAMES):
        return []
    async with playing(bench, staff=STAFF) as scene:
        bench.tell("streaming: idle")
        await bench.clock.sleep(_SETTLE)
        idle = await _window(scene)
        seen = {live: await _crowd(scene, live) for live in LIVE}
    figures = [*_cpu(idle, seen), *_memory(idle, seen[MOST])]
    return [figure for figure in figures if wanted(figure.name)]


async def _crowd(scene: Scene, live: int) -> list[_Window]:
    """Watch ``live`` turns: those of a smaller crowd before, and new ones."""
    scene.bench.tell(f"streaming: {live} turns")
    before = int(await scene.count("deskhand_turns_live"))
    await scene.start_turns(_letters(scene, before, live), rate=25)
    await scene.bench.clock.sleep(_SETTLE)
    windows = [await _window(scene) for _ in range(WINDOWS)]
    if live < MOST:
        await scene.until_live(0, within=2 * ANSWER_WORDS / PACE)
    return windows


def _letters(scene: Scene, before: int, live: int) -> list[Letter]:
    """Return letters of as many people as are missing, half of them in Teams."""
    half = before + (live - before + 1) // 2
    return [
        *slack_letters(scene.stage, range(before, half), QUESTION),
        *teams_letters(scene.stage, range(half, live), QUESTION),
    ]


async def _window(scene: Scene) -> _Window:
    clock, pid = scene.bench.clock, scene.process.pid
    started, begun = clock.monotonic(), clock.now()
    events = await scene.count("deskhand_events_total")
    commits = await scene.count("deskhand_commits_total")
    cpu = cpu_seconds(pid)
    await clock.sleep(WINDOW_SECONDS)
    used = cpu_seconds(pid) - cpu
    return _Window(
        events=await scene.count("deskhand_events_total") - events,
        commits=await scene.count("deskhand_commits_total") - commits,
        seconds=clock.monotonic() - started,
        cpu=used,
        resident=resident_mib(pid),
        words=(await scene.rows(_COUNT_WORDS, begun, clock.now()))[0]["words"],
    )


_COUNT_WORDS = r"""
    SELECT coalesce(sum(cardinality(regexp_split_to_array(
        trim(body ->> 'text'), '\s+'))), 0)::int AS words
    FROM turn_event
    WHERE type = 'item.appended' AND at >= $1 AND at < $2
"""


# ------------------------------------------------------------------------- figures


def _cpu(idle: _Window, seen: Mapping[int, list[_Window]]) -> list[Figure]:
    alone = median([window.cpu_per_words for window in seen[1]])
    return [
        Figure(
            name=f"cpu.{live}-live",
            unit="s",
            values={"median": median([w.cpu_per_words for w in windows])},
            what="CPU seconds of the bot per 1,000 words streamed and shown, turns "
            f"live: {live}, about half in Slack and half in Teams, answers of "
            f"{ANSWER_WORDS} words at about {PACE:g} words/s each",
            runs=len(windows),
            baseline=None
            if live == 1
            else Baseline(what="with 1 turn live", value=alone),
            notes={
                "share of a core": median([w.cpu / w.seconds for w in windows]),
                "share when idle": idle.cpu / idle.seconds,
                "words/s": median([w.words / w.seconds for w in windows]),
                "events/s": median([w.events / w.seconds for w in windows]),
                "group commits/s": median([w.commits / w.seconds for w in windows]),
            },
        )
        for live, windows in seen.items()
    ]


def _memory(idle: _Window, crowded: list[_Window]) -> list[Figure]:
    resident = median([window.resident for window in crowded])
    return [
        Figure(
            name="memory.idle",
            unit="MiB",
            values={"median": idle.resident},
            what=f"resident memory of the bot, started, {STAFF} employees, no turn",
        ),
        Figure(
            name=f"memory.{MOST}-live",
            unit="MiB",
            values={"median": resident},
            what=f"the same while {MOST} turns stream",
            runs=len(crowded),
            baseline=Baseline(what="idle", value=idle.resident),
            notes={"KiB per live turn": (resident - idle.resident) * 1024 / MOST},
        ),
    ]
