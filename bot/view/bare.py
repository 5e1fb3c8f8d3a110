"""What is shown where a platform does not take the whole of a view. Pure."""

from bot.view import wording
from bot.view.nodes import TurnView


def bare_view(view: TurnView) -> TurnView:
    """Return what is left of a view where a platform does not take the whole of it.

    Whatever a model or a person wrote is left out, and so is every button.
    """
    return TurnView(
        headline=view.headline,
        mood=view.mood,
        account=view.account,
        notices=(wording.NOT_TAKEN,),
        footer=view.footer,
        stop_turn=view.stop_turn,
        continue_turn=view.continue_turn,
        summary=view.headline[:150],
    )
