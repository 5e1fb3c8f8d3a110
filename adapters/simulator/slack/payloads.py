"""What Slack sends to an app: event callbacks and interaction payloads.

Source: https://docs.slack.dev/apis/events-api and
https://docs.slack.dev/reference/interaction-payloads
"""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any, cast

from adapters.simulator.slack.messages import Message, message_json
from adapters.simulator.slack.people import BotUser, Channel, Json, SlackUser, Team
from adapters.simulator.slack.workspace import MessageChange, Workspace, ts_of

VERIFICATION_TOKEN = "standin-verification-token"  # noqa: S105 - deprecated by Slack
"""In every payload for old apps' sake; nobody should look at it."""


def event_callback(workspace: Workspace, event: Json) -> Json:
    """Return ``event`` in its envelope, under a new event id."""
    team, bot = workspace.team, workspace.bot
    stamp = workspace.stamp()
    return {
        "token": VERIFICATION_TOKEN,
        "team_id": team.id,
        "context_team_id": team.id,
        "context_enterprise_id": None,
        "api_app_id": bot.app_id,
        "event": event,
        "type": "event_callback",
        "event_id": f"Ev{stamp:X}",
        "event_time": stamp // 1_000_000,
        "authorizations": [
            {
                "enterprise_id": None,
                "team_id": team.id,
                "user_id": bot.user_id,
                "is_bot": True,
                "is_enterprise_install": False,
            }
        ],
        "is_ext_shared_channel": False,
        "event_context": f"4-{stamp:x}",
    }


def message_event(workspace: Workspace, message: Message) -> Json:
    """Return the ``message`` event for a new message."""
    channel = workspace.channels[message.channel]
    event = _shown(workspace, message) | {
        "channel": channel.id,
        "channel_type": channel.kind,
        "event_ts": message.ts,
    }
    parent = workspace.find(channel.id, message.root)
    if message.thread_ts and parent:
        event["parent_user_id"] = parent.user
    return event


def said(
    channel: Channel, user_id: str, ts: str, *, text: str, elements: Sequence[Json]
) -> Message:
    """Return what a person has typed as Slack keeps it; its blocks lack their ids."""
    section: Json = {"type": "rich_text_section", "elements": list(elements)}
    return Message(
        channel=channel.id,
        ts=ts,
        user=user_id,
        text=text,
        client_msg_id=str(uuid.uuid5(uuid.NAMESPACE_OID, f"{channel.id}/{ts}")),
        blocks=({"type": "rich_text", "elements": [section]},),
    )


def mention_event(workspace: Workspace, message: Message) -> Json:
    """Return the ``app_mention`` event for a message that names the bot."""
    event = message_event(workspace, message) | {"type": "app_mention"}
    del event["channel_type"]
    return event


def change_event(workspace: Workspace, change: MessageChange) -> Json:
    """Return the ``message`` event for a post, an edit or a deletion."""
    if change.op == "posted":
        return message_event(workspace, change.message)
    assert change.before is not None, "edits and deletions have a before"
    channel = workspace.channels[change.message.channel]
    ts = ts_of(workspace.stamp())
    event: Json = {
        "type": "message",
        "subtype": "message_changed" if change.op == "edited" else "message_deleted",
        "hidden": True,
        "channel": channel.id,
        "channel_type": channel.kind,
        "ts": ts,
        "event_ts": ts,
        "previous_message": _shown(workspace, change.before),
    }
    if change.op == "edited":
        return event | {"message": _shown(workspace, change.message)}
    return event | {"deleted_ts": change.message.ts}


def session_stopped_event(
    workspace: Workspace,
    *,
    user_id: str,
    channel: Channel,
    thread_ts: str,
    streaming: Sequence[str],
) -> Json:
    """Return the ``agent_session_stopped`` event of Slack's own Stop button.

    Source: https://docs.slack.dev/ai/agent-sessions
    """
    return {
        "type": "agent_session_stopped",
        "channel": channel.id,
        "thread_ts": thread_ts,
        "user": user_id,
        "event_ts": ts_of(workspace.stamp()),
        "streaming_message_ts": list(streaming),
    }


def interaction(
    kind: str, user: SlackUser, *, team: Team, bot: BotUser, **more: object
) -> Json:
    """Return the frame that all interaction payloads share."""
    return {
        "type": kind,
        "team": {"id": team.id, "domain": team.domain},
        "user": {
            "id": user.id,
            "username": user.handle,
            "name": user.handle,
            "team_id": team.id,
        },
        "api_app_id": bot.app_id,
        "token": VERIFICATION_TOKEN,
        "enterprise": None,
        "is_enterprise_install": False,
        **more,
    }


def container(
    channel: Channel, *, ts: str, thread_ts: str | None, is_ephemeral: bool
) -> Json:
    """Return where an element is that somebody used."""
    place: Json = {
        "type": "message",
        "message_ts": ts,
        "channel_id": channel.id,
        "is_ephemeral": is_ephemeral,
    }
    return place | ({"thread_ts": thread_ts} if thread_ts else {})


def action(element: Json, *, block_id: str, action_ts: str, value: str | None) -> Json:
    """Return one entry of ``actions``: which element, and what was chosen."""
    used: Json = {
        "type": element["type"],
        "action_id": element["action_id"],
        "block_id": block_id,
        "action_ts": action_ts,
    }
    if element["type"] == "button":
        copied = ("text", "value", "style", "url")
        return used | {key: element[key] for key in copied if key in element}
    return used | chosen(element, value)


def chosen(element: Json, value: str | None) -> Json:
    """Return the state of an input or select after ``value`` was entered."""
    options: list[Json] = element.get("options", [])
    match element["type"]:
        case "static_select" | "radio_buttons" | "overflow":
            option = next((o for o in options if o["value"] == value), None)
            return {"selected_option": option}
        case "multi_static_select" | "checkboxes":
            wanted = (value or "").split(",")
            picked = [o for o in options if o["value"] in wanted]
            return {"selected_options": picked}
        case "users_select":
            return {"selected_user": value}
        case "datepicker":
            return {"selected_date": value}
        case _:
            return {"value": value}


def view_state(view: Json, values: Mapping[str, Mapping[str, object]]) -> Json:
    """Return ``view.state`` after a person filled the inputs with ``values``."""
    filled: dict[str, dict[str, Any]] = {}
    for block in view["blocks"]:
        if block["type"] != "input":
            continue
        element: Json = block["element"]
        block_id, action_id = block["block_id"], element.get("action_id", "")
        entered = _entered(values.get(block_id, {}).get(action_id))
        filled[block_id] = {
            action_id: {"type": element["type"], **chosen(element, entered)}
        }
    return {"values": filled}


def _entered(value: object) -> str | None:
    if isinstance(value, dict):
        return _entered(cast("Json", value).get("value"))
    return str(value) if value else None


def _shown(workspace: Workspace, message: Message) -> Json:
    return message_json(
        message, team=workspace.team, bot=workspace.bot, with_metadata=False
    )
