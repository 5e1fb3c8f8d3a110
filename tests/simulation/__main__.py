"""``python -m tests.simulation``: run simulated worlds, or replay one of them."""
# ruff: noqa: T201 - a command prints

import argparse
import sys

from tests.simulation.run import (
    MESSAGES,
    Report,
    run_seeds,
    summary,
    told,
    trace,
)


def main() -> int:
    """Run what the arguments say; return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.simulation", description=__doc__
    )
    parser.add_argument("--seeds", type=int, default=200, help="how many worlds")
    parser.add_argument("--start", type=int, default=0, help="the first seed")
    parser.add_argument("--jobs", type=int, default=1, help="processes to run them in")
    parser.add_argument("--seed", type=int, help="only this world")
    parser.add_argument(
        "--messages", type=int, default=MESSAGES, help="how much people say in each"
    )
    parser.add_argument("--trace", action="store_true", help="say what happens in it")
    parser.add_argument("--quiet", action="store_true", help="only the summary")
    given = parser.parse_args()
    if given.trace:
        seed = given.start if given.seed is None else given.seed
        report, words = trace(seed, messages=given.messages)
        print(words)
    else:
        seeds = range(given.start, given.start + given.seeds)
        if given.seed is not None:
            seeds = range(given.seed, given.seed + 1)
        progress = _nothing if given.quiet else _progress
        report = run_seeds(
            seeds, jobs=given.jobs, messages=given.messages, progress=progress
        )
        print(f"\n{summary(report)}")
    for failure in report.failures:
        print(told(failure))
    return 1 if report.failures else 0


def _nothing(report: Report) -> None:
    del report


def _progress(report: Report) -> None:
    tally = report.tally
    line = f"{tally.seeds} seeds, {tally.turns} turns, {len(report.failures)} failed"
    print(f"\r{line}", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
