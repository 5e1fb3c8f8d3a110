"""What a process wrote into its log last, for whoever is told that it died."""

from pathlib import Path

LINES = 12
"""How many are shown."""
_ENOUGH_BYTES = 16_384


def last_words(log: Path | None) -> str:
    """Return the last lines of a log, each indented; empty where there is none."""
    if log is None or not log.exists():
        return ""
    with log.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - _ENOUGH_BYTES))
        lines = file.read().decode(errors="replace").splitlines()
    return "".join(f"\n    {line}" for line in lines[-LINES:])
