"""Results that people see as cards: what was given, ordered, opened, found, to be done.

Each returns a whole `ToolResult`: the card for people, and the same in words for the
model. Say in ``sentence`` what the person should be told.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from pydantic import JsonValue

from agents.tools.tool import Setting
from bot.ports.agent import ToolResult
from bot.protocol.values import CardData, Fact
from bot.view.address import https_address


def access_granted(
    setting: Setting,
    what: str,
    *,
    ends_at: datetime | None = None,
    reference: str = "",
    sentence: str = "",
    step: str = "",
) -> ToolResult:
    """Say that the requester has something now, and until when."""
    ends = f"{ends_at:%Y-%m-%d %H:%M} UTC" if ends_at else ""
    return card(
        "Access granted",
        {"Person": setting.person.name, "What": what, "Ends": ends},
        step=step or f"Gave {what}",
        status="granted",
        sentence=sentence or f"{what}: it is yours now.",
        reference=reference,
        good=True,
    )


def ordered(
    setting: Setting,
    what: str,
    *,
    reference: str,
    price: str = "",
    delivery: str = "",
    sentence: str = "",
    step: str = "",
) -> ToolResult:
    """Say that something is ordered for the requester."""
    return card(
        f"Ordered: {what}",
        {
            "Order": reference,
            "For": setting.person.name,
            "Price": price,
            "Delivery": delivery,
        },
        step=step or f"Ordered {what}",
        status="ordered",
        sentence=sentence or f"{what} is ordered, with the number {reference}.",
        reference=reference,
        good=True,
    )


def ticket(
    title: str,
    *,
    reference: str,
    queue: str = "",
    key: str = "",
    link: str = "",
    sentence: str = "",
) -> ToolResult:
    """Say that people will look into something.

    Args:
        title: What it is about, in a line.
        reference: Our record's number.
        queue: Who looks into it.
        key: What it is called where it is worked on, if that is elsewhere: people quote
            this one, so it is what the card is called, and our number stands below it.
        link: Its https address there. Any other is left out, and nothing fails: the
            ticket is open all the same.
        sentence: What happened, for the model and the person.
    """
    called = key or reference
    return card(
        f"Ticket {called}",
        {"About": title, "Queue": queue, "Reference": reference if key else ""},
        step=f"Opened ticket {called}",
        status="opened",
        sentence=sentence or f"Ticket {called} is open: {title}.",
        reference=called,
        link=link,
    )


def table(
    title: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    step: str,
    sentence: str = "",
) -> ToolResult:
    """Show rows of the same things, e.g. the rooms that are free."""
    shown = tuple(tuple(row) for row in rows)
    content: dict[str, JsonValue] = {
        "status": "found",
        "sentence": sentence,
        "rows": [dict(zip(columns, row, strict=False)) for row in shown],
    }
    return ToolResult(
        outcome="done",
        title=step,
        content=content,
        cards=(CardData(title=title, columns=tuple(columns), rows=shown),),
    )


def steps_to_follow(
    title: str, steps: Sequence[str], *, step: str, sentence: str = ""
) -> ToolResult:
    """Show what the person is to do, one after the other."""
    content: dict[str, JsonValue] = {
        "status": "found",
        "sentence": sentence,
        "steps": list(steps),
    }
    return ToolResult(
        outcome="done",
        title=step,
        content=content,
        cards=(CardData(title=title, steps=tuple(steps)),),
    )


def card(
    title: str,
    facts: Mapping[str, str],
    *,
    step: str,
    sentence: str,
    status: str = "done",
    note: str = "",
    reference: str = "",
    link: str = "",
    good: bool = False,
) -> ToolResult:
    """Return any card with labelled values; empty values are left out.

    Args:
        title: Its first line.
        facts: Label to value.
        step: How the step reads now.
        sentence: What happened, for the model and the person.
        status: One word for the model.
        note: Below the facts.
        reference: The record's number, for people to quote.
        link: The https address of more about it; any other is left out.
        good: Whether it is good news.
    """
    content: dict[str, JsonValue] = {"status": status, "sentence": sentence}
    if reference:
        content["reference"] = reference
    address = https_address(link)
    if address:
        content["link"] = address
    return ToolResult(
        outcome="done",
        title=step,
        content=content,
        cards=(
            CardData(
                title=title,
                facts=tuple(Fact(label=k, value=v) for k, v in facts.items() if v),
                note=note,
                tone="good" if good else "neutral",
                link=address,
            ),
        ),
        reference=reference,
    )
