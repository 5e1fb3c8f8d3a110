"""Who and what a workspace consists of, and how the Web API describes it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

from bot.company.model import Company

Json: TypeAlias = dict[str, Any]
"""A JSON object as it goes over the wire."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackUser:
    """A member of the workspace."""

    id: str
    """``U…``."""
    name: str
    """Real name."""
    email: str
    title: str = ""

    @property
    def handle(self) -> str:
        """The short user name."""
        return self.email.partition("@")[0].lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    """The workspace itself."""

    id: str
    name: str
    domain: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BotUser:
    """The installed app and its user."""

    name: str
    user_id: str = "U0BOTUSER"
    bot_id: str = "B0BOTUSER"
    app_id: str = "A0BOTAPP"


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """A place for messages."""

    id: str
    """``C…``, or ``D…`` for a direct conversation with the bot."""
    name: str
    members: tuple[str, ...]
    """User ids, the bot's included when it is in."""
    is_archived: bool = False

    @property
    def is_im(self) -> bool:
        """Whether it is a person's direct conversation with the bot."""
        return self.id.startswith("D")

    @property
    def kind(self) -> str:
        """The ``channel_type`` of events."""
        return "im" if self.is_im else "channel"


def users_of(company: Company) -> tuple[SlackUser, ...]:
    """Return the people of the company file who have a Slack id."""
    return tuple(
        SlackUser(id=p.slack, name=p.name, email=p.email, title=p.title)
        for p in company.people
        if p.slack
    )


def team_named(name: str) -> Team:
    """Return a workspace whose id and domain follow from its name."""
    word = _letters(name) or "TEAM"
    return Team(id=f"T0{word[:9]}", name=name, domain=word.lower())


def channel_named(name: str, members: Iterable[str]) -> Channel:
    """Return a channel whose id follows from its name."""
    plain = name.removeprefix("#")
    return Channel(id=f"C0{_letters(plain)[:9]}", name=plain, members=tuple(members))


def dm_with(user: SlackUser, bot: BotUser) -> Channel:
    """Return the direct conversation between a person and the bot."""
    return Channel(
        id=f"D{user.id[1:]}", name=user.handle, members=(user.id, bot.user_id)
    )


def user_json(user: SlackUser, team: Team) -> Json:
    """Return ``user`` as users.info does."""
    return {
        "id": user.id,
        "team_id": team.id,
        "name": user.handle,
        "deleted": False,
        "real_name": user.name,
        "tz": "Etc/UTC",
        "profile": {
            "title": user.title,
            "real_name": user.name,
            "real_name_normalized": user.name,
            "display_name": user.handle,
            "display_name_normalized": user.handle,
            "email": user.email,
            "team": team.id,
        },
        "is_admin": False,
        "is_bot": False,
        "is_app_user": False,
        "is_restricted": False,
        "is_ultra_restricted": False,
    }


def bot_user_json(bot: BotUser, team: Team) -> Json:
    """Return the bot's user as users.info does."""
    return {
        "id": bot.user_id,
        "team_id": team.id,
        "name": bot.name.lower(),
        "deleted": False,
        "real_name": bot.name,
        "profile": {
            "real_name": bot.name,
            "display_name": bot.name,
            "api_app_id": bot.app_id,
            "bot_id": bot.bot_id,
            "team": team.id,
        },
        "is_bot": True,
        "is_app_user": False,
    }


def channel_json(channel: Channel) -> Json:
    """Return ``channel`` as conversations.info does."""
    if channel.is_im:
        return {
            "id": channel.id,
            "is_im": True,
            "is_channel": False,
            "is_open": True,
            "user": channel.members[0],
        }
    return {
        "id": channel.id,
        "name": channel.name,
        "name_normalized": channel.name,
        "is_channel": True,
        "is_im": False,
        "is_private": False,
        "is_archived": channel.is_archived,
        "is_member": True,
        "num_members": len(channel.members),
    }


def _letters(name: str) -> str:
    return re.sub(r"[^A-Z0-9]", "", name.upper())
