"""The adapter against the stand-in for Teams, which was written by others."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from typing import Any, cast

import pytest_asyncio
from aiohttp import web
from typing_extensions import override

from adapters.simulator.journal import Journal
from adapters.simulator.teams.limits import UNMETERED
from adapters.simulator.teams.world import TeamsWorld, teams_world_routes
from adapters.teams.client import TeamsPlatform
from adapters.teams.config import TeamsConfig
from adapters.teams.ingress import teams_routes
from bot.clock import SystemClock
from bot.company.model import Person
from bot.ports.inbox import Acceptance
from bot.protocol.ids import ApprovalId, PersonId, SurfaceId
from bot.protocol.inbound import Address, Decided, Inbound, Met, Said, UserRef
from bot.protocol.values import Fact
from bot.view.nodes import ApprovalView, TurnView
from tests.support.teams_channel import ANN, APP_ID, SECRET, TENANT, RecordingInbox

PEOPLE = (Person(id=PersonId("ann"), name="Ann Lee", email="ann@x.example", entra=ANN),)
REQUEST = ApprovalView(
    approval_id=ApprovalId("ap-1"),
    args_hash="h-1",
    title="Editor seat",
    facts=(Fact(label="Cost", value="15 EUR"),),
    status="Please decide.",
    can_decide=True,
)
VIEW = TurnView(
    headline="Your decision is needed", mood="waiting", approvals=(REQUEST,)
)
SURFACE = SurfaceId("s-1")


class WaitingInbox(RecordingInbox):
    """Lets a test wait for what comes in."""

    def __init__(self) -> None:
        super().__init__()
        self.incoming: asyncio.Queue[Inbound] = asyncio.Queue()

    @override
    async def accept(self, inbound: Inbound) -> Acceptance:
        answer = await super().accept(inbound)
        await self.incoming.put(inbound)
        return answer

    async def next(self, kind: type[Inbound]) -> Inbound:
        """Return the next delivery of this kind."""
        async with asyncio.timeout(5):
            while not isinstance(inbound := await self.incoming.get(), kind):
                pass
        return inbound


@dataclass(frozen=True)
class Scene:
    world: TeamsWorld
    platform: TeamsPlatform
    inbox: WaitingInbox


@pytest_asyncio.fixture
async def scene() -> AsyncIterator[Scene]:
    clock, inbox = SystemClock(), WaitingInbox()
    # Each side has to know the other's address before it can be built.
    here, there = bound_socket(), bound_socket()
    world = TeamsWorld(
        Journal(clock),
        clock,
        bot_url=f"{url_of(here)}/api/messages",
        base_url=url_of(there),
        app_id=APP_ID,
        app_password=SECRET,
        tenant_id=TENANT,
        company=PEOPLE,
        limits=UNMETERED,
    )
    config = TeamsConfig(
        app_id=APP_ID,
        app_password=SECRET,
        tenant_id=TENANT,
        metadata_url=world.openid_metadata_url,
        token_url=world.token_url,
        service_urls=(world.service_url,),
        default_service_url=world.service_url,
    )
    platform = TeamsPlatform(config, clock=clock)
    async with AsyncExitStack() as stack:
        await platform.start()
        stack.push_async_callback(platform.close)
        for routes, bound in (
            (teams_routes(config, inbox, platform), here),
            (teams_world_routes(world), there),
        ):
            app = web.Application()
            app.add_routes(routes)
            runner = web.AppRunner(app, shutdown_timeout=1)
            await runner.setup()
            stack.push_async_callback(runner.cleanup)
            await web.SockSite(runner, bound).start()
        await stack.enter_async_context(world)
        await world.install("ann")
        await inbox.next(Met)
        yield Scene(world, platform, inbox)


async def home(scene: Scene) -> Address:
    user = UserRef(platform="teams", workspace=TENANT, user_id=ANN)
    return await scene.platform.open_direct(user, None)


async def test_what_a_person_says_arrives_with_who_said_it(scene: Scene) -> None:
    await scene.world.say("ann", "How do I connect to the VPN?")
    said = cast("Said", await scene.inbox.next(Said))
    assert said.text == "How do I connect to the VPN?"
    assert said.user.user_id == ANN
    assert said.address.personal
    found = await scene.platform.find_user(said.user, said.address)
    assert (found.name, found.email) == ("Ann Lee", "ann@x.example")


async def test_a_person_who_never_wrote_is_reached_in_the_same_chat(
    scene: Scene,
) -> None:
    assert (await home(scene)).channel == scene.world.conversation_of("ann")


async def test_a_card_is_posted_clicked_locked_and_edited(scene: Scene) -> None:
    to, platform, world = await home(scene), scene.platform, scene.world
    posted = await platform.post(to, platform.render(VIEW), surface=SURFACE)
    locked = replace(
        VIEW,
        headline="Approved",
        approvals=(replace(REQUEST, can_decide=False, status="Approved by Ann."),),
    )
    scene.inbox.answer = Acceptance(outcome="decided", view=locked)
    [approve, _] = actions(platform.render(VIEW).body)
    answer = await world.invoke(
        "ann", posted.message_id, approve, {"reason": "fine by me"}
    )
    assert answer["type"] == "application/vnd.microsoft.card.adaptive"
    assert list(actions(answer["value"])) == []
    decided = cast("Decided", await scene.inbox.next(Decided))
    assert (decided.verdict, decided.reason) == ("approved", "fine by me")
    assert await platform.edit(posted, platform.render(locked)) == posted
    [shown] = world.messages(to.channel)
    assert "Approved by Ann." in str(shown)


def actions(value: object) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, dict):
        node = cast("Mapping[str, Any]", value)
        if node.get("type") == "Action.Execute":
            yield node
        for child in node.values():
            yield from actions(child)
    elif isinstance(value, list):
        for child in cast("list[object]", value):
            yield from actions(child)


def bound_socket() -> socket.socket:
    bound = socket.socket()
    bound.bind(("127.0.0.1", 0))
    return bound


def url_of(bound: socket.socket) -> str:
    host, port = cast("tuple[str, int]", bound.getsockname())
    return f"http://{host}:{port}"
