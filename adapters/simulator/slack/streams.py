"""Messages that grow: what a stream holds, how it takes more, how it looks. Pure.

Source: https://docs.slack.dev/reference/methods/chat.startStream and its siblings;
what is undocumented (the whole message's size, its life of five minutes, what becomes
of open tasks) is as people who measured it report.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias, cast

from adapters.simulator.slack import limits
from adapters.simulator.slack.blocks import problems_of
from adapters.simulator.slack.calls import RefusedError
from adapters.simulator.slack.people import Json

Mode: TypeAlias = Literal["markdown_text", "chunks"]
Life: TypeAlias = Literal["open", "stopped", "stopped_by_user", "expired"]

TASK_STATUSES = frozenset({"pending", "in_progress", "complete", "error"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """Markdown, grown by every append that came next to it."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A task card."""

    id: str
    title: str
    status: str
    details: str = ""
    output: str = ""
    sources: tuple[Json, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """Blocks as they were sent."""

    blocks: tuple[Json, ...]


Part: TypeAlias = Text | Task | Drawn


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """What a message that grows has shown so far, oldest part first."""

    started: float
    """Monotonic seconds."""
    display: Literal["plan", "timeline"] = "timeline"
    mode: Mode | None = None
    """Decided by the first content."""
    title: str = ""
    """Of the plan."""
    parts: tuple[Part, ...] = ()
    below: tuple[Json, ...] = ()
    """Blocks that came with the stop."""
    life: Life = "open"

    @property
    def tasks(self) -> tuple[Task, ...]:
        """The task cards, oldest first."""
        return tuple(part for part in self.parts if isinstance(part, Task))

    @property
    def text(self) -> str:
        """All Markdown of it."""
        return "".join(part.text for part in self.parts if isinstance(part, Text))

    @property
    def size(self) -> int:
        """Characters of text and cards."""
        return len(self.title) + sum(_size(part) for part in self.parts)

    def ended(self, life: Life) -> "Stream":
        """Return the stream after its end: a task still in progress has failed."""
        parts = tuple(
            replace(part, status="error")
            if isinstance(part, Task) and part.status == "in_progress"
            else part
            for part in self.parts
        )
        return replace(self, life=life, parts=parts)

    def blocks(self) -> list[Json]:
        """Return how it looks: one plan, or cards between the text."""
        shown: list[Json] = []
        if self.display == "plan" and (self.title or self.tasks):
            tasks = [_card(task) for task in self.tasks]
            shown.append({"type": "plan", "title": self.title, "tasks": tasks})
        for part in self.parts:
            match part:
                case Text(text=text):
                    shown.append({"type": "markdown", "text": text})
                case Task() if self.display == "timeline":
                    shown.append(_card(part))
                case Task():
                    pass  # in the plan
                case Drawn(blocks=blocks):
                    shown += blocks
        shown += self.below
        return [{"block_id": f"s{n}", **block} for n, block in enumerate(shown, 1)]


def grown(stream: Stream, mode: Mode, chunks: Sequence[Json]) -> Stream:
    """Return the stream after ``chunks``; nothing of them counts if one is refused.

    Raises:
        RefusedError: ``streaming_mode_mismatch``, ``invalid_chunks``,
            ``msg_too_long`` …
    """
    if stream.mode not in {None, mode}:
        raise RefusedError("streaming_mode_mismatch")
    after = replace(stream, mode=mode)
    for index, chunk in enumerate(chunks):
        after = _taken(after, chunk, f"/chunks/{index}")
    if after.size > limits.STREAM_TEXT:
        raise RefusedError("msg_too_long")
    return after


def _taken(stream: Stream, chunk: Json, at: str) -> Stream:
    match chunk.get("type"):
        case "markdown_text":
            return _with_text(stream, _words(chunk, "text", at, limits.MARKDOWN_TEXT))
        case "task_update":
            return _with_task(stream, chunk, at)
        case "plan_update":
            return replace(stream, title=_words(chunk, "title", at, limits.TASK_TEXT))
        case "blocks":
            return _with_blocks(stream, chunk, at)
        case other:
            raise _wrong(f"unsupported type: {other} [json-pointer:{at}/type]")


def _with_text(stream: Stream, text: str) -> Stream:
    *before, last = stream.parts or (None,)
    if isinstance(last, Text):
        parts = cast("tuple[Part, ...]", (*before, Text(text=last.text + text)))
        return replace(stream, parts=parts)
    return replace(stream, parts=(*stream.parts, Text(text=text)))


def _with_task(stream: Stream, chunk: Json, at: str) -> Stream:
    known = next((t for t in stream.tasks if t.id == chunk.get("id")), None)
    status = chunk.get("status", known.status if known else "pending")
    if status not in TASK_STATUSES:
        raise _wrong(f"invalid value for status [json-pointer:{at}/status]")
    title = chunk.get("title", known.title if known else None)
    task = Task(
        id=_words(chunk, "id", at, limits.TASK_TEXT),
        title=_words({"title": title}, "title", at, limits.TASK_TEXT),
        status=str(status),
        # Appended, without anything between, whoever is surprised by it.
        details=(known.details if known else "") + _optional(chunk, "details", at),
        output=(known.output if known else "") + _optional(chunk, "output", at),
        sources=(
            *(known.sources if known else ()),
            *cast("list[Json]", chunk.get("sources") or []),
        ),
    )
    if known is None:
        if len(stream.tasks) >= limits.PLAN_TASKS:
            raise _wrong(f"no more than {limits.PLAN_TASKS} tasks [json-pointer:{at}]")
        return replace(stream, parts=(*stream.parts, task))
    parts = tuple(task if part is known else part for part in stream.parts)
    return replace(stream, parts=parts)


def _with_blocks(stream: Stream, chunk: Json, at: str) -> Stream:
    sent: Any = chunk.get("blocks")
    if not isinstance(sent, list):
        raise _wrong(f"missing required field: blocks [json-pointer:{at}]")
    blocks = cast("list[Json]", sent)
    if any(block.get("type") == "file" for block in blocks):
        raise RefusedError("internal_error")
    kept = blocks[: limits.MESSAGE_BLOCKS]  # the rest is dropped, with a warning
    if problems := problems_of(kept, at=f"{at}/blocks"):
        raise RefusedError("invalid_blocks", messages=problems)
    return replace(stream, parts=(*stream.parts, Drawn(blocks=tuple(kept))))


def dropped(chunks: Iterable[Json]) -> int:
    """Return how many blocks of ``chunks`` are more than Slack takes at once."""
    return sum(
        max(0, len(cast("list[Json]", chunk["blocks"])) - limits.MESSAGE_BLOCKS)
        for chunk in chunks
        if chunk.get("type") == "blocks"
    )


def _optional(chunk: Json, name: str, at: str) -> str:
    return _words(chunk, name, at, limits.TASK_TEXT) if chunk.get(name) else ""


def _words(chunk: Json, name: str, at: str, limit: int) -> str:
    value = chunk.get(name)
    if not isinstance(value, str) or not value:
        raise _wrong(f"missing required field: {name} [json-pointer:{at}]")
    if len(value) > limit:
        raise _wrong(
            f"must be less than {limit + 1} characters [json-pointer:{at}/{name}]"
        )
    return value


def _wrong(message: str) -> RefusedError:
    return RefusedError("invalid_chunks", messages=[message])


def _size(part: Part) -> int:
    match part:
        case Text(text=text):
            return len(text)
        case Task():
            return len(part.title) + len(part.details) + len(part.output)
        case Drawn(blocks=blocks):
            return sum(len(words) for block in blocks for words in _texts(block))


def _texts(node: object) -> Iterable[str]:
    match node:
        case {"text": str() as text}:
            yield text
        case dict():
            for inner in cast("Json", node).values():
                yield from _texts(inner)
        case list():
            for inner in cast("list[Any]", node):
                yield from _texts(inner)
        case _:
            return


def _card(task: Task) -> Json:
    card: Json = {
        "type": "task_card",
        "task_id": task.id,
        "title": task.title,
        "status": task.status,
    }
    if task.details:
        card["details"] = _rich(task.details)
    if task.output:
        card["output"] = _rich(task.output)
    if task.sources:
        card["sources"] = list(task.sources)
    return card


def _rich(text: str) -> Json:
    section = {
        "type": "rich_text_section",
        "elements": [{"type": "text", "text": text}],
    }
    return {"type": "rich_text", "elements": [section]}
