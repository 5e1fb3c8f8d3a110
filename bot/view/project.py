"""Which messages a turn needs, and what each of them shows. Pure.

`surfaces_of` names every message that must exist for a state; once named, a message
stays. `view_of` says what one of them shows its audience. Both are total: any state
has surfaces and views, a turn before its first event too.

* The requester has a *progress* message. It carries the answer too, unless the turn
  ever waited for a decision or took longer than `SHORT`: then people have looked away, and edits
  notify nobody. So the ending is a new message, the *answer*, and the progress message
  shrinks to its summary. Delivery may choose that for another turn too, when a new
  message is there sooner than an edit would be.
* What does not fit on one page goes on in *page* messages. Then it stays where it is,
  and the answer says only how it all ended.
* Everybody who was ever asked to decide has an *approval* message each, which locks
  when the request is settled and says who decided and why.
* Edits of a card notify nobody, so whoever is reminded of one gets a *reminder* each
  time: a short message near the card, which says when there is nothing to do any more.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Literal, TypeAlias, assert_never

from bot.protocol.ids import ApprovalId, PersonId, SurfaceId, TurnId, surface_id_for
from bot.turn.state import Approval, Phase, TurnState
from bot.view.approver import approver_view
from bot.view.nodes import TurnView
from bot.view.reminders import is_over, reminder_view
from bot.view.requester import (
    answer_view,
    apart_view,
    came_to_nothing,
    page_view,
    progress_view,
)
from bot.view.spoken import answer_pages, page_id, pages_known

SHORT = timedelta(seconds=60)
"""People still look at the progress message of a turn that took no longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForRequester:
    """The one who asked."""

    part: Literal["progress", "answer", "page"]
    page: int = 1
    """Which page, from 2 on; the first one is the progress message."""
    apart: bool = False
    """Whether the ending has a message of its own, or will have, though it need not."""
    unasked: "frozenset[ForApprover]" = frozenset()
    """Whose cards cannot be shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForApprover:
    """One who may decide, or might have."""

    person_id: PersonId
    approval_id: ApprovalId


@dataclass(frozen=True, slots=True, kw_only=True)
class ForReminded:
    """One who had not decided by then."""

    person_id: PersonId
    approval_id: ApprovalId
    number: int
    """Index of the reminder."""


Audience: TypeAlias = ForRequester | ForApprover | ForReminded
Role: TypeAlias = Literal["progress", "answer", "page", "approval", "reminder"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SurfacePlan:
    """One message that must exist."""

    surface_id: SurfaceId
    role: Role
    audience: Audience
    person_id: PersonId
    """Whose it is. Progress and answers go where the turn is, approvals to the
    person, and reminders to where the card is."""
    final: bool
    """Whether nothing that it shows will ever change again."""
    may_move: bool = False
    """Whether its ending may as well be a message of its own, the *answer*."""
    below: SurfaceId | None = None
    """The message that tells how it ended; this one sums it up once that is there."""
    after: SurfaceId | None = None
    """Post it only when this one is there, or never will be: people read in order."""
    since: datetime | None = None
    """Of a reminder: since when it is due. A card that came later is one itself."""
    shows: str = ""
    """All that a finished page shows. Equal plans with this set show the same, whatever
    else has changed in the turn: there is nothing to render."""

    @property
    def is_personal(self) -> bool:
        """Whether it is for somebody who may decide, and not shown where the turn is."""
        return self.role in {"approval", "reminder"}


def surfaces_of(
    state: TurnState, *, there: Collection[SurfaceId] = ()
) -> tuple[SurfacePlan, ...]:
    """Return every message that must exist for ``state``, the requester's first.

    Args:
        state: The turn.
        there: Its surfaces so far. What was begun stays: a page, though a model that is
            asked again may write less (a page that is too many says so), and an answer
            of its own.
    """
    if state.requester is None:
        return ()
    mine = state.requester.person_id
    further = _further_pages(state, mine, pages_known(state.turn_id, there))
    apart = answer_id(state.turn_id) in there
    below = ends_in_new_message(state, apart=apart)
    progress = SurfacePlan(
        surface_id=page_id(state.turn_id, 1),
        role="progress",
        audience=ForRequester(part="progress", apart=apart),
        person_id=mine,
        final=state.ending is not None,
        may_move=not (further or below or _is_called_off(state)),
        below=answer_id(state.turn_id) if below else None,
    )
    plans = [progress, *further]
    if below:
        plans.append(_answer(state, mine, further))
    for approval in state.approvals:
        plans += _for_approvers(state, approval)
        plans += _reminders(state, approval)
    return tuple(plans)


def set_apart(audience: Audience) -> Audience:
    """Return ``audience``, who is told that the ending will be a message of its own."""
    told = isinstance(audience, ForRequester) and audience.part == "progress"
    return replace(audience, apart=True) if told else audience


def answer_id(turn_id: TurnId) -> SurfaceId:
    """Return the surface of an ending that has a message of its own."""
    return surface_id_for(turn_id, "answer")


def ends_in_new_message(state: TurnState, *, apart: bool = False) -> bool:
    """Return whether the turn has ended where edits are not noticed any more.

    A turn that somebody stopped or withdrew just says so: they are looking.

    Args:
        state: The turn.
        apart: Whether a message of its own was begun for the ending anyway.
    """
    if state.ending is None or state.started_at is None or _is_called_off(state):
        return False
    late = state.ending.at - state.started_at > SHORT
    return apart or late or bool(state.approvals)


def _is_called_off(state: TurnState) -> bool:
    """Return whether who asked put an end to it."""
    ending = state.ending
    return ending is not None and (
        ending.phase is Phase.CANCELLED or came_to_nothing(state)
    )


def lost_card(surface_id: SurfaceId, person_id: PersonId) -> SurfacePlan:
    """Return the plan of a decider's card that exists and that no state names.

    Its request was in a part of the log that is lost; such a card must lock too.
    """
    return SurfacePlan(
        surface_id=surface_id,
        role="approval",
        audience=ForApprover(person_id=person_id, approval_id=ApprovalId("")),
        person_id=person_id,
        final=True,
    )


def view_of(
    state: TurnState,
    audience: Audience,
    now: datetime,
    *,
    footer: str = "",
    zone: tzinfo = UTC,
) -> TurnView:
    """Return what ``audience`` sees of ``state``.

    Args:
        state: The turn.
        audience: Whose message it is, and which.
        now: Decides how times are written and whether there is time to decide.
        footer: What must be said under every answer.
        zone: In which times are written.
    """
    match audience:
        case ForApprover():
            approval = state.approval(audience.approval_id)
            return approver_view(state, approval, audience.person_id, now, zone=zone)
        case ForReminded(person_id=person, number=number):
            approval = state.approval(audience.approval_id)
            return reminder_view(state, approval, person, number, now, zone=zone)
        case ForRequester(part="answer"):
            return answer_view(state, footer=footer, zone=zone)
        case ForRequester(part="page", page=number):
            below = ends_in_new_message(state, apart=audience.apart)
            return page_view(state, number, footer=footer, below=below)
        case ForRequester():
            if audience.apart and state.phase is Phase.RUNNING:
                return apart_view(state, now, footer=footer, zone=zone)
            shrunk = ends_in_new_message(state, apart=audience.apart)
            unasked = {(to.approval_id, to.person_id) for to in audience.unasked}
            return progress_view(
                state, now, footer=footer, zone=zone, shrunk=shrunk, unasked=unasked
            )
        case _:  # pragma: no cover
            assert_never(audience)


def _answer(
    state: TurnState, to: PersonId, further: Sequence[SurfacePlan]
) -> SurfacePlan:
    return SurfacePlan(
        surface_id=answer_id(state.turn_id),
        role="answer",
        audience=ForRequester(part="answer"),
        person_id=to,
        final=True,
        after=further[-1].surface_id if further else None,
    )


def _further_pages(state: TurnState, to: PersonId, known: int) -> list[SurfacePlan]:
    """Return the messages after the first that what was said needs, or once needed."""
    pages = answer_pages(state)
    return [
        SurfacePlan(
            surface_id=page_id(state.turn_id, number),
            role="page",
            audience=ForRequester(part="page", page=number),
            person_id=to,
            final=state.ending is not None,
            after=page_id(state.turn_id, number - 1),
            shows=pages[number - 1].text if number < len(pages) else "",
        )
        for number in range(2, max(len(pages), known) + 1)
    ]


def _for_approvers(state: TurnState, approval: Approval) -> list[SurfacePlan]:
    """Return one card for each person ever asked, never one for who asked."""
    people = dict.fromkeys(approver.person_id for _, approver in approval.asked)
    people.pop(approval.requester_id, None)
    return [
        SurfacePlan(
            surface_id=_card_id(state, approval, person),
            role="approval",
            audience=ForApprover(person_id=person, approval_id=approval.approval_id),
            person_id=person,
            final=approval.status != "open",
        )
        for person in people
    ]


def _reminders(state: TurnState, approval: Approval) -> list[SurfacePlan]:
    """Return a message for each person each time, one that is over too."""
    return [
        SurfacePlan(
            surface_id=surface_id_for(
                state.turn_id, "reminder", f"{approval.approval_id}/{number}/{person}"
            ),
            role="reminder",
            audience=ForReminded(
                person_id=person, approval_id=approval.approval_id, number=number
            ),
            person_id=person,
            final=is_over(approval, person, number),
            after=_card_id(state, approval, person),
            since=reminder.at,
        )
        for number, reminder in enumerate(approval.reminders)
        for person in reminder.people
    ]


def _card_id(state: TurnState, approval: Approval, person: PersonId) -> SurfaceId:
    return surface_id_for(state.turn_id, "approval", f"{approval.approval_id}/{person}")
