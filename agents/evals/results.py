"""What a run showed: each scenario, the whole, as a table and as JSON. Pure."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import median, quantiles

from bot.company.limits import SpendingLimits
from bot.protocol.values import Usage
from bot.turn.spending import together

_MARKS = {"passed": "ok", "failed": "FAILED", "skipped": "skipped"}
_WIDEST = 70


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What one scenario showed."""

    name: str
    problems: tuple[str, ...] = ()
    skipped: str = ""
    """What it needs that this model is not."""
    asks: int = 0
    """How often a model was asked."""
    used: Mapping[str, Usage]
    """Tokens, by model."""
    waits: tuple[float, ...] = ()
    """Seconds from each thing that people did until everything rested."""

    @property
    def status(self) -> str:
        """``passed``, ``failed`` or ``skipped``."""
        if self.skipped:
            return "skipped"
        return "failed" if self.problems else "passed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a run showed."""

    company: str
    model: str
    results: Sequence[Result]
    seconds: float
    limits: SpendingLimits
    """Whose prices count."""

    def count(self, status: str) -> int:
        """Return how many scenarios came out so."""
        return sum(result.status == status for result in self.results)

    @property
    def pass_rate(self) -> float | None:
        """Per cent of those that ran; ``None``: none did."""
        ran = self.count("passed") + self.count("failed")
        return 100 * self.count("passed") / ran if ran else None

    @property
    def used(self) -> Mapping[str, Usage]:
        """Tokens, by model."""
        return together(*(result.used for result in self.results))

    @property
    def cost(self) -> float | None:
        """What they cost; ``None`` where the company file has not all prices."""
        used = self.used
        if not used or any(model not in self.limits.prices for model in used):
            return None
        return self.limits.cost_of(used)

    @property
    def waits(self) -> Mapping[str, float]:
        """Median, 95th percentile and longest of all waits, in seconds."""
        waits = [wait for result in self.results for wait in result.waits]
        if len(waits) < 2:  # noqa: PLR2004 - what quantiles need
            return dict.fromkeys(("median", "p95", "longest"), sum(waits))
        p95 = quantiles(waits, n=20, method="inclusive")[-1]
        return {"median": median(waits), "p95": p95, "longest": max(waits)}

    def as_json(self) -> str:
        """Return all of it as a JSON document."""
        document = {
            "company": self.company,
            "model": self.model,
            "passed": self.count("passed"),
            "failed": self.count("failed"),
            "skipped": self.count("skipped"),
            "pass_rate": self.pass_rate,
            "tokens": {m: u.model_dump() for m, u in self.used.items()},
            "cost": self.cost,
            "wait_seconds": dict(self.waits),
            "seconds": self.seconds,
            "scenarios": [
                {**asdict(r), "used": _plain(r.used), "status": r.status}
                for r in self.results
            ],
        }
        return f"{json.dumps(document, indent=2, ensure_ascii=False)}\n"

    def as_table(self) -> str:
        """Return all of it for people to read."""
        lines: list[str] = []
        for result in self.results:
            name = result.name
            name = name if len(name) <= _WIDEST else f"{name[: _WIDEST - 1]}…"
            tokens = sum(usage.total for usage in result.used.values())
            figures = "" if result.skipped else f"{sum(result.waits):7.2f} s"
            figures += f"{tokens:9,} tokens" if tokens else ""
            why = f"needs {result.skipped}" if result.skipped else figures
            line = f"{_MARKS[result.status]:8}{name:{_WIDEST}}{why}"
            lines += [line, *(f"          - {one}" for one in result.problems)]
        return "\n".join([*lines, "", *self._summary(), ""])

    def _summary(self) -> list[str]:
        rate = self.pass_rate
        said = "nothing ran" if rate is None else f"{rate:.1f} %"
        passed, ran = self.count("passed"), len(self.results) - self.count("skipped")
        lines = [f"{self.company}, {self.model}: {passed} of {ran} passed, {said}"]
        if skipped := self.count("skipped"):
            needs = {result.skipped for result in self.results if result.skipped}
            lines.append(f"{skipped} skipped: they need {' or '.join(sorted(needs))}")
        for model, usage in self.used.items():
            lines.append(
                f"{model}: {usage.input_tokens:,} tokens in, "
                f"{usage.cache_read_tokens:,} from the cache, "
                f"{usage.output_tokens:,} out"
            )
        if self.used:
            cost = self.cost
            lines.append(
                "cost: not known; write [limits.prices] into the company file"
                if cost is None
                else f"cost: {cost:.4f} in the money of [limits.prices]"
            )
        waits = self.waits
        lines.append(
            f"wait: {waits['median']:.2f} s median, {waits['p95']:.2f} s p95, "
            f"{waits['longest']:.2f} s longest; {self.seconds:.1f} s in all"
        )
        return lines


def _plain(used: Mapping[str, Usage]) -> dict[str, object]:
    return {model: usage.model_dump() for model, usage in used.items()}
