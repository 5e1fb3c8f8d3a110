"""Say what is wrong with blocks, in Slack's words and with JSON pointers.

Slack reports every problem of a payload at once; so does `problems_of`.

Source: https://docs.slack.dev/reference/block-kit/blocks, and the page of each
element and composition object.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, TypeAlias, cast

from adapters.simulator.slack import limits
from adapters.simulator.slack.elements import (
    element_problems,
    known,
    length,
    short_list,
    text_problems,
)
from adapters.simulator.slack.people import Json

Problems: TypeAlias = Iterator[str]
_Check: TypeAlias = Callable[[Json, str], Problems]

MODAL_TYPES = frozenset(
    {
        "actions",
        "alert",
        "context",
        "divider",
        "header",
        "image",
        "input",
        "rich_text",
        "section",
        "video",
    }
)


def problems_of(
    blocks: Sequence[Json], *, at: str = "/blocks", modal: bool = False
) -> list[str]:
    """Return what Slack would report about ``blocks``; empty: nothing.

    Args:
        blocks: The blocks, parsed.
        at: JSON pointer of the list.
        modal: Whether they are a modal's: 100 instead of 50, fewer types.
    """
    limit = limits.MODAL_BLOCKS if modal else limits.MESSAGE_BLOCKS
    types = MODAL_TYPES if modal else frozenset(CHECKS)
    found = list(short_list(blocks, limit, at))
    for index, block in enumerate(blocks):
        found += _block_problems(block, f"{at}/{index}", types)
    found += _doubles(blocks, at)
    found += _too_much_markdown(blocks, at)
    return found


def _block_problems(block: Json, at: str, types: frozenset[str]) -> Problems:
    kind = block.get("type")
    if not isinstance(kind, str) or kind not in types:
        yield f"unsupported type: {kind} [json-pointer:{at}/type]"
        return
    if "block_id" in block:
        yield from length(block["block_id"], limits.BLOCK_ID, f"{at}/block_id")
    yield from CHECKS[kind](block, at)


def _doubles(blocks: Sequence[Json], at: str) -> Problems:
    ids = [(index, block.get("block_id")) for index, block in enumerate(blocks)]
    for index, block_id in ids:
        if block_id and any(other == block_id for _, other in ids[:index]):
            yield (
                f'`block_id` "{block_id}" already exists '
                f"[json-pointer:{at}/{index}/block_id]"
            )


def _too_much_markdown(blocks: Sequence[Json], at: str) -> Problems:
    total = sum(
        len(str(block.get("text", "")))
        for block in blocks
        if block.get("type") == "markdown"
    )
    if total > limits.MARKDOWN_TEXT:
        yield (
            f"markdown text must be less than {limits.MARKDOWN_TEXT + 1} characters "
            f"in total [json-pointer:{at}]"
        )


# --------------------------------------------------------------- one check a type


def _nothing(block: Json, at: str) -> Problems:
    del block, at
    yield from ()


def _section(block: Json, at: str) -> Problems:
    if "text" not in block and not block.get("fields"):
        yield f"must define either `text` or `fields` [json-pointer:{at}]"
    if "text" in block:
        yield from text_problems(block["text"], limits.SECTION_TEXT, f"{at}/text")
    fields = list_at(block, "fields")
    yield from short_list(fields, limits.SECTION_FIELDS, f"{at}/fields")
    for index, field in enumerate(fields):
        yield from text_problems(
            field, limits.SECTION_FIELD_TEXT, f"{at}/fields/{index}"
        )
    if "accessory" in block:
        yield from element_problems(block["accessory"], f"{at}/accessory")


def _header(block: Json, at: str) -> Problems:
    yield from text_problems(
        block.get("text"), limits.HEADER_TEXT, f"{at}/text", plain=True
    )


def _context(block: Json, at: str) -> Problems:
    elements = list_at(block, "elements")
    yield from filled(elements, limits.CONTEXT_ELEMENTS, f"{at}/elements")
    for index, element in enumerate(elements):
        here = f"{at}/elements/{index}"
        if element.get("type") == "image":
            yield from element_problems(element, here)
        else:
            yield from text_problems(element, limits.CONTEXT_TEXT, here)


def _actions(block: Json, at: str) -> Problems:
    yield from _elements(block, limits.ACTIONS_ELEMENTS, at)


def _context_actions(block: Json, at: str) -> Problems:
    yield from _elements(block, limits.CONTEXT_ACTIONS_ELEMENTS, at)


def _elements(block: Json, limit: int, at: str) -> Problems:
    elements = list_at(block, "elements")
    yield from filled(elements, limit, f"{at}/elements")
    for index, element in enumerate(elements):
        yield from element_problems(element, f"{at}/elements/{index}")
    counted = Counter(str(e["action_id"]) for e in elements if e.get("action_id"))
    for action_id, times in counted.items():
        if times > 1:
            yield f'`action_id` "{action_id}" already exists [json-pointer:{at}]'


def _image(block: Json, at: str) -> Problems:
    yield from element_problems(block, at)


def _input(block: Json, at: str) -> Problems:
    yield from text_problems(
        block.get("label"), limits.LABEL, f"{at}/label", plain=True
    )
    if "element" in block:
        yield from element_problems(block["element"], f"{at}/element")
    else:
        yield f"missing required field: element [json-pointer:{at}]"
    if "hint" in block:
        yield from text_problems(block["hint"], limits.LABEL, f"{at}/hint", plain=True)


def _rich_text(block: Json, at: str) -> Problems:
    allowed = frozenset(
        f"rich_text_{kind}" for kind in ("section", "list", "preformatted", "quote")
    )
    if "elements" not in block:
        yield f"missing required field: elements [json-pointer:{at}]"
    for index, element in enumerate(list_at(block, "elements")):
        yield from known(element, allowed, f"{at}/elements/{index}")


def _markdown(block: Json, at: str) -> Problems:
    yield from length(block.get("text"), limits.MARKDOWN_TEXT, f"{at}/text")


def _table(block: Json, at: str) -> Problems:
    rows = cast("list[Any]", block.get("rows") or [])
    yield from filled(rows, limits.TABLE_ROWS, f"{at}/rows")
    cells = frozenset({"raw_text", "raw_number", "rich_text"})
    for index, row in enumerate(rows):
        here = f"{at}/rows/{index}"
        if not isinstance(row, list):
            yield f"must be an array [json-pointer:{here}]"
            continue
        row_cells = cast("list[Any]", row)
        yield from filled(row_cells, limits.TABLE_CELLS, here)
        for column, cell in enumerate(row_cells):
            yield from known(cell, cells, f"{here}/{column}")


def _alert(block: Json, at: str) -> Problems:
    yield from text_problems(block.get("text"), limits.SECTION_TEXT, f"{at}/text")
    levels = {"default", "info", "warning", "error", "success"}
    if block.get("level", "default") not in levels:
        yield f"invalid value for level [json-pointer:{at}/level]"


def _task_card(block: Json, at: str) -> Problems:
    for name in ("task_id", "title"):
        if not block.get(name):
            yield f"missing required field: {name} [json-pointer:{at}]"
    if block.get("status") not in {"pending", "in_progress", "complete", "error"}:
        yield f"invalid value for status [json-pointer:{at}/status]"
    for name in ("details", "output"):
        if name in block:
            yield from known(block[name], frozenset({"rich_text"}), f"{at}/{name}")


def _plan(block: Json, at: str) -> Problems:
    tasks = list_at(block, "tasks")
    yield from short_list(tasks, limits.PLAN_TASKS, f"{at}/tasks")
    for index, task in enumerate(tasks):
        yield from _task_card(task, f"{at}/tasks/{index}")
    ids = [task.get("task_id") for task in tasks]
    if len(set(ids)) < len(ids):
        yield f"task_ids must be unique [json-pointer:{at}/tasks]"


def _card(block: Json, at: str) -> Problems:
    if not any(block.get(k) for k in ("hero_image", "title", "actions", "body")):
        yield f"must not be empty [json-pointer:{at}]"
    for name, limit in (
        ("title", limits.CARD_TITLE),
        ("subtitle", limits.CARD_TITLE),
        ("body", limits.CARD_BODY),
    ):
        if name in block:
            yield from text_problems(block[name], limit, f"{at}/{name}")
    for index, element in enumerate(list_at(block, "actions")):
        yield from element_problems(element, f"{at}/actions/{index}")


def _carousel(block: Json, at: str) -> Problems:
    cards = list_at(block, "elements")
    yield from filled(cards, limits.CAROUSEL_CARDS, f"{at}/elements")
    for index, card in enumerate(cards):
        yield from _card(card, f"{at}/elements/{index}")


def _container(block: Json, at: str) -> Problems:
    children = list_at(block, "child_blocks")
    here = f"{at}/child_blocks"
    yield from filled(children, limits.CONTAINER_BLOCKS, here)
    inside = frozenset(CHECKS) - {"container"}
    for index, child in enumerate(children):
        yield from _block_problems(child, f"{here}/{index}", inside)
    if "title" in block:
        yield from text_problems(
            block["title"], limits.CARD_TITLE, f"{at}/title", plain=True
        )


CHECKS: Mapping[str, _Check] = MappingProxyType(
    {
        "actions": _actions,
        "alert": _alert,
        "card": _card,
        "carousel": _carousel,
        "container": _container,
        "context": _context,
        "context_actions": _context_actions,
        "data_table": _nothing,
        "data_visualization": _nothing,
        "divider": _nothing,
        "file": _nothing,
        "header": _header,
        "image": _image,
        "input": _input,
        "markdown": _markdown,
        "plan": _plan,
        "rich_text": _rich_text,
        "section": _section,
        "table": _table,
        "task_card": _task_card,
        "video": _nothing,
    }
)


def list_at(block: Json, name: str) -> list[Json]:
    """Return the objects in a list, leaving out what is none."""
    value = block.get(name)
    if not isinstance(value, list):
        return []
    items = cast("list[Any]", value)
    return [cast("Json", item) for item in items if isinstance(item, dict)]


def filled(items: Sequence[object], limit: int, at: str) -> Problems:
    """Yield a problem unless there are 1 to ``limit`` items."""
    if not items:
        yield f"must have at least 1 items [json-pointer:{at}]"
    yield from short_list(items, limit, at)
