"""A long turn's transcript: within its budget, and still one that a model accepts."""

import json
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from bot.engine.shortening import (
    KEPT_MESSAGES,
    SHORTENED,
    TURN_TOKENS,
    brief_of,
    shortened,
    tokens_of,
)
from bot.ports.agent import Message, ToolAnswer
from bot.protocol.ids import CallId
from bot.protocol.values import CallBlock, TextBlock


def said(text: str = "please", *answers: ToolAnswer) -> Message:
    blocks = (TextBlock(text=text),) if text else ()
    return Message(role="user", blocks=blocks, answers=answers)


def exchange(n: int, *lengths: int) -> tuple[Message, Message]:
    """Return a reply with a call for each length, and results as long as that."""
    ids = [CallId(f"f1-{n}-{k}") for k in range(len(lengths))]
    calls = [CallBlock(call_id=c, name="look", arguments={"at": "x"}) for c in ids]
    answers = [
        ToolAnswer(call_id=c, content={"text": "y" * length, "reference": f"IT-{n}"})
        for c, length in zip(ids, lengths, strict=True)
    ]
    reply = Message(role="assistant", blocks=(TextBlock(text="So:"), *calls))
    return reply, said("", *answers)


def turn(*exchanges: tuple[int, ...]) -> list[Message]:
    found = [said()]
    for n, lengths in enumerate(exchanges):
        found += exchange(n, *lengths)
    return found


LONG = 30_000


def test_a_short_turn_is_sent_as_it_is() -> None:
    messages = turn((100,), (200, 300))
    assert shortened(messages) == tuple(messages)


def test_the_oldest_results_of_a_long_one_are_shortened_in_their_shape() -> None:
    sent = shortened(turn(*[(LONG,)] * 8))
    [oldest] = sent[2].answers
    assert isinstance(oldest.content, dict)
    assert oldest.content["reference"] == "IT-0"
    assert oldest.content[SHORTENED] is True
    assert sent[-KEPT_MESSAGES:] == tuple(turn(*[(LONG,)] * 8)[-KEPT_MESSAGES:])


def test_what_was_sent_is_sent_again_as_it_was_most_of_the_time() -> None:
    """Or the model's cache would never have anything of a long turn."""
    messages = turn(*[(LONG // 4,)] * 60)
    ends = [shortened(messages[:end]) for end in range(1, len(messages) + 1, 2)]
    changed = [earlier != later[: len(earlier)] for earlier, later in pairwise(ends)]
    assert 0 < sum(changed) < len(changed) / 6


transcripts = st.lists(
    st.lists(st.integers(0, LONG), max_size=3).map(tuple), max_size=25
).map(lambda exchanges: turn(*exchanges))


@given(transcripts)
def test_any_turn_is_within_the_budget_or_its_last_exchange_is_not(
    messages: list[Message],
) -> None:
    sent = shortened(messages)
    last = sum(map(tokens_of, messages[-KEPT_MESSAGES:]))
    shortest = 200 * sum(len(message.answers) + 1 for message in messages)
    assert sum(map(tokens_of, sent)) <= max(TURN_TOKENS, last + shortest)


@given(transcripts)
def test_calls_keep_their_results_and_the_requester_every_word(
    messages: list[Message],
) -> None:
    sent = shortened(messages)
    for before, after in zip(messages, sent, strict=True):
        assert after.role == before.role
        assert [a.call_id for a in after.answers] == [a.call_id for a in before.answers]
        calls = [b.call_id for b in before.blocks if isinstance(b, CallBlock)]
        assert calls == [b.call_id for b in after.blocks if isinstance(b, CallBlock)]
        if before.role == "user":
            assert after.blocks == before.blocks


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=600),
    lambda inner: (
        st.lists(inner, max_size=20) | st.dictionaries(st.text(), inner, max_size=20)
    ),
)


@given(json_values)
def test_a_brief_result_is_brief_and_is_json(content: object) -> None:
    brief = brief_of(content)  # pyright: ignore[reportArgumentType] - drawn as JSON
    assert len(json.dumps(brief, ensure_ascii=False)) <= 12 * 300
    json.dumps(brief)
