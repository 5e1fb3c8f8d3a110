"""Words that people and models wrote, on every platform: shown whole, and harmless."""

from dataclasses import replace

import pytest

from bot.ports.surface import Receipt
from bot.protocol.ids import SurfaceId
from bot.protocol.inbound import Address
from bot.view.nodes import TurnView
from tests.support.harmless import PLACES, assert_harmless, everywhere
from tests.support.platforms import Venue

SURFACE = SurfaceId("5e9f7b52-0000-4000-8000-000000000001")
HELLO = TurnView(headline="Working on it", mood="running")


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
