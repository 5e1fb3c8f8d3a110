"""``python -m tests.crash``: kill real workers on a real Postgres, and count.

Without options everything is run: every place at every moment, every fault, and a
load of 200 turns. Progress goes to standard error, the table to standard output.
"""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from bot.clock import SystemClock
from tests.crash.blows import HOWS, How
from tests.crash.campaign import Case, Census, Outcome, run_cases, take_census
from tests.crash.faults import FAULTS, Struck, suffer
from tests.crash.fuse import PLACES
from tests.crash.load import BLOWS, Plan, run_load
from tests.crash.report import Report
from tests.crash.yard import yard_in

SHARES = (0.0, 0.5, 1.0)
"""With ``--deep``: the first crossing of a place, the one in the middle, the last."""


def parser() -> argparse.ArgumentParser:
    """Return what understands the command line."""
    top = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    add = top.add_argument
    add("--points", nargs="+", metavar="PLACE", help="all, none, or names of places")
    add("--how", nargs="+", default=HOWS, choices=HOWS, help="what happens there")
    add("--deep", action="store_true", help="also the middle and the last crossing")
    add("--faults", nargs="+", metavar="FAULT", choices=["all", "none", *FAULTS])
    add("--load", type=int, metavar="TURNS", help="live turns; 0: no load")
    add("--minutes", type=float, default=3.0, help="of blows under load (3)")
    add("--every", type=float, default=20.0, help="seconds between blows (20)")
    add("--blows", nargs="+", default=BLOWS, help="kill stop term restart cut")
    add("--workers", type=int, default=3, help="under load (3)")
    add("--seed", type=int, default=1, help="of who is struck")
    add("--at-once", type=int, default=8, help="cases that run at once (8)")
    add("--json", type=Path, metavar="FILE", help="write the figures there, too")
    return top


def _tell(what: str) -> None:
    sys.stderr.write(f"{what}\n")
    sys.stderr.flush()


async def crash(options: argparse.Namespace) -> Report:
    """Run what is asked for; without a word of it, everything."""
    asked = (options.points, options.faults, options.load)
    everything = all(part is None for part in asked)
    points = options.points or (["all"] if everything else ["none"])
    faults = options.faults or (["all"] if everything else ["none"])
    turns = 200 if everything else options.load or 0
    report = Report(at=SystemClock().now())
    if points != ["none"]:
        await _points(report, points, options)
    if faults != ["none"]:
        await _faults(report, faults)
    if turns:
        plan = Plan(
            turns=turns,
            minutes=options.minutes,
            workers=options.workers,
            every=options.every,
            blows=tuple(options.blows),
            seed=options.seed,
        )
        async with yard_in(durable=True) as yard:
            report.loaded = await run_load(yard, plan, _tell)
    return report


async def _points(
    report: Report, wanted: Sequence[str], options: argparse.Namespace
) -> None:
    async with yard_in() as yard:
        _tell("every act once, unharmed …")
        census = await take_census(yard)
        report.unreached = census.unreached
        cases = _cases(census, wanted, options.how, deep=options.deep)
        done: list[Outcome] = []

        def tell(outcome: Outcome) -> None:
            done.append(outcome)
            well = outcome.burnt and not outcome.problems
            _tell(
                f"{len(done)}/{len(cases)} {outcome.case} ({outcome.case.act}): "
                f"{'fine' if well else 'WRONG'}, {outcome.seconds:.0f} s"
            )

        report.outcomes = await run_cases(
            yard, cases, at_once=options.at_once, tell=tell
        )


def _cases(
    census: Census, wanted: Sequence[str], hows: Sequence[How], *, deep: bool
) -> list[Case]:
    places = PLACES if wanted == ["all"] else wanted
    found = [
        census.case_of(place, how, share)
        for how in hows
        for place in places
        for share in (SHARES if deep else SHARES[:1])
    ]
    return list(dict.fromkeys(case for case in found if case))


async def _faults(report: Report, wanted: Sequence[str]) -> None:
    async with yard_in() as yard:
        struck: list[Struck] = []
        for fault in FAULTS if wanted == ["all"] else wanted:
            _tell(f"fault: {fault} …")
            struck.append(await suffer(yard, fault))
        report.struck = struck


def main() -> None:
    """Run the harness and exit with 1 if anything was found."""
    options = parser().parse_args()
    report = asyncio.run(crash(options))
    sys.stdout.write(report.as_table())
    if options.json:
        options.json.write_text(report.as_json(), "utf-8")
    raise SystemExit(1 if report.problems else 0)


if __name__ == "__main__":
    main()
