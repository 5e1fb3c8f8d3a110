"""A long answer in Teams: all of it, on every page within the limits, waking nobody."""

import json
from collections.abc import Iterator
from typing import cast

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from adapters.simulator.teams.cards import inspect_card
from adapters.teams import limits
from adapters.teams.elements import size_of
from adapters.teams.render import card_of, render
from bot.view.nodes import TurnView
from bot.view.pages import normalized, pages_of
from tests.support.answers import letters, long_texts, plain_letters
from tests.support.golden import assert_golden
from tests.support.long_views import LONG_ANSWERS, views_of

_patient = settings(deadline=None, max_examples=25)


def visible(view: TurnView) -> str:
    """The letters of a page; card Markdown's own marks are none."""
    return letters("".join(written(card_of(view)["body"])))


def written(node: object) -> Iterator[str]:
    match node:
        case {"type": "TextBlock" | "TextRun", "text": str() as text}:
            yield text
        case dict():
            for inner in cast("dict[str, object]", node).values():
                yield from written(inner)
        case list():
            for inner in cast("list[object]", node):
                yield from written(inner)
        case _:
            pass


def bare(view: TurnView) -> TurnView:
    """Return a page alone, without what stands around it on the first one."""
    return TurnView(headline="", mood="done", text=view.text, summary="-")


@_patient
@given(long_texts)
def test_what_is_to_be_read_in_the_end_is_the_whole_text(text: str):
    assume(plain_letters(text) and "![" not in text and "](" not in text)
    shown = ""
    for page, view in zip(pages_of(text), views_of(text), strict=True):
        if page.text.strip():
            shown += visible(bare(view)).removeprefix(letters(page.repeats))
    assert shown == letters(normalized(text))


@_patient
@given(long_texts, st.data())
def test_a_finished_page_is_sent_once(text: str, data: st.DataObject):
    cut = data.draw(st.integers(0, len(text)))
    *finished, _ = [render(view) for view in views_of(text[:cut], streaming=True)]
    assert [render(v) for v in views_of(text)][: len(finished)] == finished


@_patient
@given(long_texts, st.booleans())
def test_every_page_is_within_the_limits_and_wakes_nobody(text: str, streaming: bool):  # noqa: FBT001
    for view in views_of(text, streaming=streaming):
        body = render(view).body
        assert size_of(body) <= limits.MESSAGE_BYTES
        assert inspect_card(card_of(view)).problems == ()
        sent = json.dumps(body, ensure_ascii=False).lower()
        assert "<at" not in sent
        assert "</at" not in sent
        assert "{{DATE" not in "".join(written(body))
        assert "shortened:" not in sent


def test_a_further_page_has_no_headline():
    _, second, *_ = views_of("Words and words. " * 400)
    (only,) = card_of(second)["body"]
    assert only["text"].startswith("Words")


def test_long_answers_look_as_their_goldens_say():
    for name, text in LONG_ANSWERS.items():
        cards = [card_of(view) for view in views_of(text)]
        assert_golden(f"teams/long/{name}.json", cards)
        half = views_of(text[: len(text) * 2 // 3], streaming=True)
        assert_golden(f"teams/long/{name}-half.json", [card_of(v) for v in half])
