"""The stand-in for Teams: a tenant, its people, and the wire to one bot.

Use it as an async context manager; it owns its tasks and its HTTP session. Serve
`teams_world_routes` where ``base_url`` points, give the bot ``service_url``,
``token_url`` and ``openid_metadata_url``, and call `TeamsWorld.install` for whoever
should find the bot in their Teams.
"""

import asyncio
import json
from collections.abc import Callable, Coroutine, Iterable, Mapping
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Any, Self, TypeVar

import aiohttp
from aiohttp import web

from adapters.simulator.journal import PATIENCE, Journal
from adapters.simulator.profiles import Luck, Profile
from adapters.simulator.teams.budgets import Budgets
from adapters.simulator.teams.cards import CARD
from adapters.simulator.teams.clicks import answer_of
from adapters.simulator.teams.connector import Connector
from adapters.simulator.teams.courier import Courier, Outcome
from adapters.simulator.teams.deliveries import Composer
from adapters.simulator.teams.faults import Fault, Faults, Hold
from adapters.simulator.teams.keys import Notary, SigningKey
from adapters.simulator.teams.limits import Limits, Operation
from adapters.simulator.teams.login import Login
from adapters.simulator.teams.mishaps import Mishaps
from adapters.simulator.teams.routes import CONNECTOR, OPENID, TOKEN, Site, site_routes
from adapters.simulator.teams.streaming import ContentStreams
from adapters.simulator.teams.tenant import Tenant
from adapters.simulator.teams.wire import Json
from bot.clock import Clock
from bot.company.model import Company, Person
from bot.errors import PlatformError

Found = TypeVar("Found")


class TeamsWorld:
    """A Microsoft 365 tenant with people, a bot, and everything between them.

    Args:
        journal: Where every change goes.
        clock: Stamps messages, counts budgets, times deliveries.
        bot_url: The bot's messaging endpoint.
        base_url: Where `teams_world_routes` are served, without a path.
        app_id: The bot's app id.
        app_password: The bot's client secret.
        tenant_id: The tenant's GUID.
        company: Who has an account: those with an Entra object id.
        bot_name: The bot's display name.
        limits: The profile; `UNMETERED` for tests that are not about limits.
        exclusive: Whether two operations at once on one conversation give a 412.
        latency: Seconds that every request of the bot takes, beside the profile's.
        profile: The weather; ``None``: nothing happens unless it is asked for.
        key: Signs deliveries; made if not given, which takes a moment.
    """

    def __init__(
        self,
        journal: Journal,
        clock: Clock,
        *,
        bot_url: str,
        base_url: str,
        app_id: str,
        app_password: str,
        tenant_id: str,
        company: Company | Iterable[Person],
        bot_name: str = "Deskhand",
        limits: Limits = Limits(),  # noqa: B008 - a frozen value
        exclusive: bool = True,
        latency: float = 0.0,
        profile: Profile | None = None,
        key: SigningKey | None = None,
    ) -> None:
        base = base_url.rstrip("/")
        self.journal = journal
        self.service_url = base + CONNECTOR
        """For the bot's list of trusted service URLs."""
        self.openid_metadata_url = base + OPENID
        self.token_url = base + TOKEN.format(tenant=tenant_id)
        self._clock = clock
        self._bot_url = bot_url
        self._limits = limits
        self._closing = asyncio.Event()
        self._stack = AsyncExitStack()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._tenant = Tenant(
            tenant_id=tenant_id,
            app_id=app_id,
            bot_name=bot_name,
            people=company.people if isinstance(company, Company) else company,
            journal=journal,
            clock=clock,
        )
        self._composer = Composer(self._tenant, self.service_url)
        self._notary = Notary(
            clock, app_id=app_id, service_url=self.service_url, key=key
        )
        self._budgets = Budgets(limits, clock)
        self._streams = ContentStreams(self._tenant, limits, clock, self._spawn)
        self._faults = Faults()
        self._login = Login(
            clock,
            app_id=app_id,
            app_password=app_password,
            tenant_id=tenant_id,
            lifetime=limits.token_lifetime,
        )
        self.site = Site(
            base_url=base,
            connector=Connector(self._tenant, self._budgets, limits, self._streams),
            notary=self._notary,
            login=self._login,
            faults=self._faults,
            journal=journal,
            clock=clock,
            closing=self._closing,
            exclusive=exclusive,
            latency=latency,
        )
        """What `teams_world_routes` serve."""
        self.mishaps = Mishaps(self._tenant, self._login, self._streams)
        """What people and administrators do to the bot."""
        self.profile = profile

    @property
    def profile(self) -> Profile | None:
        """How the platform behaves just now."""
        return self.site.weather and self.site.weather.profile

    @profile.setter
    def profile(self, profile: Profile | None) -> None:
        self.site.weather = Luck(profile) if profile else None
        left = profile.budget if profile else 1.0
        self._budgets.redefine(self._limits.times(left))

    async def __aenter__(self) -> Self:
        session = await self._stack.enter_async_context(
            aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0),
                timeout=aiohttp.ClientTimeout(total=None),
            )
        )
        self._group = await self._stack.enter_async_context(asyncio.TaskGroup())
        self._courier = Courier(
            self._bot_url,
            session=session,
            notary=self._notary,
            journal=self.journal,
            clock=self._clock,
            limits=self._limits,
        )
        return self

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._closing.set()
        for task in self._tasks:
            task.cancel()
        # Not told of the error, the task group does not wrap it into a group.
        await self._stack.aclose()

    # ---------------------------------------------------------------- what people do

    async def install(self, user_id: str) -> None:
        """Let a person add the bot; the bot is told in the background."""
        chat = self._tenant.chat_of(user_id)
        if chat.standing != "installed":
            self._tenant.set_standing(chat, "installed")
            self._tell(self._composer.installation(chat, added=True))

    async def install_everyone(self) -> None:
        """Let everybody add the bot."""
        for chat in self._tenant.chats.values():
            await self.install(chat.user.person)

    async def uninstall(self, user_id: str) -> None:
        """Let a person remove the bot; the bot is told in the background."""
        chat = self._tenant.chat_of(user_id)
        self._tenant.set_standing(chat, "removed")
        self._tell(self._composer.installation(chat, added=False))

    def open_group(self, *user_ids: str) -> str:
        """Let people open a group with the bot; return the conversation's id."""
        return self._tenant.open_group(user_ids).id

    def stop_stream(self, user_id: str) -> str | None:
        """Let a person press a streaming message's Stop; return that message's id."""
        return self._streams.stop(self._tenant.chat_of(user_id))

    async def say(self, user_id: str, text: str, *, group: str = "") -> str:
        """Let a person write to the bot; it is delivered in the background.

        Args:
            user_id: A person's id, Entra object id or MRI. Whoever did not install the
                bot does so by writing to it, as in Teams.
            text: What they write.
            group: Where, mentioning the bot; empty: in their own chat with it.

        Returns:
            The activity's id.
        """
        account = self._tenant.chat_of(user_id).user.account()
        if not group:
            await self.install(user_id)
        chat = self._tenant.place_of(user_id, group)
        content = {"text": text, "textFormat": "plain"}
        message = self._tenant.post(chat, account, content)
        chat.said[message.id] = self._composer.message(
            chat, message.id, text, by=account
        )
        self._tell([chat.said[message.id]])
        return message.id

    async def invoke(
        self,
        user_id: str,
        activity_id: str,
        action: Mapping[str, Any],
        inputs: Mapping[str, Any] | None = None,
        *,
        trigger: str = "manual",
    ) -> Json:
        """Let a person click an ``Action.Execute`` and return what they get.

        A card in the answer covers the message for this person alone, until the
        message is edited. When the bot fails the person is told at once, and Teams
        delivers the click again in the background, without using the answer.

        Args:
            user_id: Who clicks.
            activity_id: The message with the card.
            action: The action as it stands in the card.
            inputs: The values of the card's inputs, by id.
            trigger: ``manual``, or ``automatic`` for a refresh.

        Returns:
            The invoke's answer: ``statusCode``, ``type``, ``value``.

        Raises:
            PlatformError: This person does not see such a message.
        """
        chat = self._tenant.chat_of(user_id)
        message = chat.messages.get(activity_id)
        if message is None or message.deleted:
            raise PlatformError("teams", "NoSuchMessage", activity_id)
        click = self._composer.click(
            chat, activity_id, action, inputs or {}, trigger=trigger
        )
        chat.said[click["id"]] = click
        outcome = await self._courier.deliver(click)
        if not outcome.accepted:
            again = self._composer.again(click)
            self._spawn(self._courier.repeat_invoke(click, again))
        answer = answer_of(outcome)
        if answer["type"] == CARD:
            self._tenant.cover(chat, activity_id, answer["value"])
        return answer

    # ----------------------------------------------------------- what a test may force

    def fail_next(
        self, operation: Operation, how: Fault, *, times: int = 1, chat: str = ""
    ) -> None:
        """Let ``how`` happen to the bot's next requests of this kind, or in ``chat``."""
        for _ in range(times):
            self._faults.add(operation, how, chat)

    def hold_next(self, operation: Operation, *, chat: str = "") -> Hold:
        """Keep the bot's next request of this kind under way until released."""
        hold = Hold()
        self._faults.add(operation, hold, chat)
        return hold

    def rotate_key(self, *, keep_old: bool = False) -> None:
        """Sign deliveries with a new key from now on."""
        self._notary.rotate(keep_old=keep_old)

    async def redeliver(self, activity_id: str, times: int = 1) -> list[Outcome]:
        """Deliver what a person said or clicked again, unchanged, one by one.

        Raises:
            PlatformError: Nothing or more than one thing has this id; ids are
                unique in one conversation only.
        """
        found = [
            chat.said[activity_id]
            for chat in self._tenant.chats.values()
            if activity_id in chat.said
        ]
        if len(found) != 1:
            raise PlatformError("teams", "NoSuchDelivery", activity_id)
        return [
            await self._courier.deliver(found[0], attempt=attempt)
            for attempt in range(2, times + 2)
        ]

    def compose(self, user_id: str, text: str) -> Json:
        """Return the activity of a message that nobody wrote, for `deliver_raw`."""
        chat = self._tenant.chat_of(user_id)
        by = chat.user.account()
        return self._composer.message(chat, self._tenant.next_id(chat), text, by=by)

    async def deliver_raw(
        self, body: bytes | Mapping[str, Any], headers: Mapping[str, str]
    ) -> Outcome:
        """Post anything to the bot, unsigned unless ``headers`` say otherwise."""
        if isinstance(body, bytes):
            return await self._courier.send(body, headers)
        content = {"Content-Type": "application/json", **headers}
        return await self._courier.send(json.dumps(body).encode(), content)

    def mint(
        self,
        claims: Mapping[str, Any] | None = None,
        *,
        key: SigningKey | None = None,
        headers: Mapping[str, Any] | None = None,
    ) -> str:
        """Return a delivery token that is valid but for what is changed.

        Args:
            claims: Overrides; a value of ``None`` leaves the claim out.
            key: Sign with this key instead of the published one.
            headers: Overrides of the JWT's header, e.g. ``kid``.
        """
        return self._notary.mint(claims or {}, key=key, headers=headers)

    # ----------------------------------------------------------------- what is to see

    def snapshot(self) -> Json:
        """Return everything that exists, JSON-able; ``seq`` is the journal's."""
        return self._tenant.snapshot()

    def conversation_of(self, user_id: str) -> str:
        """Return the id of a person's chat with the bot."""
        return self._tenant.chat_of(user_id).id

    def messages(self, conversation: str) -> list[Json]:
        """Return the messages of a conversation as they are now, oldest first."""
        chat = self._tenant.conversation(conversation)
        assert chat is not None, f"no conversation is called {conversation!r}"
        return [message.shown() for message in chat.messages.values()]

    def seen_by(self, user_id: str) -> list[Json]:
        """Return what a person sees: no deleted messages, cards of their own."""
        return self._tenant.seen(self._tenant.chat_of(user_id))

    def budgets(self) -> list[Json]:
        """Return what the bot has left: ``lane``, ``left``, ``of``, ``seconds``."""
        return self._budgets.report()

    async def wait_for(
        self,
        predicate: "Callable[[TeamsWorld], Found | None]",
        within: float = PATIENCE,
    ) -> Found:
        """Return the first true value of ``predicate``, asked after every change.

        Raises:
            TimeoutError: It stayed false for so many seconds; says what happened last.
        """
        found = await self.journal.until(lambda: predicate(self), within=within)
        assert found, "it waited for something true"
        return found

    # ------------------------------------------------------------------------ inside

    def _tell(self, activities: list[Json]) -> None:
        async def deliver() -> None:
            for activity in activities:
                await self._courier.deliver_until_accepted(activity)

        self._spawn(deliver())

    def _spawn(self, work: Coroutine[Any, Any, Any]) -> None:
        task = self._group.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def teams_world_routes(world: TeamsWorld) -> Iterable[web.RouteDef]:
    """Return the routes to serve at the world's ``base_url``."""
    return site_routes(world.site)
