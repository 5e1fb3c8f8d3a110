"""Whether people see every surface once, and on it how things stand.

What a message should say is rendered anew from the log and compared word by word.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg

from adapters.slack.render import render as render_for_slack
from adapters.teams.render import render as render_for_teams
from agents.models.phrases import FOOTER
from bot.turn.state import TurnState
from bot.view.nodes import TurnView
from bot.view.project import SurfacePlan, surfaces_of, view_of
from tests.crash.findings import Findings, Turn
from tests.crash.site import Site
from tests.support.play import said_in, text_of


@dataclass(frozen=True, slots=True, kw_only=True)
class _Screens:
    """Every message of the bot that the stand-ins have."""

    slack: Mapping[str, Sequence[Mapping[str, Any]]]
    """By the surface that each is marked with."""
    teams: Mapping[str, Sequence[Mapping[str, Any]]]
    """By conversation."""

    def of(self, surface: str, row: asyncpg.Record) -> Sequence[Mapping[str, Any]]:
        """Return every message that is this surface; in Teams its row says which."""
        if row["platform"] == "slack":
            return self.slack.get(surface, [])
        receipt = _document(row["receipt"])
        here = self.teams.get(receipt["address"]["channel"], [])
        return [m for m in here if m["id"] == receipt["message_id"]]


async def check_screens(site: Site, turns: Iterable[Turn], found: Findings) -> None:
    screens = _Screens(slack=_in_slack(site), teams=_in_teams(site))
    rows = {row["surface_id"]: row for row in await site.rows("SELECT * FROM surface")}
    planned = [
        (turn, plan) for turn in turns for plan in surfaces_of(turn.state, there=rows)
    ]
    found.messages = len(planned)
    expected: Counter[str] = Counter()
    for turn, plan in planned:
        what = f"{turn.name}: {plan.role} for {plan.person_id}"
        row = rows.get(plan.surface_id)
        if row is None or row["receipt"] is None:
            why = row["error"] if row else "it has no row"
            if plan.below and "Needless" in why:
                continue  # its post was lost, and then the answer was there
            (found.given_up if why else found.unshown).append(f"{what}: {why}")
            continue
        expected[_document(row["receipt"])["address"]["channel"]] += 1
        shown = screens.of(plan.surface_id, row)
        wanted = _wanted(row["platform"], _view(site, turn.state, plan))
        if len(shown) != 1:
            found.unshown.append(f"{what} is there {len(shown)} times")
        elif said_in(shown[0]) != wanted:
            found.unshown.append(f"{what} shows\n{said_in(shown[0])}\n-- not\n{wanted}")
    strays = screens.slack.keys() - {plan.surface_id for _, plan in planned}
    found.unshown += [f"a stray {stray}" for stray in strays]
    for where, messages in screens.teams.items():
        extra = len(messages) - expected[where]
        if extra > 0:
            found.copies.append(f"{extra} more than {expected[where]} in {where[:20]}")


def _wanted(platform: str, view: TurnView) -> str:
    """Return the words that a message must have."""
    if platform == "slack":
        return text_of(render_for_slack(view).body["blocks"])
    return text_of(render_for_teams(view).body["attachments"])


def _view(site: Site, state: TurnState, plan: SurfacePlan) -> TurnView:
    zone = site.play.stage.company.company.zone
    now = site.clock.now()
    return view_of(state, plan.audience, now, footer=FOOTER, zone=zone)


def _in_slack(site: Site) -> dict[str, list[Mapping[str, Any]]]:
    slack = site.play.stage.slack
    found: dict[str, list[Mapping[str, Any]]] = {}
    for channel in slack.snapshot()["channels"]:
        for message in slack.messages(channel["id"]):
            if message["bot_id"]:
                name = _mark_of(message) or message["ts"]
                found.setdefault(name, []).append(message)
    return found


def _mark_of(message: Mapping[str, Any]) -> str:
    """Return the surface that a Slack message is marked with; empty: none."""
    metadata: Mapping[str, Any] = message["metadata"] or {}
    payload: Mapping[str, Any] = metadata.get("event_payload") or {}
    return str(payload.get("surface", ""))


def _in_teams(site: Site) -> dict[str, list[Mapping[str, Any]]]:
    teams = site.play.stage.teams
    found: dict[str, list[Mapping[str, Any]]] = {}
    for person in site.play.stage.company.people:
        if person.entra:
            chat = teams.conversation_of(person.id)
            found[chat] = [
                message
                for message in teams.messages(chat)
                if message["from"]["id"].startswith("28:")
            ]
    return found


def _document(stored: str | Mapping[str, Any]) -> Mapping[str, Any]:
    return json.loads(stored) if isinstance(stored, str) else stored
