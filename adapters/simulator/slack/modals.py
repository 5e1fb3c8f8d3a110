"""Triggers and modals: who may open one, what it holds, what is stacked on what.

Source: https://docs.slack.dev/surfaces/modals and
https://docs.slack.dev/reference/methods/views.open
"""

import hashlib
import json
from dataclasses import dataclass
from typing import Any, cast

from adapters.simulator.slack import limits
from adapters.simulator.slack.blocks import problems_of
from adapters.simulator.slack.calls import RefusedError
from adapters.simulator.slack.elements import length, text_problems
from adapters.simulator.slack.people import Json
from adapters.simulator.slack.workspace import Workspace


@dataclass(slots=True, kw_only=True)
class _Trigger:
    user: str
    expires: float
    used: bool = False


class Modals:
    """Every person's stack of open modals.

    Args:
        workspace: Mints ids, knows the time and keeps the journal.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._triggers: dict[str, _Trigger] = {}
        self._stacks: dict[str, list[Json]] = {}

    def mint_trigger(self, user_id: str) -> str:
        """Return a trigger id for what this person just did: 3 s, one use."""
        stamp = self._workspace.stamp()
        secret = hashlib.sha256(f"{stamp}/{user_id}".encode()).hexdigest()[:32]
        trigger_id = f"{stamp}.{stamp // 1_000_000}.{secret}"
        self._triggers[trigger_id] = _Trigger(
            user=user_id,
            expires=self._workspace.clock.monotonic() + limits.TRIGGER_SECONDS,
        )
        return trigger_id

    def redeem(self, trigger_id: str) -> str:
        """Use up a trigger and return whose it is.

        Raises:
            RefusedError: It is unknown, used or too old.
        """
        trigger = self._triggers.get(trigger_id)
        if trigger is None:
            raise RefusedError("invalid_trigger_id")
        if trigger.used:
            raise RefusedError("exchanged_trigger_id")
        if self._workspace.clock.monotonic() > trigger.expires:
            raise RefusedError("expired_trigger_id")
        trigger.used = True
        return trigger.user

    def stack(self, user_id: str) -> list[Json]:
        """Return the person's open modals, the one on top last."""
        return list(self._stacks.get(user_id, []))

    def stacks(self) -> dict[str, list[Json]]:
        """Return the open modals of everybody who has one."""
        return {user: list(views) for user, views in self._stacks.items() if views}

    def find(self, view_id: str) -> tuple[str, Json] | None:
        """Return who sees the view, and the view."""
        return next(
            (
                (user, view)
                for user, views in self._stacks.items()
                for view in views
                if view["id"] == view_id
            ),
            None,
        )

    def open(self, user_id: str, view: Json) -> Json:
        """Put a modal on top of the person's stack and return it completed.

        Raises:
            RefusedError: The view is not valid, or three are open already.
        """
        check_view(view)
        stack = self._stacks.setdefault(user_id, [])
        if len(stack) >= limits.VIEWS_ON_A_STACK:
            raise RefusedError("push_limit_reached")
        view_id = f"V{self._workspace.stamp():X}"
        opened = self._completed(view, view_id)
        opened["root_view_id"] = stack[0]["id"] if stack else view_id
        opened["previous_view_id"] = stack[-1]["id"] if stack else None
        stack.append(opened)
        self._record("opened", user_id, opened)
        return opened

    def update(self, view_id: str, view: Json, *, view_hash: str = "") -> Json:
        """Put other content into an open modal and return it completed.

        Raises:
            RefusedError: It is not open, changed meanwhile, or not valid.
        """
        found = self.find(view_id)
        if found is None:
            raise RefusedError("not_found")
        user_id, before = found
        if view_hash and view_hash != before["hash"]:
            raise RefusedError("hash_conflict")
        check_view(view)
        after = self._completed(view, view_id)
        after["root_view_id"] = before["root_view_id"]
        after["previous_view_id"] = before["previous_view_id"]
        stack = self._stacks[user_id]
        stack[stack.index(before)] = after
        self._record("updated", user_id, after)
        return after

    def close(self, view_id: str, *, whole_stack: bool = False) -> None:
        """Take a modal away, or all that the person has open."""
        found = self.find(view_id)
        if found is None:
            return
        user_id, view = found
        gone = self._stacks[user_id] if whole_stack else [view]
        for closed in list(gone):
            self._stacks[user_id].remove(closed)
            self._record("closed", user_id, closed)

    def _completed(self, view: Json, view_id: str) -> Json:
        workspace = self._workspace
        stamp = workspace.stamp()
        return {
            "callback_id": "",
            "private_metadata": "",
            "submit": None,
            "close": None,
            "notify_on_close": False,
            "clear_on_close": False,
            "external_id": "",
            **view,
            "id": view_id,
            "team_id": workspace.team.id,
            "app_id": workspace.bot.app_id,
            "bot_id": workspace.bot.bot_id,
            "app_installed_team_id": workspace.team.id,
            "blocks": list(workspace.completed(view["blocks"])),
            "state": {"values": {}},
            "hash": f"{stamp // 1_000_000}.{stamp:x}",
        }

    def _record(self, op: str, user_id: str, view: Json) -> None:
        self._workspace.journal.record("slack.modal", op=op, user=user_id, view=view)


def check_view(view: Json) -> None:
    """Return if ``view`` is a valid modal.

    Raises:
        RefusedError: It is too large, or ``invalid_arguments`` with what is wrong.
    """
    if len(json.dumps(view, ensure_ascii=False).encode()) > limits.VIEW_BYTES:
        raise RefusedError("view_too_large")
    found = [*_frame_problems(view)]
    blocks = cast("list[Any]", view.get("blocks") or [])
    if not all(isinstance(block, dict) for block in blocks) or "blocks" not in view:
        found.append("missing required field: blocks [json-pointer:/view]")
    else:
        found += problems_of(blocks, at="/view/blocks", modal=True)
        if any(b.get("type") == "input" for b in blocks) and not view.get("submit"):
            found.append("missing required field: submit [json-pointer:/view]")
    if found:
        raise RefusedError("invalid_arguments", messages=found)


def _frame_problems(view: Json) -> list[str]:
    found: list[str] = []
    if view.get("type") != "modal":
        found.append(f"unsupported type: {view.get('type')} [json-pointer:/view/type]")
    for name in ("title", "submit", "close"):
        if name == "title" or view.get(name):
            found += text_problems(
                view.get(name), limits.MODAL_TITLE, f"/view/{name}", plain=True
            )
    for name, limit in (
        ("private_metadata", limits.PRIVATE_METADATA),
        ("callback_id", limits.CALLBACK_ID),
    ):
        if view.get(name):
            found += length(view[name], limit, f"/view/{name}")
    return found
