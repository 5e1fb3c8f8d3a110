"""Two very small stand-ins and a demo server on them, for tests of the page."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

from adapters.simulator.demo import demo_routes
from adapters.simulator.demo_weather import DemoWeather
from adapters.simulator.journal import Journal
from adapters.simulator.profiles import Profile
from adapters.simulator.suggestions import Suggestion
from bot.clock import Clock, SystemClock
from bot.company.model import Company
from bot.errors import MalformedError
from bot.protocol.ids import PersonId
from tests.support.door import Door

PAGE = Path(__file__).parents[2] / "adapters/simulator/page"
BOT = {"name": "Helper", "user_id": "UBOT", "bot_id": "BBOT", "app_id": "A1"}
COMPANY = Company.model_validate(
    {
        "company": {"name": "Fishmonger", "help_channel": "#help"},
        "people": [
            {
                "id": "ann",
                "name": "Ann Cod",
                "email": "ann@fish.example",
                "manager": "bob",
            },
            {
                "id": "bob",
                "name": "Bob Eel",
                "email": "bob@fish.example",
                "reach_on": "teams",
            },
            {"id": "cat", "name": "Cat", "email": "cat@elsewhere.example"},
        ],
    }
)


@dataclass
class SmallSlack:
    """Ann, a channel and her direct conversation."""

    journal: Journal
    done: list[tuple[Any, ...]] = field(default_factory=list[tuple[Any, ...]])
    messages: dict[str, dict[str, Any]] = field(
        default_factory=dict[str, dict[str, Any]]
    )
    modals: dict[str, list[Any]] = field(default_factory=dict[str, list[Any]])

    def show(self, ts: str, **message: Any) -> None:  # noqa: ANN401 - JSON
        """Post or edit a message of the bot's in Ann's conversation."""
        before = self.messages.get(ts)
        self.messages[ts] = {
            "channel": "DANN",
            "ts": ts,
            "thread_ts": None,
            "user": "UBOT",
            "bot_id": "BBOT",
            "text": "",
            "blocks": [],
            "reactions": [],
            "revision": before["revision"] + 1 if before else 1,
            **message,
        }
        op = "edited" if before else "posted"
        self.journal.record("slack.message", op=op, **self.messages[ts])

    def open_modal(self, view: dict[str, Any]) -> None:
        self.modals["UANN"] = [view]
        self.journal.record("slack.modal", op="opened", user="UANN", view=view)

    def snapshot(self) -> Mapping[str, Any]:
        bot = BOT["user_id"]
        return {
            "team": {"id": "T1", "name": "Fishmonger"},
            "bot": BOT,
            "users": [{"id": "UANN", "name": "Ann Cod", "email": "Ann@fish.example"}],
            "channels": [
                {"id": "C1", "name": "help", "is_im": False, "members": ["UANN", bot]},
                {"id": "DANN", "name": "ann", "is_im": True, "members": ["UANN", bot]},
            ],
            "messages": {"C1": [], "DANN": list(self.messages.values())},
            "ephemerals": {},
            "modals": self.modals,
            "statuses": [],
        }

    def budgets(self) -> list[Any]:
        return []

    async def say(
        self,
        user_id: str,
        channel_id: str,
        text: str,
        *,
        thread_ts: str | None = None,
    ) -> str:
        if channel_id not in {"C1", "DANN"}:
            raise MalformedError(f"{user_id} is in no channel {channel_id!r}")
        self.done.append(("say", user_id, channel_id, text, thread_ts))
        ts = f"{1700000000 + len(self.done)}.000100"
        said = {"channel": channel_id, "user": user_id, "bot_id": None, "text": text}
        self.show(ts, **said, thread_ts=thread_ts)
        return ts

    async def click(
        self,
        user_id: str,
        channel_id: str,
        ts: str,
        action_id: str,
        *,
        block_id: str | None = None,
    ) -> object:
        self.done.append(("click", user_id, channel_id, ts, action_id, block_id))
        self.journal.record("clicked")
        return {"ok": True}

    async def submit_view(
        self, user_id: str, view_id: str, values: Mapping[str, Any]
    ) -> object:
        self.done.append(("submit", user_id, view_id, values))
        if values.get("reason", {}).get("text") == "no":
            return {"ok": True, "errors": {"reason": "Say more."}}
        view = self.modals.pop(user_id)[0]
        self.journal.record("slack.modal", op="closed", user=user_id, view=view)
        return {"ok": True, "errors": {}}

    async def close_view(self, user_id: str, view_id: str) -> object:
        self.done.append(("close", user_id, view_id))

    async def stop_session(self, user_id: str, channel_id: str, thread_ts: str) -> None:
        self.done.append(("stop", user_id, channel_id, thread_ts))


@dataclass
class SmallTeams:
    """Bob and his chat."""

    journal: Journal
    done: list[tuple[Any, ...]] = field(default_factory=list[tuple[Any, ...]])
    messages: dict[str, dict[str, Any]] = field(
        default_factory=dict[str, dict[str, Any]]
    )

    def show(self, activity_id: str, **activity: Any) -> None:  # noqa: ANN401 - JSON
        """Post or edit a message of the bot's in Bob's chat."""
        before = self.messages.get(activity_id)
        self.messages[activity_id] = {
            "conversation": "a:bob",
            "id": activity_id,
            "from": {"id": "28:app"},
            "text": "",
            "attachments": [],
            "timestamp": "2026-11-20T10:00:00Z",
            "deleted": False,
            "revision": before["revision"] + 1 if before else 1,
            **activity,
        }
        self.journal.record("teams.activity", **self.messages[activity_id])

    def cover(self, activity_id: str, card: dict[str, Any] | None) -> None:
        self.journal.record(
            "teams.overlay", conversation="a:bob", activity=activity_id, card=card
        )

    def snapshot(self) -> Mapping[str, Any]:
        bob = {"id": "29:bob", "aadObjectId": "guid", "name": "Bob Eel"}
        return {
            "tenant": {"id": "tenant"},
            "bot": {"id": "28:app", "name": "Helper"},
            "users": [{**bob, "email": "bob@fish.example", "conversation": "a:bob"}],
            "conversations": [{"id": "a:bob"}],
            "messages": list(self.messages.values()),
            "overlays": [],
        }

    def budgets(self) -> list[Any]:
        return []

    async def say(self, user_id: str, text: str) -> object:
        self.done.append(("say", user_id, text))
        self.journal.record("said")

    def stop_stream(self, user_id: str) -> object:
        self.done.append(("stop", user_id))
        self.journal.record("stopped")
        return None

    async def invoke(
        self,
        user_id: str,
        activity_id: str,
        action: Mapping[str, Any],
        inputs: Mapping[str, Any],
    ) -> Mapping[str, Any]:
        self.done.append(("invoke", user_id, activity_id, action, inputs))
        self.journal.record("invoked")
        return {
            "statusCode": 200,
            "type": "application/vnd.microsoft.activity.message",
            "value": "Noted.",
        }


@dataclass
class SmallDemo:
    """The server and what it stands on."""

    door: Door
    journal: Journal
    slack: SmallSlack
    teams: SmallTeams
    kills: list[str]
    days: list[Profile]
    """What the weather was changed to, once for each stand-in."""

    @property
    def url(self) -> str:
        return self.door.url


@asynccontextmanager
async def small_demo(
    *, bot_url: str = "http://127.0.0.1:9", clock: Clock | None = None
) -> AsyncGenerator[SmallDemo]:
    """Serve the page on a free port."""
    journal = Journal(SystemClock())
    slack, teams = SmallSlack(journal), SmallTeams(journal)
    kills: list[str] = []
    days: list[Profile] = []

    async def kill() -> None:
        kills.append("kill -9")

    app = web.Application()
    app.add_routes(
        demo_routes(
            slack,
            teams,
            journal,
            COMPANY,
            [Suggestion(person=PersonId("ann"), platform="slack", text="May I?")],
            bot_url=bot_url,
            console_token="secret",
            kill=kill,
            weather=DemoWeather(journal, None, days.append, days.append),
            clock=clock,
        )
    )
    async with Door(app=app, port=0) as door:
        yield SmallDemo(door, journal, slack, teams, kills, days)
