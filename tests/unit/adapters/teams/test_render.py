import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.simulator.teams.cards import inspect_card
from adapters.teams import limits
from adapters.teams.elements import size_of
from adapters.teams.render import card_of, render
from bot.protocol.ids import ApprovalId, TurnId
from bot.protocol.values import CardData, Fact, Source
from bot.view.nodes import Account, ApprovalView, Entry, Step, TurnView
from tests.support.endings import STORIES, shown
from tests.support.golden import assert_golden

RUNNING = TurnView(
    headline="Working on it",
    mood="running",
    steps=(
        Step(id="s1", title="Looked up the policy", status="done", seconds=0.42),
        Step(id="s2", title="Asking for *a seat*", status="running", agent="software"),
        Step(id="s3", title="Waiting for Bob", status="waiting"),
    ),
    text="Let me look at **this",
    streaming=True,
    stop_turn=TurnId("turn-1"),
    summary="Working on it",
)
DONE = TurnView(
    headline="Here you go",
    mood="done",
    steps=(
        *(
            Step(id=f"s{n}", title=f"Step {n}", status="done", seconds=n * 31.0)
            for n in range(1, 5)
        ),
        Step(
            id="s9",
            title="Order a monitor",
            status="failed",
            detail="The shop did not answer. Nothing was ordered.",
            seconds=12.0,
        ),
        Step(id="s10", title="Payments", status="denied", detail="Policy says no."),
    ),
    text="# VPN\n1. Open `Settings`\n2. Choose **VPN**\n\n```\nvpn up\n```\n"
    "See [the page](https://intra.example/vpn).",
    cards=(
        CardData(
            title="Access granted",
            facts=(Fact(label="Resource", value="design_system"),),
            note="Ends by itself.",
            tone="good",
        ),
    ),
    sources=(Source(title="Connecting to the VPN", ref="vpn"),),
    notices=("Also noted: “write, not read”",),
    footer="Scripted answers, not a language model.",
    summary="How to connect to the VPN",
)
LINK = "https://desk.example/browse/DESK-7?a_b=1&c=2"
OPEN = ApprovalView(
    approval_id=ApprovalId("ap-1"),
    args_hash="h-1",
    title="Editor seat for Ann",
    facts=(
        Fact(label="Resource", value="Editor"),
        Fact(label="Cost", value="15 EUR a month"),
    ),
    status="Please decide until 14:00.",
    can_decide=True,
)
TO_DECIDE = TurnView(
    headline="Your decision is needed",
    mood="waiting",
    approvals=(OPEN, replace(OPEN, approval_id=ApprovalId("ap-2"), args_hash="h-2")),
    summary="Ann asks for your decision: Editor seat for Ann",
)
LOCKED = TurnView(
    headline="Rejected",
    mood="done",
    approvals=(
        replace(OPEN, can_decide=False, status="Rejected by Bob: “too expensive”"),
    ),
)
RESULTS = TurnView(
    headline="Done",
    mood="done",
    cards=(
        CardData(
            title="Free rooms",
            columns=("Room", "Seats", "Free until"),
            rows=(("Lisbon", "4", "17:00"), ("<at>Porto</at> (*old*)", "12")),
        ),
        CardData(
            title="Set up the VPN",
            steps=("Install the client", "Sign in with **you**", "Restart"),
            note="It takes ten minutes.",
        ),
        CardData(
            title="Ticket DESK-7",
            facts=(Fact(label="About", value="It *flickers*"),),
            link=LINK,
        ),
    ),
    summary="Two rooms are free",
)
VIEWS = {
    "running": RUNNING,
    "done": DONE,
    "to-decide": TO_DECIDE,
    "locked": LOCKED,
    "empty": TurnView(headline="", mood="failed"),
    "results": RESULTS,
}


def nodes(value: object) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, Mapping):
        node = cast("Mapping[str, Any]", value)
        yield node
        for child in node.values():
            yield from nodes(child)
    elif isinstance(value, list):
        for child in cast("list[object]", value):
            yield from nodes(child)


def of_type(view: TurnView, kind: str) -> list[Mapping[str, Any]]:
    return [node for node in nodes(card_of(view)) if node.get("type") == kind]


@pytest.mark.parametrize("name", VIEWS)
def test_a_view_looks_as_it_always_looked(name: str) -> None:
    assert_golden(f"teams/cards/{name}.json", render(VIEWS[name]).body)


@pytest.mark.parametrize("name", STORIES)
def test_an_ending_looks_as_it_always_looked(name: str) -> None:
    bodies = {key: render(view).body for key, view in shown(STORIES[name]).items()}
    assert_golden(f"teams/ended/{name}.json", bodies)


# --------------------------------------------------------------------- the message


@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS.keys())
def test_the_card_carries_everything(view: TurnView) -> None:
    body = render(view).body
    assert body["type"] == "message"
    assert "text" not in body
    assert len(body["attachments"]) == 1
    assert card_of(view)["version"] == "1.5"
    assert card_of(view)["msteams"] == {"width": "Full"}


def test_only_what_a_model_wrote_is_labelled_as_such() -> None:
    [label] = render(DONE).body["entities"]
    assert label["additionalType"] == ["AIGeneratedContent"]
    assert "entities" not in render(TO_DECIDE).body


def test_equal_views_are_equal_and_others_are_not() -> None:
    assert render(DONE) == render(replace(DONE))
    digests = {render(view).digest for view in VIEWS.values()}
    assert len(digests) == len(VIEWS)


# ---------------------------------------------------------------------- the account


def test_an_account_stands_below_the_headline_and_above_all_else() -> None:
    entries = (Entry(title="Order it", reference="R-1", note="Ask *Bob*."),)
    account = Account(said="Why.", unknown=entries, follows="What now.")
    view = TurnView(headline="x", mood="failed", account=account, text="Half a")
    headline, why, unknown, now, text = card_of(view)["body"]
    assert [n["text"] for n in (headline, why, now, text)] == [
        *("x", "Why."),
        *("What now.", "Half a"),
    ]
    words = [node["text"] for node in nodes(unknown) if "text" in node]
    assert words == ["❓ Nobody can tell yet", "•", "Order it · R-1", "Ask \\*Bob\\*."]


def test_an_account_that_is_too_long_counts_what_it_leaves_out() -> None:
    entries = tuple(Entry(title=f"Thing {n}") for n in range(40))
    account = Account(said="Why.", did_not=entries)
    body = json.dumps(card_of(TurnView(headline="x", mood="failed", account=account)))
    assert "Thing 29" in body
    assert "and 10 more" in body


# ------------------------------------------------------------------------ the steps


def test_every_step_that_has_something_to_tell_tells_it() -> None:
    withdrawn = Step(id="s", title="x", status="cancelled", detail="You withdrew it.")
    view = TurnView(headline="x", mood="done", steps=(withdrawn,))
    assert "You withdrew it." in json.dumps(card_of(view))


def test_done_steps_fold_away_and_failed_ones_tell_why() -> None:
    [folded] = [node for node in nodes(card_of(DONE)) if node.get("id") == "done-steps"]
    assert folded["isVisible"] is False
    assert len(folded["items"]) == 4
    [toggle] = of_type(DONE, "Action.ToggleVisibility")
    assert toggle["targetElements"] == ["done-steps"]
    seen = [node["text"] for node in of_type(DONE, "TextBlock")]
    assert "The shop did not answer. Nothing was ordered." in seen
    assert "Policy says no." in seen


def test_half_written_text_is_closed() -> None:
    seen = [node["text"] for node in of_type(RUNNING, "TextBlock")]
    assert "Let me look at **this**" in seen


def test_what_tools_wrote_is_not_markdown() -> None:
    seen = [node["text"] for node in of_type(RUNNING, "TextBlock")]
    assert "Asking for \\*a seat\\* · software" in seen


# ---------------------------------------------------------------------- the buttons


def test_each_request_has_its_own_buttons_and_its_own_reason() -> None:
    actions = of_type(TO_DECIDE, "Action.Execute")
    assert [(a["verb"], a["style"], a["data"]) for a in actions] == [
        ("approval.approve", "positive", {"a": "ap-1", "h": "h-1", "r": "reason"}),
        ("approval.reject", "destructive", {"a": "ap-1", "h": "h-1", "r": "reason"}),
        ("approval.approve", "positive", {"a": "ap-2", "h": "h-2", "r": "reason2"}),
        ("approval.reject", "destructive", {"a": "ap-2", "h": "h-2", "r": "reason2"}),
    ]
    inputs = of_type(TO_DECIDE, "Input.Text")
    assert [i["id"] for i in inputs] == ["reason", "reason2"]
    assert all(i["isMultiline"] and i["maxLength"] == 500 for i in inputs)


def test_a_locked_request_has_no_buttons() -> None:
    assert of_type(LOCKED, "Action.Execute") == []
    assert of_type(LOCKED, "Input.Text") == []
    assert "too expensive" in json.dumps(card_of(LOCKED))


def test_a_request_that_cannot_be_read_whole_cannot_be_decided() -> None:
    long = replace(OPEN, facts=(Fact(label="Why", value="x" * 5000),))
    assert of_type(replace(TO_DECIDE, approvals=(long,)), "Action.Execute") == []


def test_stop_names_its_turn() -> None:
    [stop] = of_type(RUNNING, "Action.Execute")
    assert (stop["verb"], stop["data"]) == ("turn.stop", {"t": "turn-1"})
    assert of_type(DONE, "Action.Execute") == []


def test_an_answer_that_grew_too_long_can_be_gone_on_with() -> None:
    long = replace(DONE, continue_turn=TurnId("turn-1"))
    [button] = of_type(long, "Action.Execute")
    assert (button["verb"], button["data"]) == ("turn.continue", {"t": "turn-1"})


# ----------------------------------------------------------------------- the limits


@pytest.mark.parametrize(
    "piece", ["a\n\n", "- a\n", "`", "|a" * 20 + "\n", "[a]", "<at>"]
)
def test_a_whole_page_is_shown_however_odd_it_is(piece: str) -> None:
    text = (piece * 3_200)[:3_200]
    body = render(TurnView(headline="x", mood="done", text=text)).body
    assert size_of(body) <= limits.MESSAGE_BYTES
    sent = json.dumps(body)
    assert "Shortened" not in sent
    letters = sum(part.count("a") for part in written(body)) - len("x")
    assert letters >= text.count("a") - 1


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


def test_a_text_that_is_too_long_is_shortened_and_says_so() -> None:
    view = replace(DONE, text="word " * 50_000)
    assert size_of(render(view).body) <= limits.MESSAGE_BYTES
    assert "Shortened" in json.dumps(card_of(view))
    assert "Shortened" not in json.dumps(card_of(DONE))


def test_as_much_is_shown_as_fits() -> None:
    view = replace(DONE, text="word " * 50_000)
    assert size_of(render(view).body) > limits.MESSAGE_BYTES * 0.8


def test_a_long_list_says_how_much_is_missing() -> None:
    steps = tuple(Step(id=str(n), title="x", status="running") for n in range(100))
    assert "and 70 more" in json.dumps(
        card_of(replace(RUNNING, steps=steps)), ensure_ascii=False
    )


HUGE = TurnView(
    headline="\\" * 10_000,
    mood="done",
    steps=tuple(
        Step(id=str(n), title="*" * 900, status=status, agent="[" * 900)
        for n in range(60)
        for status in ("done", "failed")
    )
    + tuple(
        Step(id=str(n), title="*" * 900, status="failed", detail="\\" * 9000)
        for n in range(60)
    ),
    text="> a\n\n- *\n" * 40_000,
    cards=(
        CardData(
            title="*" * 900,
            facts=(Fact(label="\\" * 900, value="\\" * 9000),) * 25,
            note="\\" * 9000,
            columns=("*" * 900,) * 9,
            rows=(("\\" * 900,) * 9,) * 60,
            steps=("\\" * 9000,) * 60,
        ),
    )
    * 25,
    approvals=(
        replace(
            OPEN,
            status="\\" * 9000,
            facts=(Fact(label="\\" * 60, value="\\" * 100),) * 6,
        ),
    )
    * 25,
    sources=(Source(title="\\" * 900, ref="r"),) * 25,
    notices=("\\" * 9000,) * 25,
    footer="\\" * 9000,
    summary="\\" * 9000,
    stop_turn=TurnId("turn-1"),
)


def test_the_largest_view_fits_and_still_has_an_answer_and_its_buttons() -> None:
    body = render(HUGE).body
    assert size_of(body) <= limits.MESSAGE_BYTES
    assert inspect_card(body["attachments"][0]["content"]).problems == ()
    assert len(of_type(HUGE, "TextBlock")) > 40
    assert "turn.stop" in json.dumps(body)


@pytest.mark.parametrize(
    "text",
    [
        "[a] " * 10_000,
        "*a " * 20_000,
        "`a" * 20_000,
        "> a\n\n- *\n" * 9_000,
        "\\" * 40_000,
        "a\n\n" * 20_000,
        "```\n" + "x\n" * 20_000,
        "é" * 60_000,
        "𝄞" * 60_000,
    ],
)
def test_an_odd_long_answer_fits_and_is_mostly_shown(text: str) -> None:
    size = size_of(render(replace(DONE, text=text)).body)
    assert limits.MESSAGE_BYTES / 2 < size <= limits.MESSAGE_BYTES


WORDS = st.text(max_size=30) | st.sampled_from(
    [
        "<at>Bob</at>",
        "{{DATE(x)}}",
        "**b",
        "[a](https://x.example)",
        "x" * 3000,
        "\ud800",
    ]
)
FACTS = st.lists(st.builds(Fact, label=WORDS, value=WORDS), max_size=4).map(tuple)
SECONDS = st.none() | st.floats(0, 1e6)
STATUS = st.sampled_from(
    [
        *("running", "waiting", "done", "failed"),
        *("cancelled", "denied", "aside", "unknown"),
    ]
)
STEPS = st.lists(
    st.builds(
        Step,
        id=st.just("s"),
        title=WORDS,
        status=STATUS,
        agent=WORDS,
        detail=WORDS,
        seconds=SECONDS,
    ),
    max_size=6,
).map(tuple)
APPROVALS = st.lists(
    st.builds(
        ApprovalView,
        approval_id=st.just(ApprovalId("ap")),
        args_hash=st.just("h"),
        title=WORDS,
        facts=FACTS,
        status=WORDS,
        can_decide=st.booleans(),
    ),
    max_size=4,
).map(tuple)
ENTRIES = st.lists(
    st.builds(Entry, title=WORDS, reference=WORDS, note=WORDS), max_size=4
).map(tuple)
ACCOUNT = st.builds(
    Account, said=WORDS, did=ENTRIES, did_not=ENTRIES, unknown=ENTRIES, follows=WORDS
)
PROSE = st.text(max_size=200) | st.lists(
    st.sampled_from(
        (
            *("# h\n", "- a\n", "  - b\n", "1. c\n", "```\n", "> q\n", "| a | b |\n"),
            *("|---|---|\n", "**", "_", "`", "<at>x</at>", "[l](https://x.example)"),
            *("\n", "---\n", "![i](http://x.example)", "text ", "\\", "&lt;at&gt;"),
        )
    ),
    max_size=15,
).map("".join)
TEXTS = st.lists(WORDS, max_size=6).map(tuple)
ANY_VIEW = st.builds(
    TurnView,
    headline=WORDS,
    mood=st.sampled_from(
        ["running", "waiting", "done", "unsure", "failed", "cancelled"]
    ),
    account=st.none() | ACCOUNT,
    steps=STEPS,
    text=PROSE | PROSE.map(lambda text: text * 100),
    streaming=st.booleans(),
    cards=st.lists(
        st.builds(
            CardData,
            title=WORDS,
            facts=FACTS,
            note=WORDS,
            columns=TEXTS,
            rows=st.lists(TEXTS, max_size=4).map(tuple),
            steps=TEXTS,
            link=WORDS | st.just("https://desk.example/{{x}}") | st.just(LINK),
        ),
        max_size=4,
    ).map(tuple),
    approvals=APPROVALS,
    sources=st.lists(st.builds(Source, title=WORDS, ref=st.just("r")), max_size=4).map(
        tuple
    ),
    notices=st.lists(WORDS, max_size=4).map(tuple),
    footer=WORDS,
    stop_turn=st.none() | st.just(TurnId("turn-1")),
    summary=WORDS,
)


@settings(deadline=None, max_examples=40)
@given(ANY_VIEW)
def test_any_view_becomes_a_message_that_teams_takes(view: TurnView) -> None:
    body = render(view).body
    assert size_of(body) <= limits.MESSAGE_BYTES
    assert 0 < len(body["summary"]) <= limits.SUMMARY_CHARS
    inspection = inspect_card(card_of(view))
    assert inspection.problems == ()
    assert inspection.warnings == ()
    sent = json.dumps(body, ensure_ascii=False)
    sent.encode()
    assert "<at" not in sent.lower()
    assert "{{" not in json.dumps(card_of(view)["body"])
    for node in nodes(body):
        if node.get("type") == "TextBlock":
            assert node["text"].strip()
            assert node["wrap"] is True
