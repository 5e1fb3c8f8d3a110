"""Found a workspace: from the company file, or from a list of people."""

from collections.abc import Mapping, Sequence

from adapters.simulator.journal import Journal
from adapters.simulator.slack.people import (
    BotUser,
    SlackUser,
    channel_named,
    dm_with,
    team_named,
    users_of,
)
from adapters.simulator.slack.workspace import Workspace
from bot.clock import Clock
from bot.company.model import Company

HELP_CHANNEL = "help"
TEAM = "Team"


def found_workspace(
    journal: Journal,
    clock: Clock,
    *,
    bot: BotUser,
    company: Company | None,
    users: Sequence[SlackUser],
) -> Workspace:
    """Return a workspace with one channel for all and a DM with the bot for each."""
    everybody = (*(users_of(company) if company else ()), *users)
    name = company.company.name if company else TEAM
    channel = (company.company.help_channel if company else "") or HELP_CHANNEL
    return Workspace(
        journal,
        clock,
        team=team_named(name),
        bot=bot,
        users=everybody,
        channels=[
            channel_named(channel, [*(user.id for user in everybody), bot.user_id]),
            *(dm_with(user, bot) for user in everybody),
        ],
    )


def mentionable(workspace: Workspace) -> Mapping[str, str]:
    """Return user ids by every name that people may type after ``@``."""
    users = workspace.users.values()
    return {
        **{user.name.lower(): user.id for user in users},
        **{user.handle: user.id for user in users},
        workspace.bot.name.lower(): workspace.bot.user_id,
    }
