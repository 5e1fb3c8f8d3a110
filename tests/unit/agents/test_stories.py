"""The stories that must work, at the level of the agents, for two companies.

Every line below is data of a company file: the same tests run for both.
"""

from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.ports.records import Access
from bot.protocol.ids import ApprovalId, PersonId, TurnId
from bot.protocol.values import OpenRequest
from tests.support.agent_turns import TENANT, Desk
from tests.support.companies import HOSPITAL, SAMPLE, company_at, desk_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """Who and what plays the parts in one company."""

    file: Path
    asker: str
    asker_manager: str
    question: str
    article: str
    quote: str
    free_wish: str
    free: tuple[str, str]
    seat_wish: str
    seat: tuple[str, str]
    device: str
    device_wish: str
    device_approvers: list[list[str]]
    three_wishes: str
    outsider: str
    forbidden_wish: str
    forbidden_owner: str
    somebody_else: str
    password_question: str
    larger: str
    steer: str


ACME = Cast(
    file=SAMPLE,
    asker="maya.chen",
    asker_manager="Priya Nair",
    question="How do I connect to the VPN?",
    article="vpn",
    quote="self-service portal",
    free_wish="Can I get read access to the design system repo?",
    free=("repo/design-system", "read"),
    seat_wish="I need to be a Figma editor",
    seat=("app/figma", "editor"),
    device="27-inch monitor",
    device_wish="I need a 27 inch monitor",
    device_approvers=[["Priya Nair"]],
    three_wishes=(
        "I start on Monday: design system repo, a Figma seat and a monitor please"
    ),
    outsider="noah.kim",
    forbidden_wish="give me access to payments-core",
    forbidden_owner="Tomás Ruiz",
    somebody_else="Noah Kim",
    password_question="how do I reset my password?",
    larger="write",
    steer="write access, not read",
)

ELMWOOD = Cast(
    file=HOSPITAL,
    asker="p-100",
    asker_manager="Siobhán Walsh",
    question="Where can staff park?",
    article="car-park",
    quote="blue sticker",
    free_wish="Can I look at the shift planner?",
    free=("ward/rota", "look"),
    seat_wish="I'd like to be an author in Dictaphone",
    seat=("app/dictaphone", "author"),
    device="Trolley tablet",
    device_wish="I need a tablet",
    device_approvers=[["Siobhán Walsh"], ["Rosamund Achebe"]],
    three_wishes="Starting next week, I need the rota, a dictation licence and a tablet",
    outsider="p-102",
    forbidden_wish="please give me access to the x-ray archive",
    forbidden_owner="Henrik Dahl",
    somebody_else="Tess Quigley",
    password_question="how can I change my password?",
    larger="plan",
    steer="no wait, plan instead of look",
)


@pytest.fixture(params=[ACME, ELMWOOD], ids=["sample", "hospital"])
def cast(request: pytest.FixtureRequest) -> Cast:
    return request.param


@pytest.fixture
def desk(cast: Cast) -> Desk:
    return desk_of(cast.file, cast.asker)


def rows(desk: Desk) -> list[tuple[str, str, str]]:
    return [(r.kind, r.resource_id, r.grant) for _, r in desk.records.rows]


def waits(desk: Desk, subject: str, *, whom: str = "Somebody") -> ApprovalId:
    """Put an open request of the desk's person into the records."""
    approval = ApprovalId(f"a{len(desk.records.waiting) + 1}")
    request = OpenRequest(
        approval_id=approval,
        turn_id=TurnId("an-earlier-turn"),
        subject=subject,
        waiting_for=(whom,),
    )
    desk.records.waiting.append((PersonId(desk.person), request))
    return approval


# ------------------------------------------------------------------ stories 1 to 3


async def test_a_question_is_answered_from_the_article_it_cites(cast: Cast, desk: Desk):
    told = await desk.say(cast.question)
    assert told.names == ["search_knowledge"]
    assert cast.quote in told.text
    assert [s.ref for r in told.results for s in r.sources] == [cast.article]
    assert told.results[0].sources[0].title in told.text


async def test_what_policy_allows_is_granted_at_once(cast: Cast, desk: Desk):
    told = await desk.say(cast.free_wish)
    assert told.asked == []
    assert rows(desk) == [("grant", *cast.free)]
    assert told.text.startswith("You now have")


async def test_asking_again_for_what_one_has_changes_nothing(cast: Cast, desk: Desk):
    await desk.say(cast.free_wish)
    told = await desk.say(cast.free_wish)
    assert len(rows(desk)) == 1
    assert "You already have" in told.text


async def test_a_paid_seat_waits_for_the_manager_and_is_then_assigned(
    cast: Cast, desk: Desk
):
    told = await desk.say(cast.seat_wish)
    assert [[a.name for a in s.approvers] for s in told.asked[0].stages] == [
        [cast.asker_manager]
    ]
    facts = {fact.label: fact.value for fact in told.asked[0].facts}
    assert "a month" in facts["Cost"]
    assert rows(desk) == [("grant", *cast.seat), ("seat", *cast.seat)]
    assert "You now have" in told.text


# ------------------------------------------------------------------ stories 4 and 5


async def test_a_rejection_is_told_with_its_reason(cast: Cast, desk: Desk):
    desk.decide = lambda _: "Rejected by Sam Boss: next quarter. Nothing was changed."
    told = await desk.say(cast.device_wish)
    assert told.calls[-1] == ("order_hardware", "rejected")
    assert "Rejected by Sam Boss: next quarter" in told.text
    assert cast.device in told.text
    assert rows(desk) == []


async def test_an_approval_for_what_is_out_of_stock_is_honest_and_orders_nothing(
    cast: Cast, desk: Desk
):
    told = await desk.say(cast.device_wish)
    needs = told.asked[0]
    facts = {fact.label: fact.value for fact in needs.facts}
    assert facts["In stock"].startswith("None")
    assert "waiting list" in facts["What approval does"]
    assert "waiting list" in needs.subject
    names = [[a.name for a in stage.approvers] for stage in needs.stages]
    assert names == cast.device_approvers
    assert desk.records.kinds() == ["waitlist"]
    assert "not ordered yet" in told.text
    assert "not ordered yet" in told.results[-1].title


async def test_three_wishes_go_to_their_specialists_side_by_side_with_one_summary(
    cast: Cast, desk: Desk
):
    told = await desk.say(cast.three_wishes)
    assert told.agents == ["coordinator", "software", "hardware"]
    assert [name for name in told.names if name.startswith("ask_")] == [
        "ask_software",
        "ask_hardware",
    ]
    assert len(told.asked) == 2
    assert sorted(desk.records.kinds()) == ["grant", "grant", "seat", "waitlist"]
    assert len(told.text.splitlines()) == 3
    assert len(told.texts) == 2


# ------------------------------------------------------------------ stories 6 and 7


async def test_what_policy_denies_is_explained_and_leaves_no_row(cast: Cast):
    desk = desk_of(cast.file, cast.outsider)
    told = await desk.say(cast.forbidden_wish)
    assert told.asked == []
    assert told.calls[-1] == ("grant_access", "refused")
    assert cast.forbidden_owner in told.text
    assert "Nothing was changed" in told.text
    assert rows(desk) == []


async def test_somebody_elses_password_is_not_reset(cast: Cast, desk: Desk):
    for text in (
        f"Reset the password of {cast.somebody_else}",
        f"reset {cast.somebody_else}'s password please",
        f"{cast.somebody_else} forgot her password, can you reset it",
        "please reset my manager's password",
    ):
        told = await desk.say(text)
        assert told.calls == [("ask_security", "done"), ("reset_password", "refused")]
        assert "You can only reset your own password" in told.text
    assert rows(desk) == []


async def test_ones_own_password_is_reset(desk: Desk):
    told = await desk.say("I forgot my password, please reset it")
    assert desk.records.kinds() == ["reset"]
    assert "one-time link" in told.text


# ------------------------------------------------------------------------- story 8


async def test_a_steer_before_the_request_replaces_it(cast: Cast, desk: Desk):
    desk.steers = {("software", 1): cast.steer}
    told = await desk.say(cast.free_wish)
    assert rows(desk) == [("grant", cast.free[0], cast.larger)]
    assert told.names.count("grant_access") == 1
    assert cast.larger in told.text


async def test_a_steer_after_the_request_asks_additionally(cast: Cast, desk: Desk):
    desk.steers = {("software", 2): cast.steer}
    told = await desk.say(cast.free_wish)
    assert rows(desk) == [
        ("grant", *cast.free),
        ("grant", cast.free[0], cast.larger),
    ]
    assert told.names.count("ask_software") == 1
    assert len(told.text.splitlines()) == 2


async def test_a_steer_that_only_the_coordinator_sees_is_handed_on(
    cast: Cast, desk: Desk
):
    desk.steers = {("coordinator", 2): cast.steer}
    told = await desk.say(cast.free_wish)
    assert rows(desk)[-1] == ("grant", cast.free[0], cast.larger)
    assert told.names.count("ask_software") == 2
    assert cast.larger in told.text


async def test_a_steer_before_the_hand_off_is_part_of_the_wish(cast: Cast, desk: Desk):
    desk.steers = {("coordinator", 1): cast.steer}
    await desk.say(cast.free_wish)
    assert (cast.free[0], cast.larger) in [(r, g) for _, r, g in rows(desk)]


async def test_the_same_grant_as_a_later_message_is_understood_from_the_chat(
    cast: Cast, desk: Desk
):
    await desk.say(cast.free_wish)
    await desk.say(f"actually I need {cast.larger}")
    assert rows(desk)[-1] == ("grant", cast.free[0], cast.larger)


# ------------------------------------------------------------------------ story 11


async def test_while_a_request_waits_questions_are_answered_and_it_can_be_cancelled(
    cast: Cast, desk: Desk
):
    approval = waits(desk, f"Order one {cast.device} for them", whom="Sam Boss")
    told = await desk.say(cast.password_question)
    assert told.names == ["search_knowledge"]
    assert "link" in told.text

    told = await desk.say(f"what about my {cast.device}?")
    assert told.names == ["my_requests"]
    assert "waits for Sam Boss" in told.text

    told = await desk.say("cancel it")
    assert told.calls == [("withdraw_request", "done")]
    assert desk.records.withdrawn == [approval]
    assert "withdrawn" in told.text


async def test_a_named_request_is_cancelled_and_not_the_latest(cast: Cast, desk: Desk):
    approval = waits(desk, f"Order one {cast.device} for them")
    waits(desk, "Something else")
    await desk.say(f"cancel the {cast.device}")
    assert desk.records.withdrawn == [approval]


async def test_with_nothing_open_cancelling_says_so(desk: Desk):
    told = await desk.say("cancel it")
    assert told.calls == []
    assert "no open request" in told.text


async def test_the_same_request_is_not_sent_to_the_manager_twice(
    cast: Cast, desk: Desk
):
    first = await desk.say(cast.device_wish)
    desk.records.rows.clear()
    waits(desk, first.asked[0].subject, whom="Sam Boss")
    told = await desk.say(cast.device_wish)
    assert told.asked == []
    assert "already asked" in told.text
    assert "Sam Boss" in told.text


# -------------------------------------------------------------------- what goes wrong


async def test_a_request_for_somebody_else_is_not_made(cast: Cast, desk: Desk):
    told = await desk.say(f"I need a {cast.device} for {cast.somebody_else}")
    assert told.calls == []
    assert "only ask for yourself" in told.text


async def test_what_is_unclear_is_asked_back_with_examples(desk: Desk):
    told = await desk.say("I need access")
    assert told.calls == []
    assert told.text.count("“I need") >= 2


async def test_what_nobody_knows_becomes_a_ticket_when_wanted(desk: Desk):
    told = await desk.say("The coffee machine sings at night")
    assert "I found nothing" in told.text
    told = await desk.say("yes please")
    assert desk.records.kinds() == ["ticket"]
    assert "coffee machine" in told.results[0].cards[0].facts[0].value


async def test_without_a_seat_the_waiting_list_is_offered_and_a_yes_joins_it(
    cast: Cast, desk: Desk
):
    company = company_at(cast.file)
    resource = company.resource(cast.seat[0])
    assert resource
    for number in range(resource.seats or 0):
        await desk.records.grant_access(
            TENANT,
            key=f"k{number}",
            access=Access(
                person=PersonId(f"somebody {number}"),
                resource_id=resource.id,
                grant=cast.seat[1],
                seat=True,
            ),
        )
    desk.records.rows[:] = [r for r in desk.records.rows if r[1].kind == "seat"]
    told = await desk.say(cast.seat_wish)
    assert told.calls[-1] == ("assign_seat", "refused")
    assert "waiting list" in told.text
    await desk.say("yes")
    assert desk.records.kinds()[-1] == "waitlist"
    assert "grant" not in desk.records.kinds()


async def test_small_talk_needs_no_tools(desk: Desk):
    for text in ("hi", "thanks!", "what can you do?"):
        told = await desk.say(text)
        assert told.calls == []
        assert told.text
