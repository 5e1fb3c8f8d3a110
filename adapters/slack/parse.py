"""Slack's payloads as `bot.protocol.inbound` values. Pure.

What counts as said to the bot:

* every message of a person in a direct message; each top-level one starts a thread
* in channels, a message that mentions the bot, as ``app_mention`` or ``message``
* in channels, a reply without a mention in a thread that the bot itself started

Slack sends a mention as two events with two ids; both get the same ``said_key``, made
of team, channel and timestamp. Everything else is `Ignored`, with the reason.

Source: https://docs.slack.dev/apis/events-api and
https://docs.slack.dev/reference/interaction-payloads/block_actions-payload
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar, cast

from pydantic import BaseModel, ConfigDict, ValidationError

from adapters.slack import modal, said, wording
from adapters.slack.objects import as_object
from adapters.slack.render import APPROVE, CONTINUE
from bot.errors import MalformedError
from bot.protocol import inbound
from bot.protocol.ids import ApprovalId, TurnId
from bot.protocol.inbound import Address, Decided, Met, Said, UserRef

_SPOKEN = frozenset({"", "file_share", "thread_broadcast", "me_message"})
"""Subtypes of messages that a person writes; all others are edits and notices."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who the bot is in its workspace, as ``auth.test`` says."""

    team_id: str
    user_id: str
    bot_id: str


@dataclass(frozen=True, slots=True)
class Ignored:
    """A payload that means nothing to the bot."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Clicked:
    """Where somebody pressed a button, to answer there."""

    channel: str
    thread: str
    user_id: str
    trigger_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pressed:
    """Which approval a button belongs to."""

    approval_id: ApprovalId
    args_hash: str


# ------------------------------------------------------------- payloads, as far as used


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class _Id(_Part):
    id: str


class _File(_Part):
    name: str | None = None


class _Event(_Part):
    type: str
    user: str
    channel: str
    ts: str = ""
    event_ts: str = ""
    text: str | None = None
    thread_ts: str | None = None
    parent_user_id: str | None = None
    channel_type: str | None = None
    files: tuple[_File, ...] = ()


class _Callback(_Part):
    event_id: str
    event: _Event


class _Action(_Part):
    action_id: str
    action_ts: str
    value: str = ""


class _Container(_Part):
    message_ts: str = ""
    thread_ts: str | None = None


class _Click(_Part):
    user: _Id
    trigger_id: str = ""
    channel: _Id | None = None
    container: _Container = _Container()
    actions: tuple[_Action, ...]


class _Input(_Part):
    value: str | None = None


class _State(_Part):
    values: dict[str, dict[str, _Input]]


class _View(_Part):
    id: str
    private_metadata: str
    state: _State


class _Submission(_Part):
    user: _Id
    view: _View


class _ApprovalValue(_Part):
    a: str
    h: str


class _StopValue(_Part):
    t: str


_Model = TypeVar("_Model", bound=_Part)


def _read(model: type[_Model], body: Mapping[str, Any]) -> _Model:
    try:
        return model.model_validate(body)
    except ValidationError as error:
        raise MalformedError(_where(error)) from None


def _read_value(model: type[_Model], value: str) -> _Model:
    try:
        return model.model_validate_json(value)
    except ValidationError as error:
        raise MalformedError(_where(error)) from None


def _where(error: ValidationError) -> str:
    """Return which fields are wrong, without their content."""
    places = {".".join(str(step) for step in each["loc"]) for each in error.errors()}
    return f"{error.title}: {', '.join(sorted(places)) or 'not an object'}"


def _instant(ts: str, now: datetime) -> datetime:
    """Return a Slack timestamp as an instant; ``now`` when it is not one."""
    try:
        return datetime.fromtimestamp(float(ts), UTC)
    except (ValueError, OverflowError, OSError):
        return now


# ------------------------------------------------------------------- whom it concerns


def why_ignored(body: Mapping[str, Any], me: Identity) -> str:
    """Return why a payload is none of the bot's business; empty: it may be.

    Looks at the raw payload, because most of what Slack sends is the bot's own posts
    and edits coming back.
    """
    if event := as_object(body.get("event")):
        return _why_event_ignored(body, event, me)
    team, user = as_object(body.get("team")), as_object(body.get("user"))
    teams = (body.get("team_id"), team.get("id"), user.get("team_id"))
    if any(each and each != me.team_id for each in teams):
        return "wrong team"
    return ""


def _why_event_ignored(
    body: Mapping[str, Any], event: Mapping[str, Any], me: Identity
) -> str:
    if event.get("bot_id") or event.get("user") == me.user_id:
        return "self or bot"
    if event.get("type") == "message" and (event.get("subtype") or "") not in _SPOKEN:
        return "not a new message"
    given: object = body.get("authorizations")
    listed = cast("list[object]", given) if isinstance(given, list) else []
    installed = [as_object(each).get("team_id") for each in listed]
    if me.team_id not in (body.get("team_id"), *installed):
        return "wrong team"
    authors = (event.get("user_team"), event.get("source_team"), event.get("team"))
    if any(team and team != me.team_id for team in authors):
        return "author of another team"
    return ""


# ------------------------------------------------------------------------------ events


def parse_message(
    body: Mapping[str, Any], me: Identity, *, now: datetime
) -> Said | Ignored:
    """Return what somebody said to the bot.

    Raises:
        MalformedError: The payload is not an ``app_mention`` or ``message`` event.
    """
    callback = _read(_Callback, body)
    event = callback.event
    personal = event.channel_type == "im" or event.channel.startswith("D")
    text = event.text or ""
    if not (personal or _is_for_bot(event, text, me)):
        return Ignored("not addressed to the bot")
    words = said.plain_text(text, me.user_id)
    names = [file.name for file in event.files if file.name]
    if names:
        words = f"{words}\n{wording.attached(names)}".strip()
    return Said(
        delivery_id=f"slack:event:{callback.event_id}",
        said_key=f"slack:{me.team_id}:{event.channel}:{event.ts}",
        user=_user(event.user, me),
        at=_instant(event.ts, now),
        address=Address(
            platform="slack",
            workspace=me.team_id,
            channel=event.channel,
            thread=event.thread_ts or event.ts,
            user=event.user,
            personal=personal,
        ),
        text=words or wording.NO_TEXT,
    )


def _is_for_bot(event: _Event, text: str, me: Identity) -> bool:
    if event.type == "app_mention" or said.mentions(text, me.user_id):
        return True
    return bool(event.thread_ts) and event.parent_user_id == me.user_id


def parse_home_opened(body: Mapping[str, Any], me: Identity, *, now: datetime) -> Met:
    """Return that a person has opened the bot, and so can be reached.

    Raises:
        MalformedError: The payload is not an ``app_home_opened`` event.
    """
    callback = _read(_Callback, body)
    event = callback.event
    return Met(
        delivery_id=f"slack:event:{callback.event_id}",
        said_key=f"slack:met:{me.team_id}:{event.channel}:{event.user}",
        user=_user(event.user, me),
        at=_instant(event.event_ts, now),
        address=Address(
            platform="slack",
            workspace=me.team_id,
            channel=event.channel,
            user=event.user,
            personal=True,
        ),
    )


def _user(user_id: str, me: Identity) -> UserRef:
    return UserRef(platform="slack", workspace=me.team_id, user_id=user_id)


# ------------------------------------------------------------------------------ clicks


def parse_clicked(body: Mapping[str, Any]) -> Clicked:
    """Return where a button was pressed, and by whom.

    Raises:
        MalformedError: The payload is not ``block_actions``.
    """
    click = _read(_Click, body)
    return Clicked(
        channel=click.channel.id if click.channel else "",
        thread=click.container.thread_ts or "",
        user_id=click.user.id,
        trigger_id=click.trigger_id,
    )


def _pressed(body: Mapping[str, Any]) -> tuple[_Click, _Action]:
    click = _read(_Click, body)
    if not click.actions:
        raise MalformedError("no action")
    return click, click.actions[0]


def _click_key(click: _Click, action: _Action) -> str:
    message = click.container.message_ts
    channel = click.channel.id if click.channel else ""
    pressed = f"{action.action_id}:{action.action_ts}:{click.user.id}"
    return f"slack:click:{channel}:{message}:{pressed}"


def parse_rejecting(body: Mapping[str, Any]) -> Pressed:
    """Return which approval somebody wants to reject; nothing is decided yet.

    Raises:
        MalformedError: The payload is not a click on one of our buttons.
    """
    _, action = _pressed(body)
    value = _read_value(_ApprovalValue, action.value)
    return Pressed(approval_id=ApprovalId(value.a), args_hash=value.h)


def parse_approved(body: Mapping[str, Any], me: Identity, *, now: datetime) -> Decided:
    """Return a press on Approve.

    Raises:
        MalformedError: The payload is not a click on one of our buttons.
    """
    click, action = _pressed(body)
    if action.action_id != APPROVE:
        raise MalformedError("not the approve button")
    value = _read_value(_ApprovalValue, action.value)
    key = _click_key(click, action)
    return Decided(
        delivery_id=key,
        said_key=key,
        user=_user(click.user.id, me),
        at=_instant(action.action_ts, now),
        approval_id=ApprovalId(value.a),
        verdict="approved",
        args_hash=value.h,
    )


def parse_turn_button(
    body: Mapping[str, Any], me: Identity, *, now: datetime
) -> inbound.Stopped | inbound.Continued:
    """Return a press on Stop or Continue.

    Raises:
        MalformedError: The payload is not a click on one of our buttons.
    """
    click, action = _pressed(body)
    value = _read_value(_StopValue, action.value)
    key = _click_key(click, action)
    goes_on = action.action_id == CONTINUE
    return (inbound.Continued if goes_on else inbound.Stopped)(
        delivery_id=key,
        said_key=key,
        user=_user(click.user.id, me),
        at=_instant(action.action_ts, now),
        turn_id=TurnId(value.t),
    )


def parse_reason(
    body: Mapping[str, Any], me: Identity, *, now: datetime
) -> Decided | Ignored:
    """Return a rejection with its reason; `Ignored` when the reason is blank.

    The form's id names the delivery: each press on Reject opens another form.

    Raises:
        MalformedError: The payload is not a submission of our form.
    """
    submission = _read(_Submission, body)
    view = submission.view
    value = _read_value(_ApprovalValue, view.private_metadata)
    given = view.state.values.get(modal.BLOCK, {}).get(modal.ACTION, _Input()).value
    reason = (given or "").strip()
    if not reason:
        return Ignored("no reason")
    key = f"slack:view:{view.id}:{submission.user.id}"
    return Decided(
        delivery_id=key,
        said_key=key,
        user=_user(submission.user.id, me),
        at=now,
        approval_id=ApprovalId(value.a),
        verdict="rejected",
        args_hash=value.h,
        reason=reason,
    )
