"""Show turns with the real bot: engine, Postgres, adapters, the platforms' stand-ins."""

import json
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Literal, TypeAlias

from adapters.simulator.bench.company import QUESTION, staff_id
from adapters.simulator.bench.delivery.agents import stamps_in
from adapters.simulator.bench.delivery.answers import answer_of
from adapters.simulator.bench.delivery.readers import Readers
from adapters.simulator.bench.delivery.scores import Outcome, Played, judged
from adapters.simulator.bench.letters import (
    Letter,
    SlackLetter,
    slack_letters,
    teams_letters,
)
from adapters.simulator.bench.pacing.scores import NEVER
from adapters.simulator.bench.pacing.traces import Trace
from adapters.simulator.bench.process import cpu_seconds
from adapters.simulator.bench.scene import Bench, BenchError, Scene, playing
from adapters.simulator.bench.volley import fire
from adapters.simulator.profiles import PROFILES

Platform: TypeAlias = Literal["slack", "teams"]

WEATHER = PROFILES["calm"]
"""80 ms a call; nine in ten take 55 to 115."""
_PROGRAM = "bot.commands.bench_serve"
_RATE = 1000.0
"""Questions a second: practically all at once."""
_LOOK = 0.2
"""Seconds between two looks at the journal."""
SETTLE = 2.0
CALM = 30.0
"""Seconds after the last end for which it is watched whether a message looks alive."""


async def show(
    bench: Bench,
    platform: Platform,
    traces: Sequence[Trace],
    *,
    streams: bool,
    patience: float = NEVER,
    settle: float = SETTLE,
) -> Outcome:
    """Let the bot show turns that all begin at once, each to a person of its own.

    Args:
        bench: What it needs from outside.
        platform: Where.
        traces: The turns.
        streams: Whether messages may grow by the platform's own streaming.
        patience: Seconds after the last token for which ends are waited for.
        settle: Seconds for what starting leaves to do, and for what comes after the
            last end.

    Raises:
        BenchError: A question was refused.
    """
    async with _playing(bench, traces, streams=streams) as scene:
        await bench.clock.sleep(settle)
        write = slack_letters if platform == "slack" else teams_letters
        letters = write(scene.stage, range(len(traces)), QUESTION)
        readers = Readers.watching(
            (_place(letter), answer_of(trace))
            for letter, trace in zip(letters, traces, strict=True)
        )
        journal, clock = scene.stage.journal, bench.clock
        read_to = journal.last_seq
        before = cpu_seconds(scene.process.pid)
        hits = await fire([letter.shot for letter in letters], rate=_RATE, clock=clock)
        if refused := [hit.status for hit in hits if not hit.ok]:
            raise BenchError(f"the bot answered {refused[0]}")

        def look() -> None:
            nonlocal read_to
            changes = journal.after(read_to)
            read_to += len(changes)
            readers.read(changes)

        longest = max(trace.end - trace.start for trace in traces)
        await _until(scene, look, lambda: readers.content, within=longest + patience)
        cpu = cpu_seconds(scene.process.pid) - before
        await _until(scene, look, lambda: readers.calm, within=CALM)
        await clock.sleep(settle)
        look()
        offset = clock.now().timestamp() - clock.monotonic()
        begun = {who: at + offset for who, at in stamps_in(_stamps(bench)).items()}
        played = [
            Played(
                reader=readers.of[_place(letter)],
                trace=trace,
                begun=hit.due_at,
                answered=begun.get(
                    staff_id(number), hit.due_at + trace.steps[-1] - trace.start
                ),
            )
            for number, (letter, trace, hit) in enumerate(
                zip(letters, traces, hits, strict=True)
            )
        ]
        return judged(played, readers, cpu)


@asynccontextmanager
async def _playing(
    bench: Bench, traces: Sequence[Trace], *, streams: bool
) -> AsyncGenerator[Scene]:
    stamps = _stamps(bench)
    stamps.unlink(missing_ok=True)
    order = bench.folder / "order.json"
    traced = [asdict(trace) for trace in traces]
    order.write_text(json.dumps({"traces": traced, "stamps": str(stamps)}), "utf-8")
    async with playing(
        bench,
        staff=len(traces),
        settings={"DESKHAND_NATIVE_STREAMS": "yes" if streams else "no"},
        program=("-m", _PROGRAM, "--order", str(order)),
        profile=WEATHER,
    ) as scene:
        yield scene


def _stamps(bench: Bench) -> Path:
    return bench.folder / "stamps.jsonl"


def _place(letter: Letter) -> str:
    return letter.thread if isinstance(letter, SlackLetter) else letter.conversation


async def _until(
    scene: Scene,
    look: Callable[[], None],
    found: Callable[[], bool],
    *,
    within: float,
) -> None:
    """Return when that is so, or after so long."""
    clock = scene.bench.clock
    until = clock.monotonic() + within
    while not found() and clock.monotonic() < until:
        await clock.sleep(_LOOK)
        look()
