"""What somebody sees who is reminded of a request that waits for them. Pure."""

from datetime import datetime, tzinfo

from bot.protocol.ids import PersonId
from bot.turn.approvals import reminders_now
from bot.turn.state import Approval, TurnState
from bot.view import wording
from bot.view.nodes import TurnView
from bot.view.summary import summary_of


def is_over(approval: Approval, person: PersonId, number: int) -> bool:
    """Return whether there is nothing to do any more for who was reminded then.

    Args:
        approval: Of what.
        person: Who was reminded.
        number: Index of the reminder. What it says of an earlier stage, or of people
            who were asked before others, comes true no more.
    """
    current = approval.reminders[number] in reminders_now(approval)
    waiting = {approver.person_id for approver in approval.waiting_for}
    return not (current and person in waiting)


def reminder_view(
    state: TurnState,
    approval: Approval | None,
    person: PersonId,
    number: int,
    now: datetime,
    *,
    zone: tzinfo,
) -> TurnView:
    """Return a reminder: who waits, for what, until when, and what happens then."""
    if approval is None or is_over(approval, person, number):
        return TurnView(
            headline=wording.REMINDER_OVER,
            mood="noted",
            notices=(wording.reminder_over(approval.subject if approval else ""),),
            summary=wording.REMINDER_OVER,
        )
    name = state.requester.name if state.requester else ""
    until = wording.moment(approval.expires_at, now=now, zone=zone)
    said = wording.reminder(name, approval.subject, until=until)
    passed_on = approval.stages[approval.stage].then != "expire"
    return TurnView(
        headline=wording.STILL_NEEDED,
        mood="waiting",
        notices=(said, wording.after_that(passed_on=passed_on), wording.SEE_CARD),
        summary=summary_of(wording.still_waits(name), approval.subject),
    )
