"""How a turn ended that did not simply succeed: done, not done, unknown, what now.

The ending's ledger says what counts as what; the calls and their approvals say why.
"""

from collections.abc import Collection
from datetime import tzinfo

from bot.protocol.ids import CallId
from bot.protocol.values import Ledger, LedgerEntry
from bot.turn.state import Ending, Phase, TurnState
from bot.view import endings, failures, wording
from bot.view.decisions import outcome_of
from bot.view.nodes import Account, Entry
from bot.view.reckoning import DAMAGED, ledger_in
from bot.view.steps import unknown_calls, who_of, why_not


def account_of(state: TurnState, zone: tzinfo, *, text: str) -> Account | None:
    """Return what an ending must account for; ``None`` where all simply went its way.

    Args:
        state: The turn.
        zone: In which times are written.
        text: What the agents say below; it is not said twice.
    """
    ending = state.ending
    if ending is None:
        return None
    ledger = ledger_in(state)
    if ending.phase is Phase.COMPLETED and not ledger.unknown:
        return None
    lost = unknown_calls(state)
    return Account(
        said=_said(state, ending, ledger, zone),
        did=tuple(_done(state, entry, text) for entry in ledger.did),
        did_not=tuple(_missing(state, entry, lost, text) for entry in ledger.did_not),
        unknown=tuple(_missing(state, entry, lost, text) for entry in ledger.unknown),
        follows=_follows(ending, ledger),
    )


def accounted_for(state: TurnState) -> Collection[CallId]:
    """Return the calls that an account names."""
    ledger = ledger_in(state)
    return {e.call_id for e in (*ledger.did, *ledger.did_not, *ledger.unknown)}


def says(text: str, sentence: str) -> bool:
    """Return whether ``text`` says ``sentence``, however its lines are broken."""
    return " ".join(sentence.split()) in " ".join(text.split())


# ------------------------------------------------------------------- in one breath


def _said(state: TurnState, ending: Ending, ledger: Ledger, zone: tzinfo) -> str:
    if ending.phase is Phase.COMPLETED:
        return endings.answers_lost(len(ledger.unknown))
    return " ".join([_why(state, ending, zone), *_changed(ending, ledger)])


def _why(state: TurnState, ending: Ending, zone: tzinfo) -> str:
    if ending.phase is Phase.CANCELLED:
        withdrawn = ending.how == "withdrawn"
        said = endings.turn_withdrawn_by if withdrawn else endings.stopped_by
        return said(ending.by_name)
    why = failures.failure(ending.code)
    if ending.code != "deadline":
        return why
    began = state.started_at or ending.at
    at = wording.moment(ending.at, now=began, zone=zone)
    return f"{why} {endings.ended_at(at)}"


def _changed(ending: Ending, ledger: Ledger) -> list[str]:
    """Say what must be said of changes in general; the entries say the rest."""
    if ending.code == DAMAGED:
        known = ledger.did or ledger.did_not or ledger.unknown
        return [endings.STILL_KNOWN if known else endings.CANNOT_TELL]
    if ledger.did or ledger.unknown or ending.code == "stranger":
        return []
    return [endings.NO_CHANGE]


def _follows(ending: Ending, ledger: Ledger) -> str:
    """Return what happens next: who looks into what, and what the person can do."""
    references = [entry.reference for entry in ledger.unknown if entry.reference]
    tickets = [*dict.fromkeys(references)]
    said = [wording.is_open(tickets)] if tickets else []
    if ending.phase is Phase.FAILED:
        said.append(endings.what_now(ending.code))
    if ending.phase is Phase.CANCELLED and not tickets:
        said.append(endings.NOTHING_MORE)
    return " ".join(said)


# ----------------------------------------------------------------- one by one


def _done(state: TurnState, entry: LedgerEntry, text: str) -> Entry:
    approval = state.approval_of(entry.call_id)
    decided = approval is not None and approval.status == "approved"
    note = outcome_of(state, approval) if approval and decided else ""
    return _entry(state, entry, note, text)


def _missing(
    state: TurnState, entry: LedgerEntry, lost: Collection[CallId], text: str
) -> Entry:
    call = state.call(entry.call_id)
    note = why_not(state, call, lost) if call else ""
    # What follows tells of tickets, and the heading of what was not begun.
    told = {wording.NOT_STARTED, wording.looked_into(entry.reference)}
    return _entry(state, entry, "" if note in told else note, text)


def _entry(state: TurnState, entry: LedgerEntry, note: str, text: str) -> Entry:
    title = entry.title or entry.tool
    call = state.call(entry.call_id)
    return Entry(
        title=title,
        agent=who_of(state, call) if call else "",
        reference="" if entry.reference in title else entry.reference,
        note="" if says(text, note) else note,
    )
