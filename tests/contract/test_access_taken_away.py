"""What every system must be that access is taken away in: once or more, and truthful."""

from collections.abc import AsyncGenerator

import pytest

from adapters.simulator.systems.entra import EntraStandIn
from adapters.simulator.systems.github import GitHubStandIn
from adapters.simulator.systems.misbehaving import Mishap
from adapters.simulator.systems.okta import OktaStandIn
from bot.errors import SystemUnsureError
from bot.ports.systems import NotDone
from tests.support.sites import SITES, TEAM, Site

REMOVES = "DELETE"


@pytest.fixture(params=SITES)
async def site(request: pytest.FixtureRequest) -> AsyncGenerator[Site]:
    """Give a site where the account is a member."""
    async with SITES[request.param]() as opened:
        await opened.system.give(opened.target, opened.account)
        assert opened.has()
        yield opened


def why(said: object) -> str:
    assert isinstance(said, NotDone), said
    return said.why


async def revoke(site: Site) -> object:
    return await site.system.revoke(site.target, site.account)


async def test_what_is_taken_away_is_gone_and_may_be_taken_away_again(
    site: Site,
) -> None:
    assert await revoke(site) == "absent"
    assert not site.has()
    assert await site.system.look(site.target, site.account) == "absent"
    assert await revoke(site) == "absent"
    assert site.world.count(REMOVES) == 2


async def test_other_memberships_stay() -> None:
    async with SITES["okta"]() as site:
        assert isinstance(site.world, OktaStandIn)
        others = {group: set(who) for group, who in site.world.groups.items()}
        await site.system.give(site.target, site.account)
        assert await revoke(site) == "absent"
        assert site.world.groups == others


async def test_whoever_was_only_invited_is_invited_no_more(site: Site) -> None:
    if not site.outsider:
        pytest.skip("nobody is invited there")
    await site.system.give(site.target, site.outsider)
    assert await site.system.revoke(site.target, site.outsider) == "absent"
    assert await site.system.look(site.target, site.outsider) == "absent"
    assert isinstance(site.world, GitHubStandIn)
    assert site.outsider not in site.world.teams[TEAM]


async def test_an_account_that_is_not_known_is_not_said_to_be_gone(site: Site) -> None:
    assert why(await site.system.revoke(site.target, "nobody")) == "unknown"
    assert site.has()


async def test_bad_credentials_take_nothing_away(site: Site) -> None:
    for client in site.wrong.values():
        assert why(await client.revoke(site.target, site.account)) == "credentials"
    assert site.has()


@pytest.mark.parametrize(("status", "told"), [(403, "forbidden"), (422, "refused")])
async def test_what_is_refused_is_not_tried_again(
    site: Site, status: int, told: str
) -> None:
    site.world.mishaps.append(Mishap(kind="answer", method=REMOVES, status=status))
    assert why(await revoke(site)) == told
    assert site.has() and site.world.count(REMOVES) == 1


async def test_a_limit_is_waited_for_when_it_is_short(site: Site) -> None:
    short = Mishap(
        kind="answer", method=REMOVES, status=429, headers={"Retry-After": "1"}
    )
    site.world.mishaps.append(short)
    assert await revoke(site) == "absent"
    assert site.clock.slept == [1.0] and not site.has()


async def test_a_limit_that_lasts_is_told_as_such(site: Site) -> None:
    long = Mishap(
        kind="answer", method=REMOVES, status=429, headers={"Retry-After": "60"}
    )
    site.world.mishaps.append(long)
    assert why(await revoke(site)) == "busy"
    assert site.has() and not site.clock.slept


async def test_trouble_that_passes_is_not_noticed(site: Site) -> None:
    site.world.mishaps.append(Mishap(kind="answer", method=REMOVES, status=502))
    assert await revoke(site) == "absent"
    assert not site.has()


@pytest.mark.parametrize("kind", ["silence", "cut"])
async def test_what_happened_unheard_is_found_by_looking(site: Site, kind: str) -> None:
    lost = Mishap(
        kind="silence" if kind == "silence" else "cut", method=REMOVES, done=True
    )
    site.world.mishaps.extend([lost, lost])
    assert await revoke(site) == "absent"
    assert not site.has()


@pytest.mark.parametrize("last", [None, 403, 429, 500])
async def test_what_may_still_happen_is_called_neither_done_nor_not_done(
    site: Site, last: int | None
) -> None:
    lost = Mishap(kind="silence", method=REMOVES)
    site.world.mishaps.append(lost)
    site.world.mishaps.append(
        lost if last is None else Mishap(kind="answer", method=REMOVES, status=last)
    )
    with pytest.raises(SystemUnsureError):
        await revoke(site)
    assert site.has()


async def test_who_is_a_member_by_a_group_inside_is_not_said_to_be_gone() -> None:
    async with SITES["entra"]() as site:
        assert isinstance(site.world, EntraStandIn)
        site.world.inside[site.target] = {site.account}
        assert await site.system.look(site.target, site.account) == "active"
        assert why(await revoke(site)) == "unknown"
