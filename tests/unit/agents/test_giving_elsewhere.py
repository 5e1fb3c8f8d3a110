"""Access that another system gives: what people are asked, told, and what is written."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest
from pydantic import JsonValue

from adapters.simulator.systems.github import GitHubStandIn
from adapters.simulator.systems.misbehaving import Mishap
from agents.build import build_agents
from agents.tools import giving_elsewhere
from bot.clock import SystemClock
from bot.company.model import Company
from bot.errors import SystemUnsureError
from bot.ports.agent import Call, NeedsApproval, Refused
from tests.support.agent_turns import Desk
from tests.support.companies import SAMPLE, company_at, records_of
from tests.support.sites import MEMBER, OUTSIDER, TEAM, Site, github_site

WRITE = {"resource": "repo/design-system", "grant": "write"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A requester's desk, and the system that gives what they ask for."""

    desk: Desk
    site: Site

    def another(self, call_id: str) -> Call:
        return self.desk.call("grant_access", {**WRITE}, call_id=call_id)

    def call(self, **more: Any) -> Call:  # noqa: ANN401 - arguments
        return self.desk.call("grant_access", {**WRITE, **more})


@asynccontextmanager
async def placed(accounts: Mapping[str, str]) -> AsyncGenerator[Place]:
    said = company_at(SAMPLE).model_dump(exclude_unset=True)
    for person in said["people"]:
        if person["id"] == "maya.chen":
            person["accounts"] = dict(accounts)
    for resource in said["resources"]:
        if resource["id"] == "repo/design-system":
            resource["system"] = "github"
            resource["targets"] = {"read": "gone", "write": TEAM, "admin": "admins"}
    said["systems"] = {"github": {"kind": "github", "org": "acme", "token_env": "T"}}
    async with github_site() as site:
        records = records_of(SAMPLE, Company.model_validate(said))
        agents = build_agents(
            records.company,
            records,
            SystemClock(),
            words_per_second=0,
            systems={"github": site.system},
        )
        desk = Desk(agents=agents, records=records, person="maya.chen")
        yield Place(desk=desk, site=site)


def books(place: Place) -> dict[str, str]:
    """Return the team's members by the stand-in's own books."""
    assert isinstance(place.site.world, GitHubStandIn)
    return place.site.world.teams[TEAM]


@pytest.fixture
async def place() -> AsyncGenerator[Place]:
    async with placed({"github": MEMBER}) as opened:
        yield opened


@pytest.mark.parametrize(("attempt", "kept"), [(1, 0), (2, 1)])
async def test_what_an_earlier_attempt_may_have_been_given_stays_noted(
    place: Place, attempt: int, kept: int
) -> None:
    place.site.world.mishaps.append(Mishap(kind="answer", method="PUT", status=403))
    told = await place.desk.agents.run(replace(place.call(), attempt=attempt))
    assert told.outcome == "failed"
    assert len(place.desk.records.reserved) == kept


async def test_a_ruling_does_not_wait_for_a_system_for_long(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    await place.desk.agents.run(place.call())
    monkeypatch.setattr(giving_elsewhere, "RULING_SECONDS", 0.05)
    place.site.world.mishaps.append(Mishap(kind="silence", method="GET"))
    before = place.site.world.count("GET")
    ruling = await place.desk.agents.rule(place.another("c2"))
    assert isinstance(ruling, Refused), "our records are believed"
    assert place.site.world.count("GET") == before + 1, "there is no second try"


async def test_a_grant_is_written_once_the_system_has_given_it(place: Place) -> None:
    call = place.call()
    done = await place.desk.agents.run(call)
    assert done.outcome == "done" and done.cards[0].title == "Access granted"
    assert place.site.has()
    again = await place.desk.agents.run(call)
    assert again.reference == done.reference
    assert len(place.desk.records.rows) == place.site.world.count("PUT") == 1


async def test_an_invitation_is_told_as_one() -> None:
    async with placed({"github": OUTSIDER}) as place:
        done = await place.desk.agents.run(place.call())
        assert done.cards[0].title == "Invitation sent"
        assert "once that invitation is accepted" in str(done.content)
        again = await place.desk.agents.probe(place.call())
        assert again and again.cards == done.cards


async def test_an_invitation_is_not_said_to_be_access_and_can_be_renewed() -> None:
    async with placed({"github": OUTSIDER}) as place:
        first = await place.desk.agents.run(place.call())
        ruling = await place.desk.agents.rule(place.call())
        assert isinstance(ruling, Refused)
        assert "once that invitation is accepted" in ruling.reason
        waiting = await place.desk.agents.run(place.another("c2"))
        assert waiting.cards == first.cards
        books(place).clear()  # it has expired
        assert isinstance(await place.desk.agents.rule(place.call()), NeedsApproval)
        renewed = await place.desk.agents.run(place.another("c3"))
        assert renewed.cards == first.cards
        assert books(place) == {OUTSIDER: "pending"}


async def test_who_was_removed_there_can_ask_again_and_is_given_it(
    place: Place,
) -> None:
    await place.desk.agents.run(place.call())
    ruling = await place.desk.agents.rule(place.call())
    assert isinstance(ruling, Refused) and "already" in ruling.reason
    again = await place.desk.agents.run(place.another("c2"))
    assert "was there already" in again.title
    books(place).clear()  # by an administrator
    assert isinstance(await place.desk.agents.rule(place.call()), NeedsApproval)
    given = await place.desk.agents.run(place.another("c3"))
    assert given.cards[0].title == "Access granted"
    assert place.site.has()


async def test_our_records_are_believed_while_the_system_does_not_tell(
    place: Place,
) -> None:
    await place.desk.agents.run(place.call())
    trouble = Mishap(kind="answer", method="GET", status=503)
    place.site.world.mishaps.extend([trouble, trouble])
    ruling = await place.desk.agents.rule(place.call())
    assert isinstance(ruling, Refused) and "already" in ruling.reason


async def test_who_asks_what_they_have_is_told_what_the_system_says(
    place: Place,
) -> None:
    await place.desk.agents.run(place.call())
    listing = place.desk.call("my_requests", {}, call_id="list")

    async def said() -> str:
        return str((await place.desk.agents.run(listing)).content)

    assert "'but'" not in await said()
    trouble = Mishap(kind="answer", method="GET", status=503)
    place.site.world.mishaps.extend([trouble, trouble])
    assert "GitHub did not tell" in await said()
    books(place)[MEMBER] = "pending"
    assert "begins once the invitation in GitHub is accepted" in await said()
    books(place).clear()
    assert "was removed in GitHub since" in await said()


async def test_what_the_system_refuses_is_not_written(place: Place) -> None:
    place.site.world.mishaps.append(Mishap(kind="answer", method="PUT", status=403))
    told = await place.desk.agents.run(place.call())
    assert told.outcome == "failed" and "GitHub does not let me" in str(told.content)
    read = await place.desk.agents.run(place.call(grant="read"))
    assert read.outcome == "failed" and "does not know" in str(read.content)
    assert place.desk.records.rows == []


async def test_nobody_is_asked_about_what_the_system_could_not_give() -> None:
    async with placed({}) as place:
        ruling = await place.desk.agents.rule(place.call())
        assert isinstance(ruling, Refused)
        assert "your account in GitHub" in ruling.reason
        assert (await place.desk.agents.run(place.call())).outcome == "failed"
        assert not place.site.world.asked


async def test_access_can_be_asked_for_some_days(place: Place) -> None:
    ruling = await place.desk.agents.rule(place.call(days=3))
    assert isinstance(ruling, NeedsApproval) and "for 3 days" in ruling.subject
    done = await place.desk.agents.run(place.call(days=3))
    assert "It ends by itself on" in str(done.content)
    [(_, row)] = place.desk.records.rows
    assert row.ours and row.ends_at


async def test_what_somebody_else_gave_is_not_said_to_end(place: Place) -> None:
    assert await place.site.system.give(TEAM, MEMBER) == "active"
    call = place.call(days=3)
    done = await place.desk.agents.run(call)
    assert "somebody else" in str(done.content) and not done.cards
    [(_, row)] = place.desk.records.rows
    assert not row.ours and row.ends_at is None
    assert (await place.desk.agents.run(call)).content == done.content
    assert place.site.world.count("PUT") == 1, "by them"


async def test_what_was_given_before_a_crash_is_ours_after_it(place: Place) -> None:
    call = place.call(days=3)
    place.site.world.mishaps.append(Mishap(kind="silence", method="PUT", done=True))
    task = asyncio.create_task(place.desk.agents.run(call))
    await place.site.world.hangs.wait()
    task.cancel()  # given, and nobody heard of it
    await asyncio.wait([task])
    assert place.desk.records.rows == []
    done = await place.desk.agents.run(call)
    assert "It ends by itself on" in str(done.content)
    [(_, row)] = place.desk.records.rows
    assert row.ours and row.ends_at
    assert place.site.world.count("PUT") == 1


async def test_a_probe_finds_in_the_system_what_no_row_tells_of(place: Place) -> None:
    assert await place.site.system.give(TEAM, MEMBER) == "active"
    assert place.desk.records.rows == []
    found = await place.desk.agents.probe(place.call())
    assert found and found.outcome == "done"
    [(_, row)] = place.desk.records.rows
    assert not row.ours, "nothing of ours was on its way"


async def test_a_probe_claims_nothing_of_what_may_still_happen(place: Place) -> None:
    lost = Mishap(kind="silence", method="PUT")
    place.site.world.mishaps.extend([lost, lost])
    call = place.call()
    with pytest.raises(SystemUnsureError):
        await place.desk.agents.run(call)
    assert await place.desk.agents.probe(call) is None
    late = await place.desk.agents.run(call)
    assert late.outcome == "done", "the key is not void, so a late success is written"
    found = await place.desk.agents.probe(call)
    assert found and found.reference == late.reference


async def test_what_deskhand_gives_alone_is_still_settled_in_its_ledger(
    place: Place,
) -> None:
    arguments: dict[str, JsonValue] = {
        "resource": "repo/payments-core",
        "grant": "read",
    }
    call = place.desk.call("grant_access", arguments)
    settled = await place.desk.agents.probe(call)
    assert settled and settled.outcome == "failed"
    assert not place.site.world.asked
