"""One worker, one charge, one act: kill at every place, and see what is left of it.

First each act is played once by a worker that only notes what it crosses; so it is
known which act to play for which place, and which places nobody reaches. Then, per
place and moment, the act is played on a site of its own by a worker that is charged.
"""

import asyncio
import traceback
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from tests.crash.acts import ACTS
from tests.crash.checks import examine
from tests.crash.findings import Findings
from tests.crash.fuse import PLACES, Charge, Moment
from tests.crash.site import Site, company_in, site_on
from tests.crash.yard import Yard

APPROVERS = "priya.nair", "elena.sato"
"""Who is asked in Teams, and must have installed the bot there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What is played, and where it is charged."""

    act: str
    charge: Charge


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

    def case_of(self, place: str, moment: Moment, share: float = 0.0) -> Case | None:
        """Return the case for a place; ``None`` when nobody reaches it.

        Args:
            place: Where.
            moment: When.
            share: Which crossing: 0 for the first, 0.5 for the one in the middle.
        """
        for act, counts in self.crossed.items():
            kind = "before" if moment in {"before", "mistaken"} else "after"
            if many := counts.get((place, kind), 0):
                nth = 1 + int(share * (many - 1))
                return Case(act=act, charge=Charge(place=place, moment=moment, nth=nth))
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
        findings = await _played(site, act)
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

    async def run(number: int, case: Case) -> Outcome:
        async with room:
            outcome = await _run(yard, number, case)
            tell(outcome)
            return outcome

    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(run(n, case)) for n, case in enumerate(cases)]
    return [task.result() for task in running]


async def _run(yard: Yard, number: int, case: Case) -> Outcome:
    outcome = Outcome(case=case)
    folder = yard.folder / f"case-{number}"
    folder.mkdir()
    started = yard.clock.monotonic()
    url = await yard.database()
    try:
        async with site_on(
            url,
            folder,
            yard.nursery,
            bots_company_file=company_in(folder),
        ) as site:
            outcome.findings = await _played(site, case.act, case.charge)
            outcome.problems += _problems(case.act, case.charge, outcome.findings)
            outcome.burnt = site.went_off(case.charge)
            outcome.deaths = sum(not worker.alive for worker in site.workers)
    except Exception:  # noqa: BLE001 - one case that goes wrong must not end the others
        outcome.problems.append(traceback.format_exc())
    if outcome.problems:
        log = folder / "workers.log"
        outcome.problems.append(log.read_text("utf-8")[-4000:])
    outcome.seconds = yard.clock.monotonic() - started
    await yard.drop(url)
    return outcome


async def _played(site: Site, act: str, *charges: Charge) -> Findings:
    """Play an act to its end and look at what is there then."""
    site.man(1, [*ACTS[act].charges, *charges])
    for person in APPROVERS:
        await site.play.stage.teams.install(person)
    await ACTS[act].play(site)
    await site.quiet()
    return await examine(site)


def _problems(act: str, charge: Charge | None, found: Findings) -> list[str]:
    """Return what is wrong, given what was done."""
    wrong = found.wrong
    if charge is None or not _loses_a_receipt(charge):
        wrong += [f"copy: {copy}" for copy in found.copies]
    if act != "refused":
        wrong += [f"given up: {surface}" for surface in found.given_up]
    return wrong


def _loses_a_receipt(charge: Charge) -> bool:
    """Whether a message is there of which nobody knows the name."""
    return (charge.place, charge.moment) in {
        ("platform.post", "after"),
        ("platform.post", "unanswered"),
        ("surface.receipt", "before"),
    }
