"""What is measured must happen: the letters are taken, answered, and park turns."""

import os
from pathlib import Path

import pytest

from adapters.simulator.bench.company import APPS, GREETING, QUESTION, wish_for
from adapters.simulator.bench.letters import slack_letters, teams_letters
from adapters.simulator.bench.process import cpu_seconds, resident_mib
from adapters.simulator.bench.scene import Bench, BenchError, playing
from adapters.simulator.bench.volley import fire
from bot.clock import SystemClock
from bot.commands.bench import slack_lanes

CLOCK = SystemClock()


def bench_on(url: str, folder: Path) -> Bench:
    async def database(_name: str) -> str:
        return url

    return Bench(
        clock=CLOCK,
        database=database,
        folder=folder,
        postgres_pid=os.getpid,
        tell=lambda _: None,
        slack_lanes=slack_lanes,
    )


async def test_what_is_said_in_a_scene_is_taken_answered_and_parked(
    empty_database_url: str, tmp_path: Path
) -> None:
    bench = bench_on(empty_database_url, tmp_path)
    async with playing(bench, staff=len(APPS) + 2, words_per_second=0) as scene:
        after = scene.stage.journal.last_seq
        letters = [
            *slack_letters(scene.stage, [0], GREETING),
            *slack_letters(scene.stage, [1], QUESTION),
            *(
                letter
                for number, app in enumerate(APPS, start=2)
                for letter in teams_letters(scene.stage, [number], wish_for(app))
            ),
        ]
        hits = await fire([letter.shot for letter in letters], rate=50, clock=CLOCK)
        seen = await scene.seen(letters, after=after, within=20)

        async def settled() -> bool:
            rows = await scene.rows("SELECT status FROM turn ORDER BY status")
            wanted = ["completed"] * 2 + ["parked"] * len(APPS)
            return [row["status"] for row in rows] == wanted

        await scene.until(settled, within=20)
        await scene.until_live(0)

        assert all(hit.ok for hit in hits)
        assert len({change.seq for change in seen}) == len(letters)
        assert all(
            change.at.timestamp() > hit.due_at
            for change, hit in zip(seen, hits, strict=True)
        )
        assert await scene.count("deskhand_events_total") > len(letters)
        assert resident_mib(scene.process.pid) > 50
        assert cpu_seconds(scene.process.pid) > 0.5
        assert scene.throttled() == 0


async def unanswered(bench: Bench) -> None:
    async with playing(bench, staff=1) as scene:
        letters = slack_letters(scene.stage, [0], GREETING)
        await scene.seen(letters, after=0, within=0.2)


async def test_a_letter_that_nobody_sent_is_never_answered(
    empty_database_url: str, tmp_path: Path
) -> None:
    with pytest.raises(BenchError, match="1 of 1 letters"):
        await unanswered(bench_on(empty_database_url, tmp_path))
