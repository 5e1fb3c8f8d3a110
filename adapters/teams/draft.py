"""What a streaming message says of a turn: only what can grow. Pure.

A stream's text may only be added to, and cards come at its end. So it shows what the
turn is doing until there is an answer, then the answer as far as it is written. All
else (results, requests, notices, steps that begin later) needs the card, hence the
end of the stream and an edit.

`Payload.body` carries the draft beside the activity, under `DRAFT`; whoever sends the
activity takes it out (`activity_of`).
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from adapters.teams import limits
from adapters.teams.markdown import clean
from bot.ports.surface import Payload
from bot.view.nodes import TurnView
from bot.view.rewrite import Dialect
from bot.view.settle import stable_prefix

DRAFT = "deskhand.draft"
"""No field of an activity; never sent."""
_BREAK = "\N{WORD JOINER}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What can be streamed of a view."""

    text: str
    """The answer so far, safe to show; empty if there is none."""
    status: str
    """What the turn is doing; Teams shows it until there is a text."""
    steps: int
    """How many steps there are."""
    growing: bool
    """Whether text and status say all there is to say just now."""
    ended: bool
    """Whether this is how the message stays: the stream ends, the card takes over."""

    @property
    def said(self) -> str:
        """What is to be read."""
        return self.text or self.status

    def extends(self, shown: "Draft") -> bool:
        """Whether a stream that shows ``shown`` can come to show this."""
        if not (self.growing or self.ended) or not self.text.startswith(shown.text):
            return False
        # Once there is a text, Teams shows no status: a new step would go unseen.
        return self.ended or not shown.text or self.steps == shown.steps


def draft_of(view: TurnView) -> Draft:
    """Return what a stream shows of ``view``."""
    ended = view.mood not in {"running", "waiting"}
    text = growing_text(view.text, finished=ended)
    fits = _bytes_of(text) <= limits.STREAM_BYTES
    running = [step.title for step in view.steps if step.status == "running"]
    status = " · ".join([view.headline, *running[-1:]])
    beside = view.account or view.approvals or view.cards or view.notices
    return Draft(
        text=text if fits and text.strip() else "",
        status=_plain(
            _angles(clean(" ".join(status.split())[: limits.INFORMATIVE_CHARS]))
        ),
        steps=len(view.steps),
        growing=view.mood == "running" and fits and not beside,
        ended=ended,
    )


def growing_text(text: str, *, finished: bool) -> str:
    """Return ``text``, CommonMark, as a stream may show it, whatever comes after it.

    For the prefixes of one text the results are prefixes of each other; for the whole
    text, ``finished``, it is all of it. Nothing in it is HTML, no picture is fetched,
    and links show where they lead.
    """
    return _plain(stable_prefix(clean(text), _DIALECT, finished=finished))


def _angles(text: str) -> str:
    # As a letter, "<" would be seen as "&lt;" in code.
    return text.replace("<", "<" + _BREAK)


def _plain(text: str) -> str:
    return text.replace("![", "!" + _BREAK + "[")


def _shown_link(label: str, address: str) -> str:
    shown = _angles(address)
    if not address or label in {address, shown}:
        return label or shown
    return f"{label} ({shown})" if label else shown


_DIALECT = Dialect(text=_angles, code=_angles, link=_shown_link)


def with_draft(payload: Payload, view: TurnView) -> Payload:
    """Return ``payload`` with the draft of ``view`` in it."""
    body = {**payload.body, DRAFT: asdict(draft_of(view))}
    return Payload(body, payload.digest)


def draft_in(payload: Payload | None) -> Draft | None:
    """Return the draft that ``payload`` carries, if any."""
    fields: Mapping[str, Any] | None = payload.body.get(DRAFT) if payload else None
    return Draft(**fields) if fields else None


def activity_of(payload: Payload) -> dict[str, Any]:
    """Return the activity alone, as it is sent."""
    return {key: value for key, value in payload.body.items() if key != DRAFT}


def _bytes_of(text: str) -> int:
    return len(json.dumps(text, ensure_ascii=False).encode("utf-16-le"))
