"""What people read of a turn once it rests, as one text. Pure."""

from agents.evals.house import House
from bot.turn.state import TurnState
from bot.view.nodes import Account, TurnView
from bot.view.project import (
    ForApprover,
    ForReminded,
    ForRequester,
    surfaces_of,
    view_of,
)
from bot.view.spoken import spoken


def full_text(state: TurnState, house: House) -> str:
    """Return all that who asked reads: the answer, the account, steps, sources."""
    zone = house.company.company.zone
    now = house.clock.now()
    shown = [
        view_of(state, plan.audience, now, zone=zone)
        for plan in surfaces_of(state)
        if isinstance(plan.audience, ForRequester)
    ]
    return "\n".join(line for view in shown for line in _lines(view) if line)


def card_text(state: TurnState, approval_id: str, house: House) -> str:
    """Return all that who decides reads of a request, reminders too."""
    zone = house.company.company.zone
    now = house.clock.now()
    shown = [
        view_of(state, plan.audience, now, zone=zone)
        for plan in surfaces_of(state)
        if isinstance(plan.audience, ForApprover | ForReminded)
        and plan.audience.approval_id == approval_id
    ]
    return "\n".join(line for view in shown for line in _lines(view) if line)


def answer_of(state: TurnState) -> str:
    """Return what the agents said, for people to see what was wrong with it."""
    return spoken(state).strip() or "nothing"


def _lines(view: TurnView) -> list[str]:
    cards = [
        " ".join(
            (card.title, *(f"{f.label}: {f.value}" for f in card.facts), card.note)
        )
        for card in view.cards
    ]
    requests = [
        " ".join((one.title, *(f"{f.label}: {f.value}" for f in one.facts), one.status))
        for one in view.approvals
    ]
    return [
        view.headline,
        *_account(view.account),
        *(f"{step.title} {step.detail}".strip() for step in view.steps),
        view.text,
        *cards,
        *requests,
        *(source.title for source in view.sources),
        *view.notices,
    ]


def _account(account: Account | None) -> list[str]:
    if account is None:
        return []
    entries = [
        f"{entry.title} {entry.reference} {entry.note}"
        for _, _, part in account.parts
        for entry in part
    ]
    return [account.said, *entries, account.follows]
