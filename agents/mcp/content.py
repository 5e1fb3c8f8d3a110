"""A tool's answer as a result: text, data, pictures and resources, cut and marked. Pure.

Whatever a server returns is data. It is marked as such for the model, cut to a size
that a model can read, and what a model cannot read (pictures, sound, files) is named
instead.
"""

import json

from mcp_types import (
    AudioContent,
    CallToolResult,
    ContentBlock,
    EmbeddedResource,
    ImageContent,
    ResourceLink,
    TextContent,
    TextResourceContents,
)
from pydantic import JsonValue

from agents.mcp import sentences
from agents.tools.sentences import upper_first
from agents.tools.tool import MAX_TITLE
from bot.ports.agent import ToolResult
from bot.protocol.values import CardData, Fact

MOST_CHARS = 20_000
"""Of an answer, for the model."""
MOST_SHOWN = 1_500
"""Of an answer's text, in what is said without a model."""
_ON_A_CARD = 300
_MOST_LEFT_OUT = 20
_MOST_COLUMNS = 6
_MOST_ROWS = 20
_IN_A_CELL = 60


def result_of(
    answer: CallToolResult, *, shown: str, step: str, carded: bool
) -> ToolResult:
    """Return what a tool's answer means.

    Args:
        answer: As the server sent it.
        shown: The tool's name for people.
        step: What was to be done, in words.
        carded: Whether people see it as a card, too.
    """
    texts = [text for block in answer.content if (text := _text_of(block))]
    left_out = [name for block in answer.content if (name := _left_out(block))]
    text, data = "\n\n".join(texts), answer.structured_content
    if data is not None and _is_same(text, data):
        text = ""
    content: dict[str, JsonValue] = {
        "status": "error" if answer.is_error else "done",
        "note": sentences.AS_DATA.format(tool=shown),
    }
    content |= _cut(text, data)
    if left_out:
        content["left_out"] = [*left_out[:_MOST_LEFT_OUT]]
    said = _brief(text or _flat(data), MOST_SHOWN)
    if answer.is_error:
        content["sentence"] = sentences.went_wrong(step, shown, said)
        title = _short(f"{step}: did not work")
        return ToolResult(outcome="failed", title=title, content=content)
    content["sentence"] = sentences.answered(step, shown, said)
    return ToolResult(
        outcome="done",
        title=_short(step),
        content=content,
        cards=(_card(step, shown, said, data),) if carded else (),
    )


def _card(step: str, shown: str, said: str, data: JsonValue) -> CardData:
    facts = [Fact(label="System", value=shown)]
    if entries := _entries_of(data):
        keys = [*entries[0]][:_MOST_COLUMNS]
        return CardData(
            title=_short(step),
            facts=tuple(facts),
            columns=tuple(_head(key) for key in keys),
            rows=tuple(
                tuple(_brief(_flat(entry.get(key)), _IN_A_CELL) for key in keys)
                for entry in entries[:_MOST_ROWS]
            ),
            note=sentences.more_rows(len(entries) - _MOST_ROWS),
            tone="good",
        )
    if said:
        facts.append(Fact(label="Answer", value=_brief(said, _ON_A_CARD)))
    return CardData(title=_short(step), facts=tuple(facts), tone="good")


def _entries_of(data: JsonValue) -> list[dict[str, JsonValue]]:
    """Return the entries of a list of objects, alone or as an object's only value."""
    found = data
    if isinstance(data, dict) and len(data) == 1:
        found = next(iter(data.values()))
    entries = found if isinstance(found, list) else []
    objects = [entry for entry in entries if isinstance(entry, dict) and entry]
    return objects if len(objects) == len(entries) else []


def _head(key: str) -> str:
    return _brief(upper_first(key.replace("_", " ")), _IN_A_CELL)


def _text_of(block: ContentBlock) -> str:
    match block:
        case TextContent(text=text):
            return text.strip()
        case EmbeddedResource(resource=TextResourceContents(uri=uri, text=text)):
            return f"[{uri}]\n{text.strip()}"
        case _:
            return ""


def _left_out(block: ContentBlock) -> str:
    match block:
        case ImageContent(mime_type=kind, data=data):
            return f"a picture ({kind}, {_size(data)})"
        case AudioContent(mime_type=kind, data=data):
            return f"a recording ({kind}, {_size(data)})"
        case ResourceLink(uri=uri, name=name):
            return f"a link to {name[:80]!r} ({str(uri)[:200]})"
        case EmbeddedResource(resource=resource) if not isinstance(
            resource, TextResourceContents
        ):
            return f"a file ({resource.mime_type or 'unknown'}, {_size(resource.blob)})"
        case _:
            return ""


def _size(base64: str) -> str:
    return f"{len(base64) * 3 // 4 // 1024 + 1} kB"


def _is_same(text: str, data: JsonValue) -> bool:
    """Return whether the text only repeats the data, as servers do for old clients."""
    try:
        said: JsonValue = json.loads(text)
    except ValueError:
        return isinstance(data, dict) and list(data.values()) == [text]
    return said == data or (isinstance(data, dict) and [*data.values()] == [said])


def _cut(text: str, data: JsonValue) -> dict[str, JsonValue]:
    """Return text and data, together no longer than a model is given."""
    found: dict[str, JsonValue] = {}
    room = MOST_CHARS
    if data is not None:
        written = json.dumps(data, ensure_ascii=False)
        found["data"] = data if len(written) <= room else written[:room]
        room = max(0, room - len(written))
        if len(written) > MOST_CHARS:
            found["cut"] = f"{len(written)} characters of data, the first are here"
    if text and room:
        found["text"] = text[:room]
    if len(text) > room:
        found["cut"] = f"{len(text)} characters of text, the first {room} are here"
    return found


def _flat(data: JsonValue) -> str:
    """Return data in words: one short line for each entry of an object."""
    if isinstance(data, dict):
        if len(data) == 1:
            return _flat(next(iter(data.values())))
        return ", ".join(f"{key}: {_flat(value)}" for key, value in data.items())
    if data is None or isinstance(data, str):
        return data or ""
    return json.dumps(data, ensure_ascii=False)


def _brief(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _short(text: str) -> str:
    return _brief(text, MAX_TITLE)
