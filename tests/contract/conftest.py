"""Every platform behind one face, opened for a test."""

from collections.abc import AsyncIterator, Mapping

import pytest

from bot.protocol.inbound import Address
from tests.support.fake_platform import fake_venue
from tests.support.platforms import Open, Venue, slack_venue, teams_venue

VENUES: Mapping[str, Open] = {
    "slack": slack_venue,
    "teams": teams_venue,
    "fake": fake_venue,
}


@pytest.fixture(params=VENUES)
def opening(request: pytest.FixtureRequest) -> Open:
    return VENUES[request.param]


@pytest.fixture
async def venue(opening: Open) -> AsyncIterator[Venue]:
    async with opening(metered=False) as opened:
        yield opened


@pytest.fixture
async def to(venue: Venue) -> Address:
    return await venue.platform.open_direct(venue.ada, None)
