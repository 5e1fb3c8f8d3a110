"""What a failure means for a message: one test for each row of the table."""

from dataclasses import replace

import pytest

from bot.engine.exhibit import Exhibit
from bot.engine.exhibition import Exhibition
from bot.engine.lock_outs import LockOuts
from bot.engine.refusals import (
    LATE,
    LOUDNESS,
    Failure,
    verdict_on,
)
from bot.errors import (
    AccessRefusedError,
    AmbiguousSendError,
    ContentRefusedError,
    LeaseLostError,
    MessageGoneError,
    MessageLockedError,
    NeedlessError,
    PermissionMissingError,
    PlaceClosedError,
    QuotaSpentError,
    RateLimitedError,
    StillStreamingError,
    StoreUnavailableError,
)
from bot.ports.rows import Claim
from bot.ports.surface import OpenStream, Receipt
from bot.protocol.ids import ConversationId, PersonId, SurfaceId, TenantId
from bot.view.project import ForRequester, Role, SurfacePlan
from tests.support.turns import ADDRESS, NOW, STARTED, fold, record

CLAIM = Claim(
    tenant_id=TenantId("tenant"),
    conversation_id=ConversationId("c1"),
    fence=1,
    address=ADDRESS,
)
THERE = Receipt(message_id="m1", address=ADDRESS)
STREAMING = Receipt(message_id="m1", address=ADDRESS, stream=OpenStream(until=NOW))
GONE = MessageGoneError("slack", "message_not_found")
LOCKED = MessageLockedError("slack", "edit_window_closed")
CLOSED = PlaceClosedError("slack", "is_archived")
SHUT_OUT = AccessRefusedError("slack", "token_revoked")


def exhibit(
    role: Role = "progress", *, final: bool = False, receipt: Receipt | None = THERE
) -> Exhibit:
    """Return a surface of a turn that runs."""
    plan = SurfacePlan(
        surface_id=SurfaceId("s1"),
        role=role,
        audience=ForRequester(part="progress"),
        person_id=PersonId("p0"),
        final=final,
    )
    made = Exhibit(plan=plan, claim=CLAIM, state=fold(record([STARTED])))
    made.address, made.receipt, made.intent_at = ADDRESS, receipt, NOW
    made.digest = "d1"
    return made


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (RateLimitedError("slack", retry_after=7.0), "throttle"),
        (QuotaSpentError("teams", retry_after=7.0), "finals only"),
    ],
)
def test_too_many_calls_rest_as_long_as_the_platform_says(
    error: Failure, kind: str
) -> None:
    verdict = verdict_on(exhibit(), error, 100.0, LockOuts())
    assert (verdict.kind, verdict.at) == (kind, 107.0)


def test_a_lost_answer_is_tried_again_and_nobody_knows_what_is_shown() -> None:
    shown = exhibit()
    verdict = verdict_on(
        shown, AmbiguousSendError("slack", "timeout"), 100.0, LockOuts()
    )
    assert verdict.kind == "retry"
    assert shown.digest == ""
    assert shown.doubted_until == 100.0 + LATE
    assert shown.receipt == THERE


def test_what_somebody_else_owns_is_left_to_them() -> None:
    assert (
        verdict_on(exhibit(), LeaseLostError("c1", fence=1), 0.0, LockOuts()).kind
        == "leave"
    )


def test_without_the_store_it_is_tried_again() -> None:
    shown = exhibit()
    assert (
        verdict_on(shown, StoreUnavailableError("away"), 0.0, LockOuts()).kind
        == "retry"
    )
    assert (shown.receipt, shown.digest) == (THERE, "d1")


@pytest.mark.parametrize("final", [False, True])
def test_a_message_that_streams_still_is_neither_bared_nor_replaced(
    *, final: bool
) -> None:
    shown = exhibit(final=final)
    verdict = verdict_on(
        shown, StillStreamingError("teams", "streams"), 0.0, LockOuts()
    )
    assert verdict.kind == "retry"
    assert not shown.bare
    assert shown.receipt == THERE


# ------------------------------------------------------------------ gone, or locked


def test_progress_that_somebody_deleted_waits_for_the_end() -> None:
    shown = exhibit()
    assert verdict_on(shown, GONE, 0.0, LockOuts()).kind == "pass over"
    assert shown.withheld
    shown.plan = replace(shown.plan, final=True)
    assert not shown.withheld
    shown.plan = replace(shown.plan, below=SurfaceId("the answer"))
    assert shown.withheld, "another message tells how it ended"


@pytest.mark.parametrize("error", [GONE, LOCKED])
def test_an_ending_comes_again_twice_at_most(error: Failure) -> None:
    shown = exhibit(final=True)
    marks = {shown.mark}
    for _ in range(2):
        assert verdict_on(shown, error, 0.0, LockOuts()).kind == "retry"
        assert shown.receipt is None
        marks.add(shown.mark)
        shown.receipt = THERE
    assert len(marks) == 3, "each of them is found again by its own mark"
    assert verdict_on(shown, error, 0.0, LockOuts()).kind == "give up"


@pytest.mark.parametrize("role", ["progress", "page"])
def test_what_was_stood_in_for_waits_for_its_end_the_next_time(role: Role) -> None:
    """Where no message can be edited, the ending is yet to be seen."""
    shown = exhibit(role)
    assert verdict_on(shown, LOCKED, 0.0, LockOuts()).kind == "retry"
    shown.receipt = THERE
    assert verdict_on(shown, LOCKED, 0.0, LockOuts()).kind == "pass over"
    assert shown.withheld
    shown.plan = replace(shown.plan, final=True)
    assert not shown.withheld


@pytest.mark.parametrize("error", [GONE, LOCKED])
def test_nothing_stands_in_for_what_another_message_has_told(error: Failure) -> None:
    shown = exhibit(final=True)
    shown.plan = replace(shown.plan, below=SurfaceId("the answer"))
    assert verdict_on(shown, error, 0.0, LockOuts()).kind == "pass over"
    assert shown.withheld
    assert shown.receipt == THERE


def test_a_card_that_somebody_deleted_comes_again_once() -> None:
    role: Role = "approval"
    shown = exhibit(role)
    assert verdict_on(shown, GONE, 0.0, LockOuts()).kind == "retry"
    assert (shown.receipt, shown.intent_at) == (None, None)
    assert shown.mark != shown.surface_id
    shown.receipt = THERE
    assert verdict_on(shown, GONE, 0.0, LockOuts()).kind == "give up"


@pytest.mark.parametrize("role", ["progress", "answer", "page", "approval"])
def test_a_locked_message_is_stood_in_for(role: Role) -> None:
    shown = exhibit(role, receipt=STREAMING)
    shown.streamable = shown.rests = True
    assert verdict_on(shown, LOCKED, 0.0, LockOuts()).kind == "retry"
    assert shown.receipt is None
    assert not (shown.streamable or shown.rests)


def test_what_an_earlier_owner_may_have_replaced_is_looked_for() -> None:
    shown = exhibit("answer")
    shown.inherited = True
    verdict_on(shown, GONE, 0.0, LockOuts())
    assert shown.intent_at == NOW
    assert shown.marks[-1] == shown.mark
    assert shown.surface_id not in shown.marks


# ------------------------------------------------------------- the place is closed


@pytest.mark.parametrize("role", ["progress", "page"])
def test_what_a_closed_place_does_not_show_is_passed_over(role: Role) -> None:
    shown = exhibit(role)
    assert verdict_on(shown, CLOSED, 0.0, LockOuts()).kind == "pass over"
    assert shown.receipt == THERE


@pytest.mark.parametrize("role", ["progress", "page", "answer"])
def test_the_last_word_goes_to_its_person_once(role: Role) -> None:
    shown = exhibit(role, final=True, receipt=STREAMING)
    shown.streamable = shown.rests = True
    assert verdict_on(shown, CLOSED, 0.0, LockOuts()).kind == "move"
    assert (shown.address, shown.receipt, shown.intent_at) == (None, None, None)
    assert not (shown.streamable or shown.rests)
    assert not shown.homed
    shown.address = ADDRESS
    assert verdict_on(shown, CLOSED, 0.0, LockOuts()).kind == "give up"


@pytest.mark.parametrize("final", [False, True])
def test_a_card_whose_place_is_closed_is_given_up(*, final: bool) -> None:
    assert (
        verdict_on(exhibit("approval", final=final), CLOSED, 0.0, LockOuts()).kind
        == "give up"
    )


# --------------------------------------------------------------------- content refused

REFUSED = [
    ContentRefusedError("slack", "invalid_blocks"),
    PermissionMissingError("slack", "missing_scope"),
]


@pytest.mark.parametrize("error", REFUSED)
def test_progress_that_is_not_taken_is_passed_over(error: Failure) -> None:
    shown = exhibit()
    assert verdict_on(shown, error, 0.0, LockOuts()).kind == "pass over"
    assert not shown.bare


@pytest.mark.parametrize("error", REFUSED)
def test_the_last_word_is_tried_bare_then_anew_then_given_up(error: Failure) -> None:
    shown = exhibit(final=True)
    assert verdict_on(shown, error, 0.0, LockOuts()).kind == "retry"
    assert (shown.bare, shown.receipt) == (True, THERE)
    assert verdict_on(shown, error, 0.0, LockOuts()).kind == "retry"
    assert (shown.bare, shown.receipt) == (False, None)
    shown.bare = True
    assert verdict_on(shown, error, 0.0, LockOuts()).kind == "give up"


@pytest.mark.parametrize("error", REFUSED)
def test_a_streams_refused_end_is_no_refusal_of_the_last_word(error: Failure) -> None:
    shown = exhibit(final=True, receipt=STREAMING)
    assert verdict_on(shown, error, 0.0, LockOuts()).kind == "retry"
    assert not shown.bare, "an edit will show it whole"
    assert verdict_on(shown, error, 0.0, LockOuts()).kind == "retry"
    assert shown.bare, "but only once"


def test_a_first_post_is_tried_bare_then_given_up() -> None:
    shown = exhibit(receipt=None)
    assert verdict_on(shown, REFUSED[0], 0.0, LockOuts()).kind == "retry"
    assert verdict_on(shown, REFUSED[0], 0.0, LockOuts()).kind == "give up"


def test_a_message_that_nobody_needs_any_more_is_not_made() -> None:
    shown = exhibit(final=True, receipt=None)
    assert verdict_on(shown, NeedlessError("slack"), 0.0, LockOuts()).kind == "give up"
    assert not shown.bare


def test_a_card_that_asks_is_never_shown_bare() -> None:
    shown = exhibit("approval", receipt=None)
    assert verdict_on(shown, REFUSED[0], 0.0, LockOuts()).kind == "give up"
    assert not shown.bare


# ---------------------------------------------------------------------- what is noted


def test_every_verdict_has_its_loudness() -> None:
    kinds = {"throttle", "finals only", "retry", "leave", "pass over", "move"}
    assert set(LOUDNESS) == {*kinds, "give up"}


def test_an_adopted_message_that_streams_is_closed_first() -> None:
    shown = exhibit(receipt=None)
    shown.adopt(STREAMING, shown.surface_id)
    assert (shown.rests, shown.digest) == (True, "")
    shown.adopt(THERE, shown.surface_id)
    assert not shown.rests


def test_what_is_to_be_closed_is_so_once() -> None:
    """Otherwise a refusal to close would be answered by another try at once."""
    shown = exhibit(receipt=STREAMING)
    shown.rest()
    revision = shown.revision
    shown.rest()
    assert shown.revision == revision


def test_a_finished_page_is_not_renewed_and_an_unfinished_one_is() -> None:
    shown = exhibit("page")
    state = replace(shown.state, seq=9)
    assert shown.stale_after(shown.plan, state)
    shown.plan = replace(shown.plan, shows="All of page 2.")
    assert not shown.stale_after(shown.plan, state)
    assert shown.stale_after(replace(shown.plan, final=True), state)


# --------------------------------------------------------------- what comes after what


def test_nothing_points_below_before_the_ending_is_there() -> None:
    old, answer, shown = (
        exhibit(final=True),
        exhibit("answer", receipt=None),
        Exhibition(),
    )
    answer.plan = replace(answer.plan, surface_id=SurfaceId("s2"))
    old.plan = replace(old.plan, below=SurfaceId("s2"))
    shown.add(old)
    shown.add(answer)
    assert shown.waits(old)
    answer.receipt = THERE
    assert not shown.waits(old)
