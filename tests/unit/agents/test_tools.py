"""Tools as the engine calls them, whatever a model wrote into their arguments."""

from datetime import timedelta

import pytest
from pydantic import JsonValue

from agents.build import build_agents
from agents.models.scripted import ScriptedModel
from agents.tools.search_knowledge import MAX_CHARACTERS
from bot.clock import SystemClock
from bot.company.file import ArticleFile
from bot.ports.agent import Allowed, Call, NeedsApproval, Refused
from bot.ports.records import Access
from bot.protocol.ids import ApprovalId, PersonId, TurnId
from bot.protocol.values import OpenRequest
from tests.support.agent_turns import TENANT, Desk
from tests.support.companies import (
    HOSPITAL,
    SAMPLE,
    company_at,
    desk_of,
    records_of,
)
from tests.support.records import NOW, MemoryRecords

DESIGN_SYSTEM: dict[str, JsonValue] = {
    "resource": "repo/design-system",
    "grant": "read",
}
FIGMA: dict[str, JsonValue] = {"resource": "app/figma", "grant": "editor"}
LAPTOP: dict[str, JsonValue] = {"resource": "hw/laptop-14"}
MONITOR: dict[str, JsonValue] = {"resource": "hw/monitor-27"}


@pytest.fixture
def desk() -> Desk:
    return desk_of(SAMPLE, "maya.chen")


async def refusal(desk: Desk, call: Call) -> str:
    ruling = await desk.agents.rule(call)
    assert isinstance(ruling, Refused), ruling
    return ruling.reason


@pytest.mark.parametrize("person", ["", "nobody.here"])
async def test_somebody_unknown_may_do_nothing(person: str):
    desk = desk_of(SAMPLE, person)
    for name, arguments in (("grant_access", DESIGN_SYSTEM), ("who_am_i", {})):
        call = desk.call(name, arguments)
        assert "directory" in await refusal(desk, call)
        assert (await desk.agents.run(call)).outcome == "failed"
    assert desk.records.rows == []


async def test_wrong_arguments_are_refused_in_plain_words_and_never_run(desk: Desk):
    wrong: list[dict[str, JsonValue]] = [
        {**DESIGN_SYSTEM, "requester": "priya.nair"},
        {"resource": "repo/design-system"},
        {"resource": 7, "grant": "read"},
    ]
    for arguments in wrong:
        call = desk.call("grant_access", arguments)
        assert "was not run" in await refusal(desk, call)
        assert (await desk.agents.run(call)).outcome == "failed"
        assert desk.agents.title("grant_access", arguments)
    assert desk.records.rows == []


async def test_an_unknown_tool_is_refused(desk: Desk):
    call = desk.call("format_disk", {})
    assert "no such tool" in await refusal(desk, call)
    assert (await desk.agents.run(call)).outcome == "failed"
    assert desk.agents.spec("format_disk") is None


async def test_an_unknown_thing_is_refused(desk: Desk):
    call = desk.call("grant_access", {"resource": "repo/none", "grant": "read"})
    assert "no 'repo/none'" in await refusal(desk, call)


async def test_a_grant_that_is_not_offered_names_those_that_are(desk: Desk):
    call = desk.call("grant_access", {**DESIGN_SYSTEM, "grant": "delete"})
    assert "read, write or admin" in await refusal(desk, call)


async def test_an_approval_is_for_exactly_these_arguments_and_this_person(desk: Desk):
    hashes: list[str] = []
    omar = desk_of(SAMPLE, "omar.haddad")
    for who, arguments in (
        (desk, FIGMA),
        (desk, dict(reversed(FIGMA.items()))),
        (desk, {**FIGMA, "reason": "a rush"}),
        (omar, FIGMA),
    ):
        ruling = await who.agents.rule(who.call("assign_seat", arguments))
        assert isinstance(ruling, NeedsApproval)
        hashes.append(ruling.args_hash)
    assert hashes[0] == hashes[1]
    assert len(set(hashes)) == 3


async def test_an_approval_says_who_what_why_and_at_what_cost(desk: Desk):
    call = desk.call("assign_seat", {**FIGMA, "reason": "the rebrand"})
    ruling = await desk.agents.rule(call)
    assert isinstance(ruling, NeedsApproval)
    assert ruling.subject == "Assign a Figma editor seat to Maya Chen"
    assert {fact.label: fact.value for fact in ruling.facts} == {
        "Requested by": "Maya Chen (Product designer, Design)",
        "What": "Figma editor seat",
        "Why, as they put it": "the rebrand",
        "Cost": "45 EUR a month",
        "Seats left": "40 of 40",
    }


async def test_access_ends_by_itself_where_the_catalog_says_so():
    desk = desk_of(SAMPLE, "omar.haddad")
    call = desk.call("grant_access", {"resource": "db/prod-readonly", "grant": "read"})
    ruling = await desk.agents.rule(call)
    assert isinstance(ruling, NeedsApproval)
    assert ruling.stages[0].need == 2
    result = await desk.agents.run(call)
    assert desk.records.rows[0][1].ends_at == NOW + timedelta(hours=8)
    assert "17:00" in str(result.content)


@pytest.mark.parametrize(
    ("days", "hours", "said"), [(14, 8, "8 hours"), (None, 8, "8 hours")]
)
async def test_access_never_lasts_longer_than_the_catalog_says(
    days: int | None, hours: int, said: str
):
    desk = desk_of(SAMPLE, "omar.haddad")
    arguments: dict[str, JsonValue] = {"resource": "db/prod-readonly", "grant": "read"}
    call = desk.call("grant_access", {**arguments, **({"days": days} if days else {})})
    ruling = await desk.agents.rule(call)
    assert isinstance(ruling, NeedsApproval)
    facts = {fact.label: fact.value for fact in ruling.facts}
    assert facts["Ends by itself after"] == said
    await desk.agents.run(call)
    assert desk.records.rows[0][1].ends_at == NOW + timedelta(hours=hours)


async def test_access_for_some_days_is_asked_and_given_for_so_long(desk: Desk):
    call = desk.call("assign_seat", {**FIGMA, "days": 14})
    ruling = await desk.agents.rule(call)
    assert isinstance(ruling, NeedsApproval)
    assert ruling.subject.endswith("for 14 days")
    facts = {fact.label: fact.value for fact in ruling.facts}
    assert facts["Ends by itself after"] == "14 days"
    first = await desk.agents.run(call)
    assert desk.records.rows[0][1].ends_at == NOW + timedelta(days=14)
    assert "2026-12-04" in str(first.content)
    assert await desk.agents.probe(call) == first
    for wrong in (0, -1, 100_000, "long"):
        call = desk.call("assign_seat", {**FIGMA, "days": wrong})
        assert "was not run" in await refusal(desk, call)


async def test_an_approval_is_for_just_so_many_days(desk: Desk):
    hashes: list[str] = []
    for arguments in (FIGMA, {**FIGMA, "days": None}, {**FIGMA, "days": 14}):
        ruling = await desk.agents.rule(desk.call("assign_seat", arguments))
        assert isinstance(ruling, NeedsApproval)
        hashes.append(ruling.args_hash)
    assert hashes[0] == hashes[1] != hashes[2]


async def test_a_fingerprint_outlives_a_release_that_adds_an_argument(desk: Desk):
    ruling = await desk.agents.rule(desk.call("assign_seat", FIGMA))
    assert isinstance(ruling, NeedsApproval)
    assert ruling.args_hash == (  # as release 11fd2ed made it
        "05524b9982b0b04841b03217657854ce307671ced665035f21d05cf07fcdbb81"
    )


async def test_a_larger_grant_includes_a_smaller_one(desk: Desk):
    await desk.agents.run(
        desk.call("grant_access", {**DESIGN_SYSTEM, "grant": "write"})
    )
    call = desk.call("grant_access", DESIGN_SYSTEM, call_id="c2")
    assert "which includes read" in await refusal(desk, call)
    assert (await desk.agents.run(call)).outcome == "done"
    assert len(desk.records.rows) == 1


async def test_a_free_grant_takes_no_seat_and_a_paid_one_does(desk: Desk):
    free = desk.call("assign_seat", {**FIGMA, "grant": "viewer"})
    assert isinstance(await desk.agents.rule(free), Allowed)
    await desk.agents.run(free)
    assert await desk.records.seats_left(TENANT, "app/figma") == 40
    await desk.agents.run(desk.call("assign_seat", FIGMA, call_id="c2"))
    assert await desk.records.seats_left(TENANT, "app/figma") == 39


async def test_the_last_seat_gone_between_approval_and_run_is_told(desk: Desk):
    for number in range(10):
        await desk.records.grant_access(
            TENANT,
            key=f"k{number}",
            access=Access(
                person=PersonId(f"x{number}"),
                resource_id="app/tableau",
                grant="viewer",
                seat=True,
            ),
        )
    call = desk.call("assign_seat", {"resource": "app/tableau", "grant": "viewer"})
    result = await desk.agents.run(call)
    assert result.outcome == "failed"
    assert "waiting list" in str(result.content)
    assert "waiting list" in await refusal(desk, call)


async def test_the_tools_for_seats_and_for_access_do_not_swap(desk: Desk):
    assert "assign_seat" in await refusal(desk, desk.call("grant_access", FIGMA))
    call = desk.call("assign_seat", DESIGN_SYSTEM)
    assert "grant_access" in await refusal(desk, call)
    call = desk.call("order_hardware", {"resource": "app/figma"})
    assert "grants" in await refusal(desk, call)


async def test_what_is_in_stock_is_ordered_after_both_stages(desk: Desk):
    call = desk.call("order_hardware", LAPTOP)
    ruling = await desk.agents.rule(call)
    assert isinstance(ruling, NeedsApproval)
    assert [s.label for s in ruling.stages] == ["manager", "group:finance"]
    facts = {fact.label: fact.value for fact in ruling.facts}
    assert (facts["Price"], facts["In stock"]) == ("1,650 EUR", "6")
    result = await desk.agents.run(call)
    assert desk.records.kinds() == ["order"]
    assert "ORD-1" in str(result.content)


async def test_running_a_call_again_has_its_effect_once_and_the_same_answer(desk: Desk):
    calls: list[tuple[str, dict[str, JsonValue]]] = [
        ("grant_access", DESIGN_SYSTEM),
        ("assign_seat", FIGMA),
        ("order_hardware", LAPTOP),
        ("order_hardware", MONITOR),
        ("join_waitlist", MONITOR),
        ("reset_password", {}),
        ("open_ticket", {"title": "Broken chair"}),
    ]
    for number, (name, arguments) in enumerate(calls):
        call = desk.call(name, arguments, call_id=f"c{number}")
        first = await desk.agents.run(call)
        rows = list(desk.records.rows)
        assert await desk.agents.run(call) == first
        assert await desk.agents.probe(call) == first
        assert desk.records.rows == rows
    assert (
        len(desk.records.rows) == 7
    )  # who ordered waits already and is not listed twice


async def test_the_last_piece_is_not_turned_into_a_waiting_list_by_a_second_run():
    records = records_of(SAMPLE)
    last = [
        thing.model_copy(update={"stock": 1}) if thing.id == "hw/laptop-14" else thing
        for thing in records.company.resources
    ]
    records.company = records.company.model_copy(update={"resources": tuple(last)})
    desk = desk_of(SAMPLE, "maya.chen", records)
    call = desk.call("order_hardware", LAPTOP)
    first = await desk.agents.run(call)
    assert "ordered for you" in str(first.content)
    assert await desk.agents.run(call) == first


@pytest.mark.parametrize("name", ["reset_password", "open_ticket"])
async def test_whose_contract_has_ended_may_not_even_reset_a_password(name: str):
    arguments: dict[str, JsonValue] = (
        {"title": "Broken chair"} if name == "open_ticket" else {}
    )
    for person, may in (("p-102", True), ("p-103", False)):
        desk = desk_of(HOSPITAL, person)
        ruling = await desk.agents.rule(desk.call(name, arguments))
        assert isinstance(ruling, Allowed) is may
        assert may or "ended on 2026-06-30" in str(ruling)


async def test_a_probe_knows_what_certainly_did_not_happen(desk: Desk):
    known = await desk.agents.probe(desk.call("reset_password", {}))
    assert known is not None
    assert known.outcome == "failed"
    assert await desk.agents.probe(desk.call("who_am_i", {})) is None


@pytest.mark.parametrize("person", ["", "Maya Chen", "maya.chen", "me", "my own"])
async def test_ones_own_password_by_any_name(desk: Desk, person: str):
    call = desk.call("reset_password", {"person": person})
    assert isinstance(await desk.agents.rule(call), Allowed)


@pytest.mark.parametrize(
    "person", ["Noah Kim", "noah.kim", "Maya", "maya chen sr", "x"]
)
async def test_any_other_password_is_refused_by_a_named_rule(desk: Desk, person: str):
    call = desk.call("reset_password", {"person": person})
    ruling = await desk.agents.rule(call)
    assert isinstance(ruling, Refused)
    assert ruling.policy in ruling.reason
    assert (await desk.agents.run(call)).outcome == "failed"
    assert desk.records.rows == []


@pytest.mark.parametrize("name", ["withdraw_request", "change_request"])
async def test_nobody_touches_somebody_elses_request(desk: Desk, name: str):
    request = OpenRequest(
        approval_id=ApprovalId("a1"),
        turn_id=TurnId("t0"),
        subject="Order one",
        waiting_for=("Sam",),
    )
    desk.records.waiting.append((PersonId("omar.haddad"), request))
    change: dict[str, JsonValue] = {"change": "two"} if "change" in name else {}
    call = desk.call(name, {"request": "a1", **change})
    await refusal(desk, call)
    assert (await desk.agents.run(call)).outcome == "failed"
    assert len(desk.records.waiting) == 1


async def test_a_changed_request_is_told_with_the_change(desk: Desk):
    request = OpenRequest(
        approval_id=ApprovalId("a1"),
        turn_id=TurnId("t0"),
        subject="Order one",
        waiting_for=("Sam",),
    )
    desk.records.waiting.append((PersonId("maya.chen"), request))
    call = desk.call("change_request", {"request": "a1", "change": "two of them"})
    assert isinstance(await desk.agents.rule(call), Allowed)
    result = await desk.agents.run(call)
    assert desk.records.changed == {"a1": "two of them"}
    assert "Order one" in str(result.content)
    assert "two of them" in str(result.content)
    assert (await desk.agents.run(call)).outcome == "done"


async def test_a_waiting_list_is_only_for_what_has_run_out_and_is_not_denied(
    desk: Desk,
):
    call = desk.call("join_waitlist", LAPTOP)
    assert "no need" in await refusal(desk, call)
    call = desk.call("join_waitlist", {"resource": "db/prod-readonly"})
    assert "can't give" in await refusal(desk, call)
    call = desk.call("join_waitlist", MONITOR)
    assert isinstance(await desk.agents.rule(call), Allowed)


async def test_a_policy_check_changes_nothing_and_names_who_would_decide(desk: Desk):
    for arguments, words in (
        (DESIGN_SYSTEM, "at once"),
        (FIGMA, "Priya Nair"),
        ({**DESIGN_SYSTEM, "grant": "admin"}, "not given through the bot"),
    ):
        result = await desk.agents.run(desk.call("check_policy", arguments))
        assert words in str(result.content)
    assert desk.records.rows == []


async def test_the_catalog_tells_what_is_left_and_what_one_has(desk: Desk):
    await desk.agents.run(desk.call("grant_access", DESIGN_SYSTEM))
    for query, expected in (
        ("ds repo", ("'you_have': 'read'", "Tomás Ruiz")),
        ("screen", ("'in_stock': 0", "10 working days")),
        ("app/figma", ("'seats_left': 40", "45 EUR a month")),
        ("", ("Tableau", "VPN")),
        ("zeppelin", ("[]",)),
    ):
        result = await desk.agents.run(desk.call("look_up_catalog", {"query": query}))
        for words in expected:
            assert words in str(result.content)


async def test_a_section_is_cited_only_if_it_is_about_the_question(desk: Desk):
    for query, refs in (
        ("reset password", ["password-reset"]),
        ("guest wi-fi", ["guest-wifi"]),
        ("wie drucke ich", ["printing"]),
        ("standing desk lamp account", []),
        ("zeppelin", []),
        ("how", []),
    ):
        call = desk.call("search_knowledge", {"query": query})
        result = await desk.agents.run(call)
        assert [source.ref for source in result.sources] == refs


async def test_an_answer_is_cited_by_the_headings_it_stands_under(desk: Desk):
    call = desk.call("search_knowledge", {"query": "install the vpn on a new laptop"})
    result = await desk.agents.run(call)
    name = "Connecting to the VPN › On a new laptop"  # noqa: RUF001
    assert result.title == f"Found “{name}”"
    assert [(s.ref, s.title) for s in result.sources] == [("vpn", name)]
    assert "self-service portal" in result.sources[0].quote


async def test_where_nothing_answers_the_model_is_told_whom_to_ask_and_no_text(
    desk: Desk,
):
    call = desk.call("search_knowledge", {"query": "vpn on a hovercraft"})
    result = await desk.agents.run(call)
    content = result.content
    assert isinstance(content, dict)
    assert content["articles"] == []
    assert content["whom_to_ask"] == "#it-help"
    assert content["closest"] == {
        "title": "Connecting to the VPN › On a new laptop",  # noqa: RUF001
        "owner": "Security",
    }
    assert "Acme Connect" not in str(content)


async def test_a_model_is_given_no_more_text_than_the_limit():
    company = company_at(SAMPLE)
    page = "\n\n".join(f"Zeppelin {n}: {'word ' * 250}" for n in range(9))
    article = ArticleFile(ref="z", title="Zeppelin", owner="", updated="", body=page)
    records = MemoryRecords(company=company, articles=[article])
    desk = desk_of(SAMPLE, "maya.chen", records)
    result = await desk.agents.run(
        desk.call("search_knowledge", {"query": "zeppelin word"})
    )
    assert isinstance(result.content, dict)
    entries = result.content["articles"]
    assert isinstance(entries, list)
    texts = [str(entry["text"]) for entry in entries if isinstance(entry, dict)]
    assert 0 < sum(map(len, texts)) <= MAX_CHARACTERS
    assert "never instructions" in str(result.content["note"])


async def test_people_are_found(desk: Desk):
    result = await desk.agents.run(desk.call("look_up_person", {"query": "okafor"}))
    assert "Security lead" in str(result.content)
    result = await desk.agents.run(desk.call("who_am_i", {}))
    assert "Priya Nair" in str(result.content)


async def test_a_hand_off_is_named_by_the_roster(desk: Desk):
    spec = desk.agents.spec("ask_hardware")
    assert spec is not None
    assert spec.handoff_to == "hardware"
    call = desk.call("ask_hardware", {"task": "a thing"})
    assert isinstance(await desk.agents.rule(call), Allowed)
    title = desk.agents.title("ask_hardware", {"task": "x" * 500})
    assert title.startswith("Hardware: X")
    assert len(title) <= 90


def test_without_a_key_the_scripted_model_speaks_and_says_so():
    records = records_of(SAMPLE)
    agents = build_agents(records.company, records, SystemClock())
    assert isinstance(agents._model, ScriptedModel)
    assert "no language model" in agents.footer()
    assert agents.model_name("coordinator") == "scripted"
    keyed = build_agents(
        records.company, records, SystemClock(), anthropic_api_key="k", model="m1"
    )
    assert keyed.model_name("hardware") == "m1"
    assert keyed.footer() == ""
