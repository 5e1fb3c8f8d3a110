"""What a run of the harness found, as a table and as JSON."""

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from adapters.simulator.bench.figures import quantile
from tests.crash.campaign import Outcome
from tests.crash.faults import Struck
from tests.crash.findings import Findings
from tests.crash.load import OTHERS, Loaded
from tests.crash.progress import DEADLY

LEASE_AIM = 7.0
"""Seconds from a kill to the next sign of life: the lease and one more."""
GRACEFUL_AIM = 1.0
_COUNTED = (
    ("turns", "turns"),
    ("events", "events"),
    ("effects", "effects"),
    ("surfaces", "messages"),
)
_ZERO = (
    ("turns lost", "lost"),
    ("turns doubled", "doubled"),
    ("effects doubled or faked", "effects_doubled"),
    ("logs gapped or different", "gapped"),
    ("surfaces wrong at the end", "unshown"),
)
_TOLD = (
    ("unknown outcomes without a ticket", "unreported"),
    ("Teams messages there twice", "copies"),
    ("surfaces a platform refused", "given_up"),
)


@dataclass(slots=True, kw_only=True)
class Report:
    """Everything that was run."""

    at: datetime
    outcomes: Sequence[Outcome] = ()
    unreached: Sequence[str] = ()
    struck: Sequence[Struck] = ()
    loaded: Loaded | None = None
    load_average: tuple[float, ...] = field(default_factory=os.getloadavg)
    """Of the machine when it began."""

    @property
    def problems(self) -> list[str]:
        """Everything that must not be, with where it was found."""
        found = [
            f"{outcome.case}: {problem}"
            for outcome in self.outcomes
            for problem in [*outcome.problems, *([] if outcome.burnt else ["no bang"])]
        ]
        found += [f"{s.fault}: {wrong}" for s in self.struck for wrong in s.wrong]
        if self.loaded:
            found += [f"load: {wrong}" for wrong in self.loaded.findings.wrong]
        return found

    @property
    def _findings(self) -> dict[str, list[Findings]]:
        parts = {
            "points": [outcome.findings for outcome in self.outcomes],
            "faults": [struck.findings for struck in self.struck],
            "load": [self.loaded.findings] if self.loaded else [],
        }
        return {part: found for part, found in parts.items() if found}

    def as_table(self) -> str:
        """Return it for people."""
        lines = [*self._head(), "", *self._counts()]
        if self.loaded:
            lines += ["", *_speeds(self.loaded)]
        if self.unreached:
            lines += ["", f"never reached: {', '.join(self.unreached)}"]
        if self.problems:
            lines += ["", f"{len(self.problems)} PROBLEMS", *self.problems]
        return "\n".join([*lines, ""])

    def _head(self) -> list[str]:
        load = ", ".join(f"{value:.1f}" for value in self.load_average)
        deaths = sum(outcome.deaths for outcome in self.outcomes)
        lines = [
            f"{self.at:%Y-%m-%d %H:%M} UTC, {os.cpu_count()} cores, load {load}",
            f"points: {len(self.outcomes)} cases, {deaths} processes died",
            f"faults: {', '.join(s.fault for s in self.struck) or 'none'}",
        ]
        if self.loaded:
            blows = ", ".join(f"{n} {kind}" for kind, n in self.loaded.blows.items())
            hits = sum(self.loaded.hits.values())
            lines.append(
                f"load: {self.loaded.plan.workers} workers, up to "
                f"{self.loaded.most_live} live turns; {blows}; {hits} running turns "
                f"hit; {self.loaded.refused} calls refused with 429"
            )
        return lines

    def _counts(self) -> list[str]:
        findings = self._findings
        rows = [("", *findings)]
        for name, field_ in _COUNTED:
            sums = [
                sum(getattr(f, field_) for f in found) for found in findings.values()
            ]
            rows.append((name, *map(str, sums)))
        for name, field_ in (*_ZERO, *_TOLD):
            sums = [
                sum(len(getattr(f, field_)) for f in found)
                for found in findings.values()
            ]
            rows.append((name, *map(str, sums)))
        return _aligned(rows)

    def as_json(self) -> str:
        """Return it for machines."""
        body: dict[str, Any] = {
            "at": self.at.isoformat(),
            "cores": os.cpu_count(),
            "load_average": self.load_average,
            "python": platform.python_version(),
            "unreached": list(self.unreached),
            "problems": self.problems,
            "points": [
                {
                    "case": str(outcome.case),
                    "act": outcome.case.act,
                    "went_off": outcome.burnt,
                    "deaths": outcome.deaths,
                    "seconds": round(outcome.seconds, 2),
                    "findings": asdict(outcome.findings),
                }
                for outcome in self.outcomes
            ],
            "faults": [asdict(struck) for struck in self.struck],
            "load": asdict(self.loaded) if self.loaded else None,
        }
        return json.dumps(body, indent=2) + "\n"


def _speeds(loaded: Loaded) -> list[str]:
    rows = [("seconds", "n", "p50", "p95", "max", "others p95", "aim")]
    for name, samples in sorted(loaded.samples.items()):
        if name.endswith(OTHERS):
            continue
        p95 = quantile(samples, 0.95)
        control = loaded.samples.get(name + OTHERS)
        others = quantile(control, 0.95) if control else None
        rows.append(
            (
                name,
                str(len(samples)),
                f"{quantile(samples, 0.5):.2f}",
                f"{p95:.2f}",
                f"{max(samples):.2f}",
                "" if others is None else f"{others:.2f}",
                _verdict(name, p95, others),
            )
        )
    return _aligned(rows)


def _verdict(name: str, p95: float, others: float | None) -> str:
    """Return the aim of a figure and whether it is met.

    A turn that nobody hurt is silent now and then too, while its model thinks; so an
    orderly end is held against the turns of the others.
    """
    if name.startswith(DEADLY):
        return f"< {LEASE_AIM:g}: {'met' if p95 < LEASE_AIM else 'MISSED'}"
    if others is None:
        return ""
    met = p95 < others + GRACEFUL_AIM
    return f"< others + {GRACEFUL_AIM:g}: {'met' if met else 'MISSED'}"


def _aligned(rows: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return [
        "  ".join(
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
