"""Words that people and models wrote, on every platform: shown whole, and harmless."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Protocol

import pytest
from markdown_it import MarkdownIt

from bot.ports.surface import Receipt
from bot.protocol.ids import ApprovalId, SurfaceId, TurnId
from bot.protocol.inbound import Address
from bot.protocol.values import CardData, Fact, Source
from bot.view.nodes import Account, ApprovalView, Entry, Step, TurnView
from tests.support.platforms import Venue

SURFACE = SurfaceId("5e9f7b52-0000-4000-8000-000000000001")
HELLO = TurnView(headline="Working on it", mood="running")


PLACES = (
    "headline",
    *("why", "done", "not done", "unknown", "reference", "note", "follows"),
    *("step", "agent", "detail"),
    "text",
    *("card", "card label", "card value", "card note"),
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


async def post(venue: Venue, to: Address, view: TurnView) -> Receipt:
    payload = venue.platform.render(view)
    return await venue.platform.post(to, payload, surface=SURFACE)


async def test_everything_that_a_view_says_is_shown(venue: Venue, to: Address) -> None:
    await post(venue, to, everywhere(lambda place: f"words of {place}"))
    [shown] = venue.shown()
    for place in PLACES:
        assert f"words of {place}" in shown.words, place


HOSTILE = (
    *("<!channel>", "<!here|here>", "<@U0ADA>", "<#C1>", "<!subteam^S1>"),
    *("<at>Ada Byron</at>", "&lt;!channel&gt;", "`<!channel>`", "\\<!channel>"),
    *("[x](javascript:alert(1))", "<javascript:alert(1)|x>", "<javascript:alert(1)>"),
    *("![x](javascript:alert(1))", "[x]: javascript:alert(1)\n\n[x]"),
    *("{{DATE()}}", "${x}", '"}]}', "</script><script>alert(1)</script>"),
    *("\x00\x07\x1b[31m", "\u202eevil\u2066", "\ud800", "\r\n\r\n", "```\n<!channel>"),
)
LONG = {
    "words": "word " * 12_000,
    "letters": "x" * 60_000,
    "emoji": "😀" * 60_000,
    "lines": "\n" * 60_000,
    "backticks": "`" * 60_000,
    "stars": "*a" * 30_000,
    "brackets": "[" * 60_000,
    "mentions": "<!channel>" * 6_000,
    "escapes": "&<>" * 20_000,
}


@pytest.mark.parametrize("said", HOSTILE, ids=ascii)
async def test_hostile_words_are_only_words(
    venue: Venue, to: Address, said: str
) -> None:
    view = everywhere(lambda place: f"{place} {said} end of {place}")
    receipt = await post(venue, to, view)
    [posted] = venue.shown()
    assert_harmless(posted.body)
    assert "end of headline" in posted.words
    assert "end of text" in posted.words
    await venue.platform.edit(
        receipt, venue.platform.render(replace(view, mood="done"))
    )
    [edited] = venue.shown()
    assert_harmless(edited.body)


@pytest.mark.parametrize("said", LONG.values(), ids=LONG.keys())
async def test_what_is_far_too_long_is_shown_all_the_same(
    venue: Venue, to: Address, said: str
) -> None:
    for view in (
        replace(HELLO, text=f"words {said}"),
        everywhere(lambda place: f"{place} {said}"),
    ):
        receipt = await post(venue, to, view)
        await venue.platform.edit(
            receipt, venue.platform.render(replace(view, mood="done"))
        )
        [shown] = venue.shown()
        assert_harmless(shown.body)
        venue.delete(receipt.message_id)
        assert not venue.shown()


async def test_what_does_not_fit_is_shortened_and_says_so(
    venue: Venue, to: Address
) -> None:
    text = "\n\n".join(f"Paragraph {n} has some words." for n in range(3_000))
    await post(venue, to, replace(HELLO, text=text))
    words = venue.shown()[0].words
    assert "Paragraph 0 has" in words
    assert "Paragraph 2999 has" not in words
    assert "shortened" in words.lower()


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
