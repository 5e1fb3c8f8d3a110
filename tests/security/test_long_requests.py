"""A page of words from one person must not keep everybody else waiting."""

import time

import pytest

from adapters.simulator.stage import SAMPLE_COMPANY
from agents.models.acts import Wish
from agents.models.context import Context
from agents.models.understanding import understand
from agents.roster import roster_of
from agents.vocabulary import vocabulary_of
from bot.company.file import load_company
from bot.protocol.ids import PersonId

COMPANY = load_company(SAMPLE_COMPANY)
VOCABULARY = vocabulary_of(COMPANY, roster_of(COMPANY))


@pytest.mark.parametrize(
    "words", ["I need figma and ", "a figma seat, ", "not figma, read access but "]
)
def test_the_scripted_model_reads_what_slack_can_carry_in_a_moment(words: str) -> None:
    """40,000 characters; a thousand of them once took twenty seconds."""
    context = Context(
        vocabulary=VOCABULARY,
        requester=PersonId("maya.chen"),
        asked=(),
        answered="",
    )
    text = words * (40_000 // len(words))
    began = time.process_time()
    assert understand(text, context)
    assert time.process_time() - began < 10


def test_the_end_of_an_endless_sentence_is_read() -> None:
    context = Context(
        vocabulary=VOCABULARY,
        requester=PersonId("maya.chen"),
        asked=(),
        answered="",
    )
    acts = understand("well " * 200 + "I need a Figma editor seat", context)
    assert [act.thing for act in acts if isinstance(act, Wish)] == ["app/figma"]
