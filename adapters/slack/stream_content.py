"""What a native stream shows of a view, and how it gets from one to the next. Pure.

A stream can only grow: a task's title and status may change, its details may come
once, text may come behind the text. So not every view can be streamed, and not every
view can follow another; what cannot is shown by closing the stream and editing.
While it streams, a message shows the headline (as the plan's title), the steps (as
tasks) and the text; cards, sources and buttons come with its end (`StreamContent.below`).

`with_stream` puts the content beside the blocks into a payload's body, under `KEY`.
"""

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Literal, TypeAlias, TypedDict, cast

from adapters.slack import escape, limits
from adapters.slack.blocks import Block
from adapters.slack.render import render
from bot.ports.surface import Payload
from bot.view.nodes import Step, StepStatus, TurnView

KEY = "stream"
_BREAK = re.compile(r"\n[ \t]*\n")

SafeText: TypeAlias = Callable[[str, bool], str]
"""Markdown as a model wrote it so far, and whether it is whole; returns what of it is
safe to show in a stream. What it once returned must stand at the beginning of all that
it returns for the same text grown longer."""

TaskStatus: TypeAlias = Literal["pending", "in_progress", "complete", "error"]

_STATUSES: Mapping[StepStatus, TaskStatus] = {
    "running": "in_progress",
    "waiting": "pending",
    "done": "complete",
    "failed": "error",
}
"""Steps of any other kind have no honest look as a task: they are not streamed."""


class StreamTask(TypedDict):
    """One step."""

    id: str
    title: str
    status: TaskStatus
    details: str


class StreamContent(TypedDict):
    """JSON of what a stream shows."""

    title: str
    tasks: list[StreamTask]
    text: str
    below: list[Block]
    """What stands below it once it has ended."""
    final: bool
    """Whether nothing more is expected."""
    turn: str
    """Which turn it shows, while that can be stopped."""


def with_stream(payload: Payload, view: TurnView, safe: SafeText) -> Payload:
    """Return ``payload`` with what a stream would show of ``view``, if one can."""
    content = content_of(view, safe)
    if content is None:
        return payload
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"))
    both = f"{payload.digest}{canonical}"
    return Payload(
        body={**payload.body, KEY: content},
        digest=hashlib.sha256(both.encode()).hexdigest(),
    )


def message_of(payload: Payload) -> Mapping[str, Any]:
    """Return the arguments of a post or an edit: all but the stream's content."""
    return {key: value for key, value in payload.body.items() if key != KEY}


def streamed(payload: Payload | None) -> StreamContent | None:
    """Return what a stream would show, if it can be streamed."""
    found: object = payload.body.get(KEY) if payload else None
    return cast("StreamContent | None", found)


def content_of(view: TurnView, safe: SafeText) -> StreamContent | None:
    """Return what a stream shows of ``view``; ``None``: it needs a whole message.

    Requests for a decision are never streamed, nor is an ending that has an account:
    it stands above the text. What waits outlives every stream.
    """
    if view.mood not in {"running", "done"} or view.account or view.approvals:
        return None
    if len(view.steps) > limits.STREAM_TASKS:
        return None
    tasks = [_task(step) for step in view.steps if step.status in _STATUSES]
    if len(tasks) < len(view.steps):
        return None
    final = view.mood == "done"
    if view.notices and not final:
        return None  # people are to see them now, and a stream shows them at its end
    content = StreamContent(
        title=_title(view),
        tasks=tasks,
        text=safe(view.text, final or not view.streaming),
        below=_below(view),
        final=final,
        turn=view.stop_turn or "",
    )
    return content if _size(content) <= limits.STREAM_CHARACTERS else None


def _title(view: TurnView) -> str:
    """Return the headline; a further page of an answer has none."""
    if view.text.strip() and not view.headline.strip():
        return ""
    return _line(view.headline or view.summary)


def _task(step: Step) -> StreamTask:
    said = [step.title, step.agent, _seconds(step.seconds)]
    return StreamTask(
        id=step.id,
        title=_line(" · ".join(part for part in said if part.strip())),
        status=_STATUSES[step.status],
        details=_line(step.detail) if step.detail.strip() else "",
    )


def _seconds(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds:.1f} s"


def _line(text: str) -> str:
    return escape.fit(escape.one_line(text), limits.TASK_TEXT).strip() or "…"


def _below(view: TurnView) -> list[Block]:
    rest = replace(view, steps=(), text="", account=None)
    return list(render(rest).body["blocks"])[1:]  # the title is the plan's


def _size(content: StreamContent) -> int:
    tasks = sum(len(t["title"]) + len(t["details"]) for t in content["tasks"])
    return len(content["title"]) + tasks + len(content["text"])


# --------------------------------------------------------------------- from, to


def follows(shown: StreamContent, content: StreamContent) -> bool:
    """Return whether a stream that shows ``shown`` can come to show ``content``."""
    if not content["text"].startswith(shown["text"]):
        return False
    if shown["title"] and not content["title"]:
        return False
    tasks = {task["id"]: task for task in content["tasks"]}
    known = [task["id"] for task in shown["tasks"]]
    if [each for each in tasks if each in known] != known:
        return False
    return all(
        task["details"] in {"", tasks[task["id"]]["details"]} for task in shown["tasks"]
    )


def growth(shown: StreamContent | None, content: StreamContent) -> list[Block]:
    """Return the chunks that lead from ``shown`` to ``content``, which follows it.

    Slack may set a task between the words before it and those behind it, so a new one
    comes where a paragraph ends, if any does.
    """
    chunks: list[Block] = []
    if content["title"] != (shown["title"] if shown else ""):
        chunks.append({"type": "plan_update", "title": content["title"]})
    known = {task["id"]: task for task in shown["tasks"]} if shown else {}
    tasks = [task for task in content["tasks"] if task != known.get(task["id"])]
    new = [_update(task, None) for task in tasks if task["id"] not in known]
    chunks += [_update(t, known[t["id"]]) for t in tasks if t["id"] in known]
    there = len(shown["text"]) if shown else 0
    cut = _paragraphs_end(content["text"], there) if new else there
    before, behind = content["text"][there:cut], content["text"][cut:]
    return [*chunks, *_words(before), *new, *_words(behind)]


def _words(text: str) -> list[Block]:
    return [{"type": "markdown_text", "text": text}] if text else []


def _paragraphs_end(text: str, there: int) -> int:
    """Return where a paragraph ends, at ``there`` or behind it; else the text's end."""
    ends = [there] if text[:there].rstrip(" ").endswith("\n\n") or not there else []
    ends += [found.end() for found in _BREAK.finditer(text, there)]
    whole = [end for end in ends if text[:end].count("```") % 2 == 0]
    return whole[0] if whole else len(text)


def _update(task: StreamTask, before: StreamTask | None) -> Block:
    chunk: Block = {
        "type": "task_update",
        "id": task["id"],
        "title": task["title"],
        "status": task["status"],
    }
    # Slack appends details: what it has is not sent again.
    if task["details"] and not (before and before["details"]):
        chunk["details"] = task["details"]
    return chunk


def rested(content: StreamContent) -> StreamContent:
    """Return ``content`` with no task in progress: at a stop, Slack calls them failed."""
    tasks: list[StreamTask] = [
        {**task, "status": "pending"} if task["status"] == "in_progress" else task
        for task in content["tasks"]
    ]
    return {**content, "tasks": tasks}
