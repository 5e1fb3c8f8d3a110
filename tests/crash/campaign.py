"""One act, one place, one blow: strike everywhere, and see what is left of it.

First each act is played once by a worker that only notes what it crosses; so it is
known which act to play for which place, and which places nobody reaches. Then, per
place and blow, the act is played on a site of its own by a worker that is charged.
"""

import asyncio
import traceback
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Collection, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from typing_extensions import override

from tests.crash.acts import ACTS
from tests.crash.blows import Blow, How, Restarts, moment_of
from tests.crash.checks import examine
from tests.crash.findings import Findings
from tests.crash.full_disk import full_disk
from tests.crash.fuse import PLACES, Charge
from tests.crash.site import Site, company_in, site_on
from tests.crash.yard import Yard

APPROVERS = "priya.nair", "elena.sato"
"""Who is asked in Teams, and must have installed the bot there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What is played, where, and what happens there."""

    act: str
    place: str
    how: How
    nth: int = 1
    """At which crossing of the place."""

    @property
    def charge(self) -> Charge:
        """What the worker's fuse is charged with."""
        return Charge(place=self.place, moment=moment_of(self.how), nth=self.nth)

    @override
    def __str__(self) -> str:
        """Return it as one word, e.g. ``log.append/zombie#2``."""
        return f"{self.place}/{self.how}#{self.nth}"


@dataclass(slots=True, kw_only=True)
class Outcome:
    """How a case went."""

    case: Case
    burnt: bool = False
    """Whether the charge went off at all."""
    deaths: int = 0
    seconds: float = 0.0
    findings: Findings = field(default_factory=Findings)
    problems: list[str] = field(default_factory=list[str])
    """Everything that must not be."""


@dataclass(frozen=True, slots=True)
class Census:
    """How often each act crosses each place."""

    crossed: Mapping[str, Mapping[tuple[str, str], int]]
    """By act, then by place and moment (before or after)."""

    @property
    def unreached(self) -> list[str]:
        """Places that no act crosses."""
        reached = {place for counts in self.crossed.values() for place, _ in counts}
        return [place for place in PLACES if place not in reached]

    def case_of(self, place: str, how: How, share: float = 0.0) -> Case | None:
        """Return the case for a place; ``None`` when nobody reaches it.

        Args:
            place: Where.
            how: What happens there.
            share: Which crossing: 0 for the first, 0.5 for the one in the middle.
        """
        moment = "after" if how in {"after", "unanswered"} else "before"
        for act, counts in self.crossed.items():
            if many := counts.get((place, moment), 0):
                nth = 1 + int(share * (many - 1))
                return Case(act=act, place=place, how=how, nth=nth)
        return None


async def take_census(yard: Yard) -> Census:
    """Play every act once, unharmed."""
    async with asyncio.TaskGroup() as tasks:
        counts = {act: tasks.create_task(_count(yard, act)) for act in ACTS}
    return Census({act: task.result() for act, task in counts.items()})


async def _count(yard: Yard, act: str) -> Counter[tuple[str, str]]:
    url = await yard.database()
    folder = yard.folder / f"census-{act}"
    folder.mkdir()
    trace = folder / "trace"
    async with site_on(
        url,
        folder,
        yard.nursery,
        bots_company_file=company_in(folder),
        trace=trace,
    ) as site:
        await _play(site, act)
        findings = await examine(site)
        assert not _problems(act, None, findings), _problems(act, None, findings)
    await yard.drop(url)
    crossings = (line.split() for line in trace.read_text("utf-8").splitlines())
    return Counter((place, moment) for _, place, moment in crossings)


async def run_cases(
    yard: Yard,
    cases: Collection[Case],
    *,
    at_once: int,
    tell: Callable[[Outcome], None],
) -> list[Outcome]:
    """Run all cases, so many at once, and return how each went, in their order."""
    room = asyncio.Semaphore(at_once)

    restarts = Restarts(yard, together=min(at_once, len(cases)))

    async def run(number: int, case: Case) -> Outcome:
        async with room:
            outcome = await _run(yard, number, case, restarts)
            tell(outcome)
            return outcome

    async with asyncio.TaskGroup() as tasks:
        restarting = tasks.create_task(restarts.run())
        running = [tasks.create_task(run(n, case)) for n, case in enumerate(cases)]
        await asyncio.wait(running)
        restarting.cancel()
    return [task.result() for task in running]


async def _run(yard: Yard, number: int, case: Case, restarts: Restarts) -> Outcome:
    outcome = Outcome(case=case)
    folder = yard.folder / f"case-{number}"
    folder.mkdir()
    started = yard.clock.monotonic()
    try:
        await _strike(yard, folder, outcome, restarts)
    except Exception:  # noqa: BLE001 - one case that goes wrong must not end the others
        outcome.problems.append(traceback.format_exc())
    if outcome.problems:
        log = folder / "workers.log"
        outcome.problems.append(log.read_text("utf-8")[-4000:])
    outcome.seconds = yard.clock.monotonic() - started
    return outcome


async def _strike(
    yard: Yard, folder: Path, outcome: Outcome, restarts: Restarts
) -> None:
    case = outcome.case
    async with AsyncExitStack() as stack:
        url = await yard.database()
        room = full_disk(yard, url) if case.how == "disk" else dropped(yard, url)
        disk = await stack.enter_async_context(room)
        site = await stack.enter_async_context(
            site_on(url, folder, yard.nursery, bots_company_file=company_in(folder))
        )
        blow = Blow(
            yard=yard, how=case.how, charge=case.charge, restarts=restarts, disk=disk
        )
        await _play(site, case.act, case.charge, blow=blow)
        outcome.findings = await yard.patiently(lambda: examine(site))
        outcome.problems += _problems(case.act, case, outcome.findings)
        outcome.burnt = site.went_off(case.charge)
        outcome.deaths = sum(not worker.alive for worker in site.workers)


@asynccontextmanager
async def dropped(yard: Yard, url: str) -> AsyncGenerator[None]:
    """Drop a database at the end of the block, however that is."""
    try:
        yield
    finally:
        await yard.drop(url)


async def _play(
    site: Site, act: str, *charges: Charge, blow: Blow | None = None
) -> None:
    """Play an act until all is still."""
    workers = 2 if blow and blow.how == "zombie" else 1
    site.man(workers, [*ACTS[act].charges, *charges])
    async with asyncio.TaskGroup() as tasks:
        striking = (
            tasks.create_task(blow.strike(site))
            if blow and blow.charge.moment == "paused"
            else None
        )
        await site.opened()
        for person in APPROVERS:
            await site.play.stage.teams.install(person)
        await ACTS[act].play(site)
        await site.quiet()
        if striking:
            striking.cancel()


def _problems(act: str, case: Case | None, found: Findings) -> list[str]:
    """Return what is wrong, given what was done."""
    wrong = found.wrong
    if case is None or not _loses_a_receipt(case):
        wrong += [f"copy: {copy}" for copy in found.copies]
    if act != "refused":
        wrong += [f"given up: {surface}" for surface in found.given_up]
    return wrong + [f"without a ticket: {call}" for call in found.unreported]


def _loses_a_receipt(case: Case) -> bool:
    """Whether a message may be there of which nobody knows the name."""
    # Who stands still may have a post on the way, wherever that is.
    return case.how in {"cut", "restart", "zombie"} or (case.place, case.how) in {
        ("platform.post", "after"),
        ("platform.post", "unanswered"),
        ("surface.receipt", "before"),
    }
