"""A platform that refuses our credentials: how long each message is tried."""

from bot.engine.exhibit import Exhibit
from bot.engine.lock_outs import LAPSE, LockOuts
from bot.engine.refusals import LOCKED_OUT, PATIENCE, Verdict, verdict_on
from bot.errors import AccessRefusedError
from bot.ports.rows import Claim
from bot.protocol.ids import ConversationId, PersonId, SurfaceId, TenantId
from bot.protocol.inbound import Address
from bot.view.project import ForRequester, SurfacePlan
from tests.support.turns import ADDRESS, STARTED, fold, record

CLAIM = Claim(
    tenant_id=TenantId("tenant"),
    conversation_id=ConversationId("c1"),
    fence=1,
    address=ADDRESS,
)
REFUSED = AccessRefusedError("slack", "token_revoked")
ELSEWHERE = ADDRESS.model_copy(update={"workspace": "another-workspace"})


def exhibit(name: str = "s1", *, at: Address = ADDRESS) -> Exhibit:
    """Return a message as whoever claims its conversation finds it."""
    plan = SurfacePlan(
        surface_id=SurfaceId(name),
        role="progress",
        audience=ForRequester(part="progress"),
        person_id=PersonId("p0"),
        final=True,
    )
    made = Exhibit(plan=plan, claim=CLAIM, state=fold(record([STARTED])))
    made.address = at
    return made


def refused(lock_outs: LockOuts, shown: Exhibit, at: float) -> Verdict:
    return verdict_on(shown, REFUSED, at, lock_outs)


def test_it_is_tried_each_minute_for_a_while() -> None:
    lock_outs, shown = LockOuts(), exhibit()
    for now in (100.0, 160.0, 100.0 + PATIENCE - 1):
        verdict = refused(lock_outs, shown, now)
        assert (verdict.kind, verdict.at) == ("retry", now + LOCKED_OUT)
    assert refused(lock_outs, shown, 100.0 + PATIENCE).kind == "give up"


def test_the_time_goes_on_while_nobody_shows_the_turn() -> None:
    """A conversation is let go after half a minute of that, and claimed again."""
    lock_outs = LockOuts()
    for at in (0.0, 100.0, PATIENCE - 1):
        assert refused(lock_outs, exhibit(), at).kind == "retry"
    assert refused(lock_outs, exhibit(), PATIENCE).kind == "give up"


def test_what_was_given_up_and_is_wanted_again_has_its_own_time() -> None:
    lock_outs, shown = LockOuts(), exhibit()
    refused(lock_outs, shown, 0.0)
    assert refused(lock_outs, shown, PATIENCE).kind == "give up"
    lock_outs.given_up(shown)
    assert refused(lock_outs, exhibit(), PATIENCE + 1).kind == "retry"


def test_the_next_lock_out_is_another_once_anything_was_shown_there() -> None:
    lock_outs = LockOuts()
    refused(lock_outs, exhibit("waits"), 0.0)
    lock_outs.accepted(exhibit("another"))
    assert refused(lock_outs, exhibit("waits"), PATIENCE + 1).kind == "retry"
    assert refused(lock_outs, exhibit("waits"), 2 * PATIENCE + 1).kind == "give up"


def test_what_one_workspace_accepts_says_nothing_of_another() -> None:
    lock_outs = LockOuts()
    refused(lock_outs, exhibit(), 0.0)
    lock_outs.accepted(exhibit("another", at=ELSEWHERE))
    assert refused(lock_outs, exhibit(), PATIENCE).kind == "give up"


def test_the_next_lock_out_is_another_when_nothing_was_refused_for_long() -> None:
    """Another replica may have shown it meanwhile."""
    lock_outs = LockOuts()
    refused(lock_outs, exhibit(), 0.0)
    later = LAPSE + 1
    assert refused(lock_outs, exhibit(), later).kind == "retry"
    assert refused(lock_outs, exhibit(), later + PATIENCE).kind == "give up"


def test_nothing_is_remembered_for_ever() -> None:
    lock_outs = LockOuts()
    for number in range(100):
        at = ADDRESS if number % 2 else ELSEWHERE
        refused(lock_outs, exhibit(f"s{number}", at=at), float(number))
    assert len(lock_outs) == 100
    refused(lock_outs, exhibit("later"), 100.0 + LAPSE)
    assert len(lock_outs) == 1


def test_a_long_lock_out_forgets_nothing_that_still_waits() -> None:
    lock_outs = LockOuts()
    for minute in range(14):
        for number in range(5):
            at = 60.0 * minute + number
            assert refused(lock_outs, exhibit(f"s{number}"), at).kind == "retry"
    assert len(lock_outs) == 5
