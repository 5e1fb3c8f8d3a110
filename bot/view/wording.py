"""Every sentence the bot itself says. No person, company or resource is named here.

A sentence about something that went wrong says what happened, what did not happen,
and what the person can do now. Times come in as words, from `moment`.
"""

from collections.abc import Sequence
from datetime import datetime, tzinfo

from bot.protocol.values import Verdict
from bot.turn.state import ApprovalStatus

# ----------------------------------------------------------------------- pieces

SOMEBODY = "somebody"
"""Stands for a name that nobody knows."""
_ENDS = (".", "!", "?", "…")
"""Whoever ends a sentence like this needs no full stop after it."""
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = (
    *("Jan", "Feb", "Mar", "Apr", "May", "Jun"),
    *("Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
)


def moment(at: datetime, *, now: datetime, zone: tzinfo) -> str:
    """Return an instant as people write it: ``14:05 UTC``, ``Sat 21 Nov, 14:05 UTC``.

    Always a fixed point, never "in two hours": a message is not edited every minute.
    """
    local = at.astimezone(zone)
    clock = f"{local:%H:%M} {local.tzname()}"
    if local.date() == now.astimezone(zone).date():
        return clock
    return f"{_DAYS[local.weekday()]} {local.day} {_MONTHS[local.month - 1]}, {clock}"


def names(people: Sequence[str], *, word: str = "or") -> str:
    """Return names as a sentence lists them."""
    if not people:
        return SOMEBODY
    if len(people) == 1:
        return people[0]
    return f"{', '.join(people[:-1])} {word} {people[-1]}"


def upper_first(text: str) -> str:
    """Return ``text`` with a capital first letter."""
    return text[:1].upper() + text[1:]


def quoted(text: str) -> str:
    """Return somebody's words, marked as theirs."""
    return f"“{text.strip()}”"


# -------------------------------------------------------------------- headlines

CONTINUED = "Continued"
TOLD = "For your information"
"""Above what somebody is told unasked."""
PAGE_GONE = "What stood here was written anew. My answer is in the messages above."


def more_above(headline: str) -> str:
    """Return how a turn ended, for who reads the last page of what was said."""
    end = "" if headline.endswith(_ENDS) else "."
    return f"{headline}{end} More is in the first message above."


WORKING = "Working on it"
ANSWER_TO_COME = "My answer comes in a new message"
ANSWERED = "Here you go"
DONE = "Done"
PARTLY_DONE = "Partly done"
NOT_DONE = "This could not be done"
DONE_BELOW = "Done. My answer is below."
PARTLY_DONE_BELOW = "Partly done. My answer is below."
NOT_DONE_BELOW = "This could not be done. My answer is below."
UNSURE_BELOW = "I cannot tell whether it all worked. More is below."
FAILED_BELOW = "This ended early. What happened is below."
FAILED = "I could not finish this"
UNSURE = "I cannot tell whether it all worked"
STOPPED = "Stopped"
WITHDRAWN = "Request withdrawn"
DECISION_NEEDED = "Your decision is needed"
DECISION_OVER = "Nothing to decide any more"
DECISION_ELSEWHERE = "Others decide now"
CHANGED = "Changed by the person who asked"
UNKNOWN_REQUEST = "This request does not exist any more"


def waiting_for(people: Sequence[str]) -> str:
    """Return the headline of a turn that only people can move on."""
    return f"Waiting for {names(people)}"


def in_line(name: str) -> str:
    """Return the headline of a turn that begins when another one is over."""
    return f"In line behind {name or SOMEBODY}'s request"


def asks_for(requester: str, subject: str) -> str:
    """Return what a notification says to somebody who is to decide."""
    return f"{requester} asks for your decision: {subject}"


_SETTLED: dict[ApprovalStatus, str] = {
    "open": DECISION_NEEDED,
    "approved": "Approved",
    "rejected": "Rejected",
    "withdrawn": "Withdrawn",
    "expired": "Expired",
}


def settled_headline(status: ApprovalStatus) -> str:
    """Return the headline of a card whose request is open no more."""
    return _SETTLED[status]


def steps_done(count: int) -> str:
    """Return the line that stands for finished steps."""
    return "1 step done" if count == 1 else f"{count} steps done"


# ------------------------------------------------------------------ notes, steps

TRUNCATED = (
    "My answer was cut off because it grew too long. "
    "What was done stays done; ask me to go on if something is missing."
)
OUTCOME_UNKNOWN = (
    "I could not find out whether this happened. "
    "Please check before you ask for it again, or ask your IT team."
)
MALFORMED = "This was asked for in a way that makes no sense, so nothing was done."
NOT_STARTED = "This was not started, so nothing was changed."
RECONSIDERED = (
    "More was said before this was started, so it was not done. "
    "It is looked at again, together with what was said."
)
CHANGED_STEP = (
    "You changed this request before it was decided, so the old one was taken back. "
    "Nothing was done for it."
)
LEFT_RUNNING = (
    "This was running when everything stopped, so it may or may not have happened. "
    "Please check before you ask for it again."
)


def is_open(tickets: Sequence[str]) -> str:
    """Say who finds out what nobody can tell yet."""
    verb = "is" if len(tickets) < 2 else "are"  # noqa: PLR2004 - one or many
    return (
        f"{names(tickets, word='and')} {verb} open: people find out and tell you. "
        "Please do not ask for it again before that."
    )


def looked_into(ticket: str) -> str:
    """Return what a step says of which nobody can tell yet whether it happened."""
    return f"Nobody can tell yet whether this happened. {is_open([ticket])}"


def in_line_note(place: int) -> str:
    """Say when a turn begins that is in line.

    Args:
        place: Its place when it was asked for; 1 is next.
    """
    if place < 2:  # noqa: PLR2004 - the first in line needs no number
        return "I start as soon as it is done."
    return (
        f"You were number {place} in line when you wrote. I start when it is your turn."
    )


def step_failed(title: str, fault: str = "") -> str:
    """Return how a step reads that certainly did not happen, and what to quote."""
    return f"Did not work{_fault(fault)}: {title}"


def step_unknown(title: str, fault: str = "") -> str:
    """Return how a step reads of which nobody knows whether it happened."""
    return f"Not sure it worked{_fault(fault)}: {title}"


def _fault(reference: str) -> str:
    return f" (reference {reference})" if reference else ""


def noted(text: str) -> str:
    """Say that a message sent while the turn runs has been taken in."""
    return f"Also noted: {quoted(text)}"


# ---------------------------------------------------- told to models, and to people

POLICY_UNCHECKED = (
    "I could not check whether this is allowed, so it was not done. "
    "Please try again later, or ask your IT team."
)
READ_FAILED = "This could not be looked up. Nothing was changed; it may work later."
EFFECT_UNKNOWN = (
    "Nobody can tell whether this happened. Do not repeat it; "
    "the person must check, or ask the IT team."
)

# -------------------------------------------------------------------- approvals

WITHDRAWN_REASON = "The request was withdrawn before it was decided. Nothing was done."
CHANGED_REASON = (
    "The person who asked changed this request before it was decided. "
    "Nothing was done; what they want now is asked for anew."
)
"""Logs are full of it: it tells a change from a withdrawal, so it never changes."""
EXPIRED_REASON = (
    "Nobody decided in time, so nothing was done. This is not a rejection: "
    "please ask again, or talk to the people who decide."
)


def waits(people: Sequence[str], *, since: str, until: str) -> str:
    """Say who is waited for, since when, and until when."""
    return f"Waiting for {names(people)} since {since}. Open until {until}."


def waits_for_more(count: int, people: Sequence[str], *, until: str) -> str:
    """Say how many decisions are still missing, and whose they may be."""
    more = "One more approval is" if count == 1 else f"{count} more approvals are"
    return f"{more} needed from {names(people)} by {until}."


def not_asked(people: Sequence[str]) -> str:
    """Say who should decide and cannot be shown the request, and what now."""
    return (
        f"I could not show this request to {names(people)}, so no decision can come "
        "from there. Please tell your IT team. If nobody else decides in time, it is "
        "passed on or expires; nothing is done without a decision."
    )


def decide_until(until: str) -> str:
    """Tell an approver how long there is time."""
    return f"Please decide by {until}."


STILL_NEEDED = "Your decision is still needed"
SEE_CARD = "The message with the buttons is further up in this chat."
REMINDER_OVER = "Nothing to decide any more"


def still_waits(requester: str) -> str:
    """Return what a reminder's notification begins with."""
    return f"{upper_first(requester or SOMEBODY)} still waits for your decision"


def reminder(requester: str, subject: str, *, until: str) -> str:
    """Remind an approver: who waits for what, and until when."""
    return f"{still_waits(requester)}: {subject}. It is open until {until}."


def after_that(*, passed_on: bool) -> str:
    """Say what happens when nobody decides in time."""
    if passed_on:
        return "After that it is passed on to others, or expires if there are none."
    return "After that it expires, and nothing is done."


def reminder_over(subject: str) -> str:
    """Say that a reminder is out of date, and where to see how things stand."""
    about = f" of “{subject}”" if subject else ""
    return (
        f"This reminded you{about}. You have nothing to do for it any more; "
        "the message further up says how it stands."
    )


def approved_by(name: str, reason: str = "") -> str:
    """Say who approved, and why."""
    return _ruled("Approved", name, reason)


def rejected_by(name: str, reason: str = "") -> str:
    """Say who rejected, why, and that nothing was done."""
    return f"{_ruled('Rejected', name, reason)} Nothing was changed."


def withdrawn_by(name: str) -> str:
    """Say who took a request back."""
    return (
        f"Withdrawn by {name or SOMEBODY} before it was decided. Nothing was changed."
    )


def changed_by(name: str) -> str:
    """Say that a request was changed, and what follows for those who decide."""
    return (
        f"{upper_first(name or SOMEBODY)} changed this request; a new one follows if it "
        "still needs a decision. Nothing was done for this one."
    )


def expired(people: Sequence[str]) -> str:
    """Say that time ran out, and on whom."""
    return (
        f"Expired: {names(people)} did not decide in time. That is not a rejection; "
        "nothing was changed, and it can be asked for again."
    )


def escalated_to(people: Sequence[str]) -> str:
    """Tell those who were asked first that others decide now."""
    verb = "decides" if len(people) < 2 else "decide"  # noqa: PLR2004 - one or many
    return f"There was no decision in time, so {names(people)} {verb} now."


def ended_undecided(requester: str) -> str:
    """Tell deciders that a request went away with its turn."""
    return (
        f"The request of {requester or SOMEBODY} ended before this was decided. "
        "There is nothing to decide any more, and nothing was changed."
    )


def ended_unclear(requester: str) -> str:
    """Tell deciders that a request went away, and that more is not known."""
    return (
        f"The request of {requester or SOMEBODY} had to be ended. There is nothing to "
        "decide any more; whether it was done has to be checked."
    )


def you_decided(verdict: Verdict) -> str:
    """Say back to approvers what they decided, while others still have to."""
    return "You rejected this." if verdict == "rejected" else "You approved this."


def decision_note(subject: str, sentence: str) -> str:
    """Return what became of one request, for the one who asked."""
    return f"{subject}: {sentence}"


def _ruled(verdict: str, name: str, reason: str) -> str:
    said = f"{verdict} by {name or SOMEBODY}"
    if not reason.strip():
        return f"{said}."
    stop = "" if reason.strip().endswith(_ENDS) else "."
    return f"{said}: {quoted(reason)}{stop}"


# --------------------------------------------------------------- what is not taken

NOT_TAKEN = "This platform did not take the rest of what belongs here."
