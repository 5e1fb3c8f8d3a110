"""Webhook deliveries as the platforms would send them, signed and not yet sent."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import NAMESPACE_OID, uuid5

from adapters.simulator.bench.company import slack_id, staff_id
from adapters.simulator.bench.volley import Shot
from adapters.simulator.journal import Change
from adapters.simulator.slack.messages import Message
from adapters.simulator.slack.payloads import event_callback, message_event
from adapters.simulator.slack.world import SlackWorld
from adapters.simulator.stage import Stage
from adapters.simulator.teams.world import TeamsWorld


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackLetter:
    """A message that somebody wrote to the bot, as the start of a thread."""

    shot: Shot
    thread: str

    def is_answered_by(self, change: Change) -> bool:
        """Return whether the stand-in received the first message in the thread."""
        body = change.body
        return (
            change.kind == "slack.message"
            and body["op"] == "posted"
            and body["bot_id"] is not None
            and body["thread_ts"] == self.thread
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamsLetter:
    """A message that somebody wrote to the bot in their chat with it."""

    shot: Shot
    conversation: str

    def is_answered_by(self, change: Change) -> bool:
        """Return whether the stand-in received a new message in the chat."""
        body = change.body
        return (
            change.kind == "teams.activity"
            and body["conversation"] == self.conversation
            and body["from"]["id"].startswith("28:")
            and body["revision"] == 1
        )


Letter = SlackLetter | TeamsLetter


def slack_letters(stage: Stage, people: Sequence[int], text: str) -> list[SlackLetter]:
    """Return one letter from each of ``people``, each in a thread of its own."""
    return [_slack_letter(stage.slack, slack_id(number), text) for number in people]


def teams_letters(stage: Stage, people: Sequence[int], text: str) -> list[TeamsLetter]:
    """Return one letter from each of ``people``, each in their own chat."""
    # As Teams does it: one token for many deliveries.
    token = stage.teams.mint()
    url = f"http://127.0.0.1:{stage.bot_port}/api/messages"
    return [
        _teams_letter(stage.teams, staff_id(number), text, url=url, token=token)
        for number in people
    ]


def _slack_letter(world: SlackWorld, user: str, text: str) -> SlackLetter:
    workspace = world.workspace
    channel, ts = f"D{user[1:]}", workspace.mint_ts()
    words = {"type": "text", "text": text}
    section = {"type": "rich_text_section", "elements": [words]}
    message = workspace.post(
        Message(
            channel=channel,
            ts=ts,
            user=user,
            text=text,
            client_msg_id=str(uuid5(NAMESPACE_OID, f"{channel}/{ts}")),
            blocks=workspace.completed([{"type": "rich_text", "elements": [section]}]),
        )
    )
    body = json.dumps(event_callback(workspace, message_event(workspace, message)))
    shot = Shot(url=world.bot_url, headers=world.sign(body.encode()), body=body)
    return SlackLetter(shot=shot, thread=ts)


def _teams_letter(
    world: TeamsWorld, person: str, text: str, *, url: str, token: str
) -> TeamsLetter:
    activity = world.compose(person, text)
    conversation: str = activity["conversation"]["id"]
    headers = {
        "Authorization": f"Bearer {token}",
        "Content-Type": "application/json; charset=utf-8",
        "x-ms-conversation-id": conversation,
        "x-ms-tenant-id": activity["conversation"]["tenantId"],
    }
    shot = Shot(url=url, headers=headers, body=json.dumps(activity))
    return TeamsLetter(shot=shot, conversation=conversation)
