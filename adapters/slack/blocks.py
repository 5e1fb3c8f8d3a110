"""Block Kit's pieces, each within its own limits. Pure.

Everything that came from a model, a tool or a person passes through `escape` here.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Literal, TypeAlias

from adapters.slack import escape, limits, wording
from bot.protocol.values import Fact

Block: TypeAlias = dict[str, Any]
"""JSON of one block, element or text object."""


def mrkdwn(text: str) -> Block:
    """Return a text object for text already escaped; addresses in it stay text."""
    return {"type": "mrkdwn", "text": text or wording.EMPTY, "verbatim": True}


def plain(text: str, limit: int) -> Block:
    """Return a text object that shows raw ``text`` literally, on one line."""
    shown = escape.fit(escape.one_line(text), limit) or wording.EMPTY
    return {"type": "plain_text", "text": shown, "emoji": False}


def section(text: str) -> Block:
    """Return a paragraph of text already escaped and short enough."""
    return {"type": "section", "text": mrkdwn(text)}


def title(mark: str, text: str) -> Block:
    """Return a bold line of raw ``text`` behind an emoji."""
    room = limits.FIELD
    words = escape.fit(escape.one_line(text), room, escape=escape.mrkdwn)
    return section(f"{mark} {escape.bold(words or wording.EMPTY)}".strip())


def context(*texts: str) -> Block:
    """Return small print of texts already escaped and short enough."""
    return {"type": "context", "elements": [mrkdwn(text) for text in texts]}


def small(text: str) -> Block:
    """Return small print of raw ``text``."""
    words = escape.fit(escape.clean(text), limits.CONTEXT, escape=escape.mrkdwn)
    return context(words.strip())


def lines(entries: Iterable[str], limit: int, what: str) -> str:
    """Return escaped lines joined; those beyond ``limit`` characters are counted."""
    kept: list[str] = []
    room = limit - len(wording.more(10**6, what))
    entries = list(entries)
    for entry in entries:
        room -= len(entry) + 1
        if room < 0:
            kept.append(wording.more(len(entries) - len(kept), what))
            break
        kept.append(entry)
    return "\n".join(kept)


def literal(text: str) -> Block:
    """Return raw ``text`` as it is written: nothing in it is read as formatting."""
    words = {"type": "text", "text": escape.plain(text.strip())}
    return {
        "type": "rich_text",
        "elements": [{"type": "rich_text_section", "elements": [words]}],
    }


def portions(text: str, limit: int) -> Iterator[str]:
    """Yield ``text`` in parts of at most ``limit`` characters, of whole lines or words.

    No entity is torn apart: there is no space in one.
    """
    while len(text) > limit:
        half = limit // 2
        at = max(text.rfind("\n", half, limit), text.rfind(" ", half, limit))
        at = at + 1 if at > 0 else limit
        yield text[:at].rstrip()
        text = text[at:]
    if text.strip():
        yield text


def facts(given: Sequence[Fact], sections: int = 2) -> list[Block]:
    """Return at most so many sections of labelled values, label beside value.

    Values are ``plain_text``: nothing in them can look like another field.
    """
    per_section = limits.FIELDS // 2
    shown = list(given[: sections * per_section])
    if len(given) > len(shown):
        shown[-1] = Fact(
            label=wording.EMPTY,
            value=wording.more(len(given) - len(shown) + 1, "facts"),
        )
    return [
        {
            "type": "section",
            "fields": [
                field
                for fact in shown[start : start + per_section]
                for field in (_label(fact.label), plain(fact.value, limits.FIELD))
            ],
        }
        for start in range(0, len(shown), per_section)
    ]


def _label(text: str) -> Block:
    words = escape.fit(escape.one_line(text), limits.LABEL, escape=escape.mrkdwn)
    return mrkdwn(escape.bold(words or wording.EMPTY))


def button(
    label: str, *, action: str, value: str, style: Literal["", "primary"] = ""
) -> Block:
    """Return a button. ``value`` must be within `limits.BUTTON_VALUE`."""
    made: Block = {
        "type": "button",
        "action_id": action,
        "text": {"type": "plain_text", "text": label, "emoji": False},
        "value": value,
    }
    return {**made, "style": style} if style else made


def actions(block_id: str, *buttons: Block) -> Block:
    """Return a row of buttons."""
    return {"type": "actions", "block_id": block_id, "elements": list(buttons)}
