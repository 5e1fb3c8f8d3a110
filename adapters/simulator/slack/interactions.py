"""What people do with buttons and modals, and the ``response_url`` they hand out.

Source: https://docs.slack.dev/interactivity/handling-user-interaction
"""

import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, cast

from adapters.simulator.slack import limits
from adapters.simulator.slack.calls import Call, RefusedError
from adapters.simulator.slack.chat_methods import NOTHING_TO_SHOW, checked_blocks
from adapters.simulator.slack.courier import Attempt
from adapters.simulator.slack.messages import Ephemeral, Message, message_json
from adapters.simulator.slack.modals import Modals
from adapters.simulator.slack.payloads import (
    action,
    container,
    interaction,
    view_state,
)
from adapters.simulator.slack.people import Json, SlackUser
from adapters.simulator.slack.workspace import Workspace, elements_of
from bot.errors import MalformedError


@dataclass(frozen=True, slots=True, kw_only=True)
class ClickResult:
    """What the person sees of the bot's answer to a click."""

    ok: bool
    status: int | None
    """HTTP status; ``None``: no answer in time."""
    reason: str = ""
    """Why it failed: ``http_timeout``, ``http_error``, ``connection_failed`` …"""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmitResult:
    """What became of a submitted modal."""

    ok: bool
    status: int | None
    reason: str = ""
    response_action: str = ""
    """``errors``, ``update``, ``push``, ``clear``; empty: the modal just closed."""
    errors: Mapping[str, str] = field(default_factory=dict[str, str])
    """By block id. With ``status`` ``None`` they come from Slack's own client, which
    does not send what is incomplete."""


@dataclass(slots=True, kw_only=True)
class _ResponseUrl:
    channel: str
    ts: str
    user: str
    expires: float
    uses_left: int = limits.RESPONSE_URL_USES


class Interactions:
    """The interactive part of the workspace.

    Args:
        workspace: Where the messages are.
        modals: Where the modals are.
        send: Carries a payload to the bot.
        public_url: Returns the address under which the stand-in is reached.
    """

    def __init__(
        self,
        workspace: Workspace,
        modals: Modals,
        *,
        send: Callable[[Json], Awaitable[Attempt]],
        public_url: Callable[[], str],
    ) -> None:
        self._workspace = workspace
        self._modals = modals
        self._send = send
        self._public_url = public_url
        self._response_urls: dict[str, _ResponseUrl] = {}

    # ------------------------------------------------------------------ messages

    async def click(
        self,
        user: SlackUser,
        channel_id: str,
        ts: str,
        action_id: str,
        *,
        block_id: str | None = None,
        value: str | None = None,
        stale: bool = False,
    ) -> ClickResult:
        """Use an element of a message.

        Raises:
            MalformedError: The person does not see such an element there.
        """
        message = self._seen(user, channel_id, ts)
        elements = dict(elements_of(message.blocks))
        if stale:
            elements = {**self._workspace.once_shown(channel_id, ts), **elements}
        found = [
            (key[0], element)
            for key, element in elements.items()
            if key[1] == action_id and block_id in (None, key[0])
        ]
        if not found:
            raise MalformedError(
                f"message {ts} in {channel_id} has no element {action_id!r}"
            )
        payload = self._block_actions(user, message, *found[0], value)
        attempt = await self._send(payload)
        return ClickResult(
            ok=attempt.ok,
            status=attempt.status,
            reason=attempt.reason,
            seconds=attempt.seconds,
        )

    def respond(self, secret: str, body: Json) -> None:
        """Carry out a POST to a ``response_url``.

        Raises:
            RefusedError: Unknown, expired or used up, or the content is not valid.
        """
        known = self._response_urls.get(secret)
        if known is None:
            raise RefusedError("invalid_url")
        if self._workspace.clock.monotonic() > known.expires:
            raise RefusedError("expired_url")
        if known.uses_left == 0:
            raise RefusedError("used_url")
        known.uses_left -= 1
        call = Call("response_url", body)
        if call.flag("delete_original"):
            self._delete_original(known)
            return
        blocks = call.json_list("blocks", error="invalid_blocks_format") or []
        if not blocks and not call.has("text"):
            raise RefusedError("no_text")
        text = call.optional("text", NOTHING_TO_SHOW)
        stored = checked_blocks(self._workspace, blocks)
        if call.flag("replace_original"):
            self._replace_original(known, text, stored)
        else:
            self._answer(known, call, text, stored)

    # -------------------------------------------------------------------- modals

    async def submit_view(
        self, user: SlackUser, view_id: str, values: Mapping[str, Mapping[str, object]]
    ) -> SubmitResult:
        """Fill in a modal and press its submit button.

        Raises:
            MalformedError: The person has no such modal open.
        """
        view = self._opened(user, view_id)
        state = view_state(view, values)
        if errors := incomplete(view, state):
            return SubmitResult(
                ok=False, status=None, response_action="errors", errors=errors
            )
        attempt = await self._send(
            self._view_payload("view_submission", user, {**view, "state": state})
            | {"response_urls": []}
        )
        if not attempt.ok:
            return SubmitResult(ok=False, status=attempt.status, reason=attempt.reason)
        return self._submitted(user, view_id, attempt)

    async def close_view(self, user: SlackUser, view_id: str) -> ClickResult | None:
        """Close a modal without submitting; the bot hears of it if it asked to.

        Raises:
            MalformedError: The person has no such modal open.
        """
        view = self._opened(user, view_id)
        self._modals.close(view_id)
        if not view["notify_on_close"]:
            return None
        attempt = await self._send(
            self._view_payload("view_closed", user, view) | {"is_cleared": False}
        )
        return ClickResult(ok=attempt.ok, status=attempt.status, reason=attempt.reason)

    # --------------------------------------------------------------------- parts

    def _seen(self, user: SlackUser, channel_id: str, ts: str) -> Message | Ephemeral:
        channel = self._workspace.channels.get(channel_id)
        if channel is None or user.id not in channel.members:
            raise MalformedError(f"{user.id} is in no channel {channel_id!r}")
        message = self._workspace.find(channel_id, ts)
        shown = message or self._workspace.ephemeral(user.id, ts)
        if shown is None:
            raise MalformedError(f"{channel_id} shows no message {ts!r}")
        return shown

    def _block_actions(
        self,
        user: SlackUser,
        message: Message | Ephemeral,
        block_id: str,
        element: Json,
        value: str | None,
    ) -> Json:
        workspace = self._workspace
        channel = workspace.channels[message.channel]
        is_ephemeral = isinstance(message, Ephemeral)
        payload = interaction(
            "block_actions",
            user,
            team=workspace.team,
            bot=workspace.bot,
            container=container(
                channel,
                ts=message.ts,
                thread_ts=message.thread_ts,
                is_ephemeral=is_ephemeral,
            ),
            trigger_id=self._modals.mint_trigger(user.id),
            channel={
                "id": channel.id,
                "name": "directmessage" if channel.is_im else channel.name,
            },
            state={"values": {}},
            response_url=self._mint_response_url(user, message),
            actions=[
                action(
                    element,
                    block_id=block_id,
                    action_ts=workspace.mint_ts(),
                    value=value,
                )
            ],
        )
        if isinstance(message, Message):
            payload["message"] = message_json(
                message, team=workspace.team, bot=workspace.bot, with_metadata=False
            )
        return payload

    def _view_payload(self, kind: str, user: SlackUser, view: Json) -> Json:
        return interaction(
            kind,
            user,
            team=self._workspace.team,
            bot=self._workspace.bot,
            trigger_id=self._modals.mint_trigger(user.id),
            view=view,
        )

    def _opened(self, user: SlackUser, view_id: str) -> Json:
        for view in self._modals.stack(user.id):
            if view["id"] == view_id:
                return view
        raise MalformedError(f"{user.id} has no modal {view_id!r} open")

    def _submitted(
        self, user: SlackUser, view_id: str, attempt: Attempt
    ) -> SubmitResult:
        answer = _json_of(attempt.body)
        what = str(answer.get("response_action", ""))
        try:
            match what:
                case "errors":
                    errors: dict[str, str] = answer.get("errors", {})
                    return SubmitResult(
                        ok=False,
                        status=attempt.status,
                        response_action=what,
                        errors=errors,
                    )
                case "update":
                    self._modals.update(view_id, answer["view"])
                case "push":
                    self._modals.open(user.id, answer["view"])
                case "clear":
                    self._modals.close(view_id, whole_stack=True)
                case _:
                    self._modals.close(view_id)
        except RefusedError as refused:
            return SubmitResult(ok=False, status=attempt.status, reason=refused.error)
        return SubmitResult(ok=True, status=attempt.status, response_action=what)

    def _mint_response_url(self, user: SlackUser, message: Message | Ephemeral) -> str:
        stamp = self._workspace.stamp()
        secret = hashlib.sha256(f"{stamp}/{message.ts}".encode()).hexdigest()[:24]
        self._response_urls[secret] = _ResponseUrl(
            channel=message.channel,
            ts=message.ts,
            user=user.id,
            expires=self._workspace.clock.monotonic() + limits.RESPONSE_URL_SECONDS,
        )
        return f"{self._public_url()}/actions/{secret}"

    def _delete_original(self, known: _ResponseUrl) -> None:
        if message := self._workspace.find(known.channel, known.ts):
            self._workspace.delete(message)
        elif ephemeral := self._workspace.ephemeral(known.user, known.ts):
            self._workspace.hush(ephemeral)

    def _replace_original(
        self, known: _ResponseUrl, text: str, blocks: tuple[Json, ...]
    ) -> None:
        if message := self._workspace.find(known.channel, known.ts):
            self._workspace.edit(message, replace(message, text=text, blocks=blocks))
        elif ephemeral := self._workspace.ephemeral(known.user, known.ts):
            self._workspace.whisper(replace(ephemeral, text=text, blocks=blocks))
        else:
            raise RefusedError("message_not_found")

    def _answer(
        self, known: _ResponseUrl, call: Call, text: str, blocks: tuple[Json, ...]
    ) -> None:
        workspace = self._workspace
        thread_ts = call.optional("thread_ts") or None
        if call.optional("response_type", "ephemeral") == "in_channel":
            workspace.post(
                Message(
                    channel=known.channel,
                    ts=workspace.mint_ts(),
                    user=workspace.bot.user_id,
                    from_bot=True,
                    text=text,
                    thread_ts=thread_ts,
                    blocks=blocks,
                )
            )
            return
        workspace.whisper(
            Ephemeral(
                channel=known.channel,
                ts=workspace.mint_ts(),
                user=known.user,
                text=text,
                thread_ts=thread_ts,
                blocks=blocks,
            )
        )


def incomplete(view: Json, state: Json) -> dict[str, str]:
    """Return what Slack's client says about inputs before it sends anything."""
    errors: dict[str, str] = {}
    for block in view["blocks"]:
        if block["type"] != "input":
            continue
        element: Json = block["element"]
        entered: Json = state["values"][block["block_id"]][element.get("action_id", "")]
        given: Any = next((v for k, v in entered.items() if k != "type"), None)
        if not given and not block.get("optional"):
            errors[block["block_id"]] = "Please complete this required field."
        elif isinstance(given, str) and len(given) > element.get(
            "max_length", limits.INPUT_TEXT
        ):
            errors[block["block_id"]] = "This is too long."
    return errors


def _json_of(body: bytes) -> Json:
    try:
        parsed: Any = json.loads(body) if body.strip() else {}
    except ValueError:
        return {}
    return cast("Json", parsed) if isinstance(parsed, dict) else {}
