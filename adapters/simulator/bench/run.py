"""Run the parts that are wanted, one after the other, and say where it happened."""

import os
import platform
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from adapters.simulator.bench import (
    ack,
    claude,
    durable,
    group_commit,
    log_size,
    many_parked,
    parked,
    start,
    streaming,
    visible,
)
from adapters.simulator.bench.delivery import part as delivery
from adapters.simulator.bench.figures import Figure
from adapters.simulator.bench.pacing import part as pacing
from adapters.simulator.bench.scene import Bench
from bot.errors import DeskhandError

_Measure = Callable[[Bench, Callable[[str], bool]], Awaitable[list[Figure]]]

_PARTS: Mapping[tuple[str, ...], _Measure] = {
    start.NAMES: start.measure,
    pacing.NAMES: pacing.measure,
    delivery.NAMES: delivery.measure,
    group_commit.NAMES: group_commit.measure,
    log_size.NAMES: log_size.measure,
    durable.NAMES: durable.measure,
    many_parked.NAMES: many_parked.measure,
    ack.NAMES: ack.measure,
    claude.NAMES: claude.measure,
    visible.NAMES: visible.measure,
    streaming.NAMES: streaming.measure,
    parked.NAMES: parked.measure,
}
NAMES = tuple(name for names in _PARTS for name in names)
"""Every figure, in the order in which they are measured."""


class NoSuchFigureError(DeskhandError):
    """No figure has such a name."""

    hint = f"Figures: {', '.join(NAMES)}."


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What came of it: a part that breaks takes nothing from the others."""

    figures: list[Figure] = field(default_factory=list[Figure])
    failures: list[DeskhandError] = field(default_factory=list[DeskhandError])
    """Why a part has no figures."""


async def measured(bench: Bench, only: str = "") -> Measured:
    """Return the figures with a part of their name that begins with ``only``.

    Raises:
        NoSuchFigureError: There are none.
    """
    if not any(is_meant(name, only) for name in NAMES):
        raise NoSuchFigureError(f"no figure has {only!r} in its name")
    found = Measured()
    for names, measure in _PARTS.items():
        try:
            found.figures.extend(await measure(bench, lambda n: is_meant(n, only)))
        except DeskhandError as error:
            bench.tell(f"{names[0]}: failed, {error}")
            found.failures.append(error)
    return found


def is_meant(name: str, only: str) -> bool:
    """Return whether ``only`` selects the figure: ``ack`` does not mean ``slack``."""
    return f".{only}" in f".{name}"


def load_now() -> float:
    """Return how many processes wanted a core in the last minute, on average."""
    return os.getloadavg()[0]


def machine() -> dict[str, object]:
    """Return what the figures were measured on."""
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count() or 0,
    }


def heading(circumstances: Mapping[str, object], loads: Sequence[float]) -> str:
    """Return one line that says when and where."""
    where = ", ".join(f"{key} {value}" for key, value in circumstances.items())
    before, after = loads
    return (
        f"deskhand bench: {where}; load {before:.2f} at the start, {after:.2f} at the "
        "end (ours included)"
    )
