"""Who can be played on the demo page, and which two make a good scene.

Computed from the company file and from who has an account in which stand-in.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from bot.company.model import Company, Person
from bot.protocol.ids import PersonId, PlatformName


@dataclass(frozen=True, slots=True, kw_only=True)
class Player:
    """A person and their accounts."""

    id: PersonId
    name: str
    title: str
    manager: PersonId | None
    reach_on: PlatformName
    slack: str
    """Slack user id; empty: no account there."""
    teams: str
    """Teams user id; empty: no account there."""

    def is_on(self, platform: PlatformName) -> bool:
        """Return whether this person has an account on ``platform``."""
        return bool(self.slack if platform == "slack" else self.teams)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Somebody who asks on one platform and whose manager decides on the other."""

    asks: PlatformName
    slack: PersonId
    teams: PersonId


def players_of(
    company: Company,
    slack_users: Sequence[Mapping[str, Any]],
    teams_users: Sequence[Mapping[str, Any]],
) -> list[Player]:
    """Return everybody who has at least one account, in the company's order."""
    players = (
        Player(
            id=person.id,
            name=person.name,
            title=person.title,
            manager=person.manager,
            reach_on=person.reach_on,
            slack=_account(person, person.slack, slack_users),
            teams=_account(person, person.entra, teams_users),
        )
        for person in company.people
    )
    return [player for player in players if player.slack or player.teams]


def scenes_of(players: Sequence[Player]) -> list[Scene]:
    """Return the scenes, those that start in Slack first."""
    return sorted(_scenes(players), key=lambda scene: scene.asks)


def as_json(value: Player | Scene) -> dict[str, Any]:
    """Return ``value`` for the page."""
    return asdict(value)


def _scenes(players: Sequence[Player]) -> Iterator[Scene]:
    by_id = {player.id: player for player in players}
    for asker in players:
        decider = by_id.get(asker.manager) if asker.manager else None
        if decider is None or decider.reach_on == asker.reach_on:
            continue
        if not (asker.is_on(asker.reach_on) and decider.is_on(decider.reach_on)):
            continue
        in_slack = asker if asker.reach_on == "slack" else decider
        in_teams = decider if in_slack is asker else asker
        yield Scene(asks=asker.reach_on, slack=in_slack.id, teams=in_teams.id)


def _account(person: Person, known_id: str, users: Sequence[Mapping[str, Any]]) -> str:
    """Return the id of the account that is ``person``'s, by id or else by e-mail."""
    for user in users:
        if known_id and known_id in {user["id"], user.get("aadObjectId")}:
            return str(user["id"])
    for user in users:
        if str(user.get("email", "")).casefold() == person.email.casefold():
            return str(user["id"])
    return ""
