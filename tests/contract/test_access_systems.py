"""What every system that gives access must be: asked once, and truthful about the rest."""

from collections.abc import AsyncGenerator

import pytest

from adapters.simulator.systems.entra import EntraStandIn
from adapters.simulator.systems.misbehaving import Mishap
from adapters.simulator.systems.okta import OktaStandIn
from bot.errors import SystemUnsureError
from bot.ports.systems import NotDone
from tests.support.sites import SITES, Site


@pytest.fixture(params=SITES)
async def site(request: pytest.FixtureRequest) -> AsyncGenerator[Site]:
    async with SITES[request.param]() as opened:
        yield opened


def why(said: object) -> str:
    assert isinstance(said, NotDone), said
    return said.why


async def test_who_is_given_something_has_it_and_is_added_once(site: Site) -> None:
    assert await site.system.look(site.target, site.account) == "absent"
    assert await site.system.give(site.target, site.account) == "active"
    assert site.has()
    assert await site.system.look(site.target, site.account) == "active"
    assert await site.system.give(site.target, site.account) == "active"
    assert site.world.count(site.adds) == 1


async def test_who_can_only_be_invited_is_not_said_to_have_it(site: Site) -> None:
    if not site.outsider:
        pytest.skip("nobody is invited there")
    assert await site.system.give(site.target, site.outsider) == "invited"
    assert await site.system.look(site.target, site.outsider) == "invited"


async def test_an_account_that_is_not_there_is_said_to_be_unknown(site: Site) -> None:
    assert why(await site.system.give(site.target, "nobody")) == "unknown"


async def test_who_is_not_known_there_is_not_said_to_be_absent(site: Site) -> None:
    assert why(await site.system.look(site.target, "nobody")) == "unknown"


async def test_a_team_that_has_another_name_is_not_said_to_be_empty() -> None:
    async with SITES["github"]() as site:
        assert why(await site.system.look("missing", site.account)) == "unknown"


async def test_a_target_that_is_not_there_is_found_by_the_check(site: Site) -> None:
    assert isinstance(await site.system.check([site.target]), str)
    missing = await site.system.check([site.target, "missing"])
    assert isinstance(missing, NotDone) and "missing" in missing.detail
    assert why(await site.system.give("missing", site.account)) == "unknown"


async def test_bad_credentials_are_told_as_such(site: Site) -> None:
    for client in site.wrong.values():
        assert why(await client.check([site.target])) == "credentials"
        assert why(await client.give(site.target, site.account)) == "credentials"
    assert site.wrong and not site.has()


@pytest.mark.parametrize(("status", "told"), [(403, "forbidden"), (422, "refused")])
async def test_what_is_refused_is_not_tried_again(
    site: Site, status: int, told: str
) -> None:
    site.world.mishaps.append(Mishap(kind="answer", method=site.adds, status=status))
    assert why(await site.system.give(site.target, site.account)) == told
    assert site.world.count(site.adds) == 1


async def test_a_limit_is_waited_for_when_it_is_short(site: Site) -> None:
    short = Mishap(
        kind="answer", method=site.adds, status=429, headers={"Retry-After": "1"}
    )
    site.world.mishaps.append(short)
    assert await site.system.give(site.target, site.account) == "active"
    assert site.clock.slept == [1.0]


async def test_a_limit_that_lasts_is_told_as_such(site: Site) -> None:
    long = Mishap(
        kind="answer", method=site.adds, status=429, headers={"Retry-After": "60"}
    )
    for limit in (long, site.limit):
        site.world.mishaps.append(limit)
        assert why(await site.system.give(site.target, site.account)) == "busy"
    assert not site.has() and not site.clock.slept


async def test_trouble_that_lasts_is_not_waited_for(site: Site) -> None:
    later = {"Retry-After": "600"}
    trouble = Mishap(kind="answer", method="GET", status=503, headers=later)
    site.world.mishaps.append(trouble)
    looked = await site.system.look(site.target, site.account)
    assert why(looked) == "unreachable" and site.clock.slept == []


async def test_trouble_that_passes_is_not_noticed(site: Site) -> None:
    for kind in ("answer", "cut"):
        site.world.mishaps.append(Mishap(kind=kind, method="GET", status=503))
        assert await site.system.look(site.target, site.account) == "absent"
    site.world.mishaps.append(Mishap(kind="answer", method=site.adds, status=502))
    assert await site.system.give(site.target, site.account) == "active"


@pytest.mark.parametrize("last", [500, 504, 429, 422])
async def test_trouble_after_which_nothing_is_there_may_still_have_been_heeded(
    site: Site, last: int
) -> None:
    for status in (504, last):
        site.world.mishaps.append(
            Mishap(kind="answer", method=site.adds, status=status)
        )
    with pytest.raises(SystemUnsureError):
        await site.system.give(site.target, site.account)
    assert not site.has() and site.world.count(site.adds) == 2


@pytest.mark.parametrize("kind", ["silence", "cut"])
async def test_what_happened_unheard_is_found_by_looking(site: Site, kind: str) -> None:
    lost = Mishap(
        kind="silence" if kind == "silence" else "cut", method=site.adds, done=True
    )
    site.world.mishaps.extend([lost, lost])
    assert await site.system.give(site.target, site.account) == "active"


async def test_what_may_still_happen_is_called_neither_done_nor_not_done(
    site: Site,
) -> None:
    lost = Mishap(kind="silence", method=site.adds)
    site.world.mishaps.extend([lost, lost])
    with pytest.raises(SystemUnsureError):
        await site.system.give(site.target, site.account)
    refused = Mishap(kind="answer", method=site.adds, status=403)
    site.world.mishaps.extend([lost, refused])
    with pytest.raises(SystemUnsureError):
        await site.system.give(site.target, site.account)


async def test_a_group_that_nobody_can_be_added_to_is_found_by_the_check() -> None:
    async with SITES["okta"]() as site:
        assert isinstance(site.world, OktaStandIn)
        site.world.imported.add(site.target)
        said = await site.system.check([site.target])
        assert isinstance(said, NotDone) and "APP_GROUP" in said.detail


async def test_signing_in_happens_once_and_again_after_trouble() -> None:
    async with SITES["entra"]() as site:
        site.world.mishaps.append(Mishap(kind="answer", method="SIGN", status=503))
        assert await site.system.give(site.target, site.account) == "active"
        assert site.world.count("SIGN") == 2


async def test_a_token_that_is_no_longer_good_is_not_kept() -> None:
    async with SITES["entra"]() as site:
        assert await site.system.look(site.target, site.account) == "absent"
        site.world.mishaps.append(Mishap(kind="answer", method="POST", status=401))
        assert why(await site.system.give(site.target, site.account)) == "credentials"
        assert await site.system.give(site.target, site.account) == "active"
        assert site.world.count("SIGN") == 2


async def test_who_was_added_by_somebody_else_meanwhile_is_a_member() -> None:
    async with SITES["entra"]() as site:
        assert isinstance(site.world, EntraStandIn)
        trouble = Mishap(kind="answer", method="POST", status=502, done=True)
        site.world.mishaps.append(trouble)
        assert await site.system.give(site.target, site.account) == "active"
        assert site.world.count("GET") == 1, "the second attempt's 400 said it"
