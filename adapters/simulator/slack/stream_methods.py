"""``chat.startStream``, ``chat.appendStream`` and ``chat.stopStream``.

Source: https://docs.slack.dev/reference/methods, one page a method. That no event
tells of a stream's growth, only of its start and its end, is our guess.
"""

import re
from dataclasses import replace
from typing import Literal, cast

from adapters.simulator.slack import limits
from adapters.simulator.slack.calls import Call, RefusedError
from adapters.simulator.slack.chat_methods import (
    NOTHING_TO_SHOW,
    checked_blocks,
    clear_assistant_status,
    metadata_of,
    open_channel,
)
from adapters.simulator.slack.messages import Message
from adapters.simulator.slack.people import Channel, Json
from adapters.simulator.slack.session_methods import SESSION_STATUSES, show_session
from adapters.simulator.slack.streams import Life, Mode, Stream, dropped, grown
from adapters.simulator.slack.workspace import Workspace

_APPEND = "chat.appendStream"
_RECIPIENT = re.compile(r"[UW][A-Z0-9]{2,}")


def start(workspace: Workspace, call: Call) -> Json:
    """chat.startStream. Blocks and metadata are no arguments of it, and ignored."""
    channel = open_channel(workspace, call.text("channel"))
    root = _thread(workspace, channel, call)
    _check_recipient(channel, call)
    display = call.optional("task_display_mode", "timeline")
    if display not in {"plan", "timeline"}:
        raise RefusedError("invalid_arguments")
    stream = Stream(
        started=workspace.clock.monotonic(),
        display=cast("Literal['plan', 'timeline']", display),
    )
    content = _content(call)
    if content:
        stream = grown(stream, *content)
    message = workspace.post(
        _drawn(
            workspace,
            Message(
                channel=channel.id,
                ts=workspace.mint_ts(),
                user=workspace.bot.user_id,
                from_bot=True,
                text="",
                thread_ts=root,
            ),
            stream,
        )
    )
    clear_assistant_status(workspace, message)
    show_session(workspace, channel.id, root, "processing")
    return _answer(message, content)


def append(workspace: Workspace, call: Call) -> Json:
    """chat.appendStream. Its answer says nothing of what stands."""
    message, stream = _streaming(workspace, call)
    content = _content(call)
    if content is None:
        raise RefusedError("markdown_text_or_chunks_required")
    after = _drawn(workspace, message, grown(stream, *content))
    clear_assistant_status(workspace, workspace.grow(after))
    return _answer(message, content)


def stop(workspace: Workspace, call: Call) -> Json:
    """chat.stopStream: the last content, blocks below it, metadata, a status."""
    message, stream = _streaming(workspace, call)
    status = call.optional("session_status", "active")
    if status not in SESSION_STATUSES:
        raise RefusedError("invalid_status")
    content = _content(call)
    if content:
        stream = grown(stream, *content)
    blocks = call.json_list("blocks", error="invalid_blocks_format")
    stream = replace(
        stream.ended("stopped"), below=checked_blocks(workspace, blocks or ())
    )
    after = replace(message, metadata=metadata_of(call))
    workspace.edit(message, _drawn(workspace, after, stream))
    show_session(workspace, message.channel, message.root, status)
    return _answer(message, content)


# --------------------------------------------------------------- ends by others' hand


def expire(workspace: Workspace) -> None:
    """End every stream whose time is up: it stays as it is, with an error below."""
    now = workspace.clock.monotonic()
    for message in workspace.streaming():
        stream = message.stream
        if stream and now - stream.started >= limits.STREAM_SECONDS:
            _end(workspace, message, stream, "expired")
            show_session(workspace, message.channel, message.root, "active")


def stop_all(workspace: Workspace, channel: str, thread_ts: str) -> list[str]:
    """End every stream of a thread as a person's Stop does; return which.

    The session's status stays: changing it is up to the app.
    """
    stopped: list[str] = []
    for message in workspace.streaming():
        if (message.channel, message.root) == (channel, thread_ts) and message.stream:
            _end(workspace, message, message.stream, "stopped_by_user")
            stopped.append(message.ts)
    return stopped


def _end(workspace: Workspace, message: Message, stream: Stream, life: Life) -> None:
    workspace.grow(_drawn(workspace, message, stream.ended(life)))


# ------------------------------------------------------------------------- parts


def _thread(workspace: Workspace, channel: Channel, call: Call) -> str:
    ts = call.optional("thread_ts", "0")
    parent = None if ts == "0" else workspace.find(channel.id, ts)
    if parent is None:
        raise RefusedError("invalid_thread_ts")
    return parent.root


def _check_recipient(channel: Channel, call: Call) -> None:
    for name in ("recipient_user_id", "recipient_team_id"):
        if not channel.is_im and not call.optional(name):
            raise RefusedError(f"missing_{name}")
    recipient = call.optional("recipient_user_id")
    if recipient and not _RECIPIENT.fullmatch(recipient):
        raise RefusedError("invalid_arguments")


def _streaming(workspace: Workspace, call: Call) -> tuple[Message, Stream]:
    channel = open_channel(workspace, call.text("channel"))
    expire(workspace)
    message = workspace.find(channel.id, call.text("ts"))
    if message is None:
        raise RefusedError("message_not_found")
    if not message.from_bot:
        raise RefusedError("message_not_owned_by_app")
    stream = message.stream
    if stream and stream.life == "stopped_by_user" and call.method == _APPEND:
        raise RefusedError("stopped_by_user")
    if stream is None or stream.life != "open":
        raise RefusedError("message_not_in_streaming_state")
    return message, stream


def _content(call: Call) -> tuple[Mode, list[Json]] | None:
    chunks = call.json_list("chunks", error="invalid_chunks")
    if call.has("markdown_text") and chunks is not None:
        raise RefusedError("cannot_provide_both_markdown_text_and_chunks")
    if call.has("markdown_text"):
        text = call.text("markdown_text")
        if len(text) > limits.MARKDOWN_TEXT:
            raise RefusedError("msg_too_long")
        return "markdown_text", [{"type": "markdown_text", "text": text}]
    return ("chunks", chunks) if chunks else None


def _drawn(workspace: Workspace, message: Message, stream: Stream) -> Message:
    return replace(
        message,
        stream=stream,
        text=stream.text or stream.title or NOTHING_TO_SHOW,
        blocks=workspace.completed(stream.blocks()),
    )


def _answer(message: Message, content: tuple[Mode, list[Json]] | None) -> Json:
    answer: Json = {"ok": True, "channel": message.channel, "ts": message.ts}
    if content and (count := dropped(content[1])):
        warning = f"blocks_truncated: {count} blocks left out"
        answer["response_metadata"] = {"warnings": [warning]}
    return answer
