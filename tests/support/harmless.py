"""Views with somebody's words in every place, and whether what is shown harms anybody."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from markdown_it import MarkdownIt

from bot.protocol.ids import ApprovalId, TurnId
from bot.protocol.values import CardData, Fact, Source
from bot.view.nodes import Account, ApprovalView, Entry, Step, TurnView

PLACES = (
    "headline",
    *("why", "done", "not done", "unknown", "reference", "note", "follows"),
    *("step", "agent", "detail"),
    "text",
    *("card", "card label", "card value", "card note"),
    *("card column", "card cell", "card step"),
    *("request", "request label", "request value", "status"),
    *("source", "notice", "footer"),
)
"""Where a view has words of somebody else."""


class Words(Protocol):
    """What is said in a place."""

    def __call__(self, place: str) -> str:
        """Return it."""
        ...


def everywhere(words: Words) -> TurnView:
    """Return a view with these words in every place."""
    approval = ApprovalView(
        approval_id=ApprovalId("a1"),
        args_hash="h1",
        title=words("request"),
        facts=(Fact(label=words("request label"), value=words("request value")),),
        status=words("status"),
        can_decide=True,
    )
    card = CardData(
        title=words("card"),
        facts=(Fact(label=words("card label"), value=words("card value")),),
        note=words("card note"),
        columns=(words("card column"),),
        rows=((words("card cell"),),),
        steps=(words("card step"),),
        link=words("card link"),
    )
    step = Step(
        id="s1",
        title=words("step"),
        status="failed",
        agent=words("agent"),
        detail=words("detail"),
    )
    account = Account(
        said=words("why"),
        did=(Entry(title=words("done"), reference=words("reference")),),
        did_not=(Entry(title=words("not done"), note=words("note")),),
        unknown=(Entry(title=words("unknown")),),
        follows=words("follows"),
    )
    return TurnView(
        headline=words("headline"),
        mood="running",
        account=account,
        steps=(step,),
        text=words("text"),
        cards=(card,),
        approvals=(approval,),
        sources=(Source(title=words("source"), ref="ref"),),
        notices=(words("notice"),),
        footer=words("footer"),
        stop_turn=TurnId("t1"),
        summary=words("headline"),
    )


def assert_harmless(body: Mapping[str, Any]) -> None:
    """Nobody is pinged by a message, and no link in it runs anything."""
    for node in nodes(body):
        kind = node.get("type")
        assert kind not in {"user", "usergroup", "broadcast", "mention"}, node
        if kind in {"mrkdwn", "markdown"}:
            assert not re.search(r"<[!@#]|<\s*javascript:", node["text"]), node
        if kind in {"markdown", "TextBlock"}:
            assert not [to for to in links(node["text"]) if "script" in to], node
        assert "script:" not in str(node.get("url", "")), node
    assert not re.search(r"<[!@#]", str(body.get("text", "")))


def links(markdown: str) -> Iterator[str]:
    parser = MarkdownIt("commonmark")
    parser.validateLink = lambda _: True  # pyright: ignore[reportAttributeAccessIssue] - as its documentation says
    for token in parser.parse(markdown):
        for inner in token.children or ():
            target = inner.attrs.get("href") or inner.attrs.get("src")
            if target:
                yield str(target).lower()


def nodes(value: object) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, Mapping):
        yield value
        for inner in value.values():  # pyright: ignore[reportUnknownVariableType] - JSON
            yield from nodes(inner)  # pyright: ignore[reportUnknownArgumentType] - JSON
    elif isinstance(value, list):
        for inner in value:  # pyright: ignore[reportUnknownVariableType] - JSON
            yield from nodes(inner)  # pyright: ignore[reportUnknownArgumentType] - JSON
