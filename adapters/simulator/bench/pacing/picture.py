"""The results as a picture: one SVG, written by hand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from math import log10

WIDTH, HEIGHT = 860, 430
LEFT, RIGHT, TOP, BOTTOM = 60, 250, 40, 60
LEAST, MOST = 0.1, 200.0
"""Seconds at the ends of the vertical axis, which is logarithmic."""
TICKS = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)
COLOURS = (
    *("#0b6e4f", "#2bb48a", "#98a2b3", "#d0842b", "#c0392b", "#8e44ad", "#34567a"),
    *("#7a5c34", "#b0b030", "#d46ab0"),
)
GAP = 15
"""Least pixels between two names at the right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One policy's mean lag in each scenario, in seconds."""

    name: str
    values: Sequence[float]
    dashed: bool = False
    bold: bool = False


def as_svg(title: str, scenarios: Sequence[str], lines: Sequence[Line]) -> str:
    """Return a picture of mean lags over scenarios."""
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
            'font-family="sans-serif" font-size="12">'
        ),
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        f'<text x="{LEFT}" y="22" font-size="15">{escape(title)}</text>',
        *_axes(scenarios),
    ]
    ends = _spread({line.name: _y(line.values[-1]) for line in lines})
    for number, line in enumerate(lines):
        parts += _drawn(line, COLOURS[number % len(COLOURS)], ends[line.name])
    return "\n".join([*parts, "</svg>"]) + "\n"


def _axes(scenarios: Sequence[str]) -> list[str]:
    right = WIDTH - RIGHT
    parts = [
        f'<line x1="{LEFT}" y1="{_y(tick):.1f}" x2="{right}" y2="{_y(tick):.1f}" '
        f'stroke="#e4e7ec"/><text x="{LEFT - 8}" y="{_y(tick) + 4:.1f}" '
        f'text-anchor="end" fill="#475467">{tick:g} s</text>'
        for tick in TICKS
    ]
    parts += [
        f'<text x="{_x(number, len(scenarios)):.1f}" y="{HEIGHT - BOTTOM + 22}" '
        f'text-anchor="middle" fill="#475467">{escape(name)}</text>'
        for number, name in enumerate(scenarios)
    ]
    return parts


def _drawn(line: Line, colour: str, end: float) -> list[str]:
    points = " ".join(
        f"{_x(number, len(line.values)):.1f},{_y(value):.1f}"
        for number, value in enumerate(line.values)
    )
    dash = ' stroke-dasharray="5 4"' if line.dashed else ""
    width = 3 if line.bold else 1.5
    weight = ' font-weight="bold"' if line.bold else ""
    return [
        (
            f'<polyline points="{points}" fill="none" stroke="{colour}" '
            f'stroke-width="{width}"{dash}/>'
        ),
        (
            f'<text x="{WIDTH - RIGHT + 10}" y="{end + 4:.1f}" fill="{colour}"{weight}>'
            f"{escape(line.name)}</text>"
        ),
    ]


def _spread(ends: Mapping[str, float]) -> dict[str, float]:
    """Return where names are written so that none covers another."""
    found: dict[str, float] = {}
    last = 0.0
    for name, y in sorted(ends.items(), key=lambda end: end[1]):
        last = max(y, last + GAP)
        found[name] = last
    return found


def _x(number: int, count: int) -> float:
    return LEFT + 20 + number * (WIDTH - RIGHT - LEFT - 40) / max(1, count - 1)


def _y(seconds: float) -> float:
    share = log10(max(LEAST, min(MOST, seconds)) / LEAST) / log10(MOST / LEAST)
    return HEIGHT - BOTTOM - share * (HEIGHT - BOTTOM - TOP)
