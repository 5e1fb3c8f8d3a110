"""Each size limit, at its edge and one above."""

from collections.abc import Callable
from typing import Any

import pytest

from adapters.simulator.slack.blocks import problems_of
from adapters.simulator.slack.calls import RefusedError
from adapters.simulator.slack.modals import check_view

Json = dict[str, Any]


def plain(length: int) -> Json:
    return {"type": "plain_text", "text": "x" * length}


def mrkdwn(length: int) -> Json:
    return {"type": "mrkdwn", "text": "x" * length}


def button(**more: object) -> Json:
    return {"type": "button", "text": plain(1), "action_id": "a"} | more


def actions(*elements: Json) -> Json:
    return {"type": "actions", "elements": list(elements)}


def section(**more: object) -> Json:
    return {"type": "section", "text": mrkdwn(1)} | more


def confirm(**more: object) -> Json:
    whole = {
        "title": plain(1),
        "text": plain(1),
        "confirm": plain(1),
        "deny": plain(1),
    }
    return actions(button(confirm=whole | more))


def select(options: int, text: int = 1, value: int = 1) -> Json:
    option = {"text": plain(text), "value": "v" * value}
    return actions(
        {"type": "static_select", "action_id": "s", "options": [option] * options}
    )


def buttons(count: int) -> Json:
    return actions(*(button(action_id=f"a{n}") for n in range(count)))


def plan(tasks: int) -> Json:
    task = {"type": "task_card", "title": "t", "status": "pending"}
    return {
        "type": "plan",
        "title": "p",
        "tasks": [task | {"task_id": str(n)} for n in range(tasks)],
    }


def table(rows: int, cells: int = 1) -> Json:
    return {
        "type": "table",
        "rows": [[{"type": "raw_text", "text": "x"}] * cells] * rows,
    }


LIMITS: dict[str, tuple[Callable[[int], Json], int, str]] = {
    "section text": (lambda n: section(text=mrkdwn(n)), 3000, "/0/text/text"),
    "section field": (
        lambda n: {"type": "section", "fields": [mrkdwn(n)]},
        2000,
        "/0/fields/0/text",
    ),
    "section fields": (
        lambda n: {"type": "section", "fields": [mrkdwn(1)] * n},
        10,
        "/0/fields",
    ),
    "header": (lambda n: {"type": "header", "text": plain(n)}, 150, "/0/text/text"),
    "context": (
        lambda n: {"type": "context", "elements": [mrkdwn(1)] * n},
        10,
        "/0/elements",
    ),
    "actions": (buttons, 25, "/0/elements"),
    "button text": (
        lambda n: actions(button(text=plain(n))),
        75,
        "/0/elements/0/text/text",
    ),
    "button value": (
        lambda n: actions(button(value="x" * n)),
        2000,
        "/0/elements/0/value",
    ),
    "action_id": (
        lambda n: actions(button(action_id="x" * n)),
        255,
        "/0/elements/0/action_id",
    ),
    "block_id": (lambda n: section(block_id="x" * n), 255, "/0/block_id"),
    "confirm title": (
        lambda n: confirm(title=plain(n)),
        100,
        "/0/elements/0/confirm/title/text",
    ),
    "confirm text": (
        lambda n: confirm(text=plain(n)),
        300,
        "/0/elements/0/confirm/text/text",
    ),
    "confirm button": (
        lambda n: confirm(deny=plain(n)),
        30,
        "/0/elements/0/confirm/deny/text",
    ),
    "options": (select, 100, "/0/elements/0/options"),
    "option text": (
        lambda n: select(1, text=n),
        75,
        "/0/elements/0/options/0/text/text",
    ),
    "option value": (
        lambda n: select(1, value=n),
        150,
        "/0/elements/0/options/0/value",
    ),
    "markdown": (
        lambda n: {"type": "markdown", "text": "x" * n},
        12000,
        "/0/text",
    ),
    "plan": (plan, 50, "/0/tasks"),
    "table rows": (table, 100, "/0/rows"),
    "table cells": (lambda n: table(1, n), 20, "/0/rows/0"),
}


@pytest.mark.parametrize("name", LIMITS)
def test_a_limit_holds_at_its_edge(name: str) -> None:
    make, limit, place = LIMITS[name]
    assert problems_of([make(limit)]) == []
    problems = problems_of([make(limit + 1)])
    assert any(f"[json-pointer:/blocks{place}]" in problem for problem in problems)


def test_fifty_blocks_and_no_more() -> None:
    assert problems_of([section()] * 50) == []
    assert problems_of([section()] * 51) == [
        "no more than 50 items allowed [json-pointer:/blocks]"
    ]


def test_markdown_is_counted_over_all_blocks() -> None:
    half = {"type": "markdown", "text": "x" * 6000}
    assert problems_of([half, half]) == []
    assert problems_of([half, half, {"type": "markdown", "text": "x"}])


def test_ids_are_unique() -> None:
    twice = [section(block_id="b"), section(block_id="b")]
    assert "already exists" in problems_of(twice)[0]
    assert "already exists" in problems_of([actions(button(), button())])[0]


@pytest.mark.parametrize(
    "block",
    [
        {"type": "sofa"},
        {},
        {"type": "section"},
        {"type": "section", "text": "words"},
        {"type": "header", "text": mrkdwn(1)},
        {"type": "actions", "elements": []},
        actions({"type": "lever"}),
        actions(button(style="loud")),
        actions(button(text=mrkdwn(1))),
        {"type": "image", "image_url": "https://x.test/i.png"},
        {"type": "rich_text", "elements": [{"type": "poem"}]},
        {"type": "task_card", "task_id": "1", "title": "t", "status": "lost"},
        {"type": "container", "child_blocks": [{"type": "container"}]},
        section(text=mrkdwn(0)),
    ],
)
def test_a_block_that_is_not_valid_is_named(block: Json) -> None:
    assert problems_of([block])


@pytest.mark.parametrize(
    "block",
    [
        {"type": "divider"},
        section(accessory=button()),
        {"type": "alert", "level": "warning", "text": mrkdwn(1)},
        {"type": "card", "title": mrkdwn(1), "actions": [button()]},
        {"type": "container", "child_blocks": [{"type": "divider"}]},
        {"type": "rich_text", "elements": [{"type": "rich_text_section"}]},
        {"type": "image", "image_url": "https://x.test/i.png", "alt_text": "i"},
    ],
)
def test_a_valid_block_is_accepted(block: Json) -> None:
    assert problems_of([block]) == []


INPUT: Json = {
    "type": "input",
    "block_id": "why",
    "label": plain(4),
    "element": {"type": "plain_text_input", "action_id": "text"},
}
VIEW: Json = {
    "type": "modal",
    "title": plain(24),
    "submit": plain(24),
    "close": plain(24),
    "private_metadata": "x" * 3000,
    "callback_id": "x" * 255,
    "blocks": [INPUT],
}


@pytest.mark.parametrize(
    "wrong",
    [
        {"title": plain(25)},
        {"submit": plain(25)},
        {"close": plain(25)},
        {"submit": None},
        {"private_metadata": "x" * 3001},
        {"callback_id": "x" * 256},
        {"type": "sheet"},
        {"blocks": [{"type": "divider"}] * 101},
        {"blocks": [{"type": "markdown", "text": "not in modals"}]},
        {"blocks": "none"},
    ],
)
def test_a_modal_that_is_not_valid_is_refused(wrong: Json) -> None:
    check_view(VIEW)
    with pytest.raises(RefusedError) as refused:
        check_view(VIEW | wrong)
    assert refused.value.error == "invalid_arguments"
    assert refused.value.messages


def test_a_modal_may_not_weigh_more_than_250_kb() -> None:
    heavy = [section(text=mrkdwn(3000))] * 90
    with pytest.raises(RefusedError) as refused:
        check_view(VIEW | {"blocks": heavy})
    assert refused.value.error == "view_too_large"
