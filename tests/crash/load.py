"""Hundreds of live turns on three workers, one of which is struck every now and then.

What is measured, per turn that ran when its owner was struck: how long until its log
grew, and until people saw something new. What is checked at the end is everything.
"""

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from tests.crash.checks import examine
from tests.crash.findings import Findings
from tests.crash.nursery import Worker
from tests.crash.progress import (
    Hit,
    Screens,
    gap_around,
    growth_of,
    next_after,
    running_at,
)
from tests.crash.site import Site, site_on
from tests.crash.throng import Throng, company_of
from tests.crash.yard import AWAY, Yard

OTHERS = ", others"
"""How figures end that are about turns whose worker was left alone."""
BLOWS = ("kill", "stop", "kill", "term")
"""One after the other: half of them SIGKILL."""
STOPPED_SECONDS = (8.0, 12.0)
"""How long a worker stands still: longer than its leases last."""
LOOK_SECONDS = 0.25
SETTLED_SECONDS = 300.0
"""How long all may take until it is still: at the end everybody finishes."""
RIPE = timedelta(seconds=40)
"""After this it is clear what became of a turn that was hit; a minute after its end
its text is taken out of its log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How much, for how long."""

    turns: int = 200
    minutes: float = 3.0
    workers: int = 3
    every: float = 20.0
    """Seconds between two blows."""
    words_per_second: float = 4.0
    """Of the scripted model: slow, so that turns live long."""
    blows: tuple[str, ...] = BLOWS
    seed: int = 1


@dataclass(slots=True, kw_only=True)
class Loaded:
    """What came of it."""

    plan: Plan
    findings: Findings = field(default_factory=Findings)
    most_live: int = 0
    blows: dict[str, int] = field(default_factory=dict[str, int])
    hits: dict[str, int] = field(default_factory=dict[str, int])
    """Turns that ran when their owner was struck, by kind."""
    endings: dict[str, int] = field(default_factory=dict[str, int])
    refused: int = 0
    """Calls that the stand-ins answered with 429."""
    samples: dict[str, list[float]] = field(default_factory=dict[str, list[float]])
    """Seconds, by figure."""

    def add(self, figure: str, seconds: float | None) -> None:
        """Add a sample, if there is one."""
        if seconds is not None:
            self.samples.setdefault(figure, []).append(seconds)


@dataclass(slots=True, kw_only=True)
class _Run:
    yard: Yard
    site: Site
    throng: Throng
    screens: Screens
    loaded: Loaded
    tell: Callable[[str], None]
    hits: list[Hit] = field(default_factory=list[Hit])
    controls: list[Hit] = field(default_factory=list[Hit])
    """The turns of workers that were left alone meanwhile."""

    async def strike(self, kind: str, random_: random.Random) -> None:
        """Strike somebody, and take down what came of the turns they ran."""
        able = [w for w in self.site.living if not (w.paused or w.draining)]
        victim = random_.choice(able)
        hits = await running_at(self.site, victim.worker_id, kind)
        self._count(kind, len(hits))
        self.tell(f"{kind} {victim.role}, which runs {len(hits)} turns")
        self.hits += hits
        for other in able:
            if other is not victim:
                self.controls += await running_at(self.site, other.worker_id, kind)
        match kind:
            case "kill":
                victim.kill()
            case "stop":
                await self._stand_still(victim, random_.uniform(*STOPPED_SECONDS))
            case "term":
                await self._end_in_order(victim)
            case "restart":
                await self.yard.restart()
            case "cut":
                await self.yard.cut(victim.role, self.site.play.database_url)
            case _:
                raise ValueError(kind)

    def _count(self, kind: str, hits: int) -> None:
        loaded = self.loaded
        loaded.blows[kind] = loaded.blows.get(kind, 0) + 1
        loaded.hits[kind] = loaded.hits.get(kind, 0) + hits

    async def _stand_still(self, victim: Worker, seconds: float) -> None:
        victim.pause()
        await self.site.clock.sleep(seconds)
        victim.go_on()

    async def _end_in_order(self, victim: Worker) -> None:
        victim.terminate()
        self.site.front.take_out(victim)
        latest: list[Hit] = []
        while victim.alive:
            now = await running_at(self.site, victim.worker_id, "handed over")
            latest = now or latest
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await victim.ended.wait()
        at, kind = self.site.clock.now(), "handed over"
        self.hits += [replace(hit, at=at) for hit in latest]
        for other in self.site.living:
            self.controls += await running_at(self.site, other.worker_id, kind)

    async def take_down(self, *, older: timedelta) -> None:
        """Measure what became of the turns hit so long ago; their logs are whole yet."""
        until = self.site.clock.now() - older
        hits = [hit for hit in self.hits if hit.at <= until]
        controls = [hit for hit in self.controls if hit.at <= until]
        self.hits = [hit for hit in self.hits if hit.at > until]
        self.controls = [hit for hit in self.controls if hit.at > until]
        struck = {hit.turn_id for hit in hits}
        grown = await growth_of(self.site, [*hits, *controls])
        for hit in hits:
            self._measure(hit, grown[hit.turn_id], "")
        for hit in controls:
            if hit.turn_id not in struck:
                self._measure(hit, grown[hit.turn_id], OTHERS)

    def _measure(self, hit: Hit, log: list[datetime], whose: str) -> None:
        seen, add = self.screens.times_of(hit), self.loaded.add
        if hit.kind == "handed over":
            add(f"{hit.kind}: gap in the log{whose}", gap_around(log, hit.at))
            figure = f"{hit.kind}: gap on the screen, {hit.platform}{whose}"
            add(figure, gap_around(seen, hit.at))
        else:
            add(f"{hit.kind}: to the log{whose}", next_after(log, hit))
            figure = f"{hit.kind}: to the screen, {hit.platform}{whose}"
            add(figure, next_after(seen, hit))


async def run_load(yard: Yard, plan: Plan, tell: Callable[[str], None]) -> Loaded:
    """Run it all and return what came of it."""
    folder = yard.folder / f"load-{plan.turns}"
    folder.mkdir()
    loaded = Loaded(plan=plan)
    async with site_on(
        await yard.database(),
        folder,
        yard.nursery,
        words_per_second=plan.words_per_second,
        company_file=company_of(folder, plan.turns),
    ) as site:
        throng = Throng(site=site, people=plan.turns)
        screens = Screens(site.play.stage.journal)
        run = _Run(
            yard=yard,
            site=site,
            throng=throng,
            screens=screens,
            loaded=loaded,
            tell=tell,
        )
        await _play(run)
        tell("everything is still; looking at what is left")
        loaded.findings = await examine(site)
        for row in await site.rows("SELECT status, count(*) FROM turn GROUP BY 1"):
            loaded.endings[row[0]] = row[1]
        loaded.refused = sum(
            change.kind == "api" and change.body.get("status") == 429
            for change in site.play.stage.journal.after(0)
        )
    return loaded


async def _play(run: _Run) -> None:
    site, plan = run.site, run.loaded.plan
    site.man(plan.workers)
    await site.until(lambda: _all_at_work(site, plan.workers), "workers are at work")
    async with asyncio.TaskGroup() as tasks:
        watching = tasks.create_task(run.screens.watch())
        await run.throng.meet()
        talking = tasks.create_task(run.throng.talk())
        deciding = tasks.create_task(run.throng.decide())
        telling = tasks.create_task(_report(run))
        await _wait_for_the_throng(run)
        await _beat(run)
        run.throng.stop()
        await talking
        run.tell("nobody begins anything new; waiting until all is still")
        await site.quiet(SETTLED_SECONDS)
        await run.take_down(older=timedelta())
        for task in (watching, deciding, telling):
            task.cancel()


async def _all_at_work(site: Site, many: int) -> bool:
    return len(site.front.rotation) == many


async def _wait_for_the_throng(run: _Run) -> None:
    """Return when nearly as many turns run as there are people."""
    wanted = run.loaded.plan.turns * 0.8

    async def there() -> bool:
        return await run.throng.live() >= wanted

    await run.site.until(there, "the turns are live", within=120)


async def _beat(run: _Run) -> None:
    """Strike again and again, until the time is over."""
    plan, clock = run.loaded.plan, run.site.clock
    random_ = random.Random(plan.seed)
    until = clock.monotonic() + plan.minutes * 60
    number = 0
    while clock.monotonic() < until:
        await run.strike(plan.blows[number % len(plan.blows)], random_)
        number += 1
        await clock.sleep(plan.every * random_.uniform(0.8, 1.2))


async def _report(run: _Run) -> None:
    while True:
        with suppress(*AWAY):
            live = await run.throng.live()
            run.loaded.most_live = max(run.loaded.most_live, live)
            said = sum(run.throng.said.values())
            await run.take_down(older=RIPE)
            run.tell(f"{live} turns live, {said} things said so far")
        await run.site.clock.sleep(5.0)


def folder_of(yard: Yard, plan: Plan) -> Path:
    """Return where the logs of a run are."""
    return yard.folder / f"load-{plan.turns}"
