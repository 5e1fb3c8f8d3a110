"""What is known, and what is guessed, of requests that broke off."""

from bot.engine.metering import Meter
from bot.ports.agent import (
    CallGrows,
    CallReady,
    Counted,
    Part,
    Replied,
    TextDelta,
    ThoughtDelta,
)
from bot.protocol.ids import CallId
from bot.protocol.values import Lost, Usage

ASKED = Usage(input_tokens=100, output_tokens=1)
BEGUN = Counted(model="m", usage=ASKED, begins=True)
DONE = Counted(model="m", usage=Usage(input_tokens=100, output_tokens=40))
CALL = CallId("c1")


def lost(*parts: Part) -> list[tuple[int, bool]]:
    """Return how much was written of each that broke off, and whether that is a guess."""
    meter = Meter()
    for part in parts:
        meter.hear(part)
    found = meter.take()
    assert meter.take() == (), "nothing is lost twice"
    return [(one.usage.output_tokens, one.estimated) for one in found]


def test_a_request_that_broke_off_before_a_word_took_its_question():
    meter = Meter()
    meter.hear(BEGUN)
    assert meter.take() == (Lost(model="m", usage=ASKED),)


def test_what_was_written_until_then_is_guessed():
    thought, said = ThoughtDelta("Hm, well. "), TextDelta("abcdefghijk")
    assert lost(BEGUN, thought, said) == [(1 + 7, True)]


def test_arguments_count_whether_they_were_complete_or_not():
    grows = CallGrows(call_id=CALL, name="n", arguments={"a": "bcdefghij"})
    more = CallGrows(call_id=CALL, name="n", arguments={"a": "bcdefghij", "b": 1})
    whole = CallReady(call_id=CALL, name="n", arguments=more.arguments)
    [growing], [ready] = lost(BEGUN, grows, more), lost(BEGUN, grows, more, whole)
    assert growing == ready == (1 + 9, True)


def test_what_the_model_says_at_the_end_is_no_guess():
    assert lost(BEGUN, TextDelta("a" * 999), DONE) == [(40, False)]


def test_a_request_after_another_means_that_the_first_broke_off():
    assert lost(BEGUN, BEGUN, TextDelta("abc")) == [(1, False), (2, True)]


def test_a_reply_is_not_lost():
    assert not lost(BEGUN, DONE, Replied(blocks=(), stop_reason="end_turn"))


def test_of_what_nobody_counts_nothing_is_lost():
    assert not lost(TextDelta("the scripted model costs nothing"))
