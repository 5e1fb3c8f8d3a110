"""What a turn has used of language models. Pure."""

from collections.abc import Mapping

from bot.protocol.values import Usage
from bot.turn.state import TurnState


def used_by(state: TurnState) -> Mapping[str, Usage]:
    """Return the tokens of all that was written in a turn, by the model that did."""
    used: dict[str, Usage] = {}
    if state.folded and state.folded.usage.total:
        used[state.folded.model] = state.folded.usage
    for frame in state.frames:
        for reply in frame.replies:
            if reply.usage.total:
                used[reply.model] = used.get(reply.model, Usage()) + reply.usage
    return used


def together(*parts: Mapping[str, Usage]) -> Mapping[str, Usage]:
    """Return the sum of what was used, by model."""
    total: dict[str, Usage] = {}
    for part in parts:
        for model, usage in part.items():
            total[model] = total.get(model, Usage()) + usage
    return total
