"""What the demo page sends when somebody does something; ``user`` is who."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Request(BaseModel):
    """Somebody does something."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    user: str


class SlackSay(Request):
    """Write a message in Slack."""

    channel: str
    text: str = Field(min_length=1, max_length=40_000)
    thread_ts: str | None = None


class SlackClick(Request):
    """Press a button in Slack."""

    channel: str
    ts: str
    action_id: str
    block_id: str | None = None


class SlackView(Request):
    """Submit or close a form in Slack."""

    view_id: str
    values: dict[str, Any] = Field(default_factory=dict)


class SlackStop(Request):
    """Press Slack's own Stop."""

    channel: str
    thread_ts: str


class TeamsSay(Request):
    """Write a message in Teams."""

    text: str = Field(min_length=1, max_length=28_000)


class TeamsInvoke(Request):
    """Press an action of a card in Teams."""

    activity_id: str
    action: dict[str, Any]
    inputs: dict[str, Any] = Field(default_factory=dict)
