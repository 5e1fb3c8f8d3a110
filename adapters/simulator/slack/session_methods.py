"""``views.*`` and the two methods that say what the bot is doing.

Source: https://docs.slack.dev/reference/methods, one page a method, and
https://docs.slack.dev/ai/agent-sessions
"""

from collections.abc import Mapping
from types import MappingProxyType

from adapters.simulator.slack import limits
from adapters.simulator.slack.calls import Call, RefusedError
from adapters.simulator.slack.chat_methods import open_channel
from adapters.simulator.slack.modals import Modals
from adapters.simulator.slack.people import Json
from adapters.simulator.slack.workspace import Workspace

SESSION_STATUSES = frozenset({"active", "processing", "suspended", "closed"})
SESSION_SHOWN: Mapping[str, str] = MappingProxyType(
    {"processing": "is working…", "suspended": "is waiting for an answer"}
)
"""What people read after the bot's name. The first is documented, the second ours."""
LOADING_MESSAGES = 10


def views_open(modals: Modals, call: Call) -> Json:
    """views.open."""
    trigger_id, view = call.text("trigger_id"), _view(call)
    return {"ok": True, "view": modals.open(modals.redeem(trigger_id), view)}


def views_update(modals: Modals, call: Call) -> Json:
    """views.update."""
    view = modals.update(
        call.text("view_id"), _view(call), view_hash=call.optional("hash")
    )
    return {"ok": True, "view": view}


def set_session_status(workspace: Workspace, call: Call, *, is_agent: bool) -> Json:
    """agents.sessions.setStatus."""
    if not is_agent:
        raise RefusedError("feature_disabled")
    channel = open_channel(workspace, call.text("channel_id"))
    status = call.text("status")
    if status not in SESSION_STATUSES:
        raise RefusedError("invalid_status")
    if not call.has("thread_ts"):
        raise RefusedError("thread_ts_required")
    show_session(workspace, channel.id, call.text("thread_ts"), status)
    if not workspace.stop_is_subscribed:
        warning = "missing_agent_session_stopped_event_subscription"
        return {
            "ok": True,
            "warning": warning,
            "response_metadata": {"warnings": [warning]},
        }
    return {"ok": True}


def show_session(
    workspace: Workspace, channel: str, thread_ts: str, status: str
) -> None:
    """Show an agent session's status; ``processing`` ends by itself after an hour."""
    workspace.set_status(
        channel=channel,
        thread_ts=thread_ts,
        session=status,
        shown=SESSION_SHOWN.get(status, ""),
        lasts=limits.PROCESSING_SECONDS if status == "processing" else None,
    )


def set_assistant_status(workspace: Workspace, call: Call) -> Json:
    """assistant.threads.setStatus: "" clears it, two minutes do too."""
    channel = open_channel(workspace, call.text("channel_id"))
    if workspace.find(channel.id, call.text("thread_ts")) is None:
        raise RefusedError("invalid_thread_ts")
    loading = call.args.get("loading_messages") or ()
    if len(loading) > LOADING_MESSAGES:
        raise RefusedError(
            "invalid_arguments",
            messages=["no more than 10 items allowed [json-pointer:/loading_messages]"],
        )
    status = call.optional("status")
    workspace.set_status(
        channel=channel.id,
        thread_ts=call.text("thread_ts"),
        session=None,
        shown=status,
        lasts=limits.ASSISTANT_STATUS_SECONDS if status else None,
    )
    return {"ok": True}


def _view(call: Call) -> Json:
    view = call.json_object("view", error="invalid_arguments")
    if view is None:
        raise RefusedError(
            "invalid_arguments", messages=["missing required field: view"]
        )
    return view
