"""What the one who asked sees: progress while it runs, and how it ended."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import UTC, datetime, tzinfo

from pydantic import ValidationError

from bot.protocol.ids import ApprovalId, PersonId
from bot.protocol.values import CardData, Source
from bot.turn.handing import bound_in
from bot.turn.replies import can_continue
from bot.turn.state import Call, Phase, TurnState
from bot.view import teamwork, wording
from bot.view.account import account_of, accounted_for, says
from bot.view.decisions import card_of, is_changed, is_withdrawn, outcome_of
from bot.view.nodes import Account, Mood, Step, TurnView
from bot.view.pages import Page
from bot.view.reckoning import changes_things, ledger_in
from bot.view.spoken import answer_pages, is_growing, root_of, spoken
from bot.view.steps import collapsed, steps_of
from bot.view.summary import summary_of

_BELOW = {
    wording.FAILED: wording.FAILED_BELOW,
    wording.UNSURE: wording.UNSURE_BELOW,
    wording.PARTLY_DONE: wording.PARTLY_DONE_BELOW,
    wording.NOT_DONE: wording.NOT_DONE_BELOW,
}
"""What the progress message says when the answer has a message of its own."""


def progress_view(
    state: TurnState,
    now: datetime,
    *,
    footer: str,
    zone: tzinfo,
    shrunk: bool,
    unasked: Collection[tuple[ApprovalId, PersonId]] = (),
) -> TurnView:
    """Return the message that follows the turn.

    Args:
        state: The turn.
        now: Decides how times are written.
        footer: What must be said under every answer.
        zone: In which times are written.
        shrunk: Whether the ending has a message of its own.
        unasked: Whose cards cannot be shown.
    """
    pages = answer_pages(state)
    if state.ending is None:
        running = _running(state, now, footer, zone)
        notices = (*_unasked(state, unasked), *running.notices)
        return _first(replace(running, notices=notices), pages)
    steps = steps_of(state, zone)
    if not shrunk:
        ended = _ended(state, steps, spoken(state), footer, zone)
        steps = _without(_unaccounted(state, ended, steps), ended.text)
        told = [step.detail for step in steps if step.detail]
        news = [n for n in ended.notices if not any(detail in n for detail in told)]
        notices = (*news, *_steered(state))
        return _first(replace(ended, steps=steps, notices=notices), pages)
    mood, headline = _ending(state, steps)
    headline = _BELOW.get(headline, wording.DONE_BELOW)
    away = _looked_away_at(state)
    answer = answer_view(state, footer=footer, zone=zone)
    before = spoken(state, before=away) if away else ""
    return TurnView(
        headline=headline,
        mood=mood,
        steps=_told_below(state, answer, collapsed(steps)),
        text=pages[0].text if len(pages) > 1 else before,
        notices=_steered(state),
        summary=summary_of(headline, ""),
    )


def apart_view(
    state: TurnState, now: datetime, *, footer: str, zone: tzinfo
) -> TurnView:
    """Return the message that follows a turn which will end in another one.

    It may stay as it is for a while after that. So it claims nothing that is over then:
    not that anybody is at work, nor that a step is under way.

    Args:
        state: The turn, which runs.
        now: Decides how times are written.
        footer: What must be said under every answer.
        zone: In which times are written.
    """
    running = progress_view(state, now, footer=footer, zone=zone, shrunk=False)
    return replace(
        running,
        headline=wording.ANSWER_TO_COME,
        mood="noted",
        steps=tuple(step for step in running.steps if step.status != "running"),
        summary=summary_of(wording.ANSWER_TO_COME, state.text),
    )


def answer_view(state: TurnState, *, footer: str, zone: tzinfo) -> TurnView:
    """Return how the turn ended, with all that came of it.

    What was said before the last decision stays where it was said, in the progress
    message; so does all that was said if it took several pages, whose last this is.
    What went wrong is told by the coordinator or the account; where there is neither,
    by the steps.
    """
    steps = steps_of(state, zone)
    text = spoken(state, since=_looked_away_at(state))
    ended = _ended(state, steps, text, footer, zone)
    if len(answer_pages(state)) > 1:
        return replace(ended, text="")
    if text or ended.account:
        return ended
    return replace(ended, steps=tuple(s for s in steps if s.status != "done"))


def page_view(state: TurnState, number: int, *, footer: str, below: bool) -> TurnView:
    """Return a further page of what was said; all that closes it is on the last one.

    Args:
        state: The turn.
        number: Which page; the first one is in the progress message.
        footer: What must be said under every answer.
        below: Whether the ending has a message of its own.
    """
    pages = answer_pages(state)
    if number > len(pages):
        gone = wording.PAGE_GONE
        return TurnView(headline=gone, mood="cancelled", summary=gone)
    page = pages[number - 1]
    summary = summary_of(wording.CONTINUED, page.text)
    if page.complete:
        return TurnView(headline="", mood="done", text=page.text, summary=summary)
    last = TurnView(
        headline="",
        mood="running" if state.ending is None else "done",
        text=page.text,
        streaming=is_growing(state),
        summary=summary,
    )
    if below:
        return last
    return replace(
        last,
        cards=_cards(state),
        sources=_sources(state),
        notices=_how_it_ended(state),
        footer=footer,
    )


def _first(whole: TurnView, pages: tuple[Page, ...]) -> TurnView:
    """Return what the first page shows of a message that takes several."""
    if len(pages) == 1:
        return replace(whole, text=pages[0].text)
    return replace(
        whole,
        text=pages[0].text,
        streaming=False,
        cards=(),
        sources=(),
        footer="",
    )


def _ended(
    state: TurnState, steps: tuple[Step, ...], text: str, footer: str, zone: tzinfo
) -> TurnView:
    mood, headline = _ending(state, steps)
    account = account_of(state, zone, text=text)
    why = account.said if account and state.phase is not Phase.COMPLETED else ""
    return TurnView(
        headline=headline,
        mood=mood,
        account=account,
        text=text,
        cards=_cards(state),
        sources=_sources(state),
        notices=(*_notices(state), *_ending_notes(state, text, account)),
        footer=footer,
        continue_turn=state.turn_id if can_continue(state) else None,
        summary=summary_of(headline, why or text or state.text),
    )


def _running(state: TurnState, now: datetime, footer: str, zone: tzinfo) -> TurnView:
    headline, notes = _now(state)
    return TurnView(
        headline=headline,
        mood="waiting" if state.parked or state.queued else "running",
        steps=steps_of(state, zone),
        text=spoken(state),
        streaming=is_growing(state),
        cards=_cards(state),
        approvals=tuple(
            card_of(approval, now, zone, can_decide=False)
            for approval in state.open_approvals
        ),
        sources=_sources(state),
        notices=(*notes, *_notices(state), *_steered(state)),
        footer=footer,
        stop_turn=state.turn_id if state.seq else None,
        summary=summary_of(headline, state.text),
    )


def _unasked(
    state: TurnState, unasked: Collection[tuple[ApprovalId, PersonId]]
) -> tuple[str, ...]:
    """Say of each request who should decide it and does not see it."""
    missing = [
        (approval.subject, names)
        for approval in state.open_approvals
        if (
            names := [
                approver.name
                for approver in approval.waiting_for
                if (approval.approval_id, approver.person_id) in unasked
            ]
        )
    ]
    return tuple(
        wording.decision_note(subject, wording.not_asked(names))
        for subject, names in missing
    )


def _now(state: TurnState) -> tuple[str, tuple[str, ...]]:
    """Return the headline of a turn that has not ended, and what goes with it."""
    if state.parked:
        waits = [
            a.name for request in state.open_approvals for a in request.waiting_for
        ]
        return wording.waiting_for([*dict.fromkeys(waits)]), ()
    if state.queued:
        note = wording.in_line_note(state.queue_place)
        return wording.in_line(state.queued_behind), (note,)
    return wording.WORKING, ()


# ------------------------------------------------------------------- how it ended


def _ending(state: TurnState, steps: tuple[Step, ...]) -> tuple[Mood, str]:
    phase = state.phase
    if phase is Phase.FAILED:
        return "failed", wording.FAILED
    if phase is Phase.CANCELLED:
        withdrawn = state.ending is not None and state.ending.how == "withdrawn"
        return "cancelled", wording.WITHDRAWN if withdrawn else wording.STOPPED
    if state.phase is Phase.COMPLETED and not state.frames:
        return "noted", wording.TOLD
    if state.ending and ledger_in(state).unknown:
        return "unsure", wording.UNSURE
    if state.ending and came_to_nothing(state):
        return "cancelled", wording.WITHDRAWN
    effects = {c.call_id for c in state.calls if changes_things(c)}
    good = [s for s in steps if s.id in effects and s.status == "done"]
    bad = [s for s in steps if s.id in effects and s.status not in {"done", "aside"}]
    if not bad and _cut_off(state):
        return "done", wording.PARTLY_DONE
    if bad:
        return ("done", wording.PARTLY_DONE) if good else ("failed", wording.NOT_DONE)
    return "done", wording.DONE if good else wording.ANSWERED


def _how_it_ended(state: TurnState) -> tuple[str, ...]:
    """Return what who reads the last page must not miss; the first has it all."""
    if state.ending is None or state.phase is Phase.COMPLETED:
        return ()
    _, headline = _ending(state, steps_of(state, UTC))
    return (wording.more_above(headline),)


def came_to_nothing(state: TurnState) -> bool:
    """Return whether all that the turn was for has been withdrawn by who asked."""
    withdrawn = {a.call_id for a in state.approvals if is_withdrawn(a)}
    return bool(withdrawn) and withdrawn.issuperset(
        call.call_id for call in state.calls if changes_things(call)
    )


def _ending_notes(
    state: TurnState, text: str, account: Account | None
) -> tuple[str, ...]:
    """Return what must be said of the ending, unless ``text`` or ``account`` does."""
    told = accounted_for(state) if account else ()
    notes = [
        wording.decision_note(approval.subject, outcome)
        for approval in state.approvals
        if approval.status != "open"
        and approval.call_id not in told
        and not is_changed(approval)
        and not says(text, outcome := outcome_of(state, approval))
    ]
    notes += [teamwork.cut_off(call.title) for call in _cut_off(state)]
    root = root_of(state)
    last = root.replies[-1].stop_reason if root and root.replies else ""
    if last == "max_tokens" and state.phase is Phase.COMPLETED:
        notes.append(wording.TRUNCATED)
    return tuple(notes)


def _cut_off(state: TurnState) -> list[Call]:
    """Return the hand-offs that went too far: what they were for, nobody did."""
    return [c for c in state.calls if bound_in(c) in {"depth", "frames"}]


def _unaccounted(
    state: TurnState, ended: TurnView, steps: tuple[Step, ...]
) -> tuple[Step, ...]:
    """Return the steps that the account does not name."""
    named = accounted_for(state) if ended.account else ()
    return tuple(step for step in steps if step.id not in named)


def _told_below(
    state: TurnState, answer: TurnView, steps: tuple[Step, ...]
) -> tuple[Step, ...]:
    """Return ``steps`` without the details that the answer gives anyway."""
    named = accounted_for(state) if answer.account else ()
    brief = tuple(replace(s, detail="") if s.id in named else s for s in steps)
    return _without(brief, answer.text, *answer.notices)


def _without(steps: tuple[Step, ...], *told: str) -> tuple[Step, ...]:
    """Return ``steps`` without the details that are told elsewhere anyway."""
    return tuple(
        replace(step, detail="")
        if step.detail and any(says(text, step.detail) for text in told)
        else step
        for step in steps
    )


# --------------------------------------------------------------- what came of it


def _looked_away_at(state: TurnState) -> datetime | None:
    """Return when a turn that waited for people got its last decision."""
    return max((a.settled_at for a in state.approvals if a.settled_at), default=None)


def _cards(state: TurnState) -> tuple[CardData, ...]:
    found = [card for call in state.calls for card in call.cards]
    found += [item.data for item in state.items if item.kind == "card"]
    return tuple(card for raw in found if (card := _card(raw)))


def _card(raw: Mapping[str, object]) -> CardData | None:
    """Return a card, also one of a newer release without what is new to us."""
    known = {key: raw[key] for key in CardData.model_fields if key in raw}
    try:
        return CardData.model_validate(known)
    except ValidationError:  # better no card than no view
        return None


def _sources(state: TurnState) -> tuple[Source, ...]:
    found = {source.ref: source for call in state.calls for source in call.sources}
    return tuple(found.values())


def _notices(state: TurnState) -> tuple[str, ...]:
    said = [i.text or i.title for i in state.items if i.kind == "notice"]
    return tuple(text for text in said if text.strip())


def _steered(state: TurnState) -> tuple[str, ...]:
    """Say what was taken in on the way; only the progress message does."""
    return tuple(wording.noted(s.text) for s in state.steers if s.text.strip())
