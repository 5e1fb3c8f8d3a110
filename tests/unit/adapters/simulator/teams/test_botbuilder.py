"""Microsoft's own client and token validation take the stand-in for the real thing.

They call it with blocking requests from the event loop, so it runs in a thread.
"""
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportUnknownParameterType=false
# pyright: reportMissingParameterType=false
# botbuilder has no types.

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from typing import Any, Self, TypeVar

import pytest
import requests
from botbuilder.schema import Activity, ChannelAccount, ConversationParameters
from botframework.connector.aio import ConnectorClient
from botframework.connector.auth import (
    ChannelValidation,
    JwtTokenValidation,
    MicrosoftAppCredentials,
    SimpleCredentialProvider,
)
from typing_extensions import override

from tests.unit.adapters.simulator.teams.stage import (
    ADA_AAD,
    APP,
    SCOPE,
    SECRET,
    TENANT,
    stage,
)

T = TypeVar("T")


class Elsewhere:
    """A stage in another thread."""

    def __init__(self) -> None:
        self._ready = threading.Event()
        self._thread = threading.Thread(target=asyncio.run, args=(self._live(),))

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(10)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run ``work`` there and return its result."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _live(self) -> None:
        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        async with stage() as self.stage:
            self._ready.set()
            await self._over.wait()


class Credentials(MicrosoftAppCredentials):
    """The stock credentials but for MSAL, which insists on https."""

    def __init__(self, token_url: str) -> None:
        super().__init__(APP, SECRET)
        self._token_url = token_url

    @override
    def get_access_token(self, force_refresh: bool = False) -> str:
        form = {
            "grant_type": "client_credentials",
            "client_id": APP,
            "client_secret": SECRET,
            "scope": SCOPE,
        }
        answer = requests.post(self._token_url, data=form, timeout=5)
        return str(answer.json()["access_token"])


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> Iterator[Elsewhere]:
    with Elsewhere() as found:
        url = found.stage.world.openid_metadata_url
        monkeypatch.setattr(ChannelValidation, "open_id_metadata_endpoint", url)
        yield found


async def validate(header: str, service_url: str) -> Any:  # noqa: ANN401
    return await JwtTokenValidation.validate_auth_header(
        header, SimpleCredentialProvider(APP, SECRET), "", "msteams", service_url
    )


async def test_the_stock_validation_accepts_a_delivery_and_no_forgery(
    elsewhere: Elsewhere,
):
    staged = elsewhere.stage
    elsewhere.run(staged.world.say("ada", "hello"))
    heard = elsewhere.run(staged.bot.next("message"))
    header = staged.bot.requests[-1].headers["Authorization"]
    claims = await validate(header, heard["serviceUrl"])
    assert claims.is_authenticated
    assert claims.claims["aud"] == APP
    with pytest.raises(PermissionError):
        await validate(header, "https://elsewhere.test/")
    forged = f"Bearer {staged.world.mint({'aud': 'another'})}"
    with pytest.raises(PermissionError):
        await validate(forged, heard["serviceUrl"])


async def test_the_stock_connector_opens_sends_edits_and_looks_up(
    elsewhere: Elsewhere,
):
    world = elsewhere.stage.world
    credentials = Credentials(world.token_url)
    client: Any = ConnectorClient(credentials, world.service_url)
    opened = await client.conversations.create_conversation(
        ConversationParameters(
            is_group=False,
            bot=ChannelAccount(id=f"28:{APP}"),
            members=[ChannelAccount(id=ADA_AAD)],
            tenant_id=TENANT,
            channel_data={"tenant": {"id": TENANT}},
        )
    )
    assert opened.id == world.conversation_of("ada")
    sent = await client.conversations.send_to_conversation(
        opened.id, Activity(type="message", text="one")
    )
    edited = await client.conversations.update_activity(
        opened.id, sent.id, Activity(type="message", text="two")
    )
    assert edited.id == sent.id
    [message] = world.messages(opened.id)
    assert (message["text"], message["revision"]) == ("two", 2)
    [member] = await client.conversations.get_conversation_members(opened.id)
    assert member.name == "Ada Lovelace"
