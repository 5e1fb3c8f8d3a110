"""Fold older turns of a conversation into a summary, before a turn's first question.

A model writes it, in one request that may take a moment; where it cannot, fails or is
slow, lines of the turns are kept instead. Either way it is in the log with the question
that it is for, and later turns go on from it. What waits for people is not in it: open
requests are told from their rows.
"""

import asyncio

import structlog

from bot.engine.metering import Meter, closing
from bot.engine.question import summing_up
from bot.errors import ModelError
from bot.ports.agent import Agents, Replied
from bot.protocol.values import Summary
from bot.turn.recall import SUMMARY_TOKENS, Fold, cut, extract, fold_of, summary_of
from bot.turn.state import TurnState

log = structlog.get_logger()

TIMEOUT = 20.0
"""Seconds for a summary; somebody waits for an answer meanwhile."""
_LONGEST = SUMMARY_TOKENS * 3
"""Characters of a summary that a model wrote."""


async def folded(agents: Agents, state: TurnState) -> tuple[Summary | None, Meter]:
    """Return a summary of the turns that are to be folded, if any are.

    With what was lost of requests for it that are not in the summary.
    """
    meter = Meter()
    fold = fold_of(state)
    if fold is None:
        return None, meter
    said = await _said(agents, state, fold, meter)
    text = "".join(b.text for b in said.blocks if b.type == "text") if said else ""
    if said is None or said.stop_reason != "end_turn" or not text.strip():
        if said:
            meter.in_vain(said)
        return extract(fold), meter
    return summary_of(fold, cut(text.strip(), _LONGEST), model=said.model).model_copy(
        update={"usage": said.usage}
    ), meter


async def _said(
    agents: Agents, state: TurnState, fold: Fold, meter: Meter
) -> Replied | None:
    try:
        async with (
            asyncio.timeout(TIMEOUT),
            closing(agents.summarise(summing_up(state, fold))) as parts,
        ):
            async for part in parts:
                meter.hear(part)
                if isinstance(part, Replied):
                    return part
    except (ModelError, TimeoutError) as error:
        log.warning("summary.failed", turn=state.turn_id, error=str(error)[:300])
    except Exception:
        # A mistake in a model's adapter costs a good summary and nothing else.
        log.exception("summary.broken", turn=state.turn_id)
    return None
