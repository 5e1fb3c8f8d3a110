"""Goldens of whole messages, and what holds for every message.

``UPDATE_GOLDEN=1 pytest tests/unit/adapters/slack/test_render.py`` writes the goldens
anew; read the diff.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.simulator.slack.blocks import problems_of
from adapters.slack import escape, limits
from adapters.slack.render import plain_message, render
from bot.protocol.ids import ApprovalId, TurnId
from bot.protocol.values import CardData, Fact, Source
from bot.view.nodes import Account, ApprovalView, Entry, Step, TurnView
from tests.support.endings import STORIES, shown
from tests.support.golden import assert_golden

_GOLDEN = Path(__file__).parents[3] / "golden" / "slack"

FACTS = (
    Fact(label="Seat", value="Vector editor, Editor"),
    Fact(label="Cost", value="45 EUR a month"),
)
APPROVAL = ApprovalView(
    approval_id=ApprovalId("7d5ab5b1-9cbb-5b7e-8d3c-2a0a4a6c1f11"),
    args_hash="2f1f0e",
    title="Vector editor seat for Ada Byron",
    facts=FACTS,
    status="Please decide until 14:05 UTC.",
    can_decide=True,
)
LINK = "https://desk.example/browse/DESK-7?a_b=1&c=2"
VIEWS: dict[str, TurnView] = {
    "running": TurnView(
        headline="Working on it",
        mood="running",
        steps=(
            Step(id="s1", title="Looked up who you are", status="done", seconds=0.24),
            Step(id="s2", title="Read 2 articles", status="done", seconds=1.2),
            Step(id="s3", title="Hand over", status="running", agent="Software"),
        ),
        text="To connect, **open the app** and cho",
        streaming=True,
        stop_turn=TurnId("turn-1"),
        summary="Working on it: looking up the VPN article",
    ),
    "answered": TurnView(
        headline="Here you go",
        mood="done",
        steps=tuple(
            Step(id=f"s{n}", title=f"Step {n}", status="done", seconds=n)
            for n in range(1, 7)
        ),
        text=(
            "# Connect\n\n1. Open [the portal](https://vpn.example/a?b=1&c=2)\n"
            "2. Sign in\n\n```\nvpn connect <site>\n```\n> Ask if it fails"
        ),
        cards=(
            CardData(title="Access granted", facts=FACTS, note="At once", tone="good"),
        ),
        sources=(Source(title="VPN", ref="vpn"), Source(title="", ref="wifi")),
        notices=("Also noted: “write access”",),
        footer="Scripted answers: no language model.",
        summary="Here is how to connect",
    ),
    "results": TurnView(
        headline="Done",
        mood="done",
        cards=(
            CardData(
                title="Free rooms <!here>",
                columns=("Room", "Seats", "Free until"),
                rows=(("Lisbon", "4", "17:00"), ("Porto (*old*)", "12", "")),
            ),
            CardData(
                title="Set up the VPN",
                steps=("Install the client", "Sign in with <at>you</at>", "Restart"),
                note="It takes ten minutes.",
            ),
            CardData(
                title="Ticket DESK-7",
                facts=(Fact(label="About", value="It *flickers*"),),
                link=LINK,
            ),
        ),
        summary="Two rooms are free",
    ),
    "to_decide": TurnView(
        headline="Your decision is needed",
        mood="waiting",
        approvals=(APPROVAL,),
        summary="Ada Byron asks for your decision",
    ),
    "decided": TurnView(
        headline="Rejected",
        mood="done",
        approvals=(
            replace(
                APPROVAL,
                status="Rejected by Kim: “no budget”. Nothing was changed.",
                can_decide=False,
            ),
        ),
        summary="Rejected by Kim",
    ),
    "failed": TurnView(
        headline="Partly done",
        mood="failed",
        steps=(
            Step(id="s1", title="Granted read access", status="done", seconds=75.0),
            Step(
                id="s2",
                title="Order a monitor",
                status="failed",
                detail="Out of stock.\nYou are on the waiting list.",
            ),
            Step(id="s3", title="Read payroll", status="denied", detail="Not allowed."),
            Step(id="s4", title="Reset", status="cancelled"),
        ),
        text="I could only do <!channel> *part* of it, <@U1>.",
        summary="Partly done",
    ),
}


@pytest.mark.parametrize("name", VIEWS)
def test_a_view_is_rendered_as_its_golden_says(name: str):
    body = render(VIEWS[name]).body
    document = json.dumps(body, indent=1, ensure_ascii=False) + "\n"
    path = _GOLDEN / f"{name}.json"
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(document, "utf-8")
    assert document == path.read_text("utf-8")


@pytest.mark.parametrize("name", STORIES)
def test_an_ending_is_rendered_as_its_golden_says(name: str):
    bodies = {key: render(view).body for key, view in shown(STORIES[name]).items()}
    assert_golden(f"slack/ended/{name}.json", bodies)


def parts(view: TurnView, kind: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = render(view).body["blocks"]
    return [block for block in found if block["type"] == kind]


def buttons(view: TurnView) -> dict[str, dict[str, Any]]:
    return {
        element["action_id"]: element
        for row in parts(view, "actions")
        for element in row["elements"]
    }


def approval(**change: Any) -> TurnView:  # noqa: ANN401 - any field
    changed = replace(APPROVAL, **change)
    return TurnView(headline="x", mood="waiting", approvals=(changed,))


def test_only_approve_stands_out_and_both_carry_what_they_decide():
    shown = buttons(approval())
    assert list(shown) == ["approval.approve", "approval.reject"]
    assert shown["approval.approve"]["style"] == "primary"
    assert "style" not in shown["approval.reject"]
    assert json.loads(shown["approval.reject"]["value"]) == {
        "a": APPROVAL.approval_id,
        "h": APPROVAL.args_hash,
    }


def test_a_changed_request_has_another_row_of_buttons():
    (first,) = parts(approval(), "actions")
    (second,) = parts(approval(args_hash="other"), "actions")
    assert first["block_id"] != second["block_id"]


def test_a_locked_card_has_no_buttons_and_says_why():
    view = approval(can_decide=False, status="Approved by Kim.")
    assert not buttons(view)
    assert "Approved by Kim." in json.dumps(parts(view, "context"))


def test_a_request_whose_ids_do_not_fit_a_button_cannot_be_decided_and_says_so():
    view = approval(approval_id="x" * 3000)
    assert not buttons(view)
    assert "too large to be decided" in json.dumps(parts(view, "context"))


def test_stop_is_offered_while_there_is_a_turn_to_stop():
    assert buttons(VIEWS["running"])["turn.stop"]["value"] == '{"t":"turn-1"}'
    assert "turn.stop" not in buttons(VIEWS["answered"])


def test_an_answer_that_grew_too_long_can_be_gone_on_with():
    view = replace(VIEWS["answered"], continue_turn=TurnId("turn-1"))
    assert buttons(view)["turn.continue"]["value"] == '{"t":"turn-1"}'
    assert "turn.continue" not in buttons(VIEWS["answered"])


def test_many_finished_steps_are_one_line_and_failed_ones_say_why():
    (done, *_) = parts(VIEWS["answered"], "context")
    assert done["elements"][0]["text"] == "✅ 6 steps done"
    (failed, *_) = parts(VIEWS["failed"], "context")
    assert "Out of stock. You are on the waiting list." in failed["elements"][0]["text"]


def test_a_text_that_is_too_long_is_cut_and_says_so():
    view = TurnView(headline="x", mood="done", text="A line of words.\n" * 2000)
    (text,) = parts(view, "markdown")
    assert text["text"].startswith("A line of words.\n")
    assert text["text"].endswith("(shortened to fit into one Slack message)")
    assert limits.MARKDOWN * 0.9 < len(text["text"]) <= limits.MARKDOWN


@pytest.mark.parametrize("text", [" ", "\n\n", "**", "---"])
def test_a_text_with_nothing_to_see_is_not_shown(text: str):
    view = TurnView(headline="x", mood="running", text=text, streaming=True)
    assert not parts(view, "markdown")


def test_a_cut_fence_is_closed_before_the_note():
    view = TurnView(headline="x", mood="done", text="```\n" + "a <b> c\n" * 4000)
    (text,) = parts(view, "markdown")
    before, _, _ = text["text"].rpartition("\n\n…")
    assert before.endswith("```")


def test_what_is_left_out_is_counted():
    cards = tuple(CardData(title=f"Card {n}") for n in range(9))
    shown = json.dumps(render(TurnView(headline="x", mood="done", cards=cards)).body)
    assert "Card 3" in shown
    assert "Card 4" not in shown
    assert "and 5 more results" in shown


@pytest.mark.parametrize("steps", [(), ("step",) * 40], ids=["facts", "steps"])
def test_the_fullest_view_of_all_still_fits(steps: tuple[str, ...]):
    facts = tuple(Fact(label="a", value="b") for _ in range(20))
    entries = (Entry(title="entry", reference="R-1", note="note"),)
    view = TurnView(
        headline="x",
        mood="running",
        account=Account(
            said="x", did=entries, did_not=entries, unknown=entries, follows="x"
        ),
        steps=VIEWS["failed"].steps,
        text="text",
        cards=(CardData(title="c", facts=facts, note="n", steps=steps, link=LINK),) * 9,
        approvals=(replace(APPROVAL, facts=facts),) * 9,
        sources=VIEWS["answered"].sources,
        notices=("note",),
        footer="footer",
        stop_turn=TurnId("t"),
    )
    assert len(render(view).body["blocks"]) == limits.BLOCKS


def test_a_table_and_steps_take_no_more_room_than_the_facts_whose_place_they_take():
    card = CardData(title="x", rows=(("y" * 900,) * 9,) * 90, steps=("z" * 900,) * 90)
    [block] = parts(TurnView(headline="x", mood="done", cards=(card,)), "rich_text")
    table, listed, more = block["elements"]
    shown = [table["elements"][0]["text"]]
    shown += [part["elements"][0]["text"] for part in listed["elements"]]
    facts = limits.FIELDS // 2 * (limits.FIELD + limits.LABEL)
    assert sum(map(len, shown)) <= facts
    assert "… and 86 more rows" in shown[0]
    assert more["elements"][0]["text"] == "… and 80 more steps"


def test_an_account_stands_below_the_headline_and_above_all_else():
    entries = tuple(Entry(title=f"Thing {n}", reference=f"R-{n}") for n in range(3))
    account = Account(said="Why.", unknown=entries, follows="What now.")
    view = TurnView(headline="x", mood="failed", account=account, text="Half a")
    headline, why, unknown, now, text = render(view).body["blocks"]
    assert headline["text"]["text"] == "❌ *x*"
    assert why["text"]["text"] == "Why."
    assert unknown["text"]["text"] == (
        "❓ *Nobody can tell yet*\n• Thing 0 · R-0\n• Thing 1 · R-1\n• Thing 2 · R-2"
    )
    assert now["text"]["text"] == "What now."
    assert text["type"] == "markdown"


def test_an_account_that_is_too_long_counts_what_it_leaves_out():
    entries = tuple(Entry(title=f"Thing {n}", note="why " * 60) for n in range(40))
    view = TurnView(
        headline="x", mood="failed", account=Account(said="Why.", did_not=entries)
    )
    text = render(view).body["blocks"][2]["text"]["text"]
    assert "Thing 5" in text
    assert text.endswith("more entries")
    assert len(text) <= 3000


def test_the_words_of_a_message_survive_without_its_blocks():
    shown = plain_message(render(VIEWS["decided"])).body
    assert [block["type"] for block in shown["blocks"]] == ["section"]
    for words in ("Rejected", "45 EUR a month", "no budget"):
        assert words in shown["blocks"][0]["text"]["text"]


# ------------------------------------------------------------------- for every view

_large = pytest.mark.filterwarnings("ignore:Generating overly large repr")
"""Hypothesis warns of views that are large; here they are meant to be."""
_patient = settings(deadline=None, max_examples=60)
"""Building the views takes longer than rendering them."""

nasty = st.sampled_from(
    [
        "<!channel>",
        "<@U1>",
        "<!subteam^S1>",
        "[a](https://evil.example)",
        "```",
        "&",
        "\u202e",
        "*_~`",
        "\n",
    ]
)


def repeated(piece: str, times: int) -> str:
    return piece * times


long = st.builds(
    repeated, st.text(min_size=1, max_size=12) | nasty, st.sampled_from([40, 400, 4000])
)
short = st.text(max_size=20) | nasty | st.just(" ")
words = st.one_of(short, short, short, short, short, long)
fact = st.builds(Fact, label=words, value=words)
steps = st.builds(
    Step,
    id=words,
    title=words,
    status=st.sampled_from(
        [
            *("running", "waiting", "done", "failed"),
            *("cancelled", "denied", "aside", "unknown"),
        ]
    ),
    agent=words,
    detail=words,
    seconds=st.none() | st.floats(0, 1e6),
)
approvals = st.builds(
    ApprovalView,
    approval_id=words.map(ApprovalId),
    args_hash=words,
    title=words,
    facts=st.lists(fact, max_size=12).map(tuple),
    status=words,
    can_decide=st.booleans(),
)
cards = st.builds(
    CardData,
    title=words,
    facts=st.lists(fact, max_size=12).map(tuple),
    note=words,
    columns=st.sampled_from(((), ("<!here>", "b"))),
    rows=st.sampled_from(((), (("<@U1>" * 9, "&" * 900),) * 40)),
    steps=st.sampled_from(((), ("<!channel>" * 90,) * 40)),
    tone=st.sampled_from(["good", "neutral", "bad"]),
    link=words | st.sampled_from((f"{LINK}{'&' * 400}"[:300], "https://a.b/<!here>")),
)
entries = st.lists(
    st.builds(Entry, title=words, reference=words, note=words), max_size=12
).map(tuple)
accounts = st.builds(
    Account, said=words, did=entries, did_not=entries, unknown=entries, follows=words
)
sources = st.builds(Source, title=words, ref=words, quote=words)
views = st.builds(
    TurnView,
    headline=words,
    mood=st.sampled_from(
        ["running", "waiting", "done", "unsure", "failed", "cancelled"]
    ),
    account=st.none() | accounts,
    steps=st.lists(steps, max_size=15).map(tuple),
    text=short | long,
    streaming=st.booleans(),
    cards=st.lists(cards, max_size=6).map(tuple),
    approvals=st.lists(approvals, max_size=6).map(tuple),
    sources=st.lists(sources, max_size=12).map(tuple),
    notices=st.lists(words, max_size=12).map(tuple),
    footer=words,
    stop_turn=st.none() | words.map(TurnId),
    summary=words,
)


def texts(node: object) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    elif isinstance(node, dict):
        for value in cast("dict[str, object]", node).values():
            yield from texts(value)
    elif isinstance(node, list):
        for value in cast("list[object]", node):
            yield from texts(value)


def check_text(text: dict[str, Any], limit: int) -> None:
    assert 1 <= len(text["text"].strip()) <= len(text["text"]) <= limit
    assert text["type"] == "plain_text" or text["verbatim"] is True


def check_block(block: dict[str, Any]) -> None:
    match block:
        case {"type": "section", "text": text}:
            check_text(text, 3000)
        case {"type": "section", "fields": fields}:
            assert 1 <= len(fields) <= 10
            for field in fields:
                check_text(field, 2000)
        case {"type": "context", "elements": elements}:
            assert 1 <= len(elements) <= 10
            for element in elements:
                check_text(element, 2000)
        case {"type": "actions", "block_id": block_id, "elements": elements}:
            assert len(block_id) <= 255
            assert 1 <= len(elements) <= 25
            for button in elements:
                assert len(button["value"]) <= 2000
                assert len(button["action_id"]) <= 255
                check_text(button["text"], 75)
        case {"type": "markdown", "text": text}:
            assert 1 <= len(text.strip()) <= len(text) <= 11_000
        case {"type": "rich_text"}:
            check_rich_text(block)
        case _:
            raise AssertionError(block)


def check_rich_text(block: dict[str, Any]) -> None:
    match block:
        case {"elements": [{"elements": [{"text": text}]}]}:
            assert 1 <= len(text.strip()) <= 11_000
        case _:
            said = [text for text in texts(block) if not text.startswith("rich_text")]
            assert min(map(len, map(str.strip, said))) >= 1
            assert sum(map(len, said)) <= 2_000


@_large
@_patient
@given(views)
def test_every_view_fits_and_notifies_nobody(view: TurnView):
    payload = render(view)
    assert payload == render(view)
    for body in (payload.body, plain_message(payload).body):
        found = body["blocks"]
        assert 1 <= len(found) <= limits.BLOCKS
        assert not problems_of(found)
        for block in found:
            check_block(block)
        names = [block["block_id"] for block in found if "block_id" in block]
        assert len(set(names)) == len(names)
        assert sum(b["type"] == "markdown" for b in found) <= 1
        assert len(body["text"].strip()) >= 1
        ours = {escape.link(card.link) for card in view.cards} - {""}
        for text in set(texts(body)) - ours:
            for token in ("<!", "<@", "<#", "<h"):
                assert token not in text
    assert len(payload.body["text"]) <= limits.FALLBACK
    assert len(plain_message(payload).body["text"]) <= limits.PLAIN_MESSAGE
    assert json.loads(json.dumps(payload.body)) == payload.body


def test_different_views_have_different_digests():
    assert len({render(view).digest for view in VIEWS.values()}) == len(VIEWS)
