"""What the coordinator wrote in a turn, and the pages that it takes. Pure."""

from collections.abc import Collection
from datetime import datetime

from bot.protocol.ids import SurfaceId, TurnId, surface_id_for
from bot.turn.state import CONTINUES, Frame, TurnState
from bot.view.pages import Page, pages_of


def root_of(state: TurnState) -> Frame | None:
    """Return the coordinator's frame."""
    return next((f for f in state.frames if f.parent_id is None), None)


def spoken(
    state: TurnState, *, since: datetime | None = None, before: datetime | None = None
) -> str:
    """Return what the coordinator wrote; specialists' words go to the coordinator."""
    root = root_of(state)
    pieces: list[str] = []
    for item in state.items:
        if (
            root
            and item.kind == "text"
            and item.frame_id == root.frame_id
            and (since is None or item.opened_at >= since)
            and (before is None or item.opened_at < before)
        ):
            if pieces and item.data.get(CONTINUES):
                pieces[-1] += item.text
            else:
                pieces.append(item.text)
    return "\n\n".join(said for piece in pieces if (said := piece.strip()))


def is_growing(state: TurnState) -> bool:
    """Return whether the coordinator is writing."""
    root = root_of(state)
    return state.ending is None and any(
        item.kind == "text" and item.status == "open"
        for item in state.items
        if root and item.frame_id == root.frame_id
    )


def has_said_it(state: TurnState) -> bool:
    """Return whether the coordinator has just said what it had to say.

    As far as one can tell: it may yet call a tool. If not, the turn ends at once.
    """
    root = root_of(state)
    newest = state.items[-1] if state.items else None
    return (
        state.ending is None
        and root is not None
        and newest is not None
        and newest.kind == "text"
        and newest.frame_id == root.frame_id
        and newest.status != "open"
    )


def answer_pages(state: TurnState) -> tuple[Page, ...]:
    """Return the pages of all that the coordinator wrote; at least one."""
    return pages_of(spoken(state), streaming=is_growing(state))


def page_id(turn_id: TurnId, number: int) -> SurfaceId:
    """Return the surface of a page; the first one's is the progress message."""
    if number == 1:
        return surface_id_for(turn_id, "progress")
    return surface_id_for(turn_id, "page", str(number))


def pages_known(turn_id: TurnId, named: Collection[SurfaceId]) -> int:
    """Return how many pages a turn's surfaces ``named`` so far are; at least one."""
    number = 1
    while page_id(turn_id, number + 1) in named:
        number += 1
    return number
