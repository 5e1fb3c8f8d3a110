"""The sentences of hand-offs: who was asked and why, and why somebody was not.

Part of `bot.view.wording`, where the others are.
"""

from collections.abc import Mapping

from bot.company.limits import HandOffs
from bot.turn.handing import Bound


def handed_over(why: str, *, at: str) -> str:
    """Say since when somebody is on it, and why they are."""
    reason = " ".join(why.split()).rstrip(".")
    return f"Handed over at {at}: {reason}." if reason else f"Handed over at {at}."


def may_not_hand_over(bound: Bound, agent: str, limits: HandOffs) -> str:
    """Tell a model why a hand-off is refused, and what it can do instead."""
    reasons: Mapping[Bound, str] = {
        "circle": (
            f"{agent} waits for your answer, so nothing can be handed back. "
            "Say in your answer what they have to do."
        ),
        "twice": (
            f"{agent} was given this very task in this request already. Use that "
            "answer; if something else is needed, say what is different."
        ),
        "depth": (
            f"This was handed on {limits.depth} times already, which is the limit. "
            "Do what you can yourself, and say in your answer what is left to do."
        ),
        "frames": (
            f"{limits.frames} agents have worked on this request, which is the limit. "
            "Do what you can yourself, and say in your answer what is left to do."
        ),
    }
    return f"Not handed over, and nothing was done for it: {reasons[bound]}"


_STEPS: Mapping[Bound, str] = {
    "circle": "Not handed back to somebody who waits for the answer.",
    "twice": "The same was handed over before, so it was not done again.",
    "depth": "Handed on too often, so it was not handed over. Nothing was done for it.",
    "frames": (
        "Too many specialists were at work, so it was not handed over. "
        "Nothing was done for it."
    ),
}


def why_not_over(bound: Bound) -> str:
    """Tell a person why a hand-off did not happen."""
    return _STEPS[bound]


def cut_off(title: str) -> str:
    """Say in an ending that a part of it was handed to nobody."""
    return (
        f"Not handed over, because this request went through as many hands as it may: "
        f"{title}. Please ask for that part by itself."
    )
