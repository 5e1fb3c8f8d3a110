from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.teams import limits
from adapters.teams.draft import (
    DRAFT,
    activity_of,
    draft_in,
    draft_of,
    growing_text,
    with_draft,
)
from bot.ports.surface import Payload
from bot.protocol.ids import ApprovalId
from bot.protocol.values import CardData
from bot.view.nodes import Account, ApprovalView, Step, TurnView

VIEW = TurnView(headline="Working on it", mood="running")
LOOKING = Step(id="1", title="Looking it up", status="running")
ASKING = Step(id="2", title="Asking around", status="running")
NASTY = st.text(alphabet="a<!/[](`\u202e\x00é🙂at> ", max_size=60)


def test_until_there_is_an_answer_it_says_what_the_turn_does() -> None:
    draft = draft_of(VIEW)
    assert (draft.said, draft.text) == ("Working on it", "")
    busy = draft_of(
        replace(VIEW, steps=(replace(LOOKING, status="done"), LOOKING, ASKING))
    )
    assert busy.said == "Working on it · Asking around"
    assert draft_of(replace(VIEW, headline="x" * 999)).said == "x" * 250


def test_then_it_is_the_answer_alone() -> None:
    draft = draft_of(replace(VIEW, steps=(LOOKING,), text="First **do"))
    assert draft.said == draft.text == "First **do"


def test_blanks_are_no_answer() -> None:
    assert draft_of(replace(VIEW, text=" \n")).said == "Working on it"


APPROVAL = ApprovalView(
    approval_id=ApprovalId("a"),
    args_hash="h",
    title="t",
    facts=(),
    status="",
    can_decide=False,
)


@pytest.mark.parametrize(
    "view",
    [
        replace(VIEW, mood="waiting"),
        replace(VIEW, account=Account(said="It broke.")),
        replace(VIEW, approvals=(APPROVAL,)),
        replace(VIEW, cards=(CardData(title="Ticket"),)),
        replace(VIEW, notices=("Careful",)),
        replace(VIEW, text="x" * (limits.STREAM_BYTES // 2)),
    ],
)
def test_what_text_cannot_say_needs_the_card(view: TurnView) -> None:
    assert draft_of(VIEW).growing
    draft = draft_of(view)
    assert not draft.growing
    assert not draft.extends(draft_of(VIEW))


def test_an_answer_extends_what_was_done_before_it() -> None:
    busy = draft_of(replace(VIEW, steps=(LOOKING,)))
    done = (replace(LOOKING, status="done"), ASKING)
    assert draft_of(replace(VIEW, steps=done, text="It")).extends(busy)


def test_a_longer_answer_extends_a_shorter_one_and_nothing_else_does() -> None:
    steps = (replace(LOOKING, status="done"),)
    short, longer, other = (
        draft_of(replace(VIEW, steps=steps, text=text))
        for text in ("It is", "It is so", "It was")
    )
    assert longer.extends(short)
    assert not short.extends(longer)
    assert not other.extends(short)
    assert not draft_of(replace(VIEW, steps=steps)).extends(short)


def test_a_step_that_begins_after_the_first_words_needs_the_card() -> None:
    before = draft_of(replace(VIEW, steps=(LOOKING,), text="Let me see."))
    done = (replace(LOOKING, status="done"),)
    assert draft_of(replace(VIEW, steps=done, text="Let me see. A")).extends(before)
    more = (*done, ASKING)
    assert not draft_of(replace(VIEW, steps=more, text="Let me see.")).extends(before)


def test_the_end_extends_what_it_repeats_whatever_else_it_says() -> None:
    before = draft_of(replace(VIEW, steps=(LOOKING,), text="It is"))
    end = replace(VIEW, mood="failed", text="It is so", notices=("Careful",))
    assert draft_of(end).ended
    assert not draft_of(end).growing
    assert draft_of(end).extends(before)
    assert not draft_of(replace(end, text="It was")).extends(before)
    long = replace(end, text="It is" + "x" * limits.STREAM_BYTES)
    assert not draft_of(long).extends(before)


@given(NASTY, NASTY)
def test_the_text_of_a_prefix_is_a_prefix_of_the_text(first: str, more: str) -> None:
    shown = growing_text(first, finished=False)
    assert growing_text(first + more, finished=False).startswith(shown)
    assert growing_text(first + more, finished=True).startswith(shown)


@given(NASTY, st.booleans())
def test_nothing_in_it_is_a_tag_or_a_picture(text: str, finished: bool) -> None:  # noqa: FBT001
    safe = growing_text(text, finished=finished)
    assert "![" not in safe
    assert all(part[:1] == "\u2060" for part in safe.split("<")[1:])


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("See [the page](https://x.test/a)", "See the page (https://x.test/a)"),
        ("See https://x.test", "See https://x.test"),
        ("![cat](https://x.test/?q=secret)", "cat (https://x.test/?q=secret)"),
        ("Hi <at>Bob</at> & `a < b`", "Hi <~at>Bob<~/at> & `a <~ b`"),
        ("It is **bold** and *so*", "It is **bold** and *so*"),
        ("1. one\n2. two", "1. one\n2. two"),
    ],
)
def test_marks_stay_and_what_could_act_is_shown_instead(
    written: str, shown: str
) -> None:
    assert growing_text(written, finished=True) == shown.replace("~", "\u2060")


@pytest.mark.parametrize("half", ["[the pa", "`a <", "![cat](http", "<at", "\\"])
def test_what_has_only_begun_is_held_back(half: str) -> None:
    draft = draft_of(replace(VIEW, text=f"Look: {half}"))
    assert draft.text == "Look:"


def test_a_payload_carries_its_draft_beside_the_activity() -> None:
    plain = Payload({"type": "message"}, "digest")
    carrying = with_draft(plain, VIEW)
    assert carrying.digest == plain.digest
    assert draft_in(carrying) == draft_of(VIEW)
    assert DRAFT in carrying.body
    assert activity_of(carrying) == plain.body
    assert draft_in(plain) is None
    assert draft_in(None) is None
