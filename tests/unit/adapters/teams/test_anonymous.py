from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer, make_mocked_request

from adapters.teams.client import TeamsPlatform
from adapters.teams.config import TeamsConfig
from adapters.teams.ingress import _Ingress, teams_routes
from bot.errors import PlatformError
from bot.protocol.inbound import Address
from tests.support.teams_channel import Channel, ManualClock, RecordingInbox

ANONYMOUS = TeamsConfig(allow_anonymous=True)


@asynccontextmanager
async def serving(
    config: TeamsConfig, inbox: RecordingInbox
) -> AsyncGenerator[TestClient[Any, Any]]:
    platform = TeamsPlatform(config, clock=ManualClock())
    await platform.start()
    app = web.Application()
    app.add_routes(teams_routes(config, inbox, platform))
    async with TestClient(TestServer(app)) as client:
        yield client
    await platform.close()


async def test_this_machine_needs_no_token(
    channel: Channel, inbox: RecordingInbox
) -> None:
    async with serving(ANONYMOUS, inbox) as bot:
        response = await bot.post("/api/messages", json=channel.activity())
        assert response.status == 202
    assert len(inbox.accepted) == 1


async def test_it_is_off_unless_asked_for(
    channel: Channel, inbox: RecordingInbox
) -> None:
    async with serving(channel.config(), inbox) as bot:
        response = await bot.post("/api/messages", json=channel.activity())
        assert response.status == 401
    assert inbox.accepted == []


@pytest.mark.parametrize(
    "header", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "Origin"]
)
async def test_what_a_proxy_or_a_web_page_sends_is_not_local(
    channel: Channel, inbox: RecordingInbox, header: str
) -> None:
    async with serving(ANONYMOUS, inbox) as bot:
        response = await bot.post(
            "/api/messages", json=channel.activity(), headers={header: "127.0.0.1"}
        )
        assert response.status == 401
    assert inbox.accepted == []


@pytest.mark.parametrize(
    ("peer", "local"),
    [
        ("127.0.0.1", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("10.0.0.7", False),
        ("203.0.113.9", False),
        ("::ffff:10.0.0.7", False),
    ],
)
def test_only_peers_on_this_machine_are_local(
    peer: str, *, local: bool, inbox: RecordingInbox
) -> None:
    ingress = _Ingress(ANONYMOUS, inbox, TeamsPlatform(ANONYMOUS, clock=ManualClock()))
    request = make_mocked_request("POST", "/api/messages").clone(remote=peer)
    assert ingress._is_local_and_unsigned(request) is local


async def test_the_service_url_must_be_on_this_machine(
    channel: Channel, inbox: RecordingInbox
) -> None:
    async with serving(ANONYMOUS, inbox) as bot:
        for url in ("https://evil.example/", "http://127.0.0.1@evil.example/", ""):
            activity = channel.activity(serviceUrl=url)
            assert (await bot.post("/api/messages", json=activity)).status == 403
    assert inbox.accepted == []


async def test_a_bad_token_is_refused_where_no_token_is_fine(
    channel: Channel, inbox: RecordingInbox
) -> None:
    config = channel.config(allow_anonymous=True)
    async with serving(config, inbox) as bot:
        headers = {"Authorization": "Bearer garbage"}
        refused = await bot.post(
            "/api/messages", json=channel.activity(), headers=headers
        )
        assert refused.status == 401
        taken = await bot.post("/api/messages", json=channel.activity())
        assert taken.status == 202


async def test_a_message_without_a_tenant_gets_one(
    channel: Channel, inbox: RecordingInbox
) -> None:
    bare = channel.activity(channelData={}, conversation={"id": "c1"}, entities=[])
    bare["conversation"]["conversationType"] = "personal"
    async with serving(ANONYMOUS, inbox) as bot:
        assert (await bot.post("/api/messages", json=bare)).status == 202
    assert inbox.accepted[0].user.workspace == "local"


async def test_no_token_is_sent_to_a_stand_in_that_is_not_on_the_list(
    channel: Channel,
) -> None:
    config = channel.config(
        allow_anonymous=True,
        service_urls=("smba.trafficmanager.net",),
        default_service_url="https://smba.trafficmanager.net/teams/",
    )
    platform = TeamsPlatform(config, clock=ManualClock())
    await platform.start()
    await platform.connector.post_activity(channel.service_url, "a:1", {"text": "hi"})
    assert channel.calls[0].authorization == ""
    assert channel.token_forms == []
    await platform.close()


async def test_nothing_is_sent_to_a_service_url_that_is_not_trusted(
    platform: TeamsPlatform, channel: Channel
) -> None:
    elsewhere = channel.url + "/elsewhere/"
    with pytest.raises(PlatformError, match="UntrustedServiceUrl"):
        await platform.connector.post_activity(elsewhere, "a:1", {"text": "hi"})
    address = Address(platform="teams", workspace="t", channel="a:1")
    with pytest.raises(PlatformError, match="UntrustedServiceUrl"):
        await platform.connector.get_member(address.service_url, "a:1", "u")
    assert channel.calls == []
    assert channel.token_forms == []
