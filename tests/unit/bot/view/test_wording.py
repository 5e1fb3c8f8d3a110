import inspect
from datetime import UTC, datetime, timedelta, timezone
from typing import get_args

import pytest

from bot.protocol import events as ev
from bot.view import endings, failures, replies, wording
from bot.view.summary import summary_of
from tests.support.stories import approval_story

NOW = datetime(2026, 11, 20, 23, 30, tzinfo=UTC)


def test_times_of_today_need_no_date():
    at = NOW + timedelta(minutes=5)
    assert wording.moment(at, now=NOW, zone=UTC) == "23:35 UTC"
    assert (
        wording.moment(at + timedelta(hours=1), now=NOW, zone=UTC)
        == "Sat 21 Nov, 00:35 UTC"
    )


def test_what_today_is_depends_on_the_zone():
    zone = timezone(timedelta(hours=1), "CET")
    assert wording.moment(NOW, now=NOW, zone=zone) == "00:30 CET"
    assert (
        wording.moment(NOW - timedelta(hours=2), now=NOW, zone=zone)
        == "Fri 20 Nov, 22:30 CET"
    )


@pytest.mark.parametrize(
    ("people", "said"),
    [
        ([], "somebody"),
        (["A"], "A"),
        (["A", "B"], "A or B"),
        (["A", "B", "C"], "A, B or C"),
    ],
)
def test_names_are_listed_as_in_a_sentence(people: list[str], said: str):
    assert wording.names(people) == said


CODES = [
    *(f"budget_{who}_{t}" for who in ("person", "company") for t in ("day", "month")),
    *("model", "deadline", "stranger", "internal", "limit", "tokens", "degraded"),
    *("refusal", "empty", "arguments", "length", "budget"),
    "of a newer release",
]


@pytest.mark.parametrize("code", CODES)
def test_every_failure_says_what_happened_and_what_to_do(code: str):
    assert "stopped here" in failures.failure(
        code
    ) or "did nothing" in failures.failure(code)
    assert "lease" in endings.what_now(code) or "should" in endings.what_now(code)


def test_every_code_has_words_of_its_own():
    codes = get_args(failures.FailureCode)
    assert len({failures.failure(code) for code in codes}) == len(codes)
    assert len({endings.what_now(code) for code in codes}) == len(codes)


@pytest.mark.parametrize("verdict", ["approved", "rejected"])
def test_a_click_that_counts_is_confirmed(verdict: ev.Verdict):
    assert verdict != "withdrawn"
    assert f"you {verdict}" in replies.click_taken(verdict)


def test_a_click_that_came_too_late_says_who_was_faster():
    approval = approval_story().decides("rejected").state.approvals[0]
    assert replies.click_too_late(approval, "rejected") == (
        "This was already decided by Bea Boss (rejected). Your click changed nothing."
    )
    unread = approval_story().state.approvals[0]
    assert "decided (approved)." in replies.click_too_late(unread, "approved")


def test_who_decided_is_said_even_without_name_or_reason():
    assert wording.approved_by("") == "Approved by somebody."
    assert wording.approved_by("A", " ") == "Approved by A."


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("No budget", "Rejected by A: “No budget”. Nothing was changed."),
        ("No budget.", "Rejected by A: “No budget.” Nothing was changed."),
        ("Why? ", "Rejected by A: “Why?” Nothing was changed."),
    ],
)
def test_a_reason_ends_once(reason: str, said: str):
    assert wording.rejected_by("A", reason) == said


def test_a_reminder_names_who_waits_for_what_until_when():
    said = wording.reminder("Asker", "A seat", until="10:00 UTC")
    assert said == (
        "Asker still waits for your decision: A seat. It is open until 10:00 UTC."
    )


def test_several_people_decide_and_one_decides():
    assert "A or B decide now" in wording.escalated_to(["A", "B"])
    assert "A decides now" in wording.escalated_to(["A"])


@pytest.mark.parametrize("count", [1, 2])
def test_what_is_missing_is_counted(count: int):
    said = wording.waits_for_more(count, ["A"], until="x")
    assert said.startswith("One more" if count == 1 else "2 more")
    assert wording.steps_done(count) == (
        "1 step done" if count == 1 else "2 steps done"
    )


def test_steps_that_went_wrong_keep_their_names():
    assert "Order it" in wording.step_failed("Order it")
    assert "Order it" in wording.step_unknown("Order it")


def test_the_headline_of_an_open_request_asks():
    assert wording.settled_headline("open") == wording.DECISION_NEEDED


def test_sentences_end():
    spoken = {
        name: value
        for module in (wording, endings, replies)
        for name, value in inspect.getmembers(module)
        if name.isupper() and isinstance(value, str) and len(value) > 40
    }
    assert len(spoken) > 10
    assert all(value.endswith(".") for value in spoken.values())


@pytest.mark.parametrize(
    ("tickets", "said"),
    [
        (["IT-1"], "IT-1 is open: people find out"),
        (["IT-1", "IT-2"], "IT-1 and IT-2 are open: people find out"),
    ],
)
def test_who_finds_out_is_said_for_one_ticket_and_for_several(
    tickets: list[str], said: str
):
    assert said in wording.is_open(tickets)


def test_lost_answers_are_counted():
    assert endings.answers_lost(1).startswith("The answer to one step")
    assert endings.answers_lost(2).startswith("The answers to 2 steps")


def test_the_mark_of_a_change_is_as_logs_have_it():
    """Logs hold this sentence; another one would make a change a withdrawal."""
    assert wording.CHANGED_REASON == (
        "The person who asked changed this request before it was decided. "
        "Nothing was done; what they want now is asked for anew."
    )


def test_names_that_nobody_knows_begin_sentences():
    assert wording.changed_by("").startswith("Somebody changed this request")
    assert wording.in_line("") == "In line behind somebody's request"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", "Done"),
        ("**Bold** and `code`", "Done: Bold and code"),
        ("# Title\n\n- [a link](https://x) ![img](y)", "Done: Title a link img"),
        ("snake_case - stays > here", "Done: snake_case - stays > here"),
        ("x" * 200, "Done: " + "x" * 143 + "…"),
    ],
)
def test_a_summary_is_one_short_plain_line(text: str, line: str):
    assert summary_of("Done", text) == line
    assert len(line) <= 150


def test_a_summary_does_not_repeat_the_headline():
    assert summary_of("Asker asks: A seat", "A seat") == "Asker asks: A seat"
