from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeAlias

import pytest
import pytest_asyncio
from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient, TestServer

from adapters.teams.client import TeamsPlatform
from adapters.teams.ingress import teams_routes
from tests.support.teams_channel import Channel, ManualClock, RecordingInbox

Call: TypeAlias = Callable[..., Awaitable[ClientResponse]]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def inbox() -> RecordingInbox:
    return RecordingInbox()


@pytest_asyncio.fixture
async def channel() -> AsyncIterator[Channel]:
    channel = Channel()
    async with channel.server() as server:
        channel.url = str(server.make_url("")).rstrip("/")
        yield channel


@pytest_asyncio.fixture
async def platform(
    channel: Channel, clock: ManualClock
) -> AsyncIterator[TeamsPlatform]:
    platform = TeamsPlatform(channel.config(), clock=clock)
    await platform.start()
    yield platform
    await platform.close()


@pytest_asyncio.fixture
async def bot(
    channel: Channel, platform: TeamsPlatform, inbox: RecordingInbox
) -> AsyncIterator[TestClient[Any, Any]]:
    app = web.Application()
    app.add_routes(teams_routes(channel.config(), inbox, platform))
    async with TestClient(TestServer(app)) as client:
        yield client
