"""The form that asks why a request is rejected. Pure."""

import json
from typing import Any

from adapters.slack import limits, wording
from bot.protocol.ids import ApprovalId

CALLBACK = "approval.reason"
BLOCK = "reason"
ACTION = "text"


def reason_form(approval_id: ApprovalId, args_hash: str) -> dict[str, Any]:
    """Return the view for `views.open`; its metadata carries ids only.

    Source: https://docs.slack.dev/reference/views/modal-views
    """
    return {
        "type": "modal",
        "callback_id": CALLBACK,
        "private_metadata": json.dumps({"a": approval_id, "h": args_hash}),
        "title": _plain(wording.MODAL_TITLE),
        "submit": _plain(wording.MODAL_SUBMIT),
        "close": _plain(wording.MODAL_CLOSE),
        "blocks": [
            {
                "type": "input",
                "block_id": BLOCK,
                "label": _plain(wording.MODAL_LABEL),
                "hint": _plain(wording.MODAL_HINT),
                "element": {
                    "type": "plain_text_input",
                    "action_id": ACTION,
                    "multiline": True,
                    "min_length": 1,
                    "max_length": limits.REASON,
                },
            }
        ],
    }


def _plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text, "emoji": False}
