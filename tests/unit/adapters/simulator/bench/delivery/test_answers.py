"""What a message shows of an answer can be told from the message alone."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.simulator.bench.delivery.answers import (
    Part,
    Sight,
    answer_of,
    parts_in,
)
from adapters.simulator.bench.pacing.traces import Trace, at_once, trace

ANSWER = answer_of(at_once(1, 1)[0])
BARE = "".join(ANSWER.text.split())


def seen(*texts: str) -> int:
    return ANSWER.seen([Sight(parts_in(text)) for text in texts])


def test_an_answer_is_said_in_tokens_of_the_traces_lengths():
    for turn in at_once(20, 3):
        answer = answer_of(turn)
        assert len(answer.tokens) == len(turn.said)
        assert [len(token) for token in answer.tokens[:-1]] == [
            after - before
            for (_, before), (_, after) in zip(
                [(0.0, 0), *turn.said], turn.said[:-1], strict=False
            )
        ]
        assert not answer.text.endswith(" ")
        assert len(set(answer.text.split())) == len(answer.text.split())
        assert answer.sizes()[-1] == answer.size


def test_an_answer_that_would_repeat_a_word_is_refused():
    long = trace("t", 0.0, Random(1), pace=3)
    with pytest.raises(ValueError, match="too many"):
        answer_of(long)


@given(cut=st.integers(min_value=4, max_value=len(ANSWER.text)))
def test_a_message_shows_what_of_the_answer_stands_in_it(cut: int):
    said = ANSWER.text[:cut]
    shown = f"⏳ Working on it\nLook it up · 2.0 s {said}…\nStop"
    assert seen(shown) == len("".join(said.split()))


@given(
    cut=st.integers(min_value=4, max_value=len(ANSWER.text) - 10),
    again=st.integers(min_value=0, max_value=100),
)
def test_messages_show_an_answer_together(cut: int, again: int):
    # Pages are cut between words.
    words = ANSWER.text.split(" ")
    page = len(ANSWER.text[:cut].split(" "))
    first, second = " ".join(words[:page]), " ".join(words[max(0, page - again) :])
    assert seen(first, second) == seen(second, first) == ANSWER.size
    if page > 1:
        assert seen(" ".join(words[page:])) == 0


def test_words_that_are_mixed_up_are_not_in_order():
    one, two, three = ANSWER.text.split(" ")[:3]
    assert parts_in(f"{one} {two}", three) == (Part(0, 12),)
    for mixed in ([one, three], [two, one], [one, one], [f"{one} {two}", one]):
        assert not Sight(parts_in(*mixed)).in_order
    assert Sight(parts_in("nothing of it")).in_order


def test_what_only_looks_like_the_next_word_is_not_shown():
    assert seen(f"{BARE[:8]}z") == 9
    assert seen(f"{BARE[:8]}zz") == 9
    assert seen(f"{BARE[:8]}zu") == 9
    assert seen(f"{BARE[:8]}Stop") == 8


def test_spaces_count_for_nobody():
    turn = Trace(name="t", start=0.0, steps=(0.0,), said=((0.0, 4), (1.0, 5), (2.0, 9)))
    answer = answer_of(turn)
    assert answer.tokens == (ANSWER.text[:4], " ", ANSWER.text[5:9])
    assert answer.sizes() == [4, 4, 8]
