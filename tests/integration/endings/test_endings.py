"""A grant whose time is over is taken away once, by one, and by nobody too much."""

import asyncio
from dataclasses import replace
from datetime import timedelta

from adapters.simulator.systems.jira import JiraStandIn
from adapters.simulator.systems.misbehaving import Mishap
from bot.protocol.ids import PersonId
from tests.integration.endings.conftest import DAY, HUB, Yard
from tests.support.desks import jira_site
from tests.support.offices import give
from tests.support.sites import MEMBER, TEAM
from tests.support.store import TENANT
from tests.support.workshop import DRAW, MAYA, SEATS

REFUSED = Mishap(kind="answer", method="DELETE", status=403)


async def seats(yard: Yard) -> int | None:
    return await yard.office.records.seats_left(TENANT, DRAW)


async def test_what_is_over_is_taken_away_and_frees_its_seat(yard: Yard) -> None:
    await yard.give("k1")
    assert yard.site.has() and await seats(yard) == SEATS - 1
    assert await yard.ender.look() == 1
    assert not yard.site.has() and await seats(yard) == SEATS
    assert await yard.hows() == ["grant.over"]
    assert await yard.ender.look() == 0
    assert yard.world.count("DELETE") == 1 and yard.counted == ["over"]


async def test_what_is_in_our_records_alone_ends_the_same_way(yard: Yard) -> None:
    await give(yard.office.records, "k1", ends_at=yard.office.now - DAY)
    await give(yard.office.records, "k2", PersonId("omar"), ends_at=None)
    assert await yard.ender.look() == 1
    assert await yard.hows() == ["grant.over"]
    assert yard.world.asked == []


async def test_what_is_not_over_stays(yard: Yard) -> None:
    await yard.give("k1", ended=-DAY)
    assert await yard.ender.look() == 0
    assert yard.site.has() and await yard.hows() == []


async def test_of_many_replicas_one_takes_it_away(yard: Yard) -> None:
    await yard.give("k1")
    looked = await asyncio.gather(*(yard.another().look() for _ in range(4)))
    assert sum(looked) == 1 and yard.world.count("DELETE") == 1
    assert yard.counted == ["over"]


async def test_who_dies_on_the_way_is_followed_by_another(yard: Yard) -> None:
    await yard.give("k1")
    [dead] = await yard.endings.claim(timedelta(seconds=60), 9)
    assert await yard.ender.look() == 0, "the lease holds"
    await yard.pass_time()
    assert await yard.ender.look() == 1
    assert not yard.site.has()
    assert not await yard.endings.end(dead, "over")
    assert await yard.hows() == ["grant.over"]


async def test_an_old_claim_writes_nothing(yard: Yard) -> None:
    await yard.give("k1")
    [old] = await yard.endings.claim(timedelta(0), 9)
    [new] = await yard.endings.claim(timedelta(seconds=60), 9)
    assert new.fence > old.fence
    await yard.endings.put_off(old, timedelta(0), "old")
    assert not await yard.endings.end(old, "over")
    assert await yard.ender.look() == 0, "the new lease was not touched"
    assert await yard.endings.end(new, "over")


async def test_whatever_a_system_says_can_be_written_down(yard: Yard) -> None:
    await yard.give("k1")
    odd = Mishap(
        kind="answer", method="DELETE", status=403, body={"message": "No\x00way"}
    )
    yard.world.mishaps.append(odd)
    await yard.ender.look()
    [row] = await yard.rows("SELECT ending_why FROM access_grant")
    assert "forbidden" in row.ending_why and "way" in row.ending_why


async def test_what_fails_is_tried_again_ever_more_seldom(yard: Yard) -> None:
    await yard.give("k1", ended=timedelta(minutes=5))
    pauses: list[float] = []
    for _ in range(3):
        yard.world.mishaps.append(REFUSED)
        assert await yard.ender.look() == 1
        [row] = await yard.rows(
            "SELECT extract(epoch FROM ending_at - now()) AS rest, ending_why "
            "FROM access_grant"
        )
        assert "forbidden" in row.ending_why
        pauses.append(round(float(row.rest) / 15))
        await yard.pass_time()
    assert pauses == [1, 2, 4]
    assert await seats(yard) == SEATS - 1, "it is still taken there"
    assert await yard.ender.look() == 1
    assert not yard.site.has() and await seats(yard) == SEATS
    assert yard.counted == ["put_off", "put_off", "put_off", "over"]
    assert not await yard.rows("SELECT 1 FROM ticket")


async def test_it_gets_one_ticket_for_what_goes_on_failing(yard: Yard) -> None:
    filed = await yard.give("k1", ended=timedelta(hours=2))
    for _ in range(2):
        yard.world.mishaps.append(REFUSED)
        await yard.ender.look()
        await yard.pass_time()
    [ticket] = await yard.rows("SELECT queue, title, body FROM ticket")
    assert ticket.queue == "helpdesk" and "Maya Chen" in ticket.title
    assert filed.reference in ticket.body and MEMBER in ticket.body
    assert await yard.endings.overdue() == 1


async def test_that_ticket_goes_where_tickets_go_and_is_one_there_too(
    yard: Yard,
) -> None:
    await yard.give("k1", ended=timedelta(hours=2))
    async with jira_site() as site:
        assert isinstance(site.world, JiraStandIn)
        site.world.people["acc-workshop"] = "maya@workshop.test"
        ender = replace(yard.ender, desk=site.desk)
        for _ in range(2):
            yard.world.mishaps.append(REFUSED)
            await ender.look()
            await yard.pass_time()
        [there] = site.books()
    assert "Maya Chen" in there.title and MEMBER in there.body
    [ticket] = await yard.rows("SELECT there FROM ticket")
    assert ticket.there, "our record names it"


async def test_who_has_another_name_there_by_now_is_not_said_to_be_gone(
    yard: Yard,
) -> None:
    await yard.give("k1", ended=timedelta(hours=2))
    yard.world.users.discard(MEMBER)
    await yard.ender.look()
    assert yard.counted == ["put_off"]
    [ticket] = await yard.rows("SELECT body FROM ticket")
    assert "unknown" in ticket.body


async def test_after_a_month_people_have_to_do_it(yard: Yard) -> None:
    await yard.give("k1", ended=timedelta(days=31))
    yard.world.mishaps.append(REFUSED)
    await yard.ender.look()
    assert await yard.hows() == ["grant.given_up"]
    assert len(await yard.rows("SELECT 1 FROM ticket")) == 1
    await yard.pass_time()
    assert await yard.ender.look() == 0


async def test_a_system_that_is_not_there_any_more_is_told_to_it(yard: Yard) -> None:
    await yard.give("k1", ended=timedelta(hours=2))
    ender = replace(yard.ender, systems={})
    await ender.look()
    [ticket] = await yard.rows("SELECT body FROM ticket")
    assert "not in the company file any more" in ticket.body
    assert yard.site.has()


async def test_a_newer_grant_keeps_the_membership(yard: Yard) -> None:
    await yard.give("k1")
    await yard.reserve("k2", there=True)
    await yard.confirm("k2", ended=-DAY)
    await yard.ender.look()
    assert yard.site.has() and await yard.hows() == ["grant.kept"]
    assert yard.world.count("DELETE") == 0
    assert len(await yard.office.records.grants_of(TENANT, MAYA)) == 1


async def test_a_login_in_other_letters_is_the_same_account(yard: Yard) -> None:
    await yard.give("k1")
    same = replace(HUB, account=MEMBER.upper())
    await yard.reserve("k2", there=True, where=same)
    await yard.confirm("k2", ended=-DAY, where=same)
    await yard.ender.look()
    assert yard.site.has() and await yard.hows() == ["grant.kept"]
    [grant] = await yard.office.records.grants_of(TENANT, MAYA)
    assert grant.ours and grant.ends_at


async def test_to_wait_for_a_request_is_no_failure(yard: Yard) -> None:
    await yard.give("k1", ended=timedelta(minutes=5))
    await yard.reserve("k2", there=True)
    for _ in range(5):
        assert await yard.ender.look() == 1
        await yard.run("UPDATE access_grant SET ending_at = now() WHERE given")
    await yard.office.records.release_access(TENANT, key="k2")
    yard.world.mishaps.append(REFUSED)
    await yard.ender.look()
    [row] = await yard.rows(
        "SELECT extract(epoch FROM ending_at - now()) AS rest FROM access_grant"
    )
    assert round(float(row.rest) / 15) == 1


async def test_what_is_asked_for_just_now_is_waited_for(yard: Yard) -> None:
    await yard.give("k1")
    await yard.reserve("k2", there=True)
    await yard.ender.look()
    assert yard.site.has() and await yard.hows() == []
    await yard.office.records.release_access(TENANT, key="k2")
    await yard.pass_time()
    await yard.ender.look()
    assert not yard.site.has() and await yard.hows() == ["grant.over"]


async def test_what_was_given_while_it_was_taken_away_is_put_back(yard: Yard) -> None:
    await yard.give("k1")
    [ending] = await yard.endings.claim(timedelta(0), 9)
    # Somebody asks now, and is told that it is there.
    await yard.reserve("k2", there=True)
    assert await yard.site.system.give(TEAM, MEMBER) == "active"
    assert await yard.site.system.revoke(TEAM, MEMBER) == "absent"
    await yard.confirm("k2", ended=-DAY)
    assert not await yard.endings.end(ending, "over")
    await yard.ender.look()
    assert yard.site.has() and await yard.hows() == ["grant.kept"]


async def test_what_somebody_else_gave_is_never_taken_away(yard: Yard) -> None:
    await yard.site.system.give(TEAM, MEMBER)
    await yard.reserve("k1", there=True)
    await yard.confirm("k1")
    assert await yard.ender.look() == 0
    assert yard.site.has()


async def test_another_membership_of_theirs_is_their_own(yard: Yard) -> None:
    await yard.give("k1")
    other = replace(HUB, target="others")
    await yard.reserve("k2", where=other, ended=None)
    await yard.confirm("k2", where=other, ended=None)
    await yard.ender.look()
    assert not yard.site.has() and await yard.hows() == ["grant.over"]


async def test_a_request_of_which_nobody_heard_is_settled_by_a_look(
    yard: Yard,
) -> None:
    await yard.reserve("k1", ended=-DAY)
    assert await yard.ender.look() == 0, "the call may still run"
    await yard.pass_time()
    await yard.ender.look()
    assert await yard.hows() == ["grant.not_given"] and await seats(yard) == SEATS
    await yard.reserve("k1", ended=-DAY)
    await yard.site.system.give(TEAM, MEMBER)
    await yard.pass_time()
    await yard.ender.look()
    assert await yard.hows() == ["grant.not_given", "grant.found"]
    [grant] = await yard.office.records.grants_of(TENANT, MAYA)
    assert grant.ours and grant.ends_at, "it ends as it was asked for"


async def test_what_nobody_can_find_out_about_is_its_to_know_and_is_given_up(
    yard: Yard,
) -> None:
    await yard.reserve("k1", ended=-DAY)
    for passed in ("3 hours", "31 days"):
        await yard.run(
            f"UPDATE access_grant SET at = now() - interval '{passed}', "
            "ending_at = now()"
        )
        yard.world.mishaps.append(Mishap(kind="answer", method="GET", status=403))
        assert await yard.ender.look() == 1
        [ticket] = await yard.rows("SELECT title FROM ticket")
        assert "find out about" in ticket.title
    assert await yard.hows() == ["grant.given_up"] and await seats(yard) == SEATS


async def test_what_is_asked_for_again_is_not_settled_meanwhile(yard: Yard) -> None:
    await yard.reserve("k1", ended=-DAY)
    await yard.pass_time()
    [settling] = await yard.endings.claim(timedelta(seconds=60), 9)
    # It was seen to be absent. Now the call's next attempt asks, and is given it.
    await yard.reserve("k1", ended=-DAY)
    await yard.site.system.give(TEAM, MEMBER)
    assert not await yard.endings.end(settling, "not_given")
    await yard.confirm("k1", ended=-DAY)
    [grant] = await yard.office.records.grants_of(TENANT, MAYA)
    assert grant.ours and grant.ends_at


async def test_what_an_older_company_file_asked_for_elsewhere_is_settled_there(
    yard: Yard,
) -> None:
    old = replace(HUB, target="others")
    yard.world.teams["others"] = {MEMBER: "active"}
    await yard.reserve("k1", ended=-DAY, where=old)
    await yard.reserve("k1", ended=-DAY)
    await yard.site.system.give(TEAM, MEMBER)
    await yard.confirm("k1", ended=-DAY)
    await yard.run("UPDATE access_grant SET ending_at = now() WHERE NOT given")
    await yard.ender.look()
    assert await yard.hows() == ["grant.found"], "what the first attempt gave"
    await yard.run("UPDATE access_grant SET ends_at = now()")
    await yard.ender.look()
    assert not yard.site.has() and yard.world.teams["others"] == {}


async def test_a_new_name_there_does_not_end_what_is_still_to_be_taken_away(
    yard: Yard,
) -> None:
    await yard.give("k1")
    yard.world.users.discard(MEMBER)
    await yard.ender.look()
    before = await yard.site.system.look(TEAM, MEMBER)
    assert before != "absent", "a new request would end our row as gone"
    assert yard.counted == ["put_off"]


async def test_one_that_hangs_holds_up_no_other(yard: Yard) -> None:
    await yard.give("k1")
    await give(
        yard.office.records, "k2", PersonId("omar"), ends_at=yard.office.now - DAY
    )
    silence = Mishap(kind="silence", method="DELETE")
    yard.world.mishaps.extend([silence, silence])
    await yard.ender.look()
    assert sorted(yard.counted) == ["over", "put_off"]
    assert yard.site.has()
