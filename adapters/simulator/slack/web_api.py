"""The Web API without HTTP: a method's name and arguments in, an answer out."""

import hmac
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from adapters.simulator.slack import (
    chat_methods,
    read_methods,
    session_methods,
    stream_methods,
)
from adapters.simulator.slack.calls import Call, RefusedError
from adapters.simulator.slack.faults import (
    ConnectionReset,
    Fault,
    Faults,
    NoAnswer,
    RateLimited,
    Refusal,
    ServerError,
)
from adapters.simulator.slack.meter import Meters
from adapters.simulator.slack.modals import Modals
from adapters.simulator.slack.people import Json
from adapters.simulator.slack.workspace import Workspace

BOT_SCOPES = (
    "app_mentions:read,assistant:write,channels:history,chat:write,commands,"
    "groups:history,im:history,im:read,im:write,reactions:write,team:read,users:read,"
    "users:read.email"
)
"""Sent back as ``X-OAuth-Scopes`` with every answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What goes back, and what happens to the connection that should carry it."""

    body: Json
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    fault: Fault | None = None
    """Set: the connection fails like this instead of carrying ``body``."""


class WebApi:
    """Every method the stand-in has; others answer ``unknown_method``.

    Args:
        workspace: What the methods read and change.
        modals: Triggers and open modals.
        meters: Who may call how often.
        faults: What is to go wrong.
        token: The bot token that is accepted.
        history_lag: Seconds until a message can be read back.
        history_page: Messages that are read back at once, at most.
        is_agent: Whether the app is declared an agent.
    """

    def __init__(
        self,
        workspace: Workspace,
        modals: Modals,
        meters: Meters,
        faults: Faults,
        *,
        token: str,
        history_lag: float,
        history_page: int,
        is_agent: bool,
    ) -> None:
        self.history_lag = history_lag
        self.disabled = ""
        """Error that every call is refused with, such as ``token_revoked``."""
        self._workspace = workspace
        self._meters = meters
        self._faults = faults
        self._token = token
        self._methods = _methods(
            workspace,
            modals,
            lag=lambda: self.history_lag,
            page=history_page,
            is_agent=is_agent,
        )

    @property
    def methods(self) -> Collection[str]:
        """The names of all methods."""
        return self._methods

    def meter(self, meters: Meters) -> None:
        """Count from now on by other limits, beginning with nothing used."""
        self._meters = meters

    def budgets(self) -> list[Json]:
        """Return every lane used so far: lane, left, of, seconds, burst_left."""
        return self._meters.budgets(self._workspace.clock.monotonic())

    def call(self, method: str, args: Mapping[str, Any], *, token: str) -> Answer:
        """Carry out one call, or refuse it; either way it is in the journal."""
        call = Call(method, args)
        fault = self._faults.take(method, call.optional("channel"))
        answer = self._answer(call, token, fault)
        self._record(call, answer)
        return answer

    def _answer(self, call: Call, token: str, fault: Fault | None) -> Answer:
        match fault:
            case RateLimited(retry_after=seconds):
                return _ratelimited(seconds)
            case Refusal(error=error, messages=messages, more=more):
                refused = RefusedError(error, messages=messages, **more)
                return Answer(body=refused.answer())
            case ServerError(applied=False) | ConnectionReset(applied=False):
                return Answer(body={"ok": False}, fault=fault)
            case ServerError() | ConnectionReset() | NoAnswer():
                return Answer(body=self._apply(call, token).body, fault=fault)
            case None:
                return self._apply(call, token)

    def _apply(self, call: Call, token: str) -> Answer:
        headers = {"X-OAuth-Scopes": BOT_SCOPES}
        try:
            perform = self._known(call.method)
            if call.method != "api.test":
                self._authenticate(token)
            if wait := self._wait(call):
                return _ratelimited(wait)
            return Answer(body=perform(call), headers=headers)
        except RefusedError as refused:
            return Answer(body=refused.answer(), headers=headers)

    def _known(self, method: str) -> Callable[[Call], Json]:
        if method not in self._methods:
            raise RefusedError("unknown_method", req_method=method)
        return self._methods[method]

    def _wait(self, call: Call) -> int:
        ref = call.optional("channel")
        channel = self._workspace.channel(ref)
        wait = self._meters.admit(
            call.method,
            channel.id if channel else ref,
            self._workspace.clock.monotonic(),
        )
        return int(wait)

    def _authenticate(self, token: str) -> None:
        if not token:
            raise RefusedError("not_authed")
        if not hmac.compare_digest(token.encode(), self._token.encode()):
            raise RefusedError("invalid_auth")
        if self.disabled:
            raise RefusedError(self.disabled)

    def _record(self, call: Call, answer: Answer) -> None:
        retry_after = answer.headers.get("Retry-After")
        channel = call.args.get("channel") or call.args.get("channel_id")
        self._workspace.journal.record(
            "api",
            platform="slack",
            method=call.method,
            ok=bool(answer.body["ok"]) and answer.fault is None,
            error=answer.body.get("error"),
            messages=list(answer.body.get("errors", [])),
            status=answer.status,
            retry_after=int(retry_after) if retry_after else None,
            fault=type(answer.fault).__name__ if answer.fault else None,
            channel=channel,
            ts=answer.body.get("ts") or call.args.get("ts"),
        )


def _ratelimited(seconds: int) -> Answer:
    return Answer(
        body={"ok": False, "error": "ratelimited"},
        status=429,
        headers={"Retry-After": str(seconds)},
    )


def _methods(
    workspace: Workspace,
    modals: Modals,
    *,
    lag: Callable[[], float],
    page: int,
    is_agent: bool,
) -> dict[str, Callable[[Call], Json]]:
    def of_workspace(
        method: Callable[[Workspace, Call], Json],
    ) -> Callable[[Call], Json]:
        return lambda call: method(workspace, call)

    return {
        "agents.sessions.setStatus": lambda call: session_methods.set_session_status(
            workspace, call, is_agent=is_agent
        ),
        "api.test": _api_test,
        "assistant.threads.setStatus": of_workspace(
            session_methods.set_assistant_status
        ),
        "auth.test": of_workspace(read_methods.auth_test),
        "chat.appendStream": of_workspace(stream_methods.append),
        "chat.delete": of_workspace(chat_methods.delete),
        "chat.postEphemeral": of_workspace(chat_methods.post_ephemeral),
        "chat.postMessage": of_workspace(chat_methods.post_message),
        "chat.startStream": of_workspace(stream_methods.start),
        "chat.stopStream": of_workspace(stream_methods.stop),
        "chat.update": of_workspace(chat_methods.update),
        "conversations.history": lambda call: read_methods.conversations_history(
            workspace, call, lag=lag(), most=page
        ),
        "conversations.info": of_workspace(read_methods.conversations_info),
        "conversations.open": of_workspace(read_methods.conversations_open),
        "conversations.replies": lambda call: read_methods.conversations_replies(
            workspace, call, lag=lag(), most=page
        ),
        "reactions.add": of_workspace(chat_methods.add_reaction),
        "reactions.remove": of_workspace(chat_methods.remove_reaction),
        "team.info": of_workspace(read_methods.team_info),
        "users.info": of_workspace(read_methods.users_info),
        "users.lookupByEmail": of_workspace(read_methods.users_lookup_by_email),
        "views.open": lambda call: session_methods.views_open(modals, call),
        "views.update": lambda call: session_methods.views_update(modals, call),
    }


def _api_test(call: Call) -> Json:
    if call.has("error"):
        raise RefusedError(call.text("error"), args=dict(call.args))
    return {"ok": True, "args": dict(call.args)}
