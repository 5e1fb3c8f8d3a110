"""Run many worlds, one per seed, and tell what failed so that it can be replayed."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial

from tests.simulation.invariants import BrokenError
from tests.simulation.recipe import StreamUse
from tests.simulation.world import Tally, World, total, world_of

HISTORY = 30
"""Steps of the last moments that are printed of a seed that failed."""
MESSAGES = 6
"""How much people have to say in one world, about."""
BATCH = 10
"""Seeds that a worker process takes at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A seed in which something did not hold."""

    seed: int
    invariant: str
    detail: str
    turn_id: str = ""
    messages: int = MESSAGES

    @property
    def command(self) -> str:
        """What replays it exactly."""
        size = "" if self.messages == MESSAGES else f" --messages {self.messages}"
        return f"python -m tests.simulation --seed {self.seed}{size} --trace"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What came of some seeds."""

    tally: Tally
    failures: tuple[Failure, ...]
    wall: float = 0.0
    """Seconds."""


def run_seed(
    seed: int, *, messages: int = MESSAGES, streams: StreamUse | None = None
) -> Report:
    """Run one world; see `world_of`."""
    return _watched(world_of(seed, messages=messages, streams=streams), messages)


def run_seeds(
    seeds: Sequence[int],
    *,
    jobs: int = 1,
    messages: int = MESSAGES,
    progress: Callable[[Report], None],
) -> Report:
    """Run many worlds.

    Args:
        seeds: Which.
        jobs: Operating-system processes to run them in.
        messages: How much people have to say in each, about.
        progress: Told what has come of all that have run so far.
    """
    begun = time.perf_counter()
    done = Report(tally=Tally(), failures=())
    for report in _reports(seeds, jobs, partial(run_seed, messages=messages)):
        done = Report(
            tally=total((done.tally, report.tally)),
            failures=(*done.failures, *report.failures),
            wall=time.perf_counter() - begun,
        )
        progress(done)
    return done


def _reports(
    seeds: Sequence[int], jobs: int, run: Callable[[int], Report]
) -> Iterator[Report]:
    if jobs <= 1:
        yield from map(run, seeds)
        return
    with ProcessPoolExecutor(jobs) as pool:
        yield from pool.map(run, seeds, chunksize=BATCH)


def _watched(world: World, messages: int) -> Report:
    """Run a world; whatever goes wrong in it is a failure of its seed."""
    seed = world.recipe.seed
    try:
        return Report(tally=world.run(), failures=())
    except BrokenError as error:
        failure = Failure(
            seed=seed,
            invariant=error.invariant,
            detail=error.detail,
            turn_id=error.turn_id,
            messages=messages,
        )
    except Exception as error:  # noqa: BLE001 - it is a finding, whatever it is
        detail = str(error) or repr(error)
        failure = Failure(
            seed=seed,
            invariant=type(error).__name__,
            detail=detail,
            messages=messages,
        )
    return Report(tally=world.tally(), failures=(failure,))


# ----------------------------------------------------------------------------- in words


def told(failure: Failure) -> str:
    """Return a failure in one line, with what replays it."""
    about = " ".join(failure.detail.split())
    if len(about) > 300:
        about = f"{about[:300]}…"
    turn = f" (turn {failure.turn_id})" if failure.turn_id else ""
    return (
        f"seed {failure.seed}: {failure.invariant}: {about}{turn}\n"
        f"  replay: {failure.command}"
    )


def summary(report: Report) -> str:
    """Return what came of it all, with speed."""
    tally, wall = report.tally, max(report.wall, 1e-9)
    return (
        f"{tally.seeds} seeds, {tally.turns} turns, {tally.events} events, "
        f"{tally.commits} commits, {tally.sends} sends, {tally.effects} effects, "
        f"{tally.stops} stops\n"
        f"mishaps: {_counted(tally.mishaps)}\n"
        f"faults: {_counted(tally.faults)}\n"
        f"{tally.virtual / 3600:.1f} hours of virtual time in {wall:.1f} s: "
        f"{tally.turns / wall * 60:.0f} turns a minute\n"
        f"{len(report.failures)} seeds failed"
    )


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{kind} {n}" for kind, n in sorted(counts.items())) or "none"


def trace(seed: int, *, messages: int = MESSAGES) -> tuple[Report, str]:
    """Run one world, remembering what happens; return it in words as well."""
    world = world_of(seed, messages=messages, history=HISTORY)
    report = _watched(world, messages)
    lines = [f"the world of seed {seed}: {world.recipe}", ""]
    turn_id = report.failures[0].turn_id if report.failures else ""
    for story in world.chronicle.stories.values():
        if turn_id in ("", story.turn_id):
            lines += [f"turn {story.turn_id}", *story.told(), ""]
    lines += ["what happened", *world.diary.told(), ""]
    lines += ["the last steps", *(f"  {step}" for step in world.loop.story)]
    return report, "\n".join(lines)
