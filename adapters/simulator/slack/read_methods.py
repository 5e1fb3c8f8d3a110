"""Methods that look things up, and ``conversations.open``.

Source: https://docs.slack.dev/reference/methods, one page a method.
"""

import base64
import binascii
from collections.abc import Sequence

from adapters.simulator.slack.calls import Call, RefusedError
from adapters.simulator.slack.chat_methods import readable_channel
from adapters.simulator.slack.messages import Message, message_json
from adapters.simulator.slack.people import (
    Channel,
    Json,
    bot_user_json,
    channel_json,
    user_json,
)
from adapters.simulator.slack.workspace import Workspace

_CURSOR = "next_ts:"


def auth_test(workspace: Workspace, call: Call) -> Json:
    """auth.test."""
    del call
    team, bot = workspace.team, workspace.bot
    return {
        "ok": True,
        "url": f"https://{team.domain}.slack.com/",
        "team": team.name,
        "team_id": team.id,
        "user": bot.name.lower(),
        "user_id": bot.user_id,
        "bot_id": bot.bot_id,
        "is_enterprise_install": False,
    }


def team_info(workspace: Workspace, call: Call) -> Json:
    """team.info."""
    team = workspace.team
    if call.optional("team", team.id) != team.id:
        raise RefusedError("team_not_found")
    return {
        "ok": True,
        "team": {
            "id": team.id,
            "name": team.name,
            "domain": team.domain,
            "email_domain": "",
            "icon": {"image_default": True},
        },
    }


def users_info(workspace: Workspace, call: Call) -> Json:
    """users.info."""
    user_id = call.text("user")
    if user_id == workspace.bot.user_id:
        return {"ok": True, "user": bot_user_json(workspace.bot, workspace.team)}
    if user_id not in workspace.users:
        raise RefusedError("user_not_found")
    return {"ok": True, "user": user_json(workspace.users[user_id], workspace.team)}


def users_lookup_by_email(workspace: Workspace, call: Call) -> Json:
    """users.lookupByEmail."""
    email = call.text("email").lower()
    for user in workspace.users.values():
        if user.email.lower() == email:
            return {"ok": True, "user": user_json(user, workspace.team)}
    raise RefusedError("users_not_found")


def conversations_info(workspace: Workspace, call: Call) -> Json:
    """conversations.info."""
    channel = workspace.channels.get(call.text("channel"))
    if channel is None:
        raise RefusedError("channel_not_found")
    return {"ok": True, "channel": channel_json(channel)}


def conversations_open(workspace: Workspace, call: Call) -> Json:
    """conversations.open, for direct conversations with one person."""
    if call.has("channel"):
        channel = workspace.channels.get(call.text("channel"))
        if channel is None or not channel.is_im:
            raise RefusedError("channel_not_found")
    else:
        if not call.has("users"):
            raise RefusedError("users_list_not_supplied")
        if call.text("users") == workspace.bot.user_id:
            raise RefusedError("cannot_dm_bot")
        if call.text("users") not in workspace.users:
            raise RefusedError("user_not_found")
        channel = workspace.channel(call.text("users"))
        assert channel is not None, "everybody has a DM with the bot"
    whole = channel_json(channel) if call.flag("return_im") else {"id": channel.id}
    return {"ok": True, "no_op": True, "already_open": True, "channel": whole}


def conversations_history(
    workspace: Workspace, call: Call, *, lag: float, most: int
) -> Json:
    """conversations.history: newest first, without replies."""
    channel = readable_channel(workspace, call.text("channel"))
    visible = _visible(workspace, channel, lag)
    top = [m for m in visible if m.thread_ts is None or m.broadcast]
    wanted = _between(top, call)
    wanted.reverse()
    page, cursor = _page(wanted, call, most)
    return _listing(workspace, call, page, visible, cursor)


def conversations_replies(
    workspace: Workspace, call: Call, *, lag: float, most: int
) -> Json:
    """conversations.replies: the first message, then replies, oldest first."""
    channel = readable_channel(workspace, call.text("channel"))
    asked = workspace.find(channel.id, call.text("ts"))
    root = asked.root if asked else call.text("ts")
    visible = [m for m in _visible(workspace, channel, lag) if m.root == root]
    if not visible:
        raise RefusedError("thread_not_found")
    first = [m for m in visible if m.ts == root]
    replies = _between([m for m in visible if m.ts != root], call)
    page, cursor = _page(replies, call, most)
    return _listing(workspace, call, [*first, *page], visible, cursor)


def _visible(workspace: Workspace, channel: Channel, lag: float) -> list[Message]:
    """Return what stood there ``lag`` seconds ago, later edits and marks not in it."""
    return workspace.stood_at(channel.id, workspace.clock.monotonic() - lag)


def _between(messages: Sequence[Message], call: Call) -> list[Message]:
    oldest = _padded(call.optional("oldest", "0"))
    latest = _padded(call.optional("latest", "9999999999"))
    if call.flag("inclusive"):
        return [m for m in messages if oldest <= m.ts <= latest]
    return [m for m in messages if oldest < m.ts < latest]


def _padded(ts: str) -> str:
    seconds, _, fraction = ts.partition(".")
    if not (seconds + fraction).isdecimal():
        raise RefusedError("invalid_ts_latest")
    return f"{seconds.rjust(10, '0')}.{fraction[:6].ljust(6, '0')}"


def _page(
    messages: Sequence[Message], call: Call, most: int
) -> tuple[list[Message], str]:
    limit = min(max(call.number("limit", 100), 1), most)
    start = 0
    if cursor := call.optional("cursor"):
        try:
            ts = base64.b64decode(cursor, validate=True).decode().removeprefix(_CURSOR)
        except (binascii.Error, UnicodeDecodeError):
            raise RefusedError("invalid_cursor") from None
        start = next((i for i, m in enumerate(messages) if m.ts == ts), len(messages))
    rest = messages[start + limit :]
    after = base64.b64encode(f"{_CURSOR}{rest[0].ts}".encode()) if rest else b""
    return list(messages[start : start + limit]), after.decode()


def _listing(
    workspace: Workspace,
    call: Call,
    page: Sequence[Message],
    visible: Sequence[Message],
    cursor: str,
) -> Json:
    with_metadata = call.flag("include_all_metadata")
    return {
        "ok": True,
        "messages": [
            message_json(
                message,
                team=workspace.team,
                bot=workspace.bot,
                with_metadata=with_metadata,
            )
            | _thread_facts(message, visible)
            for message in page
        ],
        "has_more": bool(cursor),
        "response_metadata": {"next_cursor": cursor},
    }


def _thread_facts(message: Message, visible: Sequence[Message]) -> Json:
    replies = [m for m in visible if m.thread_ts == message.ts]
    if not replies:
        return {}
    users = list(dict.fromkeys(reply.user for reply in replies))
    return {
        "thread_ts": message.ts,
        "reply_count": len(replies),
        "reply_users": users,
        "reply_users_count": len(users),
        "latest_reply": replies[-1].ts,
    }
