"""What Teams' clients accept as an Adaptive Card.

The real connector passes most broken cards on and the client shows nothing or a
fallback. The stand-in refuses them, so that the developer sees what users would not.

Source: https://learn.microsoft.com/microsoftteams/platform/task-modules-and-cards/cards/cards-reference
and https://adaptivecards.io/explorer/
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from adapters.simulator.teams.limits import (
    CARD_VERSION,
    PRIMARY_ACTIONS,
    REFRESH_USERS,
)

CARD = "application/vnd.microsoft.card.adaptive"
ATTACHMENTS = frozenset(
    {
        CARD,
        "application/vnd.microsoft.card.hero",
        "application/vnd.microsoft.card.thumbnail",
        "application/vnd.microsoft.card.receipt",
        "application/vnd.microsoft.card.signin",
        "application/vnd.microsoft.card.oauth",
        "application/vnd.microsoft.teams.card.list",
        "application/vnd.microsoft.teams.card.o365connector",
        "application/vnd.microsoft.teams.card.file.consent",
        "application/vnd.microsoft.teams.card.file.info",
    }
)
"""Besides images."""

INPUTS = frozenset(
    {
        "Input.ChoiceSet",
        "Input.Date",
        "Input.Number",
        "Input.Rating",
        "Input.Text",
        "Input.Time",
        "Input.Toggle",
    }
)
ACTIONS = frozenset(
    {
        "Action.Execute",
        "Action.OpenUrl",
        "Action.Popover",
        "Action.ResetInputs",
        "Action.ShowCard",
        "Action.Submit",
        "Action.ToggleVisibility",
    }
)
ELEMENTS = frozenset(
    {
        "ActionSet",
        "Column",
        "ColumnSet",
        "Container",
        "FactSet",
        "Image",
        "ImageSet",
        "Media",
        "RichTextBlock",
        "Table",
        "TableCell",
        "TableRow",
        "TextBlock",
        "TextRun",
    }
)
NEWER = frozenset(
    {
        "Action.Popover",
        "Action.ResetInputs",
        "Badge",
        "Carousel",
        "CarouselPage",
        "Chart.Donut",
        "Chart.Gauge",
        "Chart.HorizontalBar",
        "Chart.HorizontalBar.Stacked",
        "Chart.Line",
        "Chart.Pie",
        "Chart.VerticalBar",
        "Chart.VerticalBar.Grouped",
        "CodeBlock",
        "CompoundButton",
        "Icon",
        "IconRun",
        "Input.Rating",
        "ProgressBar",
        "ProgressRing",
        "Rating",
    }
)
"""Shown by Teams under version 1.5 although 1.5 does not have them; phones lag."""
LAYOUTS = frozenset({"Layout.AreaGrid", "Layout.Flow", "Layout.Stack"})
FRAME = frozenset({"AdaptiveCard", "Data.Query"})
KNOWN = INPUTS | ACTIONS | ELEMENTS | NEWER | LAYOUTS | FRAME

OPAQUE = frozenset({"data", "msteams", "msTeams", "metadata", "requires", "fallback"})
"""Keys whose values are not part of the card's tree."""


@dataclass(frozen=True, slots=True)
class Inspection:
    """What is wrong with a card."""

    problems: tuple[str, ...]
    """Reasons not to show it."""
    warnings: tuple[str, ...]
    """What some or all users will not see as meant."""


def card_attachment(card: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``card`` as a message carries it."""
    return {"contentType": CARD, "content": card}


def inspect_card(card: object) -> Inspection:
    """Return what Teams would make of ``card``."""
    if not isinstance(card, Mapping):
        return Inspection(("the card is not an object",), ())
    root = cast("Mapping[str, Any]", card)
    nodes = list(_walk(root))
    problems = (*_head(root), *_types(nodes[1:]), *_inputs(nodes))
    return Inspection(problems, (*_overflow(nodes), *_newer(nodes)))


def _walk(value: object) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, Mapping):
        node = cast("Mapping[str, Any]", value)
        yield node
        for key, child in node.items():
            if key not in OPAQUE:
                yield from _walk(child)
    elif isinstance(value, Sequence) and not isinstance(value, str | bytes):
        for child in cast("Sequence[object]", value):
            yield from _walk(child)


def _list(value: object) -> list[object]:
    return cast("list[object]", value) if isinstance(value, list) else []


def _objects(value: object) -> list[Mapping[str, Any]]:
    return [
        cast("Mapping[str, Any]", each)
        for each in _list(value)
        if isinstance(each, Mapping)
    ]


def _head(root: Mapping[str, Any]) -> Iterator[str]:
    if root.get("type") != "AdaptiveCard":
        yield f"type is {root.get('type')!r}, not 'AdaptiveCard'"
    version = re.fullmatch(r"(\d+)\.(\d+)", str(root.get("version", "")))
    if not version:
        yield f"version {root.get('version')!r} is not like '1.5'"
    elif (int(version[1]), int(version[2])) > CARD_VERSION:
        yield f"version {root['version']} is newer than Teams' 1.5"
    for refresh in _objects([root.get("refresh")]):
        users = len(_list(refresh.get("userIds")))
        if users > REFRESH_USERS:
            yield f"refresh names {users} users; Teams takes {REFRESH_USERS}"


def _types(nodes: list[Mapping[str, Any]]) -> Iterator[str]:
    for node in nodes:
        kind = node.get("type")
        if isinstance(kind, str) and kind not in KNOWN and "fallback" not in node:
            yield f"{kind!r} is no element or action that Teams knows"
        if kind == "Action.Execute" and not isinstance(node.get("data", {}), Mapping):
            yield "the data of an Action.Execute is not an object"


def _inputs(nodes: list[Mapping[str, Any]]) -> Iterator[str]:
    seen: set[str] = set()
    for node in nodes:
        if node.get("type") not in INPUTS:
            continue
        name = node.get("id")
        if not isinstance(name, str) or not name:
            yield f"an {node['type']} has no id"
        elif name in seen:
            yield f"two inputs have the id {name!r}"
        else:
            seen.add(name)


def _overflow(nodes: list[Mapping[str, Any]]) -> Iterator[str]:
    for node in nodes:
        actions = _objects(node.get("actions"))
        shown = sum(action.get("mode") != "secondary" for action in actions)
        if shown > PRIMARY_ACTIONS:
            yield f"{shown} primary actions; Teams shows {PRIMARY_ACTIONS}"


def _newer(nodes: list[Mapping[str, Any]]) -> Iterator[str]:
    for node in nodes:
        if node.get("type") in NEWER and "fallback" not in node:
            yield f"{node['type']!r} has no fallback for older clients"
