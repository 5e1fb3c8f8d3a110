"""A company's own tools in evals: they are asked for and ruled on, and change nothing.

What one would have changed is in a system of its own, where a scenario has no place:
so it is let run in name only, and that it was is an effect of kind ``call``.
"""

import json
from collections.abc import Sequence
from dataclasses import replace

from pydantic import JsonValue

from agents.evals.house import Happened
from agents.tools.registry import TOOLS, AnyTool
from agents.tools.tool import Arguments, Setting
from bot.ports.agent import ToolResult
from bot.turn.state import TurnState

CALL = "call"
"""The kind of effect."""
_SAID = "Done. (This is a rehearsal: it was only pretended.)"


def held_back(tool: AnyTool) -> AnyTool:
    """Return a tool that says it has done what it did not do; who only reads does."""
    if tool.effect == "read":
        return tool
    return replace(tool, run=_pretend, recall=None, settle=None)


async def _pretend(setting: Setting, arguments: Arguments) -> ToolResult:
    del arguments
    title = f"{setting.call.name} (pretended)"
    content: dict[str, JsonValue] = {"status": "done", "sentence": _SAID}
    return ToolResult(outcome="done", title=title, content=content)


def pretended(turns: Sequence[TurnState]) -> list[Happened]:
    """Return what the company's own tools would have done."""
    return [
        Happened(
            kind=CALL,
            who=turn.requester.person_id,
            what=call.name,
            text=json.dumps(call.arguments, ensure_ascii=False),
        )
        for turn in turns
        for call in turn.calls
        if turn.requester
        and call.started_at is not None
        and call.effect != "read"
        and call.name not in TOOLS
        and not call.handoff_to
    ]
