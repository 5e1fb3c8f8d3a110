"""``chat.*`` and ``reactions.*``: what changes messages.

Source: https://docs.slack.dev/reference/methods, one page a method.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from adapters.simulator.slack import limits
from adapters.simulator.slack.blocks import problems_of
from adapters.simulator.slack.calls import Call, RefusedError
from adapters.simulator.slack.messages import Ephemeral, Message, message_json
from adapters.simulator.slack.people import Channel, Json
from adapters.simulator.slack.workspace import Workspace

NOTHING_TO_SHOW = "This content can't be displayed."
"""What Slack keeps as the text of a message sent with blocks only."""


def post_message(workspace: Workspace, call: Call) -> Json:
    """chat.postMessage: alone of all it takes a channel's name, or a person's id."""
    named = workspace.channel(call.text("channel"))
    channel = open_channel(workspace, named.id if named else "")
    text, blocks = _content(workspace, call, longest=None)
    root = _thread_root(workspace, channel, call)
    message = workspace.post(
        Message(
            channel=channel.id,
            ts=workspace.mint_ts(),
            user=workspace.bot.user_id,
            from_bot=True,
            text=(text or NOTHING_TO_SHOW)[: limits.POST_TEXT_KEPT],
            thread_ts=root,
            blocks=blocks or (),
            attachments=tuple(_attachments(call) or ()),
            metadata=metadata_of(call),
            broadcast=root is not None and call.flag("reply_broadcast"),
            # Media are shown unless that is turned off, other pages if it is turned on.
            previews=not call.has("unfurl_media")
            or call.flag("unfurl_media")
            or call.flag("unfurl_links"),
        )
    )
    clear_assistant_status(workspace, message)
    return {
        "ok": True,
        "channel": channel.id,
        "ts": message.ts,
        "message": _shown(workspace, message),
    }


def update(workspace: Workspace, call: Call) -> Json:
    """chat.update: text without blocks takes the blocks away."""
    channel = open_channel(workspace, call.text("channel"))
    before = _own(workspace, channel, call.text("ts"), "cant_update_message")
    if before.is_streaming:
        raise RefusedError("streaming_state_conflict")
    if workspace.is_locked(before):
        raise RefusedError("edit_window_closed")
    text, blocks = _content(workspace, call, longest=limits.UPDATE_TEXT)
    attachments = _attachments(call)
    after = replace(
        before,
        text=text if text is not None else NOTHING_TO_SHOW,
        blocks=blocks or (),
        attachments=before.attachments if attachments is None else tuple(attachments),
        metadata=metadata_of(call) if call.has("metadata") else before.metadata,
        stream=None,
    )
    after = workspace.edit(before, after)
    return {
        "ok": True,
        "channel": channel.id,
        "ts": after.ts,
        "text": after.text,
        "message": _shown(workspace, after),
    }


def delete(workspace: Workspace, call: Call) -> Json:
    """chat.delete."""
    channel = open_channel(workspace, call.text("channel"))
    message = _own(workspace, channel, call.text("ts"), "cant_delete_message")
    if message.is_streaming:
        raise RefusedError("cant_delete_message")
    workspace.delete(message)
    return {"ok": True, "channel": channel.id, "ts": message.ts}


def post_ephemeral(workspace: Workspace, call: Call) -> Json:
    """chat.postEphemeral."""
    channel = open_channel(workspace, call.text("channel"))
    user = call.text("user")
    if user not in channel.members:
        raise RefusedError("user_not_in_channel")
    text, blocks = _content(workspace, call, longest=None)
    ephemeral = Ephemeral(
        channel=channel.id,
        ts=workspace.mint_ts(),
        user=user,
        text=text or NOTHING_TO_SHOW,
        thread_ts=call.optional("thread_ts") or None,
        blocks=blocks or (),
    )
    workspace.whisper(ephemeral)
    return {"ok": True, "message_ts": ephemeral.ts}


def add_reaction(workspace: Workspace, call: Call) -> Json:
    """reactions.add."""
    message, reaction = _reaction(workspace, call)
    if reaction in message.reactions:
        raise RefusedError("already_reacted")
    workspace.react(message, (*message.reactions, reaction))
    return {"ok": True}


def remove_reaction(workspace: Workspace, call: Call) -> Json:
    """reactions.remove."""
    message, reaction = _reaction(workspace, call)
    if reaction not in message.reactions:
        raise RefusedError("no_reaction")
    workspace.react(message, tuple(r for r in message.reactions if r != reaction))
    return {"ok": True}


# ------------------------------------------------------------------------- parts


def open_channel(workspace: Workspace, channel_id: str) -> Channel:
    """Return a channel that the bot may write to.

    Raises:
        RefusedError: There is none, it is archived, or the bot is not in it.
    """
    channel = readable_channel(workspace, channel_id)
    if channel.is_archived:
        raise RefusedError("is_archived")
    return channel


def readable_channel(workspace: Workspace, channel_id: str) -> Channel:
    """Return a channel that the bot may read.

    Raises:
        RefusedError: There is none, or the bot is not in it.
    """
    channel = workspace.channels.get(channel_id)
    if channel is None:
        raise RefusedError("channel_not_found")
    if workspace.bot.user_id not in channel.members:
        raise RefusedError("not_in_channel")
    return channel


def checked_blocks(workspace: Workspace, blocks: Sequence[Json]) -> tuple[Json, ...]:
    """Return ``blocks`` as stored.

    Raises:
        RefusedError: ``invalid_blocks``, with everything that is wrong.
    """
    if problems := problems_of(blocks):
        raise RefusedError("invalid_blocks", messages=problems)
    return workspace.completed(blocks)


def _content(
    workspace: Workspace, call: Call, *, longest: int | None
) -> tuple[str | None, tuple[Json, ...] | None]:
    text = str(call.args["text"]) if call.has("text") else None
    blocks = call.json_list("blocks", error="invalid_blocks_format")
    if call.has("markdown_text"):
        if text or blocks:
            raise RefusedError("markdown_text_conflict")
        return _markdown(workspace, call.text("markdown_text"))
    if not text and not blocks and not call.has("attachments"):
        raise RefusedError("no_text")
    if text is not None and longest is not None and len(text) > longest:
        raise RefusedError("msg_too_long")
    stored = None if blocks is None else checked_blocks(workspace, blocks)
    return text, stored


def _markdown(workspace: Workspace, markdown: str) -> tuple[str, tuple[Json, ...]]:
    if len(markdown) > limits.MARKDOWN_TEXT:
        raise RefusedError("msg_too_long")
    return markdown, workspace.completed([{"type": "markdown", "text": markdown}])


def _attachments(call: Call) -> list[Json] | None:
    attachments = call.json_list("attachments", error="invalid_attachments")
    if attachments and len(attachments) > limits.ATTACHMENTS:
        raise RefusedError("too_many_attachments")
    return attachments


def metadata_of(call: Call) -> Json | None:
    """Return the metadata to keep with a message.

    Raises:
        RefusedError: It is not metadata, or too much.
    """
    metadata = call.json_object("metadata", error="invalid_metadata_format")
    if not metadata:
        return None
    event_type: Any = metadata.get("event_type")
    payload: Any = metadata.get("event_payload")
    if not isinstance(event_type, str) or not isinstance(payload, dict):
        raise RefusedError("invalid_metadata_schema")
    size = len(json.dumps(metadata, ensure_ascii=False).encode())
    if size > limits.METADATA_BYTES:
        raise RefusedError("metadata_too_large")
    # Any other character makes Slack forget the metadata without a word:
    # https://github.com/slackapi/bolt-python/issues/863
    return metadata if re.fullmatch(r"\w+", event_type, re.ASCII) else None


def _thread_root(workspace: Workspace, channel: Channel, call: Call) -> str | None:
    if not call.has("thread_ts"):
        return None
    parent = workspace.find(channel.id, call.text("thread_ts"))
    if parent is None:
        raise RefusedError("thread_not_found")
    return parent.root


def _own(workspace: Workspace, channel: Channel, ts: str, error: str) -> Message:
    message = workspace.find(channel.id, ts)
    if message is None:
        raise RefusedError("message_not_found")
    if not message.from_bot:
        raise RefusedError(error)
    return message


def _reaction(workspace: Workspace, call: Call) -> tuple[Message, tuple[str, str]]:
    channel = open_channel(workspace, call.text("channel"))
    name = call.text("name").strip(":")
    if not re.fullmatch(r"[\w+'-]+(::skin-tone-[2-6])?", name):
        raise RefusedError("invalid_name")
    message = workspace.find(channel.id, call.text("timestamp"))
    if message is None:
        raise RefusedError("message_not_found")
    return message, (name, workspace.bot.user_id)


def clear_assistant_status(workspace: Workspace, message: Message) -> None:
    """Take away what an assistant says it does: any reply does that."""
    status = workspace.statuses.get((message.channel, message.root))
    if status and status["session"] is None and status["status"]:
        workspace.set_status(
            channel=message.channel,
            thread_ts=message.root,
            session=None,
            shown="",
            lasts=None,
        )


def _shown(workspace: Workspace, message: Message) -> Json:
    return message_json(
        message, team=workspace.team, bot=workspace.bot, with_metadata=True
    )
