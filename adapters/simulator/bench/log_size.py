"""How large the log of a turn is, before and after its text is taken out."""

from collections.abc import Callable

from adapters.simulator.bench.alone.size import STEPS, WORDS
from adapters.simulator.bench.apart import run_apart
from adapters.simulator.bench.company import write_company
from adapters.simulator.bench.figures import Baseline, Figure
from adapters.simulator.bench.scene import Bench

TURNS = 40
_STAFF = 50
NAMES = ("log.size",)


async def measure(bench: Bench, wanted: Callable[[str], bool]) -> list[Figure]:
    """Return the figures that are ``wanted``."""
    if not wanted("log.size"):
        return []
    bench.tell(f"log: the size of {TURNS} turns")
    company = write_company(bench.folder / f"company-{_STAFF}", staff=_STAFF)
    order = {
        "work": "size",
        "url": await bench.database("bench_log"),
        "company": str(company),
        "with": {"turns": TURNS},
    }
    answer = await run_apart("bot.commands.bench_alone", order, log=bench.log)
    before, after = answer["before"], answer["after"]
    return [
        Figure(
            name="log.size",
            unit="KiB",
            values={"median": _kib(after["bytes"] + after["snapshots"])},
            what=f"events and snapshots of a turn of {STEPS} steps and {WORDS} words in "
            f"Postgres after compaction, the mean of {TURNS} turns side by side",
            samples=TURNS,
            baseline=Baseline(
                what="before compaction",
                value=_kib(before["bytes"] + before["snapshots"]),
            ),
            notes={
                "rows of a turn before": before["rows"] / TURNS,
                "of them text": before["text_rows"] / TURNS,
                "rows kept for the audit": after["rows"] / TURNS,
                "KiB of events before": _kib(before["bytes"]),
                "after": _kib(after["bytes"]),
                "KiB of snapshots": _kib(after["snapshots"]),
                "KiB of tables and indexes before": _kib(
                    before["table_bytes"] + before["snapshot_bytes"]
                ),
                "tables and indexes after": _kib(
                    after["table_bytes"] + after["snapshot_bytes"]
                ),
            },
        )
    ]


def _kib(total: int) -> float:
    return total / TURNS / 1024
