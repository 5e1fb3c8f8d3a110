"""The life of a turn and of a tool call, drawn from the tables of the code.

``.venv/bin/python -m tests.support.turn_diagrams`` prints both for
``docs/turn-life.md``; a test compares.
"""

import sys
from collections.abc import Iterable

from bot.turn.lifecycle import CALL_TRANSITIONS, TRANSITIONS
from bot.turn.state import Phase

_OVER = (Phase.COMPLETED, Phase.FAILED, Phase.CANCELLED)


def turn_diagram() -> str:
    """Return the phases of a turn and every change between them."""
    arrows = [
        (before.value, after.value, event)
        for (before, event), phases in TRANSITIONS.items()
        for after in phases
    ]
    return _drawn(
        [("[*]", Phase.NEW.value, "")],
        arrows,
        [(phase.value, "[*]", "") for phase in _OVER],
    )


def call_diagram() -> str:
    """Return the statuses of a tool call and every change between them."""
    arrows = [
        (before, after, event) for (before, event), after in CALL_TRANSITIONS.items()
    ]
    return _drawn(
        [("[*]", "requested", "tool.requested")],
        arrows,
        [("finished", "[*]", ""), ("denied", "[*]", "")],
    )


def _drawn(*parts: Iterable[tuple[str, str, str]]) -> str:
    lines = [
        f"    {before} --> {after}{': ' if event else ''}{event}"
        for part in parts
        for before, after, event in part
    ]
    return "\n".join(["stateDiagram-v2", *lines, ""])


if __name__ == "__main__":
    sys.stdout.write(f"{turn_diagram()}\n{call_diagram()}")
