"""The chat platforms that are set up, each with its webhook."""

from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

from aiohttp import web

from adapters.slack.client import SlackConfig, SlackPlatform
from adapters.slack.ingress import slack_routes
from adapters.teams.client import TeamsPlatform
from adapters.teams.config import TeamsConfig
from adapters.teams.ingress import teams_routes
from bot.clock import Clock
from bot.ports.inbox import Inbox
from bot.ports.presence import Presence
from bot.ports.streaming import Streams
from bot.ports.surface import Platform
from bot.settings import Settings, SlackSettings, TeamsSettings


@dataclass(frozen=True, slots=True)
class Mounted:
    """A started platform and how its webhook is served."""

    platform: Platform
    streams: Streams
    presence: Presence
    routes: Callable[[Inbox], Sequence[web.RouteDef]]


async def start_platforms(
    settings: Settings, clock: Clock, stack: AsyncExitStack
) -> list[Mounted]:
    """Start every platform that is set up; ``stack`` closes them.

    Raises:
        PlatformError: A platform does not accept the bot's token.
    """
    found: list[Mounted] = []
    if settings.slack:
        found.append(await _slack(settings.slack, clock, stack))
    if settings.teams:
        found.append(await _teams(settings.teams, clock, stack))
    return found


async def _slack(
    settings: SlackSettings, clock: Clock, stack: AsyncExitStack
) -> Mounted:
    config = SlackConfig(
        signing_secret=settings.signing_secret,
        bot_token=settings.bot_token,
        api_url=settings.api_url,
    )
    platform = SlackPlatform(config, clock=clock)
    await platform.start()
    stack.push_async_callback(platform.close)
    return Mounted(
        platform,
        platform.streams,
        platform.sessions,
        lambda inbox: slack_routes(config, inbox, platform),
    )


async def _teams(
    settings: TeamsSettings, clock: Clock, stack: AsyncExitStack
) -> Mounted:
    first = settings.service_urls[0]
    config = TeamsConfig(
        app_id=settings.app_id,
        app_password=settings.app_password,
        tenant_id=settings.tenant_id,
        app_type="MultiTenant"
        if settings.app_type == "MultiTenant"
        else "SingleTenant",
        metadata_url=settings.metadata_url,
        token_url=settings.token_url,
        service_urls=settings.service_urls,
        allow_anonymous=settings.allow_anonymous,
        default_service_url=first if "://" in first else f"https://{first}/teams/",
    )
    platform = TeamsPlatform(config, clock=clock)
    await platform.start()
    stack.push_async_callback(platform.close)
    return Mounted(
        platform,
        platform.streams,
        platform.typing,
        lambda inbox: teams_routes(config, inbox, platform),
    )
