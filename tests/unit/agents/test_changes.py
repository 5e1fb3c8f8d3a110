"""Second thoughts: open requests changed in place, plans made anew, for two companies.

A request waits; its requester writes on in a turn of its own; the turn that waits hears
of it, and asks anew. Every line below is data of a company file.
"""

from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.protocol.ids import ApprovalId, PersonId, TurnId
from bot.protocol.values import OpenRequest
from bot.view import wording
from tests.support.agent_turns import Desk, Told
from tests.support.companies import HOSPITAL, SAMPLE, desk_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """Who and what plays the parts in one company."""

    file: Path
    asker: str
    wish: str
    """For something that needs approval."""
    thing: str
    grant: str
    reason: str
    lower: str
    """How to ask for the smaller grant instead."""
    lower_grant: str
    device_wish: str
    device: str
    other_device: str
    """Of the same specialist."""
    other_device_name: str
    free_wish: str
    """For something that is given at once, on the same kind of thing."""
    free: tuple[str, str]
    more: str
    """How to ask for more of that."""
    more_grant: str


ACME = Cast(
    file=SAMPLE,
    asker="maya.chen",
    wish="I need to be a Figma editor because of the rebrand",
    thing="app/figma",
    grant="editor",
    reason="the rebrand",
    lower="make it viewer instead",
    lower_grant="viewer",
    device_wish="I need a 27 inch monitor",
    device="hw/monitor-27",
    other_device="hw/laptop-14",
    other_device_name="laptop",
    free_wish="Can I get read access to the design system repo?",
    free=("repo/design-system", "read"),
    more="write access",
    more_grant="write",
)
ELMWOOD = Cast(
    file=HOSPITAL,
    asker="p-100",
    wish="I'd like to be an author in Dictaphone because of the rebrand",
    thing="app/dictaphone",
    grant="author",
    reason="the rebrand",
    lower="listener is enough",
    lower_grant="listener",
    device_wish="I need a tablet",
    device="thing/trolley-tablet",
    other_device="thing/pager",
    other_device_name="pager",
    free_wish="Can I look at the shift planner?",
    free=("ward/rota", "look"),
    more="plan",
    more_grant="plan",
)


@pytest.fixture(params=[ACME, ELMWOOD], ids=["sample", "hospital"])
def cast(request: pytest.FixtureRequest) -> Cast:
    return request.param


REASONS = [wording.CHANGED_REASON, wording.WITHDRAWN_REASON]


@pytest.fixture(params=REASONS, ids=["changed", "withdrawn"])
def desk(cast: Cast, request: pytest.FixtureRequest) -> Desk:
    """A chat; a changed request may be denied as changed, or just as withdrawn."""
    desk = desk_of(cast.file, cast.asker)
    desk.changed_reason = request.param
    return desk


def rows(desk: Desk) -> list[tuple[str, str]]:
    return [(r.resource_id, r.grant) for _, r in desk.records.rows if r.kind != "seat"]


def subjects(told: Told) -> list[str]:
    return [needs.subject for needs in told.asked]


# --------------------------------------------------- while a request waits: changing it


async def test_a_smaller_grant_instead_is_asked_anew_and_the_old_one_is_void(
    cast: Cast, desk: Desk
) -> None:
    desk.meanwhile = [cast.lower]
    told = await desk.say(cast.wish)
    [other] = desk.others
    assert other.names == ["change_request"]
    assert other.calls[-1] == ("change_request", "done")
    assert list(desk.records.changed.values()) == [cast.lower]
    assert told.names[-2:] == ["assign_seat", "assign_seat"]
    assert rows(desk) == [(cast.thing, cast.lower_grant)]
    assert "You now have" in told.text
    assert len(told.text.splitlines()) == 1


async def test_two_weeks_are_asked_anew_for_two_weeks_with_the_old_reason(
    cast: Cast, desk: Desk
) -> None:
    desk.meanwhile = ["actually I need it for two weeks"]
    told = await desk.say(cast.wish)
    assert desk.others[0].names == ["change_request"]
    assert len(told.asked) == 2
    assert told.asked[0].args_hash != told.asked[1].args_hash
    assert subjects(told)[1] == f"{subjects(told)[0]} for 14 days"
    facts = {fact.label: fact.value for fact in told.asked[1].facts}
    assert facts["Ends by itself after"] == "14 days"
    assert facts["Why, as they put it"] == cast.reason
    assert rows(desk) == [(cast.thing, cast.grant)]


@pytest.mark.parametrize(
    "words",
    [
        "change my request for the {old} to a {new}",
        "a {new} instead please",
        "swap the {old} for a {new}",
        "can you change it to a {new}?",
        "I'd rather have a {new}",
        "a {new} instead of the {old}",
    ],
)
async def test_another_thing_instead_is_asked_for_and_the_first_is_not(
    cast: Cast, desk: Desk, words: str
) -> None:
    resource = desk.records.company.resource(cast.device)
    assert resource
    desk.meanwhile = [words.format(old=resource.name, new=cast.other_device_name)]
    told = await desk.say(cast.device_wish)
    assert desk.others[0].names == ["change_request"]
    assert [r for r, _ in rows(desk)] == [cast.other_device]
    assert told.names.count("ask_hardware") == 1
    assert told.calls[-1] == ("order_hardware", "done")
    assert cast.other_device_name in told.text.casefold()


async def test_another_specialists_thing_instead_is_handed_over(
    cast: Cast, desk: Desk
) -> None:
    desk.meanwhile = [f"a {cast.other_device_name} instead"]
    told = await desk.say(cast.wish)
    assert told.agents == ["coordinator", "software", "hardware"]
    assert [r for r, _ in rows(desk)] == [cast.other_device]
    assert told.names.count("assign_seat") == 1


async def test_a_change_that_nobody_understands_is_what_deciders_read(
    cast: Cast,
) -> None:
    desk = desk_of(cast.file, cast.asker)
    resource = desk.records.company.resource(cast.device)
    assert resource
    change = f"change my request for the {resource.name} to the blue one"
    desk.meanwhile = [change]
    told = await desk.say(cast.device_wish)
    assert desk.others[0].names == ["change_request"]
    assert len(told.asked) == 2
    facts = {fact.label: fact.value for fact in told.asked[1].facts}
    assert facts["Why, as they put it"] == change
    assert told.asked[0].args_hash != told.asked[1].args_hash


async def test_a_request_is_changed_as_often_as_one_likes(
    cast: Cast, desk: Desk
) -> None:
    desk.meanwhile = ["actually I need it for two weeks", "make it three weeks"]
    told = await desk.say(cast.wish)
    assert [s.rpartition(" for ")[2] for s in subjects(told)[1:]] == [
        "14 days",
        "21 days",
    ]
    assert rows(desk) == [(cast.thing, cast.grant)]
    assert len(told.text.splitlines()) == 1


async def test_a_changed_request_can_be_withdrawn(cast: Cast, desk: Desk) -> None:
    desk.meanwhile = ["actually I need it for two weeks", "cancel it"]
    told = await desk.say(cast.wish)
    assert [other.names for other in desk.others] == [
        ["change_request"],
        ["withdraw_request"],
    ]
    assert len(told.asked) == 2
    assert rows(desk) == []
    assert wording.WITHDRAWN_REASON in told.text


async def test_a_withdrawn_request_is_not_asked_again(cast: Cast, desk: Desk) -> None:
    desk.meanwhile = ["cancel it"]
    told = await desk.say(cast.wish)
    assert len(told.asked) == 1
    assert rows(desk) == []
    assert "withdrawn" in told.text


async def test_of_two_open_requests_only_the_one_that_is_meant_is_changed(
    cast: Cast, desk: Desk
) -> None:
    device = OpenRequest(
        approval_id=ApprovalId("a0"),
        turn_id=TurnId("an-earlier-turn"),
        subject=f"Order one {cast.other_device_name} for them",
        waiting_for=("Sam",),
    )
    desk.records.waiting.append((PersonId(desk.person), device))
    desk.meanwhile = [cast.lower]
    await desk.say(cast.wish)
    assert len(desk.records.changed) == 1
    assert "a0" not in desk.records.changed


# ------------------------------------------------------ while a request waits: the rest


async def test_asking_after_a_request_changes_nothing(cast: Cast, desk: Desk) -> None:
    desk.meanwhile = [
        "is my request approved yet?",
        "has my request been approved?",
        "thanks",
        "also, where do I find the car park?",
    ]
    told = await desk.say(cast.wish)
    assert [other.names for other in desk.others[:3]] == [
        ["my_requests"],
        ["my_requests"],
        [],
    ]
    assert "waits for" in desk.others[0].text
    assert desk.records.changed == {}
    assert rows(desk) == [(cast.thing, cast.grant)]
    assert len(told.asked) == 1


async def test_another_wish_leaves_the_open_request_alone(
    cast: Cast, desk: Desk
) -> None:
    desk.meanwhile = [f"I also need a {cast.other_device_name}"]
    await desk.say(cast.wish)
    assert desk.records.changed == {}
    assert "ask_hardware" in desk.others[0].names


@pytest.mark.parametrize(
    "words", ["change my request", "I want to change my {thing} request"]
)
async def test_what_to_change_is_asked_back_and_the_answer_is_the_change(
    cast: Cast, desk: Desk, words: str
) -> None:
    resource = desk.records.company.resource(cast.thing)
    assert resource
    asking = words.format(thing=resource.name)
    desk.meanwhile = [asking, f"{cast.lower_grant} please"]
    await desk.say(cast.wish)
    asked, answered = desk.others
    assert asked.calls == []
    assert "What should I change" in asked.text
    assert answered.names == ["change_request"]
    assert rows(desk) == [(cast.thing, cast.lower_grant)]


async def test_what_to_change_may_be_nothing(cast: Cast, desk: Desk) -> None:
    desk.meanwhile = ["change my request", "never mind"]
    await desk.say(cast.wish)
    assert [other.calls for other in desk.others] == [[], []]
    assert rows(desk) == [(cast.thing, cast.grant)]


async def test_with_nothing_open_there_is_nothing_to_change(
    cast: Cast, desk: Desk
) -> None:
    told = await desk.say("change my request please")
    assert told.calls == []
    assert "no open request" in told.text
    desk.meanwhile = [f"change my {cast.other_device_name} request to two"]
    await desk.say(cast.wish)
    assert desk.others[0].calls == []
    assert "no open request about" in desk.others[0].text


# --------------------------------------------------- before a call: looked at once more


async def test_thanks_before_the_call_makes_the_same_call(
    cast: Cast, desk: Desk
) -> None:
    desk.thoughts = {"assign_seat": "thanks"}
    told = await desk.say(cast.wish)
    assert [c for c in told.calls if c[0] == "assign_seat"] == [
        ("assign_seat", "put off"),
        ("assign_seat", "done"),
    ]
    assert rows(desk) == [(cast.thing, cast.grant)]
    assert wording.RECONSIDERED not in told.text


async def test_a_question_before_the_call_makes_the_same_call(
    cast: Cast, desk: Desk
) -> None:
    desk.thoughts = {"assign_seat": "How do I reset my password?"}
    told = await desk.say(cast.wish)
    assert told.names.count("assign_seat") == 2
    facts = {fact.label: fact.value for fact in told.asked[0].facts}
    assert facts["Why, as they put it"] == cast.reason
    assert "search_knowledge" in told.names
    assert rows(desk) == [(cast.thing, cast.grant)]


@pytest.mark.parametrize(
    "words", ["no, {more}", "{more} instead", "I'd rather have {more}"]
)
async def test_something_else_before_the_call_replaces_it(
    cast: Cast, desk: Desk, words: str
) -> None:
    desk.thoughts = {"grant_access": words.format(more=cast.more)}
    told = await desk.say(cast.free_wish)
    assert rows(desk) == [(cast.free[0], cast.more_grant)]
    assert told.names.count("ask_software") == 1
    assert wording.RECONSIDERED not in told.text


async def test_something_more_before_the_call_comes_on_top(
    cast: Cast, desk: Desk
) -> None:
    desk.thoughts = {"grant_access": f"also {cast.more}"}
    told = await desk.say(cast.free_wish)
    assert rows(desk) == [cast.free, (cast.free[0], cast.more_grant)]
    assert len(told.text.splitlines()) == 2


async def test_another_thing_before_the_call_comes_on_top_or_instead(
    cast: Cast,
) -> None:
    device = (cast.other_device, "")
    for words, wanted in (
        (f"also a {cast.other_device_name}", [cast.free, device]),
        (f"no, a {cast.other_device_name}", [device]),
    ):
        desk = desk_of(cast.file, cast.asker)
        desk.thoughts = {"grant_access": words}
        told = await desk.say(cast.free_wish)
        assert rows(desk) == wanted
        assert told.names.count("ask_hardware") == 1


@pytest.mark.parametrize("words", ["cancel it", "never mind", "don't do that"])
async def test_a_no_before_the_call_makes_no_call(
    cast: Cast, desk: Desk, words: str
) -> None:
    desk.thoughts = {"grant_access": words}
    told = await desk.say(cast.free_wish)
    assert rows(desk) == []
    assert told.names.count("grant_access") == 1
    assert wording.RECONSIDERED in told.text


async def test_for_how_long_before_the_call_is_part_of_it(
    cast: Cast, desk: Desk
) -> None:
    desk.thoughts = {"assign_seat": "for two weeks only"}
    told = await desk.say(cast.wish)
    [needs] = told.asked
    assert needs.subject.endswith("for 14 days")


async def test_a_hand_off_that_was_put_off_is_made_after_all(
    cast: Cast, desk: Desk
) -> None:
    desk.thoughts = {"ask_software": "thanks"}
    await desk.say(cast.free_wish)
    assert rows(desk) == [cast.free]


async def test_a_ticket_that_was_put_off_is_opened_after_all(desk: Desk) -> None:
    desk.thoughts = {"open_ticket": "thanks"}
    await desk.say("open a ticket: the coffee machine sings")
    assert desk.records.kinds() == ["ticket"]


async def test_what_was_done_is_not_done_again_for_a_late_word(
    cast: Cast, desk: Desk
) -> None:
    """The specialist had said its last word when the requester wrote once more."""
    desk.steers = {("hardware", 3): "thanks"}
    told = await desk.say(f"I need a {cast.other_device_name}")
    assert desk.records.kinds() == ["order"]
    assert told.names.count("order_hardware") == 1


async def test_a_change_while_a_turn_runs_means_its_own_wish_not_an_open_request(
    cast: Cast, desk: Desk
) -> None:
    waiting = OpenRequest(
        approval_id=ApprovalId("a0"),
        turn_id=TurnId("an-earlier-turn"),
        subject=f"Order one {cast.other_device_name} for them",
        waiting_for=("Sam",),
    )
    desk.records.waiting.append((PersonId(desk.person), waiting))
    desk.steers = {
        ("software", 1): "make it for two weeks",
        ("software", 2): "cancel it",
    }
    told = await desk.say(cast.wish)
    assert desk.records.changed == {}
    assert desk.records.withdrawn == []
    assert not {"change_request", "withdraw_request"} & set(told.names)
