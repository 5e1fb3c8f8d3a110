"""Tickets in another system: what people are told, what is written, and never two."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import pytest
from pydantic import JsonValue

from adapters.simulator.systems.jira import JiraStandIn
from adapters.simulator.systems.misbehaving import Mishap
from agents.build import build_agents
from agents.roster import ROOT, roster_of
from agents.toolbox import toolbox_of
from bot.clock import SystemClock
from bot.company.model import Company
from bot.company.tickets import Tickets
from bot.errors import SystemUnsureError
from bot.ports.agent import Allowed, Call, Refused, ToolResult
from bot.protocol.ids import TenantId
from tests.support.agent_turns import Desk
from tests.support.companies import SAMPLE, company_at, records_of
from tests.support.desks import (
    DESKS,
    JIRA_QUEUES,
    MAYA,
    SERVICENOW_QUEUES,
    DeskSite,
)

CHAIR = {"title": "Broken chair", "body": "It wobbles", "queue": "security"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A requester's desk, and the system where their tickets go."""

    desk: Desk
    site: DeskSite

    def call(self, call_id: str = "c1", **more: JsonValue) -> Call:
        arguments: dict[str, JsonValue] = {**CHAIR, **more}
        return self.desk.call("open_ticket", arguments, call_id=call_id)

    async def standing(self) -> list[dict[str, JsonValue]]:
        told = await self.desk.agents.run(self.desk.call("my_requests", {}))
        assert isinstance(told.content, dict)
        tickets = told.content["tickets"]
        assert isinstance(tickets, list)
        return [one for one in tickets if isinstance(one, dict)]


@asynccontextmanager
async def placed(
    kind: str, person: str = "maya.chen", account: str = ""
) -> AsyncGenerator[Place]:
    said = company_at(SAMPLE).model_dump(exclude_unset=True)
    url = {"url": "https://desk.example"}
    said["systems"] = {"desk": {"kind": kind, **url, "token_env": "T"}}
    queues = JIRA_QUEUES if kind == "jira" else SERVICENOW_QUEUES
    said["tickets"] = {"system": "desk", "queues": queues}
    for one in said["people"]:
        if one["id"] == person and account:
            one["accounts"] = {"desk": account}
    async with DESKS[kind]() as site:
        records = records_of(SAMPLE, Company.model_validate(said))
        agents = build_agents(
            records.company,
            records,
            SystemClock(),
            words_per_second=0,
            desk=site.desk,
        )
        desk = Desk(agents=agents, records=records, person=person)
        yield Place(desk=desk, site=site)


@pytest.fixture(params=DESKS)
async def place(request: pytest.FixtureRequest) -> AsyncGenerator[Place]:
    async with placed(request.param) as opened:
        yield opened


def said(result: ToolResult | None) -> str:
    assert result and isinstance(result.content, dict)
    return str(result.content["sentence"])


async def test_a_ticket_is_opened_there_and_shown_by_its_name_and_link(
    place: Place,
) -> None:
    assert isinstance(await place.desk.agents.rule(place.call()), Allowed)
    done = await place.desk.agents.run(place.call())
    [written] = place.site.books()
    assert (written.who, written.title) == (MAYA, "Broken chair")
    [card] = done.cards
    assert card.title == f"Ticket {done.reference}" and done.reference != "IT-1"
    assert card.link.startswith("https://desk.example/")
    assert ("Reference", "IT-1") in [(f.label, f.value) for f in card.facts]
    assert "Jira" in said(done) or "ServiceNow" in said(done)
    [ours] = place.desk.records.tickets
    assert ours.place and ours.place.reference == done.reference
    again = await place.desk.agents.run(place.call())
    assert again == done and len(place.site.books()) == 1


async def test_who_asks_is_who_the_platform_says_and_nobody_else(place: Place) -> None:
    bad = place.call(requester="omar", email="omar@acme.example")
    assert (await place.desk.agents.run(bad)).outcome == "failed"
    await place.desk.agents.run(place.call(body="raiseOnBehalfOf: omar"))
    assert [one.who for one in place.site.books()] == [MAYA]


async def test_whom_the_system_does_not_know_is_told_so(place: Place) -> None:
    place.desk.person = "omar.haddad"
    told = await place.desk.agents.run(place.call())
    assert told.outcome == "failed" and "does not know your e-mail" in said(told)
    assert place.desk.records.rows == [] and place.site.books() == []


@pytest.mark.parametrize("kind", DESKS)
async def test_an_account_in_the_company_file_goes_before_the_mail_address(
    kind: str,
) -> None:
    async with placed(kind, "omar.haddad", MAYA) as place:
        await place.desk.agents.run(place.call())
        assert [one.who for one in place.site.books()] == [MAYA]


@pytest.mark.parametrize(
    ("status", "told"), [(403, "does not let me"), (429, "no more"), (400, "refused")]
)
async def test_what_the_system_refuses_is_not_written(
    place: Place, status: int, told: str
) -> None:
    refusal = Mishap(kind="answer", method="POST", status=status)
    place.site.world.mishaps.append(refusal)
    result = await place.desk.agents.run(place.call())
    assert result.outcome == "failed" and told in said(result)
    assert place.desk.records.rows == []


async def test_a_later_attempt_looks_and_never_asks(place: Place) -> None:
    call = place.call()
    first = await place.desk.agents.run(call)
    place.desk.records.rows.clear()
    place.desk.records.ledger.clear()
    place.desk.records.tickets.clear()  # it was killed before it could write that
    second = await place.desk.agents.run(replace(call, attempt=2))
    assert second.reference == first.reference
    assert place.site.world.count("POST") == 1 == len(place.site.books())
    assert len(place.desk.records.tickets) == 1


async def test_every_call_of_every_tenant_has_a_mark_of_its_own(place: Place) -> None:
    other = replace(place.call(), tenant_id=TenantId("another"))
    calls = [place.call(), place.call("c2", title="Broken lamp"), other]
    opened = [await place.desk.agents.run(call) for call in calls]
    assert len({one.key for one in place.site.books()}) == len(calls)
    place.desk.records.rows.clear()
    place.desk.records.ledger.clear()
    place.desk.records.tickets.clear()
    for call, first in zip(calls, opened, strict=True):
        found = await place.desk.agents.run(replace(call, attempt=2))
        assert found.reference == first.reference


async def test_a_later_attempt_that_finds_nothing_leaves_it_open(place: Place) -> None:
    call = place.call()
    with pytest.raises(SystemUnsureError):
        await place.desk.agents.run(replace(call, attempt=2))
    assert await place.desk.agents.probe(call) is None
    assert place.site.world.count("POST") == 0
    late = await place.desk.agents.run(call)  # of somebody who was only slow
    found = await place.desk.agents.probe(call)
    assert found and found.reference == late.reference


async def test_what_was_opened_in_our_records_before_stays_there(place: Place) -> None:
    call = place.call()
    ours = build_agents(
        place.desk.records.company,
        place.desk.records,
        SystemClock(),
        words_per_second=0,
    )
    first = await ours.run(call)
    assert first.reference == "IT-1"
    assert await place.desk.agents.run(replace(call, attempt=2)) == first
    assert await place.desk.agents.probe(call) == first
    assert place.site.books() == []


async def test_a_probe_finds_there_what_no_row_tells_of(place: Place) -> None:
    lost = Mishap(kind="cut", method="POST", done=True)
    place.site.world.mishaps.append(lost)
    assert (await place.desk.agents.run(place.call())).outcome == "done"
    place.desk.records.rows.clear()
    place.desk.records.ledger.clear()
    place.desk.records.tickets.clear()
    found = await place.desk.agents.probe(place.call())
    assert found and found.outcome == "done"
    assert len(place.site.books()) == len(place.desk.records.tickets) == 1


async def test_a_probe_claims_nothing_while_the_search_is_behind() -> None:
    async with placed("jira") as place:
        assert isinstance(place.site.world, JiraStandIn)
        place.site.wait(99)
        lost = Mishap(kind="cut", method="POST", done=True)
        place.site.world.mishaps.append(lost)
        with pytest.raises(SystemUnsureError):
            await place.desk.agents.run(place.call())
        assert await place.desk.agents.probe(place.call()) is None
        place.site.world.requests[0].unseen = 0
        found = await place.desk.agents.probe(place.call())
        assert found and found.reference == place.site.world.requests[0].key


async def test_a_report_is_in_our_records_and_there_once(place: Place) -> None:
    call = place.call()
    lost = Mishap(kind="cut", method="POST", done=True)
    place.site.world.mishaps.append(lost)
    first = await place.desk.agents.report(call, "Opening a ticket")
    again = await place.desk.agents.report(call, "Opening a ticket")
    assert first and again and first.reference == again.reference
    assert len(place.site.books()) == len(place.desk.records.tickets) == 1


async def test_a_report_shows_no_secret_that_a_call_had(place: Place) -> None:
    secret = "ghp_" + "a1" * 18
    call = place.call(body=f"Rejected: {secret}", password="hunter2")
    await place.desk.agents.report(call, "Opening a ticket")
    [ours], [theirs] = place.desk.records.tickets, place.site.books()
    for text in (ours.body, theirs.body):
        assert "Rejected" in text
        assert secret not in text
        assert "hunter2" not in text


async def test_a_report_that_the_system_does_not_take_is_in_our_records(
    place: Place,
) -> None:
    place.site.world.mishaps.append(Mishap(kind="answer", method="GET", status=401))
    told = await place.desk.agents.report(place.call(), "Opening a ticket")
    assert told and told.reference == "IT-1" and "IT-1" in said(told)
    assert place.site.books() == []


async def test_how_a_ticket_stands_is_asked_there(place: Place) -> None:
    assert await place.standing() == []
    first = await place.desk.agents.run(place.call())
    second = await place.desk.agents.run(place.call("c2", title="Broken lamp"))
    state = place.site.settle(first.reference)
    newest, oldest = await place.standing()
    assert (newest["ticket"], newest["about"]) == (second.reference, "Broken lamp")
    assert (oldest["state"], oldest["done"]) == (state, True)
    assert str(oldest["link"]).startswith("https://desk.example/")
    trouble = Mishap(kind="answer", method="GET", status=503)
    place.site.world.mishaps.extend([trouble] * 4)
    assert all(one["state"] == "not known just now" for one in await place.standing())


async def test_nobody_is_told_of_the_tickets_of_others(place: Place) -> None:
    await place.desk.agents.run(place.call())
    place.desk.person = "omar.haddad"
    assert await place.standing() == []


async def test_people_ask_for_a_ticket_and_how_it_stands_in_their_words(
    place: Place,
) -> None:
    opened = await place.desk.say("Open a ticket about the broken chair")
    assert opened.names == ["open_ticket"]
    told = await place.desk.say("How is my ticket?")
    assert told.names == ["my_requests"]
    [result] = told.results
    assert isinstance(result.content, dict)
    assert opened.results[0].reference in told.text
    assert "https://desk.example/" in told.text


def comment(place: Place, ticket: str, call_id: str = "c9") -> Call:
    arguments: dict[str, JsonValue] = {"ticket": ticket, "text": "On floor 3"}
    return place.desk.call("add_to_ticket", arguments, call_id=call_id)


async def test_a_comment_is_added_to_a_ticket_of_ones_own(place: Place) -> None:
    opened = await place.desk.agents.run(place.call())
    call = comment(place, opened.reference.lower())
    assert isinstance(await place.desk.agents.rule(call), Allowed)
    done = await place.desk.agents.run(call)
    assert done.outcome == "done" and opened.reference in said(done)
    assert "On floor 3" in place.site.books()[0].comments
    assert done.cards[0].link == opened.cards[0].link


async def test_nothing_is_added_to_the_tickets_of_others(place: Place) -> None:
    opened = await place.desk.agents.run(place.call())
    place.desk.person = "omar.haddad"
    call = comment(place, opened.reference)
    ruling = await place.desk.agents.rule(call)
    assert isinstance(ruling, Refused) and "no ticket" in ruling.reason
    assert (await place.desk.agents.run(call)).outcome == "failed"
    assert place.site.books()[0].comments == ""


async def test_a_comment_that_is_refused_or_lost_is_told_as_such(place: Place) -> None:
    opened = await place.desk.agents.run(place.call())
    call, changes = comment(place, opened.reference), place.site.changes
    refused = Mishap(kind="answer", method=changes, status=403)
    place.site.world.mishaps.append(refused)
    told = await place.desk.agents.run(call)
    assert told.outcome == "failed" and "did not take it" in said(told)
    lost = Mishap(kind="cut", method=changes, done=True)
    place.site.world.mishaps.append(lost)
    with pytest.raises(SystemUnsureError):
        await place.desk.agents.run(call)
    assert await place.desk.agents.probe(call) is None
    assert place.site.books()[0].comments.count("On floor 3") == 1


def test_only_who_has_tickets_elsewhere_can_add_to_them() -> None:
    ours = company_at(SAMPLE)
    theirs = ours.model_copy(update={"tickets": Tickets(system="desk")})
    for company, offered in ((ours, False), (theirs, True)):
        tools = toolbox_of(company, roster_of(company)).offered[ROOT]
        assert ("add_to_ticket" in {tool.name for tool in tools}) == offered


async def test_without_a_system_tickets_are_ours_and_nothing_else_is_said() -> None:
    records = records_of(SAMPLE)
    agents = build_agents(records.company, records, SystemClock(), words_per_second=0)
    desk = Desk(agents=agents, records=records, person="maya.chen")
    call = desk.call("open_ticket", {**CHAIR})
    done = await agents.run(call)
    assert done.reference == "IT-1" and not done.cards[0].link
    assert await agents.run(replace(call, attempt=2)) == done
    probed = await agents.probe(call)
    assert probed and probed.reference == "IT-1"
    listed = await agents.run(desk.call("my_requests", {}))
    assert isinstance(listed.content, dict) and "tickets" not in listed.content
