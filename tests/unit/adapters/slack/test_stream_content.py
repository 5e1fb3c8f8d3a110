"""What a stream shows of a view, and how it grows. Pure."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.simulator.slack.streams import Stream, grown
from adapters.slack import limits
from adapters.slack.client import SlackPlatform
from adapters.slack.render import render
from adapters.slack.stream_content import (
    KEY,
    StreamContent,
    content_of,
    follows,
    growth,
    message_of,
    rested,
    streamed,
    with_stream,
)
from bot.protocol.ids import ApprovalId, TurnId
from bot.protocol.values import CardData, Fact, Source
from bot.view.nodes import Account, ApprovalView, Step, TurnView

RUNNING = TurnView(
    headline="Working on it",
    mood="running",
    steps=(Step(id="s1", title="Look up", status="running"),),
    text="Hel",
    streaming=True,
    stop_turn=TurnId("turn-1"),
    footer="Written by a machine",
)


def raw(text: str, whole: bool) -> str:  # noqa: FBT001 - a `SafeText`
    del whole
    return text


def content(view: TurnView) -> StreamContent:
    found = content_of(view, raw)
    assert found
    return found


# ------------------------------------------------------------------------- what fits


def test_the_message_itself_knows_nothing_of_the_stream():
    payload = with_stream(render(RUNNING), RUNNING, raw)
    assert message_of(payload) == render(RUNNING).body
    assert KEY in payload.body
    assert streamed(payload) == content(RUNNING)


def test_the_digest_tells_contents_apart_that_look_equal_as_messages():
    whole = replace(RUNNING, streaming=False)
    as_lines = [
        with_stream(render(v), v, lambda t, w: t if w else "") for v in (RUNNING, whole)
    ]
    assert len({payload.digest for payload in as_lines}) == 2


APPROVAL = ApprovalView(
    approval_id=ApprovalId("a"),
    args_hash="h",
    title="A seat",
    facts=(),
    status="Please decide",
    can_decide=False,
)


@pytest.mark.parametrize(
    "view",
    [
        replace(RUNNING, mood="waiting"),
        replace(RUNNING, mood="failed"),
        replace(RUNNING, approvals=(APPROVAL,)),
        replace(RUNNING, mood="done", account=Account(said="Partly done")),
        replace(RUNNING, notices=("The check could not be made",)),
        replace(RUNNING, steps=(Step(id="s", title="x", status="denied"),)),
        replace(RUNNING, steps=(Step(id="s", title="x", status="unknown"),)),
        replace(RUNNING, text="x" * limits.STREAM_CHARACTERS),
        replace(
            RUNNING,
            steps=tuple(
                Step(id=f"s{n}", title="x", status="done")
                for n in range(limits.STREAM_TASKS + 1)
            ),
        ),
    ],
)
def test_what_has_no_honest_look_in_a_stream_is_not_streamed(view: TurnView):
    assert content_of(view, raw) is None


def test_nothing_in_a_task_is_a_token():
    step = Step(id="s", title="<!channel> see\nthis", status="failed", detail="<@U1>")
    shown = content(replace(RUNNING, headline="<!here>", steps=(step,)))
    (task,) = shown["tasks"]
    for text in (shown["title"], task["title"], task["details"]):
        assert "<!" not in text
        assert "<@" not in text
        assert "\n" not in text


def test_long_words_of_a_step_are_cut_to_what_a_task_holds():
    step = Step(id="s", title="x" * 999, status="failed", detail="y" * 999)
    (task,) = content(replace(RUNNING, steps=(step,)))["tasks"]
    assert len(task["title"]) <= limits.TASK_TEXT < 256
    assert len(task["details"]) <= limits.TASK_TEXT


def test_cards_sources_footer_and_the_stop_button_stand_below():
    view = replace(
        RUNNING,
        cards=(CardData(title="A seat", facts=(Fact(label="Cost", value="45"),)),),
        sources=(Source(title="Laptops", ref="kb-1"),),
    )
    below = str(content(view)["below"])
    for words in ("A seat", "Laptops", "Written by a machine", "turn.stop"):
        assert words in below
    assert "Working on it" not in below
    assert "Hel" not in below


def test_what_may_yet_turn_out_to_be_markup_is_held_back():
    platform = object.__new__(SlackPlatform)
    begun = replace(RUNNING, text="One.\n\nSee [the wi")
    half = streamed(platform.render(begun))
    whole = streamed(platform.render(replace(begun, streaming=False)))
    assert half and half["text"].startswith("One.")
    assert "the wi" not in half["text"]
    assert whole and "the wi" in whole["text"]


@given(
    text=st.text("ab*_`[]()#>-|<!\n @", max_size=60), cuts=st.sets(st.integers(0, 60))
)
def test_whatever_a_model_writes_its_text_only_grows_and_fires_nothing(
    text: str, cuts: set[int]
):
    platform = object.__new__(SlackPlatform)
    shown: StreamContent | None = None
    for cut in sorted({*cuts, len(text)}):
        whole = cut >= len(text)
        view = replace(RUNNING, text=text[:cut], streaming=not whole)
        now = streamed(platform.render(view))
        assert now
        assert shown is None or follows(shown, now)
        assert "<" not in now["text"]
        shown = now


# ---------------------------------------------------------------------- what follows


@pytest.mark.parametrize(
    "after",
    [
        replace(RUNNING, text="Hello"),
        replace(RUNNING, headline="Done", mood="done", streaming=False),
        replace(
            RUNNING, steps=(*RUNNING.steps, Step(id="s2", title="y", status="done"))
        ),
        replace(
            RUNNING, steps=(Step(id="s0", title="y", status="done"), *RUNNING.steps)
        ),
        replace(RUNNING, steps=(Step(id="s1", title="z", status="done", seconds=2),)),
        replace(
            RUNNING, steps=(Step(id="s1", title="z", status="failed", detail="Why"),)
        ),
    ],
)
def test_a_view_that_says_more_follows(after: TurnView):
    assert follows(content(RUNNING), content(after))


@pytest.mark.parametrize(
    "after",
    [
        replace(RUNNING, text="Hal"),
        replace(RUNNING, text=""),
        replace(RUNNING, steps=()),
        replace(RUNNING, headline="", summary=""),
    ],
)
def test_a_view_that_takes_something_back_does_not_follow(after: TurnView):
    assert not follows(content(RUNNING), content(after))


def test_a_detail_that_changes_does_not_follow_for_slack_would_append_it():
    steps = [Step(id="s1", title="x", status="failed", detail=d) for d in ("a", "b")]
    before, after = (content(replace(RUNNING, steps=(step,))) for step in steps)
    assert follows(before, before)
    assert not follows(before, after)


def test_nothing_new_needs_no_chunk():
    assert growth(content(RUNNING), content(RUNNING)) == []


def test_only_the_new_text_and_the_changed_task_are_sent():
    steps = (*RUNNING.steps, Step(id="s2", title="Write", status="running"))
    more = replace(RUNNING, text="Hello", steps=steps)
    assert growth(content(RUNNING), content(more)) == [
        {"type": "markdown_text", "text": "lo"},
        {
            "type": "task_update",
            "id": "s2",
            "title": "Write",
            "status": "in_progress",
        },
    ]


@pytest.mark.parametrize(
    ("before", "after", "parts"),
    [
        ("Let me look", "Let me look that up.", ["Let me look that up."]),
        ("Let me look", "Let me look up.\n\nIt is", ["Let me look up.\n\n", "It is"]),
        ("Found it.\n\n", "Found it.\n\nIt is", ["Found it.\n\n", "It is"]),
        ("```\na\n\n", "```\na\n\nb\n```", ["```\na\n\nb\n```"]),
        ("", "It is", ["It is"]),
    ],
)
def test_a_new_task_does_not_come_between_the_words_of_a_paragraph(
    before: str, after: str, parts: list[str]
):
    steps = (*RUNNING.steps, Step(id="s2", title="Write", status="running"))
    shown = content(replace(RUNNING, text=before))
    now = content(replace(RUNNING, text=after, steps=steps))
    begun = grown(Stream(started=0.0, display="plan"), "chunks", growth(None, shown))
    stream = grown(begun, "chunks", growth(shown, now))
    said = [b["text"] for b in stream.blocks() if b["type"] == "markdown"]
    assert said == parts


def test_at_rest_no_task_is_in_progress():
    assert [t["status"] for t in rested(content(RUNNING))["tasks"]] == ["pending"]


MOVE = st.tuples(
    st.integers(0, 5),
    st.sampled_from(("running", "waiting", "done", "failed")),
    st.sampled_from(("", "why")),
)


@given(
    cuts=st.lists(st.integers(0, 40), min_size=1, max_size=8),
    text=st.text(max_size=40),
    moves=st.lists(MOVE, max_size=12),
)
def test_whatever_the_cuts_a_stream_shows_what_stands_at_its_end(
    cuts: list[int], text: str, moves: list[tuple[int, Any, str]]
):
    """Property: chunk after chunk, Slack's stand-in holds exactly the content."""
    steps: dict[int, Step] = {}
    stream, shown = Stream(started=0.0, display="plan"), None
    for index, cut in enumerate(sorted(cuts)):
        for n, status, detail in moves[index::8]:
            kept = (steps[n].detail if n in steps else "") or detail
            steps[n] = Step(id=f"s{n}", title=f"Step {n}", status=status, detail=kept)
        view = replace(RUNNING, text=text[:cut], steps=tuple(steps.values()))
        now = content(view)
        assert shown is None or follows(shown, now)
        if chunks := growth(shown, now):
            stream = grown(stream, "chunks", chunks)
        shown = now
    assert shown
    assert stream.text == shown["text"]
    assert stream.title == shown["title"]
    assert [(t.id, t.title, t.status, t.details) for t in stream.tasks] == [
        (t["id"], t["title"], t["status"], t["details"]) for t in shown["tasks"]
    ]
