"""What a turn has used of language models. Pure."""

from collections.abc import Mapping

from bot.protocol.values import Usage
from bot.turn.state import TurnState


def used_by(state: TurnState) -> Mapping[str, Usage]:
    """Return the tokens of all that was read and written in a turn, by model.

    Requests that broke off were paid for as well. Those that are out have taken their
    questions, of which is known about how long they are; what is written comes on top
    once it is known.
    """
    used: dict[str, Usage] = {}

    def add(model: str, usage: Usage) -> None:
        if usage.total:
            used[model] = used.get(model, Usage()) + usage

    if state.folded:
        add(state.folded.model, state.folded.usage)
    for frame in state.frames:
        for reply in frame.replies:
            add(reply.model, reply.usage)
        for lost in frame.lost:
            add(lost.model, lost.usage)
        add(frame.asked_model, Usage(input_tokens=frame.asked_tokens))
    return used


def together(*parts: Mapping[str, Usage]) -> Mapping[str, Usage]:
    """Return the sum of what was used, by model."""
    total: dict[str, Usage] = {}
    for part in parts:
        for model, usage in part.items():
            total[model] = total.get(model, Usage()) + usage
    return total
