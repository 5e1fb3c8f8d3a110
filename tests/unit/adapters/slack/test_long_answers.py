"""A long answer in Slack: all of it, on every page within the limits, waking nobody."""

import json
from collections.abc import Iterator
from typing import Any, cast

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from adapters.simulator.slack.blocks import problems_of
from adapters.slack import limits
from adapters.slack.escape import clean, markdown, stable_prefix
from adapters.slack.render import plain_message, render
from bot.ports.surface import Payload
from bot.view.nodes import TurnView
from bot.view.pages import normalized, pages_of
from tests.support.answers import letters, long_texts, plain_letters, seen_in
from tests.support.golden import assert_golden
from tests.support.long_views import LONG_ANSWERS, views_of

_patient = settings(deadline=None, max_examples=25)


def payloads(text: str, *, streaming: bool = False) -> list[Payload]:
    return [render(view) for view in views_of(text, streaming=streaming)]


def visible(payload: Payload) -> str:
    """What a reader sees of the text: Slack's own marks are taken away."""
    return "".join(_shown(payload.body["blocks"]))


def _shown(blocks: list[dict[str, Any]]) -> Iterator[str]:
    for block in blocks:
        match block:
            case {"type": "markdown", "text": text}:
                yield seen_in(text)
            case {"type": "rich_text", "elements": [{"elements": [words]}]}:
                yield letters(words["text"])
            case _:
                pass


def strings(node: object) -> Iterator[str]:
    match node:
        case str():
            yield node
        case dict():
            for value in cast("dict[str, object]", node).values():
                yield from strings(value)
        case list():
            for value in cast("list[object]", node):
                yield from strings(value)
        case _:
            pass


@_patient
@example("x" * 3_188 + " ~~~" + "x" * 412)
@example(("word " * 24 + "~~") * 24 + "and the rest of it")
@given(long_texts)
def test_what_is_to_be_read_in_the_end_is_the_whole_text(text: str):
    assume(plain_letters(text))
    shown = ""
    for page, payload in zip(pages_of(text), payloads(text), strict=True):
        shown += visible(payload).removeprefix(letters(page.repeats))
    assert shown == letters(normalized(text))


@_patient
@given(long_texts, st.data())
def test_a_finished_page_is_sent_once(text: str, data: st.DataObject):
    cut = data.draw(st.integers(0, len(text)))
    *finished, _ = payloads(text[:cut], streaming=True)
    assert payloads(text)[: len(finished)] == finished


@_patient
@given(long_texts, st.booleans())
def test_every_page_is_within_the_limits_and_wakes_nobody(text: str, streaming: bool):  # noqa: FBT001
    for payload in payloads(text, streaming=streaming):
        for body in (payload.body, plain_message(payload).body):
            assert not problems_of(body["blocks"])
            assert len(body["text"]) <= 4_000
            markdown_size = sum(
                len(b["text"]) for b in body["blocks"] if b["type"] == "markdown"
            )
            assert markdown_size <= limits.MARKDOWN
            for words in strings(body):
                assert not any(token in words for token in ("<!", "<@", "<#", "<h"))
        assert "shortened" not in json.dumps(payload.body)


@_patient
@given(long_texts, st.data())
def test_a_stream_is_only_ever_appended_to_and_ends_whole(
    text: str, data: st.DataObject
):
    text = clean(pages_of(text)[0].text)
    cuts = data.draw(st.lists(st.integers(0, len(text)), max_size=5).map(sorted))
    said = ""
    for cut in cuts:
        now = stable_prefix(text[:cut], finished=False)
        assert now.startswith(said)
        assert "<" not in now[len(said) :]
        said = now
    assert stable_prefix(text, finished=True) == markdown(text)
    assert markdown(text).startswith(said)


def test_a_page_without_its_blocks_still_has_all_its_words():
    for payload in payloads("A line of words, and some more.\n" * 200):
        plain = plain_message(payload).body["blocks"]
        words = "".join(letters(text) for text in strings(plain))
        assert visible(payload) in words


def test_a_further_page_has_no_headline():
    _, second, *_ = views_of("Words and words. " * 400)
    assert isinstance(second, TurnView)
    (only,) = render(second).body["blocks"]
    assert only["type"] == "markdown"


def test_long_answers_look_as_their_goldens_say():
    for name, text in LONG_ANSWERS.items():
        bodies = [payload.body for payload in payloads(text)]
        assert_golden(f"slack/long/{name}.json", bodies)
        half = [p.body for p in payloads(text[: len(text) * 2 // 3], streaming=True)]
        assert_golden(f"slack/long/{name}-half.json", half)
